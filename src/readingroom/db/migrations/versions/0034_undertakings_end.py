"""Until when a signed undertaking counts. Those signed before count until their version or words change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'


def upgrade() -> None:
    op.add_column('undertaking_signature', sa.Column('held_until', sa.Date(), nullable=True))
