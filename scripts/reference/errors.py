"""The page of errors."""

from __future__ import annotations

from readingroom import errors
from scripts.reference.page import NOTE, table


def errors_page() -> str:
    rows = []
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.ReadingRoomError):
            rows.append((f"`{name}`", str(error.status_code), str(error.exit_code)))
    tree = (errors.__doc__ or "").split("\n\n")[1]
    return (
        "# Errors\n\n" + NOTE.format(source="src/readingroom/errors.py")
        + "Each error says what happened, which value caused it, and what to do next. Pages show these words; the JSON "
        "API sends them as `error`, `message`, `rule`, `value` and `next_step`; the command line prints them and ends "
        "with the exit status.\n\n"
        f"```text\n{tree}\n```\n\n"
        + table(("Error", "HTTP status", "Exit status"), rows)
    )
