"""What people are qualified for, with its history; undertakings as signed; invitations.

Dates that stood in the person's own row become the first entries of the history. Whoever had an account counts as
verified since this migration; the words that people signed before were not kept, so they sign anew.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'


def upgrade() -> None:
    qualification = op.create_table(
        'qualification',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), nullable=False, index=True),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.Column('held_from', sa.Date(), nullable=False),
        sa.Column('held_until', sa.Date(), nullable=True),
        sa.Column('reference', sa.Text(), nullable=False),
        sa.Column('recorded_by', sa.String(), nullable=False),
        sa.Column('recorded_at', sa.String(length=32), nullable=False),
        sa.CheckConstraint('held_until IS NULL OR held_until >= held_from', name='qualification_dates'),
    )
    op.create_table(
        'undertaking_signature',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), nullable=False, index=True),
        sa.Column('organisation', sa.String(), nullable=False),
        sa.Column('version', sa.String(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('signed_at', sa.String(length=32), nullable=False),
    )
    op.create_table(
        'invitation',
        sa.Column('sha256', sa.String(length=64), primary_key=True),
        sa.Column('username', sa.String(), sa.ForeignKey('person.username'), nullable=False, index=True),
        sa.Column('invited_by', sa.String(), nullable=False),
        sa.Column('expires_at', sa.String(length=32), nullable=False),
        sa.Column('used_at', sa.String(length=32), nullable=True),
    )
    op.add_column('person', sa.Column('email', sa.String(), nullable=False, server_default=''))
    op.create_index('person_email_once', 'person', [sa.text('lower(email)')], unique=True,
                    sqlite_where=sa.text("email <> ''"), postgresql_where=sa.text("email <> ''"))
    person = sa.table('person', sa.column('username', sa.String), sa.column('accredited_until', sa.Date),
                      sa.column('trained_until', sa.Date))
    now = datetime.now(UTC)
    rows = []
    for username, accredited, trained in op.get_bind().execute(sa.select(person)).all():
        facts = [('identity', 'recorded before', None), ('training', 'recorded before', trained),
                 ('accreditation', 'full', accredited)]
        rows += [{'username': username, 'kind': kind, 'detail': detail, 'held_until': until, 'reference': '',
                  'held_from': min(now.date(), until or now.date()), 'recorded_by': 'migration',
                  'recorded_at': now.isoformat(timespec='microseconds')}
                 for kind, detail, until in facts if kind == 'identity' or until is not None]
    if rows:
        op.bulk_insert(qualification, rows)
    for column in ('accredited_until', 'trained_until', 'undertaking_signed_on'):
        op.drop_column('person', column)
    op.execute('ALTER TABLE person RENAME COLUMN status TO standing')
