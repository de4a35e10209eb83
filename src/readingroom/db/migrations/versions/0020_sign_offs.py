"""Custodians' own sign-off of requests. Those under way need none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'


def upgrade() -> None:
    op.add_column('egress_request', sa.Column('sign_off_by', sa.JSON(), nullable=False, server_default='[]'))
    op.create_table(
        'sign_off',
        sa.Column('request', sa.Integer(), sa.ForeignKey('egress_request.number'), primary_key=True),
        sa.Column('round', sa.Integer(), primary_key=True),
        sa.Column('custodian', sa.String(length=32), sa.ForeignKey('person.username'), primary_key=True),
        sa.Column('signed_at', sa.String(length=32), nullable=False),
        sa.Column('comment', sa.Text(), nullable=False),
    )
