"""What was sent under a key: sent again, because its answer was lost, it is not asked for twice."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("egress_request", sa.Column("sent_as", sa.String(64)))
