"""What was released is remembered anew, with how pictures look and what noise counts have. It is read from the files."""

from __future__ import annotations

from alembic import op

revision = '0035'
down_revision = '0034'


def upgrade() -> None:
    op.execute("DELETE FROM release_memory")
