"""Delta beside rho; answers delivered at set times; a refunded question may be asked again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'

NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
NOT_REFUNDED = sa.text("status <> 'refunded'")


def upgrade() -> None:
    with op.batch_alter_table('privacy_account') as batch_op:
        batch_op.add_column(sa.Column('spent_femto_delta', sa.BigInteger(), nullable=False, server_default='0'))
        batch_op.create_check_constraint('account_spent_delta', 'spent_femto_delta >= 0')
    on_sqlite = op.get_bind().dialect.name == 'sqlite'
    with op.batch_alter_table('private_answer', naming_convention=NAMES) as batch_op:
        batch_op.drop_constraint('uq_private_answer_key' if on_sqlite else 'private_answer_key_key', type_='unique')
        batch_op.add_column(sa.Column('cost_femto_delta', sa.BigInteger(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('deliver_at', sa.String(length=32), nullable=True))
    op.execute('UPDATE private_answer SET deliver_at = asked_at')
    with op.batch_alter_table('private_answer') as batch_op:
        batch_op.alter_column('deliver_at', existing_type=sa.String(length=32), nullable=False)
        batch_op.create_index('private_answer_paid_once', ['key'], unique=True, sqlite_where=NOT_REFUNDED,
                              postgresql_where=NOT_REFUNDED)
