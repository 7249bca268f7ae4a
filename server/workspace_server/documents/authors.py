"""Who edited which document, and when last, until what they did is in a commit. Survives restarts."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS edits (
    file_id TEXT NOT NULL, person TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (file_id, person)
) STRICT, WITHOUT ROWID;
"""


class Authors:
    """In an SQLite file of its own. From any thread; people are named by what they sign in with.

    Times are in seconds since 1970.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def edited(self, file_id: str, people: Iterable[str], at: float) -> None:
        """They changed the document at that time, or before."""
        self._write(
            "INSERT INTO edits VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
            [(file_id, person, at) for person in people],
        )

    def of(self, file_id: str) -> dict[str, float]:
        """Who edited it, and when last."""
        with self._lock:
            return dict(self._connection.execute("SELECT person, at FROM edits WHERE file_id = ?", (file_id,)))

    def committed(self, file_id: str, until: float) -> None:
        """What was done until then is in a commit."""
        self._write("DELETE FROM edits WHERE file_id = ? AND at <= ?", [(file_id, until)])

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
