"""Notices, addresses for them, and the outbox of e-mails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    op.create_table(
        'notice',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('username', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('facts', sa.JSON(), nullable=False),
        sa.Column('project', sa.String(), nullable=False),
        sa.Column('at', sa.String(length=32), nullable=False),
        sa.Column('read_at', sa.String(length=32), nullable=True),
    )
    op.create_index('notice_of_person', 'notice', ['username', 'id'])
    op.create_index('notice_unread', 'notice', ['username'], sqlite_where=sa.text('read_at IS NULL'),
                    postgresql_where=sa.text('read_at IS NULL'))
    op.create_table(
        'mail_address',
        sa.Column('username', sa.String(length=32), sa.ForeignKey('person.username'), primary_key=True),
        sa.Column('address', sa.String(length=254), nullable=False),
    )
    op.create_table(
        'mail',
        sa.Column('notice', sa.Integer(), sa.ForeignKey('notice.id'), primary_key=True),
        sa.Column('due_at', sa.String(length=32), nullable=True),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('sent_at', sa.String(length=32), nullable=True),
        sa.Column('problem', sa.Text(), nullable=False),
    )
    op.create_index('mail_due', 'mail', ['due_at'])
