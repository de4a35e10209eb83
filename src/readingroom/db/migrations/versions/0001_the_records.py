"""The records"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None


def upgrade() -> None:
    op.create_table('audit_event',
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('seq')
    )
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_event_project'), ['project'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_event_subject'), ['subject'], unique=False)

    op.create_table('person',
    sa.Column('username', sa.String(length=32), nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('organisation', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('accredited_until', sa.Date(), nullable=True),
    sa.Column('trained_until', sa.Date(), nullable=True),
    sa.Column('undertaking_signed_on', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('username')
    )
    op.create_table('privacy_account',
    sa.Column('dataset', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('spent_micro_rho', sa.Integer(), nullable=False),
    sa.CheckConstraint('spent_micro_rho >= 0', name='account_spent'),
    sa.PrimaryKeyConstraint('dataset', 'project')
    )
    op.create_table('project',
    sa.Column('slug', sa.String(length=30), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('programme', sa.String(), nullable=False),
    sa.Column('aim', sa.Text(), nullable=False),
    sa.Column('public_benefit', sa.Text(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('legal_gateway', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('slug')
    )
    op.create_table('credential',
    sa.Column('username', sa.String(length=32), nullable=False),
    sa.Column('argon2_hash', sa.String(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['username'], ['person.username'], ),
    sa.PrimaryKeyConstraint('username')
    )
    op.create_table('dataset_grant',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('dataset', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('row_filter', sa.JSON(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.Column('budget_micro_rho', sa.Integer(), nullable=False),
    sa.Column('conditions', sa.Text(), nullable=False),
    sa.Column('policy_hash', sa.String(), nullable=False),
    sa.Column('decided_by', sa.String(length=32), nullable=True),
    sa.Column('decided_at', sa.String(length=32), nullable=True),
    sa.Column('decision_reason', sa.Text(), nullable=False),
    sa.CheckConstraint('(decided_by IS NULL) = (decided_at IS NULL)', name='grant_decided'),
    sa.CheckConstraint('budget_micro_rho >= 0', name='grant_budget'),
    sa.ForeignKeyConstraint(['decided_by'], ['person.username'], ),
    sa.ForeignKeyConstraint(['project'], ['project.slug'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('dataset_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dataset_grant_dataset'), ['dataset'], unique=False)
        batch_op.create_index(batch_op.f('ix_dataset_grant_project'), ['project'], unique=False)

    op.create_table('egress_request',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('author', sa.String(length=32), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.String(length=32), nullable=False),
    sa.Column('submitted_at', sa.String(length=32), nullable=True),
    sa.Column('checkers_required', sa.Integer(), nullable=False),
    sa.Column('outcome_comment', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['author'], ['person.username'], ),
    sa.ForeignKeyConstraint(['project'], ['project.slug'], ),
    sa.PrimaryKeyConstraint('number')
    )
    with op.batch_alter_table('egress_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_egress_request_author'), ['author'], unique=False)
        batch_op.create_index(batch_op.f('ix_egress_request_project'), ['project'], unique=False)
        batch_op.create_index(batch_op.f('ix_egress_request_status'), ['status'], unique=False)
        batch_op.create_index('request_active_once', ['author', 'project'], unique=True, sqlite_where=sa.text("status NOT IN ('released', 'rejected', 'withdrawn')"), postgresql_where=sa.text("status NOT IN ('released', 'rejected', 'withdrawn')"))

    op.create_table('membership',
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('username', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['project'], ['project.slug'], ),
    sa.ForeignKeyConstraint(['username'], ['person.username'], ),
    sa.PrimaryKeyConstraint('project', 'username')
    )
    op.create_table('private_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('dataset', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('query', sa.JSON(), nullable=False),
    sa.Column('asked_by', sa.String(length=32), nullable=False),
    sa.Column('asked_at', sa.String(length=32), nullable=False),
    sa.Column('cost_micro_rho', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('answer', sa.JSON(), nullable=True),
    sa.Column('answered_at', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['person.username'], ),
    sa.ForeignKeyConstraint(['project'], ['project.slug'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('key')
    )
    with op.batch_alter_table('private_answer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_private_answer_project'), ['project'], unique=False)
        batch_op.create_index(batch_op.f('ix_private_answer_status'), ['status'], unique=False)

    op.create_table('workspace',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('username', sa.String(length=32), nullable=False),
    sa.Column('project', sa.String(length=30), nullable=False),
    sa.Column('container', sa.String(), nullable=False),
    sa.Column('opened_at', sa.String(length=32), nullable=False),
    sa.Column('closed_at', sa.String(length=32), nullable=True),
    sa.Column('close_reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['project'], ['project.slug'], ),
    sa.ForeignKeyConstraint(['username'], ['person.username'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('workspace', schema=None) as batch_op:
        batch_op.create_index('workspace_open_once', ['username', 'project'], unique=True, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    op.create_table('extract',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('grant_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('made_at', sa.String(length=32), nullable=False),
    sa.Column('destroyed_at', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['grant_id'], ['dataset_grant.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('extract', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_extract_grant_id'), ['grant_id'], unique=False)

    op.create_table('output_file',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('request', sa.Integer(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('output_type', sa.String(), nullable=False),
    sa.Column('assurance', sa.String(), nullable=False),
    sa.Column('context', sa.Text(), nullable=False),
    sa.Column('controls', sa.Text(), nullable=False),
    sa.Column('evidence', sa.JSON(), nullable=True),
    sa.Column('verdict', sa.Integer(), nullable=True),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['request'], ['egress_request.number'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('request', 'round', 'name')
    )
    with op.batch_alter_table('output_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_output_file_request'), ['request'], unique=False)

    op.create_table('release',
    sa.Column('request', sa.Integer(), nullable=False),
    sa.Column('filename', sa.String(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['request'], ['egress_request.number'], ),
    sa.PrimaryKeyConstraint('request')
    )
    op.create_table('review',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('request', sa.Integer(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('checker', sa.String(length=32), nullable=False),
    sa.Column('submitted_at', sa.String(length=32), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['checker'], ['person.username'], ),
    sa.ForeignKeyConstraint(['request'], ['egress_request.number'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('request', 'round', 'checker')
    )
    with op.batch_alter_table('review', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_request'), ['request'], unique=False)

    op.create_table('vote',
    sa.Column('review_id', sa.Integer(), nullable=False),
    sa.Column('file_id', sa.Integer(), nullable=False),
    sa.Column('decision', sa.String(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['output_file.id'], ),
    sa.ForeignKeyConstraint(['review_id'], ['review.id'], ),
    sa.PrimaryKeyConstraint('review_id', 'file_id')
    )


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
