"""Rows counted for custodians, and removals known by the version they came after, whatever the clock says"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'


def upgrade() -> None:
    op.create_table(
        'row_count',
        sa.Column('key', sa.String(length=64), primary_key=True),
        sa.Column('dataset', sa.String(), nullable=False),
        sa.Column('table_name', sa.String(), nullable=False),
        sa.Column('condition', sa.Text(), nullable=False),
        sa.Column('version', sa.String(), nullable=False),
        sa.Column('rows', sa.BigInteger(), nullable=True),
        sa.Column('counted_at', sa.String(length=32), nullable=True),
    )
    op.add_column('member_removal', sa.Column('after_version', sa.Integer(), nullable=False, server_default='0'))
