"""A question as data: what the portal is sent. Labels become codes here; everything is checked by the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from readingroom.core.datasets import distinct_labels
from readingroom.errors import InvalidInput
from readingroom.sdk import _door
from readingroom.sdk._data import DataColumn, datasets
from readingroom.sdk._dp.numbers import MICRO

if TYPE_CHECKING:
    from readingroom.sdk._dp.answers import Answer

NAMES = {"count": "people", "records": "count", "people": "people", "contingency": "people", "top_k": "top",
         "std": "sd", "var": "variance"}
"""Names here that differ from those of the grammar: a count is of people, as everywhere in this SDK."""

SPENDS = ("rho_micro", "epsilon")
SPEND = "Say how much budget to spend: rho=, epsilon= or pure_epsilon=, one of them."
USUAL = "rho=0.001 is a usual start; price() says what it buys."


@dataclass(frozen=True)
class Question:
    """What to ask, not asked yet: for `price`, `curve`, `plan` and `ask`. Made by `question()`."""

    query: dict[str, Any] = field(repr=False)

    @property
    def words(self) -> str:
        """The question without its spend, on one line."""
        said = ", ".join(f"{name}={value!r}" for name, value in self.query.items()
                         if name not in ("dataset", "table", "statistic", *SPENDS) and value != [])
        whose = f"{self.query['statistic']} in {self.query['dataset']} {self.query['table']}"
        return f"{whose}: {said}" if said else whose

    def __repr__(self) -> str:
        paid = [f"{name} {self.query[name]}" for name in SPENDS if name in self.query]
        return f"{self.words}; {paid[0] if paid else 'no spend yet'}"

    def spending(self, rho: float | None = None, epsilon: float | None = None,
                 pure_epsilon: float | None = None) -> Question:
        """The same question with its spend, in place of one it had."""
        bare = {name: value for name, value in self.query.items() if name not in SPENDS}
        return replace(self, query=bare | spend(str(self.query["dataset"]), rho, epsilon, pure_epsilon))

    def ask(self, *, rho: float | None = None, epsilon: float | None = None,
            pure_epsilon: float | None = None) -> Answer:
        from readingroom.sdk._dp.asking import ask

        given = (rho, epsilon, pure_epsilon)
        return ask(self if given == (None, None, None) else self.spending(*given))

    def dry_run(self, *, rho: float | None = None, epsilon: float | None = None,
                pure_epsilon: float | None = None) -> Answer:
        """Try it on the dataset's synthetic twin, with the same noise: free, and no answer."""
        from readingroom.sdk._dp.asking import dry_run

        given = (rho, epsilon, pure_epsilon)
        return dry_run(self if given == (None, None, None) else self.spending(*given))


def question(statistic: str, dataset: str, table: str, column: Any = None, *, where: Any = (), by: Any = None,
             rho: float | None = None, epsilon: float | None = None, pure_epsilon: float | None = None,
             **more: Any) -> Question:
    """A question in the words of the calls of `rr.dp`; the spend may be left out until it is asked."""
    columns = columns_of(dataset, table)
    chosen = {name: plain(value) for name, value in {"column": column, **more}.items() if value is not None}
    if "categories" in chosen:
        chosen["categories"] = codes(chosen["categories"], columns.get(str(chosen.get("column", ""))))
    if by is not None:
        chosen["by"] = _keys(plain(by), columns)
    if isinstance(chosen.get("columns"), list):
        chosen["columns"] = _keys(chosen["columns"], columns)
    if "of" in chosen:
        chosen["of"] = conditions(chosen["of"], columns)
    made = Question({"dataset": dataset, "table": table, "statistic": NAMES.get(statistic, statistic),
                     "where": conditions(plain(where), columns)} | chosen)
    given = (rho, epsilon, pure_epsilon)
    return made if given == (None, None, None) else made.spending(*given)


