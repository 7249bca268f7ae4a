"""Migrations give what the stores declare, and a home has one server."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

import workspace_server.app  # noqa: F401  (declares every room's tables)
from workspace_server.kit.errors import Conflict
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Base, Storage


def test_migrations_make_every_table(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "atrium.db")
    storage.migrate()
    storage.migrate()
    inspector = inspect(storage.engine)
    for table in Base.metadata.sorted_tables:
        assert {column.name for column in table.columns} == {one["name"] for one in inspector.get_columns(table.name)}
    with storage.session() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    storage.close()


def test_a_second_server_on_a_home_is_refused(tmp_path: Path) -> None:
    first, second = Home(tmp_path), Home(tmp_path)
    first.prepare()
    first.acquire()
    with pytest.raises(Conflict, match=r"already uses .*") as refusal:
        second.acquire()
    assert "--home" in refusal.value.hint
    first.release()
    second.acquire()
    second.release()
