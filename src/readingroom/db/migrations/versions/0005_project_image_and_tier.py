"""Which image a project's workspaces run, and how strictly they are reached"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    with op.batch_alter_table('project', schema=None) as batch_op:
        batch_op.add_column(sa.Column('image', sa.String(), server_default='notebook', nullable=False))
        batch_op.add_column(sa.Column('tier', sa.String(), server_default='standard', nullable=False))
