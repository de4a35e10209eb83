"""Indexes by which lists of requests are counted, and what checkers did lately."""

from __future__ import annotations

from alembic import op

revision = '0042'
down_revision = '0040'


def upgrade() -> None:
    op.create_index('request_of_author', 'egress_request', ['author', 'direction'])
    op.drop_index('ix_egress_request_author', 'egress_request')
    op.create_index('review_of_checker', 'review', ['checker', 'submitted_at', 'request'])
