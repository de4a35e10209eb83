"""What the services need from outside, as contracts. Fakes and real ones pass the same contract tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from readingroom.core.datasets import Dataset, Table
from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.recomputing import Allowance, Asked
from readingroom.core.incoming import Scan
from readingroom.core.mail import Message
from readingroom.core.shown import Reading
from readingroom.core.volumes import Usage, Volume

if TYPE_CHECKING:  # 40 MiB for the name of a type
    import pyarrow as pa


class Clock(Protocol):
    def now(self) -> datetime:
        """The time now, with time zone UTC."""


class Secrets(Protocol):
    """Keeps small secrets in the records from whoever reads only the records."""

    def seal(self, content: bytes, context: str) -> bytes:
        """`content` under authenticated encryption together with `context`, which says whose it is; never the same."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """The content again. IntegrityError if `sealed` or `context` differ from what was sealed."""

    def digest(self, content: str, context: str) -> str:
        """A keyed hash, in hex; the same each time."""


class Versions(Protocol):
    """Which versions of datasets there are."""

    def versions(self, dataset: str) -> tuple[str, ...]:
        """Names of all stored versions, oldest first; empty if none."""


class Vault(Versions, Protocol):
    """Datasets as received: immutable versions, encrypted at rest."""

    def add(self, dataset: str, tables: Mapping[str, pa.Table]) -> str:
        """Store a new version and return its name, the first 16 hex digits of its content hash.

        Adding the same content twice returns the same name and stores nothing. Durable when it returns;
        a crash before that leaves no visible version.
        """

    def read(self, dataset: str, version: str, table: str, columns: Iterable[str]) -> pa.Table:
        """The named columns of one table. NotFound if absent; IntegrityError if the bytes were changed."""


class Extracts(Protocol):
    """What gets mounted: one directory per extract, one Parquet file per table, plus dataset.json."""

    def build(self, extract_id: str, dataset: Dataset, version: str, columns: Mapping[str, tuple[str, ...]],
              row_filter: Mapping[str, str], project: str) -> Path:
        """Write the granted columns and rows and return the directory. Idempotent: a finished one is kept.

        Identifier columns carry pseudonyms of this project (keyed, the same across its datasets).
        """

    def count(self, dataset: Dataset, version: str, table: str, condition: str) -> int:
        """How many rows of a table meet a row filter (empty: all). InvalidInput if it cannot be applied."""

    def destroy(self, extract_id: str) -> None:
        """Make the extract unreadable at once, also to a process that has it open; idempotent."""

    def path(self, extract_id: str) -> Path | None:
        """The directory of a finished extract, or None."""

    def stored(self) -> tuple[str, ...]:
        """The ids of all finished extracts, whether or not anything is recorded of them."""

    def clear_unfinished(self) -> None:
        """Remove what a killed process had half made. Only who builds calls it, while nothing is being built."""


class Activity(Protocol):
    """Which workspaces were used, as the platform itself saw it."""

    def used(self) -> frozenset[tuple[str, str]]:
        """Person and project of those used since it was last asked; at first, none.

        Nothing that a container says or sends by itself counts. Unavailable: try later.
        """


class Blobs(Protocol):
    """Bytes by SHA-256, write-once."""

    def put(self, content: bytes) -> str:
        """Store and return the hex digest; durable when it returns; storing the same bytes again is free."""

    def get(self, sha256: str) -> bytes:
        """The bytes. NotFound if absent; IntegrityError if they no longer match their name."""


class PrivateAnswerer(Protocol):
    """Answers a priced query from the vault with calibrated noise (core/privacy has the grammar)."""

    def answer(self, query: object, dataset: Dataset, table: Table, version: str) -> dict[str, object]:
        """Run it once. Raises ReadingRoomError with a message that holds nothing of the data."""


class Recomputer(Protocol):
    """Computes a table again from the vault."""

    def recompute(self, asked: Asked, allowance: Allowance) -> tuple[TableEvidence, ...]:
        """The table of each statistic, before any protection but noise. Nothing is read beyond the columns and rows in
        `asked`. What it took, but not what it waited for others, is taken off the `allowance`, also when it fails.

        ReadingRoomError if it cannot be done, in time or at all. Its words may be of the data: only its rule is.
        """


class Engine(Protocol):
    """What the worker asks of the container engine. Both raise Unavailable when it does not answer."""

    def inspect(self, container: str) -> Mapping[str, Any] | None:
        """The engine's own words on a running container; None if there is none of that id, or it has ended."""

    def kill(self, container: str) -> None:
        """End it at once; returns when it has ended. Gone already is fine."""


class Meter(Protocol):
    """What the worker asks of the door."""

    def read(self) -> tuple[Reading, ...]:
        """The counter of every person and project since the door's start. Unavailable if it does not answer."""


class Mail(Protocol):
    """A mail server. The worker talks to it, never a decision."""

    def send(self, message: Message) -> None:
        """Returns once the server took it over. Again is another copy, with the same id.

        InvalidInput if it will never take it; Unavailable if it may later.
        """


class Hub(Protocol):
    """What portal and worker ask of JupyterHub."""

    def start_workspace(self, username: str, project: str) -> None:
        """Ask for the named server to start; returns once accepted. Already running is not an error."""

    def stop_workspace(self, username: str, project: str) -> None:
        """Stop it; returns once the Hub accepted. Not running is not an error."""

    def workspace_state(self, username: str, project: str) -> str:
        """One of: stopped, starting, running, stopping."""

    def workspace_states(self, username: str) -> Mapping[str, str]:
        """The same for all of a person's workspaces, by project; those not named are stopped."""


class Held(Protocol):
    """Volumes that nothing takes away until this is closed; use it with `with`."""

    def __enter__(self) -> object: ...

    def __exit__(self, *_: Any) -> None: ...


class Scanner(Protocol):
    """A malware scanner."""

    def scan(self, content: bytes) -> Scan:
        """What it found in these bytes. Unavailable if it does not answer, or not in words that are understood."""


class Arrivals(Protocol):
    """The folder of each project for what was brought in."""

    def staged(self, project: str, size_bytes: int, name: str, files: Mapping[str, bytes]
               ) -> AbstractContextManager[Callable[[], None]]:
        """Have `files` ready, durable and hidden; the function given makes them appear in a folder `name`, in one step.

        The project's folder holds `size_bytes`. NoRoom if it is full; Unavailable if it can't be written. If it was not
        called, or if an error leaves the context, nothing is there. The very same files there already stay, and calling
        it changes nothing.
        """


class Volumes(Protocol):
    """Homes and the folders that a project's members share, each with a quota where the machine can hold one."""

    def provide(self, wanted: Sequence[Volume]) -> Held:
        """Have each at its place, ready to be mounted into a container; idempotent.

        Unavailable, with nothing lost, if that cannot be done.
        """

    def release_idle(self, in_use: Callable[[], Collection[Path]]) -> int:
        """Take away those that are not at a place in use; returns how many."""

    def usage(self, place: Path) -> Usage | None:
        """How full it is, or None if that cannot be told now."""
