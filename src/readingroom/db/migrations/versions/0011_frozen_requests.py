"""Requests that are frozen, and where they go back to."""

from __future__ import annotations

from alembic import op

revision = '0011'
down_revision = '0010'


def upgrade() -> None:
    op.execute("ALTER TABLE egress_request ADD COLUMN thaws_to VARCHAR "
               "CONSTRAINT request_frozen CHECK ((status = 'frozen') = (thaws_to IS NOT NULL))")
