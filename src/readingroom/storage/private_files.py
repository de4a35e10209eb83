"""Private answers from a local file that the caller owns, with a scratch ledger: for audits, teaching and trials.

`answer_file(data, query, budget, repeat)` is the library call under `readingroom dp answer`; `price_query` and
`plan_queries` those under `price` and `plan`. The grammar, prices, views and plans are those of the vault's answers;
only where the table's facts come from differs. Each of the `repeat` answers is a release of its own, as if asked
once, with a ledger of its own. Vaults, extracts and everything else of an installation are refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from readingroom.core.privacy.budgets import Priced, account, parse_budget, shared
from readingroom.core.privacy.facts import parse_local
from readingroom.core.privacy.parts import Part
from readingroom.core.privacy.pricing import curve
from readingroom.core.privacy.values import refuse
from readingroom.errors import InvalidInput, Unavailable
from readingroom.storage.private_answers import answers, bounded_view, release
from readingroom.storage.private_scratch import private_scratch
from readingroom.storage.private_worker import ReleaseWorker

ANSWER_FORM, PRICE_FORM, PLAN_FORM = "readingroom-dp-answer-1", "readingroom-dp-price-1", "readingroom-dp-plan-1"
SEED = hashlib.sha256(b"readingroom local bounded view 1").digest()
MAX_REPEAT = 1_000_000
SECONDS_A_RELEASE = 5.0
INSTALLATION_MARKS = ("version.json", "dataset.json", "settings.toml", "keys/vault.key", "vault", ".instance")


def answer_file(data: Path, query: object, budget: object, repeat: int = 1,
                installations: Sequence[Path] = ()) -> dict[str, Any]:
    """`repeat` independent answers to each question of `query`, from the Parquet file `data`.

    Everything is checked and paid in the scratch ledger before a value of the data is looked at: InvalidInput or
    BudgetExceeded says what would work. What fails after that says nothing of the cause (Unavailable).
    """
    if isinstance(repeat, bool) or not isinstance(repeat, int) or not 1 <= repeat <= MAX_REPEAT:
        refuse("`repeat` is a whole number.", "dp.repeat", repeat, f"Give 1 to {MAX_REPEAT}.")
    path = checked_path(data, installations)
    schema = column_types(path)
    dataset, questions = parse_local(query, schema)
    limit = parse_budget(budget)
    found = shared(questions, dataset, limit)
    _check_people(path, found[0].table.privacy_unit)
    results = _answered(path, found, repeat)
    return {"form": ANSWER_FORM, "repeat": repeat, "budget": limit.as_dict(), "ledger": account(found, limit),
            "results": [_compact(one) for one in results]}


def price_query(query: object, budget: object, data: Path | None = None, installations: Sequence[Path] = ()
                ) -> dict[str, Any]:
    """What each question would cost and how exact it would be. `data` is asked for its column types only."""
    schema = column_types(checked_path(data, installations)) if data is not None else None
    dataset, questions = parse_local(query, schema)
    limit = parse_budget(budget)
    found = shared(questions, dataset, limit)
    return {"form": PRICE_FORM, "budget": limit.as_dict(), "ledger": account(found, limit),
            "prices": [_price(one) | {"curve": list(curve(one.query, one.table))} for one in found]}


def plan_queries(query: object, budget: object, weights: Sequence[float] | None = None, *, equal_accuracy: bool = True,
                 data: Path | None = None, installations: Sequence[Path] = ()) -> dict[str, Any]:
    """How a budget is shared by several questions: by `weights`, with equal relative accuracy, or equally."""
    schema = column_types(checked_path(data, installations)) if data is not None else None
    dataset, questions = parse_local(query, schema)
    limit = parse_budget(budget)
    if weights is not None and (len(weights) != len(questions) or not all(0 < weight < 1e9 for weight in weights)):
        refuse("There is one positive weight for each question.", "dp.weights", str(list(weights))[:200],
               f"Give {len(questions)} of them.")
    parts = None if weights is None else [Fraction(str(weight)) for weight in weights]
    found = shared(questions, dataset, limit, parts, equal_accuracy=equal_accuracy and weights is None)
    return {"form": PLAN_FORM, "budget": limit.as_dict(), "ledger": account(found, limit),
            "shared_by": "weights" if weights is not None else "equal accuracy" if equal_accuracy else "equal shares",
            "plan": [_price(one) for one in found]}


def checked_path(data: Path, installations: Sequence[Path] = ()) -> Path:
    """The file, if it is the caller's own, plain, and no part of an installation. InvalidInput otherwise."""
    path = Path(data).resolve()
    try:
        facts = path.stat()
    except OSError as error:
        raise InvalidInput(f"{data} cannot be read: {error.strerror}.", rule="dp.file", value=str(data),
                           next_step="Name a Parquet file of your own.") from None
    if not stat.S_ISREG(facts.st_mode):
        refuse("That is not a file.", "dp.file", str(data), "Name a Parquet file of your own.")
    if facts.st_uid != os.geteuid():
        refuse("The file belongs to somebody else.", "dp.file", str(data),
               "Copy your own data to a file of your own; nobody else's can be answered from here.")
    marked = [folder for folder in path.parents for mark in INSTALLATION_MARKS if _is_mark(folder, mark)]
    inside = [place for place in installations if path.is_relative_to(Path(place).resolve())]
    if marked or inside:
        refuse("The file is part of an installation of Reading Room.", "dp.installation", str(data),
               "Its data are answered through the portal or rr.dp, from the project's budget.")
    return path


