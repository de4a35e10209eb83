"""Groups of outputs, and what each file is there for. Files asked for until now are outputs in no group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0027'


def upgrade() -> None:
    op.create_table(
        'output_group',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('request', sa.Integer(), sa.ForeignKey('egress_request.number'), nullable=False),
        sa.Column('round', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('context', sa.Text(), nullable=False),
        sa.Column('controls', sa.Text(), nullable=False),
        sa.UniqueConstraint('request', 'round', 'name'),
    )
    op.create_index('ix_output_group_request', 'output_group', ['request'])
    op.add_column('output_file', sa.Column('kind', sa.String(), nullable=False, server_default='output'))
    op.execute("ALTER TABLE output_file ADD COLUMN group_id INTEGER "
               "CONSTRAINT output_file_group REFERENCES output_group (id)")
