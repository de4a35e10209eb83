"""Training of checkers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'


def upgrade() -> None:
    op.create_table(
        'training_session',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('person', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False, index=True),
        sa.Column('edition', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('begun_at', sa.String(length=32), nullable=False),
        sa.Column('answered_at', sa.String(length=32), nullable=True),
        sa.Column('decisions', sa.JSON(), nullable=True),
        sa.CheckConstraint('(answered_at IS NULL) = (decisions IS NULL)', name='training_answered'),
    )
