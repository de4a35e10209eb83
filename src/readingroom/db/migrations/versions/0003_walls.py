"""What holds workspaces: demands and proofs, probes, incidents, and turns for the machine's memory"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade() -> None:
    op.add_column('workspace', sa.Column('demand', sa.JSON(), nullable=True))
    op.add_column('workspace', sa.Column('proof', sa.JSON(), nullable=True))
    op.create_table('workspace_turn',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('username', sa.String(length=32), nullable=False),
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('memory_bytes', sa.BigInteger(), nullable=False),
    sa.Column('asked_at', sa.String(length=32), nullable=False),
    sa.Column('admitted_at', sa.String(length=32), nullable=True),
    sa.CheckConstraint('memory_bytes > 0', name='turn_memory'),
    sa.ForeignKeyConstraint(['project'], ['project.slug']),
    sa.ForeignKeyConstraint(['username'], ['person.username']),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('username', 'project')
    )
    op.create_table('wall_probe',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('incident',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('opening', sa.Integer(), nullable=True),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['opening'], ['workspace.id']),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_incident_opening'), 'incident', ['opening'])
    op.create_index(op.f('ix_incident_project'), 'incident', ['project'])
    op.create_index(op.f('ix_incident_rule'), 'incident', ['rule'])


def downgrade() -> None:
    for table in ('incident', 'wall_probe', 'workspace_turn'):
        op.drop_table(table)
    with op.batch_alter_table('workspace') as batch:
        batch.drop_column('proof')
        batch.drop_column('demand')
