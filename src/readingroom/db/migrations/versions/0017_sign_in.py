"""Second factors, recovery codes, wrong answers by address, and when somebody signed out everywhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'


def upgrade() -> None:
    op.create_table(
        'second_factor',
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), primary_key=True),
        sa.Column('sealed', sa.LargeBinary(), nullable=False),
        sa.Column('confirmed_at', sa.String(length=32), nullable=True),
        sa.Column('last_step', sa.BigInteger(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('locked_until', sa.String(length=32), nullable=True),
    )
    op.create_table(
        'recovery_code',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('used_at', sa.String(length=32), nullable=True),
        sa.UniqueConstraint('username', 'digest'),
    )
    op.create_table(
        'sign_in_address',
        sa.Column('address', sa.String(length=64), primary_key=True),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('locked_until', sa.String(length=32), nullable=True),
        sa.Column('last_at', sa.String(length=32), nullable=False, index=True),
    )
    op.add_column('person', sa.Column('signed_out_at', sa.String(length=32), nullable=True))
