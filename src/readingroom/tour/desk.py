"""Act three: what leaves, decided by two people who do not see each other's answer, and taken back if need be."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from readingroom.tour.journey import PROJECT, Journey, downloaded, posted, require
from readingroom.tour.visitor import Page, Visitor, wait_until

ROWS = b"sex,people\nFemale,1240\nMale,3310\n"
SCRIPT = b"OF = {'001/01': 'Violence', '002/05': 'Theft'}\n"
LOW_ROW = b"Not recorded,4\n"


def checked_and_frozen(journey: Journey) -> str:
    """The request is checked by machine, on bytes that the workspace cannot change any more."""
    wait_until(lambda: journey.person("imran").open("/queue").text.find(f"{journey.request}.") >= 0,
               "the automatic checks", seconds=60)
    page = journey.person("ada").open(f"/requests/{journey.request}")
    require(page.status == 200, f"ada's request answers {page.status}")
    story = json.loads(journey.command("audit", "show", "--request", str(journey.request), "--json").stdout)
    checked = [event["detail"] for event in story if event["action"] == "file.checked"]
    require(checked, "no file was checked")
    return "; ".join(f"{one['file']}: {one['verdict'].upper()}, frozen as {one['sha256'][:12]}…" for one in checked)


def conflict(journey: Journey) -> str:
    """Whoever is too near to a request can neither see its review nor answer it, and the attempt is on the log."""
    path, refused = f"/requests/{journey.request}/review", []
    for name in ("ada", "bilal"):
        person = journey.person(name)
        page = person.open(path)
        require(page.status in (403, 404), f"{name} can open the review ({page.status})")
        # As if they had kept the form from elsewhere: the token is their own, the address a checker's.
        form = posted(person.open(f"/projects/{PROJECT}/packages"), "packages")
        answer = person.http.post(f"/services/portal{path}", data={**form.fields, "round": "1"})
        require(answer.status_code in (403, 404), f"{name} answered the review ({answer.status_code})")
        refused.append(f"{name} ({answer.status_code})")
    story = json.loads(journey.command("audit", "show", "--request", str(journey.request), "--json").stdout)
    require(not any(event["action"] == "request.reviewed" for event in story), "an answer of theirs was recorded")
    return f"refused, with the form and by hand: {', '.join(refused)}; nothing of it counts"


def two_checkers(journey: Journey) -> str:
    """Two people decide, blind to each other."""
    path = f"/requests/{journey.request}/review"
    first, second = journey.person("freya"), journey.person("imran")
    before = second.open(path)
    decided = _answers(first, path, "approve", "Every cell rests on far more than ten people. FREYA-WAS-HERE")
    require(decided.status == 200, f"freya's review was refused: {decided.text[:600]}")
    after = second.open(path)
    require("FREYA" not in after.html and "Lindqvist" not in after.html, "imran sees freya's review before his own")
    require(before.text == after.text, "imran's page tells that freya has answered")
    decided = _answers(second, path, "approve", "Agreed: counts are large and rounded.")
    require(decided.status == 200, f"imran's review was refused: {decided.text[:600]}")
    return "freya and imran approved; imran's page did not change when freya answered"


def release(journey: Journey) -> str:
    """The released package verifies offline, and any changed byte is named."""
    journey.package = downloaded(journey, journey.request)
    file = _kept(journey, journey.package)
    good = journey.command("release", "verify", str(file))
    require(good.returncode == 0, f"release verify said: {good.stdout}{good.stderr}")
    with zipfile.ZipFile(io.BytesIO(journey.package)) as archive:
        name = next(name for name in archive.namelist() if name.startswith("files/"))
        known = {file["name"]: file["assurance"] for file in json.loads(archive.read("manifest.json"))["files"]}
        at = journey.package.index(archive.read(name)) + 7
    file.write_bytes(journey.package[:at] + bytes([journey.package[at] ^ 1]) + journey.package[at + 1:])
    bad = journey.command("release", "verify", str(file))
    require(bad.returncode == 1 and name in bad.stdout, f"a changed byte was not named: {bad.stdout}")
    require("verified" in known.values(), f"no table was computed again from the vault: {known}")
    how = ", ".join(f"{file} ({assurance})" for file, assurance in known.items())
    return f"{len(journey.package):,} bytes hold: {how}; one flipped bit: {bad.stdout.strip()}"


def returned_round(journey: Journey) -> str:
    """Checkers who disagree settle it together; what they ask for comes back changed and is judged again."""
    bilal, freya, imran = (journey.person(name) for name in ("bilal", "freya", "imran"))
    page = bilal.open(f"/requests/new?project={PROJECT}")
    page = _sends(bilal, page, ROWS + LOW_ROW, title="Defendants by sex", purpose="A working paper")
    journey.second_request = number = int(page.url.rsplit("/", 1)[1])
    path = f"/requests/{number}/review"
    _waits_for(freya, number)
    _answers(freya, path, "approve", "Only four people, but no place is named.")
    _answers(imran, path, "change-needed", "Four people are too few.")
    together = imran.open(path)
    require("Settle it together" in together.text and "no place is named" in together.text,
            f"imran does not see freya's answer now: {together.text[:600]}")
    imran.send(posted(together, "conclude$"), outcome="returned", comment="Leave the four out.")
    told = bilal.open(f"/requests/{number}")
    require("Leave the four out." in told.text, f"bilal is not told what to change: {told.text[:600]}")
    _sends(bilal, bilal.open(f"/requests/{number}/resubmit"), ROWS)
    _waits_for(freya, number)
    again = freya.open(path)
    require("round 2" in again.text and "Leave the four out." in again.text,
            f"freya is not told what was asked for: {again.text[:600]}")
    for checker in (freya, imran):
        _answers(checker, path, "approve", "Large counts only.")
    content = downloaded(journey, number, "bilal")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        require(archive.read("files/by-sex.csv") == ROWS, "what left is not what was approved")
    return f"request {number} came back without the cell of four, was approved in round 2, and left so"


def brought_in(journey: Journey) -> str:
    """Code of one's own comes in by the same desk, into the workspace that is open."""
    number = bring_in(journey, SCRIPT)
    folder = f"/project/incoming/{number}"
    said = journey.run_code(f"import sys; sys.path.append('{folder}'); import groups; print(groups.OF)")
    require("Violence" in said, f"the workspace does not have what came in: {said}")
    return f"imran read it and approved it; ada imports it from {folder}"


