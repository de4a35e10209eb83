"""Private answers leave by requests of their own, beside the one active request of a person and project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'

ACTIVE = sa.text("status NOT IN ('released', 'rejected', 'withdrawn') AND private_answer IS NULL")
STANDING = sa.text("status NOT IN ('rejected', 'withdrawn')")


def upgrade() -> None:
    with op.batch_alter_table('egress_request') as batch_op:
        batch_op.drop_index('request_active_once')
        batch_op.add_column(sa.Column('private_answer', sa.Integer(), nullable=True))
        batch_op.create_foreign_key('request_of_answer', 'private_answer', ['private_answer'], ['id'])
    with op.batch_alter_table('egress_request') as batch_op:
        batch_op.create_index('request_active_once', ['author', 'project'], unique=True, sqlite_where=ACTIVE,
                              postgresql_where=ACTIVE)
        batch_op.create_index('private_answer_released_once', ['private_answer'], unique=True, sqlite_where=STANDING,
                              postgresql_where=STANDING)
