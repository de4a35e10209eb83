"""What came of computing an output again from the vault."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0043'
down_revision = '0042'


def upgrade() -> None:
    op.add_column('output_file', sa.Column('recomputed', sa.JSON(), nullable=True))