def bring_in(journey: Journey, content: bytes) -> int:
    """Ada sends a script on the portal's page, a checker approves it on theirs; returns once it has arrived."""
    ada, imran = journey.person("ada"), journey.person("imran")
    page = ada.open(f"/incoming/new?project={PROJECT}")
    sent = ada.send(posted(page, "incoming$"), title="Offence groups", purpose="Our second paper",
                    files=[("file-1", ("groups.py", content))], **{
                        "kind-1": "code", "context-1": "Groups offence codes as in our earlier paper.",
                        "source-1": "written by me", "licence-1": "MIT"})
    require("/requests/" in sent.url, f"the file was not taken: {sent.text[:600]}")
    number = int(sent.url.rsplit("/", 1)[1])
    _waits_for(imran, number)
    path = f"/requests/{number}/review"
    require(journey.person("bilal").open(path).status in (403, 404), "a member of the project can open the review")
    _answers(imran, path, "approve", "Plain code, without data.")
    wait_until(lambda: f"/project/incoming/{number}" in ada.open(f"/requests/{number}").text, "the files", seconds=60)
    return number


def recall(journey: Journey) -> str:
    """One form takes a release back: nobody downloads it any more, and who has it is known."""
    mercer, bilal, number = journey.person("mercer"), journey.person("bilal"), journey.second_request
    page = mercer.open(f"/releases/{number}/recall")
    require("1 download, by Bilal Hussain" in page.text, f"the page does not say who has it: {page.text[:600]}")
    done = mercer.send(posted(page, "recall$"), reason="The counts hold a court that was not agreed.")
    require("This release was taken back" in done.text, f"it was not recalled: {done.text[:600]}")
    again = bilal.get(f"/requests/{number}/release")
    require(again.status_code == 403, f"bilal downloads it still ({again.status_code})")
    require("recalled" in bilal.open("/notices").text, "bilal, who has it, is not told")
    rechecked = wait_until(lambda: "being checked again" not in mercer.open(f"/releases/{number}").text,
                           "what was released besides to be checked again", seconds=60)
    require(rechecked, "its siblings are not checked")
    return "mercer saw who had it and took it back; bilal was told and gets it no more; its siblings were checked again"


def _kept(journey: Journey, content: bytes) -> Path:
    file = journey.settings.state_dir / "release.zip"
    file.write_bytes(content)
    return file


def _answers(checker: Visitor, path: str, decision: str, why: str) -> Page:
    """One decision about every file, with a reason for each."""
    form = posted(checker.open(path), "/review$")
    answers = {name: decision for name in form.choices if name.startswith("decision-")}
    answers |= {name: why for name in form.names if name.startswith("comment-")}
    return checker.send(form, **answers)


def _sends(researcher: Visitor, page: Page, table: bytes, **typed: str) -> Page:
    """A request, or an answer to its return, with one table."""
    form = posted(page, "/requests$|/resubmit$")
    sent = researcher.send(form, files=[("file-1", ("by-sex.csv", table))], **typed, **{
        "context-1": "Distinct defendants by sex in all magistrates’ courts."})
    require("/requests/" in sent.url and sent.status == 200, f"it was not submitted: {sent.text[:600]}")
    return sent


def _waits_for(checker: Visitor, number: int) -> None:
    wait_until(lambda: f"{number}." in checker.open("/queue").text, f"request {number} in the queue", seconds=60)
