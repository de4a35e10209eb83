"""Downloads of releases, counted, and recalls. Those before this are on the audit log only and do not count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'


def upgrade() -> None:
    op.create_table(
        'release_download',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('request', sa.Integer(), sa.ForeignKey('release.request'), nullable=False),
        sa.Column('person', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('at', sa.String(length=32), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
    )
    op.create_index('ix_release_download_request', 'release_download', ['request'])
    op.create_table(
        'recall',
        sa.Column('request', sa.Integer(), sa.ForeignKey('release.request'), primary_key=True),
        sa.Column('recalled_by', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('recalled_at', sa.String(length=32), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('incident', sa.Integer(), sa.ForeignKey('incident.id'), nullable=False),
        sa.Column('rechecks', sa.JSON(none_as_null=True), nullable=True),
    )