def check_spends(made: Question) -> Question:
    """The question, if it says what to spend."""
    if not any(name in made.query for name in SPENDS):
        raise InvalidInput(SPEND, rule="private.spend", next_step=USUAL)
    return made


def spend(dataset: str, rho: float | None, epsilon: float | None, pure_epsilon: float | None) -> dict[str, Any]:
    """The spend in the grammar. `epsilon` is turned into rho (Gaussian noise) at the dataset's own delta;
    `pure_epsilon` has Laplace noise and no delta, and costs far more of an account in rho.
    """
    given = {"rho": rho, "epsilon": epsilon, "pure_epsilon": pure_epsilon}
    stated = {name: value for name, value in given.items() if value is not None}
    if len(stated) != 1:
        raise InvalidInput(SPEND, rule="private.spend", value=", ".join(stated) or None, next_step=USUAL)
    ((name, value),) = stated.items()
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
        raise InvalidInput("The spend is a positive number.", rule="private.spend", value=value, next_step=USUAL)
    if name == "pure_epsilon":
        return {"epsilon": value}
    from readingroom.core.privacy import accounting

    micro = round(value * MICRO) if name == "rho" else accounting.rho_micro_for(value, _delta(dataset))
    if micro < 1:
        raise InvalidInput("That is less than a millionth of rho.", rule="private.spend", value=value,
                           next_step=f"Spend more; {USUAL}")
    return {"rho_micro": micro}


def _delta(dataset: str) -> float:
    from readingroom.core.privacy import accounting

    found = (one["budget"]["delta"] for one in _door.get("/workspace")["datasets"] if one["slug"] == dataset)
    return float(next(found, accounting.DEFAULT_DELTA))


def columns_of(dataset: str, table: str) -> dict[str, DataColumn]:
    """The mounted table's columns; none where there is no such table, which the portal then says."""
    return {column.name: column for one in datasets() if one.slug == dataset
            for found in one.tables if found.name == table for column in found.columns}


def conditions(given: Any, columns: Mapping[str, DataColumn]) -> Any:
    """SQL as it is; a condition or a list of them with codes for labels."""
    if isinstance(given, str):
        return given
    return [_condition(one, columns) for one in (given if isinstance(given, list) else [given])]


def _condition(given: Any, columns: Mapping[str, DataColumn]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidInput("A condition is a dictionary.", rule="private.where", value=given,
                           next_step='Write where=[{"column": "sex", "op": "==", "value": "Female"}], '
                                     'or where="sex = \'F\'".')
    if joint := next((name for name in ("all", "any") if name in given), None):
        return {joint: conditions(given[joint], columns)}
    column = columns.get(str(given.get("column")))
    return given | {name: codes(given[name], column) for name in ("value", "in", "not_in") if name in given}


def _keys(given: Any, columns: Mapping[str, DataColumn]) -> Any:
    """Groups: names, or objects whose categories may be labels."""
    if isinstance(given, list):
        return [_keys(one, columns) for one in given]
    if isinstance(given, dict) and "categories" in given:
        return given | {"categories": codes(given["categories"], columns.get(str(given.get("column"))))}
    return given


def codes(value: Any, column: DataColumn | None) -> Any:
    """The code of a label; a code, and whatever else, as it is."""
    if isinstance(value, list):
        return [codes(one, column) for one in value]
    if column is None or str(value) in column.codes:
        return value
    return {label: code for code, label in distinct_labels(column.codes).items()}.get(str(value), value)


def label_of(value: Any, column: DataColumn | None) -> str:
    """The label of a code, as frames show it."""
    code = str(value).lower() if isinstance(value, bool) else str(value)
    return code if column is None else distinct_labels(column.codes).get(code, code)


def plain(value: Any) -> Any:
    """The same in JSON's types: researchers take values out of data frames, and conditions out of `on()`."""
    if hasattr(value, "as_condition"):
        return value.as_condition()
    if hasattr(value, "as_key"):
        return value.as_key()
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return [plain(one) for one in value] if isinstance(value, list | tuple | set | range) else value
