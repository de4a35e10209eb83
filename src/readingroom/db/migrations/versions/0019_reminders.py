"""When those who are asked about a version were last reminded"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'


def upgrade() -> None:
    op.add_column('application_version', sa.Column('reminded_at', sa.String(length=32), nullable=True))
