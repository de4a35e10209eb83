"""How many tokens the browsers of one person hold: with each new one the oldest beyond the policy's number end.

A browser has one at the portal and one at each workspace that it shows; without it, it signs in there again. A
workspace's own token is not counted, it ends with the workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyterhub import orm
from sqlalchemy import Connection, delete, event, select

_most: Callable[[], int | None] = lambda: None  # noqa: E731  nobody has said yet


def limit(most: Callable[[], int | None]) -> None:
    """From now on `most()`, asked at each sign-in, is how many one person may have; None: any number."""
    global _most
    _most = most
    if not event.contains(orm.APIToken, "after_insert", _end_the_oldest):
        event.listen(orm.APIToken, "after_insert", _end_the_oldest)


def _end_the_oldest(_mapper: Any, connection: Connection, token: orm.APIToken) -> None:
    """In the transaction that adds `token`. The Hub looks tokens up by query, so one that is gone is unknown."""
    most = _most()
    if most is None or token.user_id is None or token.session_id is None:
        return
    table = orm.APIToken.__table__
    of_browsers = (table.c.user_id == token.user_id, table.c.session_id.is_not(None))
    newest = select(table.c.id).where(*of_browsers).order_by(table.c.id.desc()).limit(most)
    connection.execute(delete(table).where(*of_browsers, table.c.id.not_in(newest)))
