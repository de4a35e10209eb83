"""Bring an installation's records to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from readingroom.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for one database; nothing is read from the working directory."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


def upgrade(settings: Settings) -> None:
    """Create the database or migrate it; on an up-to-date one it changes nothing."""
    settings.db_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    command.upgrade(config(settings.database_url), "head")
