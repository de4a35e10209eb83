"""Bytes shown, by person, project and hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'


def upgrade() -> None:
    op.create_table(
        'shown_hour',
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), primary_key=True),
        sa.Column('project', sa.String(), sa.ForeignKey('project.slug'), primary_key=True),
        sa.Column('hour', sa.String(length=32), primary_key=True),
        sa.Column('bytes', sa.BigInteger(), nullable=False),
        sa.Column('logged', sa.Boolean(), nullable=False),
        sa.CheckConstraint('bytes >= 0', name='shown_bytes'),
    )
    op.create_table(
        'door_counter',
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), primary_key=True),
        sa.Column('project', sa.String(), sa.ForeignKey('project.slug'), primary_key=True),
        sa.Column('boot', sa.String(), nullable=False),
        sa.Column('counter', sa.BigInteger(), nullable=False),
        sa.Column('alerted_at', sa.String(length=32), nullable=True),
    )
