"""What a dataset holds, as its custodian registered it: public knowledge, never read from the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

TWIN = "_twin"  # no slug has an underscore


@dataclass(frozen=True)
class Column:
    """One variable.

    `type` is integer, number, text, date or boolean. `codes` maps stored values (as text) to labels; empty means
    not categorical. `lower` and `upper` are the custodian's public clip range for private answers.
    `identifier` is true for the privacy unit's key: a project sees a pseudonym of its own in its place.
    """

    name: str
    label: str
    type: str
    codes: dict[str, str] = field(default_factory=dict)
    lower: float | None = None
    upper: float | None = None
    identifier: bool = False
    sensitive: bool = False


@dataclass(frozen=True)
class Table:
    """`max_rows_per_person` is K, the most rows of one person that a private answer uses; 1 = a person table.

    `row_ceiling` is a public upper bound on the table's rows, from which the delta of private answers follows.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    privacy_unit: str
    max_rows_per_person: int = 1
    row_ceiling: int | None = None

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Dataset:
    """A dataset as its policy file describes it. `synthetic` is said wherever the data are shown.

    `people` names whose data these are, where several datasets are about the same people: private answers about any
    of them then spend from one budget, because what is learned of a person adds up. Empty: of nobody else's.
    `synthetic_twin` says that the vault has made-up rows for the same tables, to try questions on.
    """

    slug: str
    title: str
    department: str
    custodian: str
    description: str
    tables: tuple[Table, ...]
    synthetic: bool = False
    known_issues: tuple[str, ...] = ()
    people: str = ""
    synthetic_twin: bool = False

    @property
    def twin(self) -> Dataset:
        """The same tables with made-up people: the vault has them under a name of their own."""
        return replace(self, slug=self.slug + TWIN, title=f"{self.title}: synthetic twin", synthetic=True, people="",
                       synthetic_twin=False)

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)


def is_twin(slug: str) -> bool:
    return slug.endswith(TWIN)


def distinct_labels(codes: Mapping[str, str]) -> dict[str, str]:
    """The label of each code as frames show it: two codes with one label keep the code behind it."""
    said = list(codes.values())
    return {code: label if said.count(label) == 1 else f"{label} ({code})" for code, label in codes.items()}


def code_of(value: object) -> str:
    """A stored value as the catalogue's codes name it, also where a missing one made whole numbers decimals.

    >>> code_of(2.0), code_of(True), code_of("F")
    ('2', 'true', 'F')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
