"""Alembic's entry: runs the migrations on the database that `readingroom.db.migrate` names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from readingroom.db.store import make_engine
from readingroom.db.tables import Base

url = context.config.get_main_option("sqlalchemy.url") or ""
engine = make_engine(url)
with engine.connect() as connection:
    if url.startswith("sqlite"):
        connection.execute(text("BEGIN IMMEDIATE"))
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True,
                      transactional_ddl=False)
    context.run_migrations()
    connection.commit()
engine.dispose()
