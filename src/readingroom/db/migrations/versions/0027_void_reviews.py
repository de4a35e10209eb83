"""Reviews that count no more, because their checker may not check the request any more. Those given so far count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0020'


def upgrade() -> None:
    op.add_column('review', sa.Column('void', sa.String(), nullable=False, server_default=''))
