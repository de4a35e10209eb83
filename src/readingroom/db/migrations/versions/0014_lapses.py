"""What was told of the end of grants, projects, trainings and accreditations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'


def upgrade() -> None:
    op.create_table(
        'lapse',
        sa.Column('means', sa.String(length=20), primary_key=True),
        sa.Column('key', sa.String(length=64), primary_key=True),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('stage', sa.Integer(), nullable=True),
    )
