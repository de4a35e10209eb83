"""The rule by which a custodian's sign-off counts no more. Those given before all count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0039'


def upgrade() -> None:
    op.add_column('sign_off', sa.Column('void', sa.String(), nullable=False, server_default=''))
