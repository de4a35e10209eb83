"""The database that computes tables: in memory, with every way to files, networks and other variables shut."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from readingroom.errors import InvalidInput

SHUT: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false", "autoload_known_extensions": "false", "autoinstall_known_extensions": "false",
    "python_enable_replacements": "false", "temp_directory": "", "preserve_insertion_order": "false",
}


@dataclass(frozen=True)
class Bounds:
    """What one pass may take. With one thread the same data in the same order give the same floats to the last bit."""

    threads: int
    memory_bytes: int


@cache  # never closed: a process that was forked must not join its parent's threads
def _database(process: int | None, bounds: Bounds | None) -> duckdb.DuckDBPyConnection:
    """An empty database in memory; to open one takes longer than most statements."""
    config = dict(SHUT)
    if bounds is not None:
        config |= {"threads": bounds.threads, "memory_limit": f"{bounds.memory_bytes}B"}
    return duckdb.connect(":memory:", config=config)


def connected(bounds: Bounds | None) -> duckdb.DuckDBPyConnection:
    """A connection of its own for one call: what is registered in it is gone when it is closed."""
    return _database(multiprocessing.current_process().pid, bounds).cursor()


def fetched(connection: duckdb.DuckDBPyConnection, text: str, rule: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(text).fetchall()
    except (duckdb.FatalException, duckdb.InternalException):
        _database.cache_clear()  # it answers nothing any more
        raise
    except duckdb.OutOfMemoryException as error:
        raise InvalidInput("There is not enough memory for this table.", rule="recipe.memory",
                           next_step="Use fewer rows (\"where\") or fewer categories.") from error
    except duckdb.OutOfRangeException as error:
        raise InvalidInput("The numbers are too large to be added up.", rule="recipe.compute",
                           next_step="Give them in a larger unit, or as floating-point numbers.") from error
    except (duckdb.ConversionException, duckdb.BinderException, duckdb.InvalidInputException) as error:
        raise InvalidInput("Values of different types are compared or reckoned with.", rule=rule,
                           next_step="Compare text with 'text' in quotes, numbers with numbers, dates with "
                           "'2024-12-31'.") from error
