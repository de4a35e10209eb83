"""Checkers' comments on places in outputs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'


def upgrade() -> None:
    op.create_table(
        'output_comment',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('request', sa.Integer(), sa.ForeignKey('egress_request.number'), nullable=False, index=True),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('file_id', sa.Integer(), sa.ForeignKey('output_file.id'), nullable=False),
        sa.Column('checker', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('written_at', sa.String(length=32), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('audience', sa.String(), nullable=False),
        sa.Column('place', sa.String(length=20), nullable=False),
        sa.Column('row_label', sa.Text(), nullable=False),
        sa.Column('column_name', sa.Text(), nullable=False),
        sa.Column('quote', sa.Text(), nullable=False),
        sa.Column('taken_back', sa.Boolean(), nullable=False),
    )
