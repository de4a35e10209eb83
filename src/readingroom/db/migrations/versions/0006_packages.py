"""Packages that projects may install, and requests for more"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('package',
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('ecosystem', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('filename', sa.String(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('index', sa.Text(), nullable=False),
    sa.Column('added_by', sa.String(), nullable=False),
    sa.Column('added_at', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['project'], ['project.slug']),
    sa.PrimaryKeyConstraint('project', 'sha256')
    )
    op.create_table('package_request',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('username', sa.String(length=32), nullable=False),
    sa.Column('ecosystem', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('asked_at', sa.String(length=32), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', sa.String(length=32), nullable=True),
    sa.Column('decision', sa.Text(), nullable=False),
    sa.CheckConstraint('(decided_by IS NULL) = (decided_at IS NULL)', name='package_request_decided'),
    sa.ForeignKeyConstraint(['project'], ['project.slug']),
    sa.ForeignKeyConstraint(['username'], ['person.username']),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('package_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_package_request_project'), ['project'], unique=False)
