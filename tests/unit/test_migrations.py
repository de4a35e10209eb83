"""One line of migrations, each file named after its place in it."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from readingroom.db.migrate import MIGRATIONS, config


def test_migrations_are_one_line_in_the_order_of_their_names():
    scripts = ScriptDirectory.from_config(config("sqlite://"))
    line = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert len(scripts.get_heads()) == 1
    assert line == sorted(set(line))  # numbers were reserved, so that not each is taken
    named = sorted(path.name[:4] for path in Path(MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert named == line
