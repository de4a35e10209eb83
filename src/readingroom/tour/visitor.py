"""A person with a browser, as far as HTTP goes: cookies, links, forms. For the tour and the tests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from readingroom.errors import Unavailable
from readingroom.tour.phone import PHONE

PORTAL = "/services/portal"
LOOPBACK = "127.0.0.1"


@dataclass
class Form:
    """One form of a page: where it goes, and what it would send if nothing were changed."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """What came back: status, address, the text that a person would read, and the forms.

    A button that sends its form somewhere else makes another form of it.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.status = response.status_code
        self.url = str(response.url)
        self.html = response.text if "html" in response.headers.get("content-type", "") else ""
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.frames: list[str] = []
        self._text: list[str] = []
        self._hidden = 0
        self._textarea: str | None = None
        self._select: str | None = None
        self._elsewhere: dict[str, Form] = {}
        self.feed(self.html)
        self.forms += [replace(form, action=action) for action, form in self._elsewhere.items()]
        self.text = re.sub(r"\s+", " ", " ".join(self._text)).strip()

    def form(self, action: str) -> Form:
        """The form whose action matches the pattern. Unavailable, with the page's text, if there is none."""
        for form in self.forms:
            if re.search(action, form.action):
                return form
        raise Unavailable(f"{self.url} has no form for {action!r} (status {self.status}): {self.text[:600]}",
                          rule="tour.form")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "form":
            action = urljoin(self.url, given.get("action") or self.url)
            self.forms.append(Form(action, given.get("method", "get").lower()))
        elif tag == "a" and "href" in given:
            self.links[urljoin(self.url, given["href"])] = given["href"]
        elif tag == "iframe" and "src" in given:
            self.frames.append(urljoin(self.url, given["src"]))
        elif self.forms and "name" in given and "disabled" not in given:
            self._control(tag, given)
        elif tag == "option" and self._select and self.forms:
            self.forms[-1].choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given or self._select not in self.forms[-1].fields:
                self.forms[-1].fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden -= 1
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._textarea and self.forms:
            self.forms[-1].fields[self._textarea] += data
        elif not self._hidden:
            self._text.append(data)

    def _control(self, tag: str, given: Mapping[str, str]) -> None:
        form, name, kind = self.forms[-1], given["name"], given.get("type", "text")
        form.names.add(name)
        if action := given.get("formaction"):
            self._elsewhere[urljoin(self.url, action)] = form
        if tag == "textarea":
            self._textarea = name
            form.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "input" and kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                form.fields[name] = given.get("value", "on")
        elif tag == "input" and kind not in ("file", "submit"):
            form.fields[name] = given.get("value", "")
        elif tag == "button" and name:
            form.choices.setdefault(name, []).append(given.get("value", ""))


class LocalNames(httpx.HTTPTransport):
    """Every name below `localhost` is this machine, as browsers have it; the system's resolver often knows only one."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.host.endswith(".localhost"):
            return super().handle_request(request)
        return super().handle_request(httpx.Request(
            request.method, request.url.copy_with(host=LOOPBACK), headers=request.headers, stream=request.stream,
            extensions=request.extensions))


def client(base_url: str) -> httpx.Client:
    """HTTP as a browser does it: cookies kept, redirects followed, names below `localhost` found."""
    return httpx.Client(base_url=base_url, follow_redirects=True, timeout=60, transport=LocalNames())


class Visitor:
    """One signed-in person. `base_url` is the installation's address."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self.http = client(base_url)

    def sign_in(self) -> Page:
        """Through the Hub's sign-in pages, both steps, from the portal's front door and back to it."""
        page = self.open("/")
        if "/hub/login" not in page.url:
            return page
        page = self.send(page.form("login"), username=self.username, password=self._password)
        return self._give_code(page) if "/hub/second-step" in page.url else page

    def _give_code(self, page: Page) -> Page:
        """The second step; the first time with what the page says for setting an app up."""
        installation = str(self.http.base_url)
        if key := re.search(r'id="setup-key"[^>]*>([A-Z2-7 ]+)<', page.html):
            PHONE.set_up(installation, self.username, key[1])
        answer = self.send(page.form("second-step"), code=PHONE.code(installation, self.username))
        return self.open("/") if 'id="recovery-codes"' in answer.html else answer

    def open(self, path: str) -> Page:
        """A page of the portal."""
        return Page(self.get(path))

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path if path.startswith(("http", "/hub", "/user")) else PORTAL + path)

    def send(self, form: Form, *, files: list[tuple[str, tuple[str, bytes]]] | None = None,
             **values: str | list[str]) -> Page:
        """Fill the form in and send it. Field names with other characters can be passed as `**{"a-b": ...}`."""
        unknown = set(values) - form.names
        if unknown:
            raise Unavailable(f"The form for {form.action} has no {sorted(unknown)}; it has {sorted(form.names)}.",
                              rule="tour.form")
        data: dict[str, str | list[str]] = {**form.fields, **values}
        headers = {"Origin": str(self.http.base_url).rstrip("/")}
        return Page(self.http.post(form.action, data=data, files=files, headers=headers))

    def close(self) -> None:
        self.http.close()


def wait_until(holds: Callable[[], object], what: str, *, seconds: float, every: float = 0.25) -> object:
    """The first true value of `holds`, or Unavailable when the time is up."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise Unavailable(f"Waited {seconds:.0f} s in vain for {what}.", rule="tour.time")
        time.sleep(every)
