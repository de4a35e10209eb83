"""The reference page of the JSON API's operations, from its OpenAPI document. `generate_docs` writes it."""

from __future__ import annotations

import json
from typing import Any

from readingroom.web.api.document import programs

CREDENTIALS = {"workspaceToken": "the token of a workspace", "portalSession": "a signed-in person's session",
               "sessionToken": "its token"}


def operations_page() -> tuple[str, str]:
    """The page's heading, and below it every operation by its tag, with what it takes and answers."""
    document = programs().openapi()
    parts: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            parts.setdefault(described["tags"][0], []).append(_operation(document, method, path, described))
    return "# Operations of the JSON API\n\n", "\n".join([
        "What each is for, how it is called and how it refuses: [JSON API](api.md). The same for machines, with the "
        "form of every answer, is at `/services/portal/api/v1/openapi.json` of an installation.",
        *(line for tag, told in sorted(parts.items()) for line in ("", f"## {tag.capitalize()}", *told)), ""])


def _operation(document: dict[str, Any], method: str, path: str, described: dict[str, Any]) -> str:
    lines = ["", f"### `{method.upper()} {path.removeprefix('/services/portal')}`", "",
             " ".join(described["description"].split()), ""]
    (needed,) = described["security"]
    lines.append(f"- With {' and '.join(CREDENTIALS[name] for name in needed)}")
    for given in described.get("parameters", ()):
        said = f": {given['description']}" if "description" in given else ""
        lines.append(f"- `{given['name']}` ({given['in']}{'' if given['required'] else ', if wanted'}){said}")
    for media, body in described.get("requestBody", {}).get("content", {}).items():
        form = body["schema"].get("properties", {}).get("request", {}).get("contentSchema") or _named(
            document, body["schema"])
        lines += [f"- Sends {media}, {' '.join(form['description'].split())}", "", "  ```json",
                  *(f"  {line}" for line in json.dumps(form["examples"][0], indent=1).splitlines()), "  ```", ""]
    ok = [f"{status} {_answer_of(document, answer)}" for status, answer in described["responses"].items()
          if status < "300"]
    return "\n".join([*lines, f"- Answers {'; '.join(ok)}"])


def _answer_of(document: dict[str, Any], answer: dict[str, Any]) -> str:
    """Example: `application/json` with `number`, `status`."""
    ((media, content),) = answer["content"].items()
    many = content["schema"].get("type") == "array"
    form = _named(document, content["schema"]["items"] if many else content["schema"])
    keys = ", ".join(f"`{name}`" for name in form.get("properties", {}))
    return f"`{media}`" + (f", {'a list of' if many else 'with'} {keys}" if keys else "")


def _named(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema \
        else schema
    return found
