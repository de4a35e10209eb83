"""Every error that Reading Room raises on purpose.

ReadingRoomError
├── PermissionDenied      this person may not do this
│   └── AccessDenied      this workspace may not be opened now; carries every reason
├── NotFound              no such thing, or none that this person may know of
├── InvalidTransition     the state does not allow it
│   └── StaleForm         somebody else saved it in between; carries what is there now
├── InvalidInput          what was sent cannot be accepted
│   ├── PolicyError       policy files are wrong; carries every fault
│   └── SettingsError     settings are missing, unknown or contradictory
├── BudgetExceeded        a private answer would cost more than is left
├── IntegrityError        stored bytes or the log are not what was recorded
└── Unavailable           something outside (engine, hub, disk) failed; trying again may help
    └── NoRoom            the folder that it should go to is full

Each says what happened, which value, and what the reader can do next (promise P10). They are
translated once at each edge: to a status code, an exit code, or a message in a notebook.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class ReadingRoomError(Exception):
    """Base of all. `rule` names the rule broken, `value` what broke it, `next_step` the way to a yes."""

    status_code = 500
    exit_code = 1

    def __init__(self, message: str, *, rule: str = "", value: object = None, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.value = value
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a stack: what happened, by which rule, and what to do next."""
        lines = [f"{type(self).__name__}: {self.message}"]
        lines += [f"  - {part}" for part in self.parts]
        lines += [f"Rule: {self.rule}"] if self.rule else []
        lines += [f"Next step: {self.next_step}"] if self.next_step else []
        return lines

    @property
    def parts(self) -> Sequence[str]:
        """The several reasons or faults that this error carries, in words."""
        return ()

    def as_dict(self) -> dict[str, object]:
        """For JSON answers: message, rule, value (as text) and next_step."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "rule": self.rule,
            "value": None if self.value is None else str(self.value),
            "next_step": self.next_step,
        }


class PermissionDenied(ReadingRoomError):
    status_code = 403


class AccessDenied(PermissionDenied):
    """A workspace may not be opened or stay open. `reasons` are all of them, not the first."""

    def __init__(self, message: str, *, reasons: Sequence[object] = (), **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.reasons = tuple(reasons)

    @property
    def parts(self) -> Sequence[str]:
        return tuple(str(getattr(reason, "message", reason)) for reason in self.reasons)


class NotFound(ReadingRoomError):
    status_code = 404


class InvalidTransition(ReadingRoomError):
    status_code = 409


class StaleForm(InvalidTransition):
    """What was sent was written over an older state. `now` is what is there now; nothing was overwritten."""

    def __init__(self, message: str, *, now: object = None, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.now = now


class InvalidInput(ReadingRoomError):
    status_code = 422
    exit_code = 2


class PolicyError(InvalidInput):
    """`faults` lists every fault found, each with file and line where known."""

    def __init__(self, message: str, *, faults: Sequence[str] = (), **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.faults = tuple(faults)

    @property
    def parts(self) -> Sequence[str]:
        return self.faults

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {fault}" for fault in self.faults)])


class SettingsError(InvalidInput):
    pass


class BudgetExceeded(ReadingRoomError):
    status_code = 402


class IntegrityError(ReadingRoomError):
    pass


class Unavailable(ReadingRoomError):
    status_code = 503
    exit_code = 3


class NoRoom(Unavailable):
    """Nothing was lost: it goes there once there is room."""

    status_code = 507


def refusal_of(guard: Callable[..., object], *arguments: object) -> str:
    """What `guard` says against it, in words; empty if it lets pass. For pages that say before an act why it is not."""
    try:
        guard(*arguments)
    except ReadingRoomError as refusal:
        return refusal.message
    return ""
