"""What released files show, and which of them a later output resembles; earlier releases are remembered when asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'


def upgrade() -> None:
    op.create_table(
        'release_memory',
        sa.Column('file_id', sa.Integer(), sa.ForeignKey('output_file.id'), primary_key=True),
        sa.Column('dataset', sa.String(), primary_key=True),
        sa.Column('request', sa.Integer(), sa.ForeignKey('egress_request.number'), nullable=False),
        sa.Column('shown', sa.JSON(), nullable=False),
    )
    op.create_index('ix_release_memory_dataset', 'release_memory', ['dataset'])
    op.create_index('ix_release_memory_request', 'release_memory', ['request'])
    op.create_table(
        'resemblance',
        sa.Column('file_id', sa.Integer(), sa.ForeignKey('output_file.id'), primary_key=True),
        sa.Column('found', sa.JSON(), nullable=False),
    )
