"""Applications in versions, and answers that wait for each other

What is recorded keeps its meaning: a project that waited for its custodians is in agreement, a yes given to one that is
not active yet is agreed and not live, of two live grants of one dataset the newer one counts, and each project has
what it was recorded with as its first version.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

import rfc8785
import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'

UNWRITTEN = 'Agreed before reasons were written down here.'
ONCE = {'grant_live_once': "status IN ('active', 'suspended')", 'grant_asked_once': "status IN ('proposed', 'agreed')"}


def upgrade() -> None:
    op.add_column('project', sa.Column('lead', sa.String(length=32), nullable=True))
    op.add_column('project', sa.Column('version', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('dataset_grant', sa.Column('rules', sa.JSON(), nullable=False, server_default='{}'))
    op.add_column('dataset_grant', sa.Column('version', sa.Integer(), nullable=False, server_default='0'))
    if op.get_bind().dialect.name == 'postgresql':
        op.create_foreign_key('project_lead', 'project', 'person', ['lead'], ['username'])
    _tables()
    _keep_meaning(op.get_bind())
    for name, where in ONCE.items():
        op.create_index(name, 'dataset_grant', ['project', 'dataset'], unique=True, sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))


def _tables() -> None:
    op.create_table(
        'application_section',
        sa.Column('project', sa.String(length=30), sa.ForeignKey('project.slug'), primary_key=True),
        sa.Column('section', sa.String(length=60), primary_key=True),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('typed', sa.JSON(), nullable=False),
        sa.Column('saved_by', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('saved_at', sa.String(length=32), nullable=False),
    )
    op.create_table(
        'application_version',
        sa.Column('project', sa.String(length=30), sa.ForeignKey('project.slug'), primary_key=True),
        sa.Column('number', sa.Integer(), primary_key=True),
        sa.Column('application', sa.JSON(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('submitted_by', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('submitted_at', sa.String(length=32), nullable=False),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('settled_at', sa.String(length=32), nullable=True),
        sa.Column('accepted_by', sa.String(length=32), sa.ForeignKey('person.username'), nullable=True),
        sa.Column('accepted_at', sa.String(length=32), nullable=True),
        sa.CheckConstraint('(accepted_by IS NULL) = (accepted_at IS NULL)', name='version_accepted'),
    )
    op.create_index('ix_application_version_outcome', 'application_version', ['outcome'])
    op.create_index('version_waits_once', 'application_version', ['project'], unique=True,
                    sqlite_where=sa.text("outcome = 'waiting'"), postgresql_where=sa.text("outcome = 'waiting'"))
    op.create_table(
        'application_comment',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('project', sa.String(length=30), sa.ForeignKey('project.slug'), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('section', sa.String(length=60), nullable=False),
        sa.Column('part', sa.String(), nullable=False),
        sa.Column('author', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('at', sa.String(length=32), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
    )
    op.create_index('ix_application_comment_project', 'application_comment', ['project'])
    op.create_table(
        'member_removal',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('project', sa.String(length=30), sa.ForeignKey('project.slug'), nullable=False),
        sa.Column('username', sa.String(length=32), sa.ForeignKey('person.username'), nullable=False),
        sa.Column('removed_by', sa.String(), nullable=False),
        sa.Column('at', sa.String(length=32), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
    )
    op.create_index('ix_member_removal_project', 'member_removal', ['project'])
    op.create_table(
        'after_review',
        sa.Column('project', sa.String(length=30), sa.ForeignKey('project.slug'), primary_key=True),
        sa.Column('version', sa.Integer(), primary_key=True),
        sa.Column('opened_at', sa.String(length=32), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('decided_by', sa.String(length=32), sa.ForeignKey('person.username'), nullable=True),
        sa.Column('decided_at', sa.String(length=32), nullable=True),
        sa.CheckConstraint('(decided_by IS NULL) = (decided_at IS NULL)', name='after_review_decided'),
    )


def _keep_meaning(connection: sa.Connection) -> None:
    now = datetime.now(UTC).isoformat(timespec='microseconds')
    members, grants = defaultdict(list), defaultdict(list)
    for project, username in connection.execute(sa.text('SELECT project, username FROM membership ORDER BY username')):
        members[project].append(username)
    for grant in connection.execute(sa.text('SELECT * FROM dataset_grant ORDER BY id')).mappings():
        grants[grant['project']].append(dict(grant))
    for row in connection.execute(sa.text('SELECT * FROM project')).mappings().all():
        project, own, people = dict(row), grants[row['slug']], members[row['slug']]
        status = 'agreement' if project['status'] == 'owner-review' else project['status']
        for grant in own:
            if grant['status'] == 'active' and status not in ('active', 'closed'):
                grant['status'] = 'agreed'
        newest: dict[str, int] = {grant['dataset']: grant['id'] for grant in own}
        for grant in own:
            if newest[grant['dataset']] != grant['id'] and grant['status'] not in ('refused', 'withdrawn', 'expired'):
                grant['status'] = 'superseded'
            connection.execute(sa.text('UPDATE dataset_grant SET status = :status, version = 1 WHERE id = :id'), grant)
        lead = people[0] if people else None
        if lead is not None:
            said = _application(project, people, [grant for grant in own if newest[grant['dataset']] == grant['id']])
            waiting = status == 'agreement'
            connection.execute(
                sa.text('INSERT INTO application_version (project, number, application, sha256, submitted_by, '
                        'submitted_at, outcome, settled_at) VALUES (:project, 1, '
                        ':application, :sha256, :lead, :now, :outcome, :settled)')
                .bindparams(sa.bindparam('application', type_=sa.JSON())),
                {'project': project['slug'], 'application': said, 'lead': lead, 'now': now,
                 'sha256': hashlib.sha256(rfc8785.dumps(said)).hexdigest(),
                 'outcome': 'waiting' if waiting else 'recalled' if status == 'draft' else 'agreed',
                 'settled': None if waiting else now})
        connection.execute(
            sa.text('UPDATE project SET status = :status, lead = :lead, version = :version WHERE slug = :slug'),
            {'status': status, 'lead': lead, 'slug': project['slug'],
             'version': 1 if lead is not None and status in ('active', 'closed') else 0})


def _application(project: dict[str, Any], people: list[str], grants: list[dict[str, Any]]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    ends_on = project['expires_on']
    return {
        'title': project['title'], 'aim': project['aim'], 'public_benefit': project['public_benefit'],
        'lead': people[0], 'members': people, 'purpose': project['purpose'],
        'legal_gateway': project['legal_gateway'], 'outputs': '', 'image': project['image'], 'tier': project['tier'],
        'urgent': '', 'ends_on': ends_on.isoformat() if isinstance(ends_on, date) else str(ends_on)[:10],
        'datasets': [
            {'dataset': grant['dataset'], 'row_filter': plain(grant['row_filter']),
             'budget_micro_rho': grant['budget_micro_rho'],
             'columns': {table: dict.fromkeys(columns, UNWRITTEN) for table, columns in plain(grant['columns']).items()}}
            for grant in sorted(grants, key=lambda grant: grant['dataset'])],
    }
