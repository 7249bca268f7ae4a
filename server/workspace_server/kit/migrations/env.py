"""Alembic's entry: the connection is handed in by ``Storage``."""

from __future__ import annotations

from alembic import context

from workspace_server.kit.storage import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
