"""How many approvals are enough of a request whose files the platform computed itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0044'
down_revision = '0043'


def upgrade() -> None:
    op.add_column('egress_request', sa.Column('verified_checkers', sa.Integer(), nullable=True))