def _is_mark(folder: Path, mark: str) -> bool:
    place = folder / mark
    if mark == "vault":
        return place.is_dir() and (folder / "keys").is_dir()
    return place.is_file() and (mark != "dataset.json" or place.stat().st_size > 0)


def column_types(path: Path) -> dict[str, str]:
    """The grammar's type of each column, from the file's schema; empty text for what it has no type for."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError):
        raise InvalidInput("The file is not Parquet that can be read.", rule="dp.file", value=path.name,
                           next_step="Write it with pandas' to_parquet, Polars or Arrow, unencrypted.") from None
    if len({name.casefold() for name in schema.names}) != len(schema.names):
        refuse("Two columns have the same name, but for capitals perhaps.", "dp.file", path.name,
               "Give every column a name of its own: SQL would not tell these apart.")
    return {field.name: _type(field.type) if field.name else "" for field in schema}


def _type(kind: pa.DataType) -> str:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (("boolean", pa.types.is_boolean), ("integer", pa.types.is_integer), ("number", pa.types.is_floating),
             ("number", pa.types.is_decimal), ("date", pa.types.is_date), ("date", pa.types.is_timestamp),
             ("text", pa.types.is_string), ("text", pa.types.is_large_string), ("text", pa.types.is_string_view))
    return next((name for name, test in tests if test(kind)), "")


def _check_people(path: Path, unit: str) -> None:
    """What a custodian's registration would have refused: rows that are nobody's, and identifiers that round."""
    with pq.ParquetFile(path) as file:
        kind = file.schema_arrow.field(unit).type
        if _type(kind) not in ("integer", "text"):
            refuse("People are named by text or whole numbers.", "dp.privacy-unit", f"{unit}: {kind}",
                   "Write the identifiers as one of these: others can name one person in two ways.")
        for batch in file.iter_batches(columns=[unit]):
            names = pc.cast(batch.column(0), pa.string())
            if names.null_count or pc.any(pc.equal(pc.utf8_trim_whitespace(names), "")).as_py():
                refuse("Some rows say not whose they are.", "dp.privacy-unit", unit,
                       "Leave them out of the file, or give each row its person: they could not be protected.")


def _answered(path: Path, found: Sequence[Priced], repeat: int) -> list[list[dict[str, Any]]]:
    """For each question, its answers. The version is not told: a hash of the data would say more than the answer."""
    memory = private_scratch(Path(tempfile.gettempdir()), "").parent
    scratch = Path(tempfile.mkdtemp(prefix="readingroom-dp-", dir=memory))
    worker = ReleaseWorker()
    results = []
    source = scratch / "source.parquet"  # a plain name: others could be read as a pattern, or as values of columns
    try:
        source.symlink_to(path)
        for one in found:
            views = [_bounded(source, one, part, scratch) for part in one.price.parts]
            reply = release(worker, one.query, one.table, one.price, views, scratch, repeat,
                            300.0 + SECONDS_A_RELEASE * repeat)
            results.append(answers(one.query, one.table, "local", one.price, reply))
        return results
    except Exception:  # noqa: BLE001, S110 - the second refusal text: nothing of a library may pass
        pass
    finally:
        worker.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    raise Unavailable("The private answer failed after its budget was reserved. No detail can be given.",
                      rule="private-answer", next_step="Check that there is room in memory and on the disk.")


def _bounded(path: Path, one: Priced, part: Part, scratch: Path) -> Path:
    view = scratch / f"bounded-{part.rows_per_person}.parquet"
    if not view.exists():
        bounded_view(path, one.table, part.rows_per_person, SEED, view)
    return view


def _price(one: Priced) -> dict[str, Any]:
    priced = one.price
    return {"query": one.query.as_dict(), "rho_micro": priced.cost_micro_rho, "rho": priced.cost_micro_rho / 1e6,
            "femto_delta": priced.cost_femto_delta, "epsilon": priced.cost_epsilon, "delta": priced.delta,
            "pure": one.query.spend.pure, "loss": float(sum(part.shape.loss() for part in priced.parts)),
            "K": one.query.rows_per_person, "accuracy": priced.accuracy.as_dict(),
            "needs_human": one.query.needs_human}


FIGURES = ("value", "half_width_95", "interval_95", "rows", "number", "rank_half_width_95", "synthetic", "released")


def _compact(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What all answers to a question share once, and the figures of each."""
    described = {name: value for name, value in found[0].items() if name not in FIGURES}
    return described | {"answers": [{name: answer[name] for name in FIGURES if name in answer} for answer in found]}

