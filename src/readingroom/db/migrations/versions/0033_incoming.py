"""Requests go out of a project or into it. Those made until now go out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'

ACTIVE = sa.text("status NOT IN ('released', 'delivered', 'rejected', 'withdrawn') AND private_answer IS NULL")


def upgrade() -> None:
    op.add_column('egress_request', sa.Column('direction', sa.String(), nullable=False, server_default='out'))
    op.drop_index('request_active_once', 'egress_request')
    op.create_index('request_active_once', 'egress_request', ['author', 'project', 'direction'], unique=True,
                    sqlite_where=ACTIVE, postgresql_where=ACTIVE)
    op.add_column('output_file', sa.Column('source', sa.Text(), nullable=True))
    op.execute("ALTER TABLE output_file ADD COLUMN licence TEXT "
               "CONSTRAINT output_file_origin CHECK ((source IS NULL) = (licence IS NULL))")
    op.create_table(
        'delivery',
        sa.Column('request', sa.Integer(), sa.ForeignKey('egress_request.number'), primary_key=True),
        sa.Column('delivered_at', sa.String(length=32), nullable=False),
    )
