"""Accounts at an organisation's own sign-in, registered to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    op.create_table(
        'provider_subject',
        sa.Column('issuer', sa.String(), primary_key=True),
        sa.Column('subject', sa.String(length=255), primary_key=True),
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), nullable=False),
        sa.UniqueConstraint('issuer', 'username'),
    )
