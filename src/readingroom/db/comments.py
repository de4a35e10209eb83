"""Checkers' comments on places in outputs."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from readingroom.core.comments import Audience, Comment
from readingroom.core.inspection.anchors import Anchor
from readingroom.db.plain import plain
from readingroom.db.tables import CommentRow


class Comments:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, comment: Comment) -> Comment:
        """The same with its id."""
        anchor = comment.anchor
        row = CommentRow(request=comment.request, round=comment.round, file_id=comment.file_id,
                         checker=comment.checker, written_at=comment.written_at, text=comment.text,
                         audience=comment.audience.value, place=anchor.at, row_label=anchor.row,
                         column_name=anchor.column, quote=anchor.quote)
        self._session.add(row)
        self._session.flush()
        return replace(comment, id=row.id)

    def of_request(self, number: int) -> tuple[Comment, ...]:
        """Those that nobody took back, of all rounds, oldest first."""
        rows = plain(self._session, _OF_REQUEST, {"number": number})
        return tuple(Comment(row.id, row.request, row.round, row.file_id, row.checker, row.written_at, row.text,
                             Audience(row.audience), Anchor(row.place, row.row_label, row.column_name, row.quote))
                     for row in rows)

    def take_back(self, comment: int) -> None:
        self._session.get_one(CommentRow, comment).taken_back = True
        self._session.flush()


_OF_REQUEST = select(CommentRow.__table__).where(
    CommentRow.request == bindparam("number"), ~CommentRow.taken_back).order_by(CommentRow.id)
