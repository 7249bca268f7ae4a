"""States of documents that one can go back to, in a database of their own. Used from threads, never on the event loop.

What a point holds is kept once by its hash, however many points hold it. A point is written in one transaction, so a
server that is killed leaves it whole or not at all.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from workspace_ext.contract.documents import PointKind

from ...kit.clock import iso, now, parse
from ..errors import NoSuchPoint
from .packing import Content, lighter, pack, unpack

__all__ = ["Content", "Point", "Points", "surplus"]

_ALL = timedelta(days=1)
_HOURLY = timedelta(days=7)
_WAIT = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS contents (hash TEXT PRIMARY KEY, body BLOB NOT NULL, blobs TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (
    id TEXT PRIMARY KEY, file_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, people TEXT NOT NULL,
    created TEXT NOT NULL, hash TEXT NOT NULL REFERENCES contents (hash)
);
CREATE INDEX IF NOT EXISTS points_of_file ON points (file_id, created);
CREATE INDEX IF NOT EXISTS points_of_content ON points (hash);
"""
_COLUMNS = "id, file_id, kind, name, people, created, hash"


@dataclass(frozen=True)
class Point:
    """``people``: names of those who edited since the point before it, or who asked for it. ``created``: ISO 8601."""

    id: str
    file_id: str
    kind: PointKind
    name: str
    people: list[str]
    created: str
    hash: str


class Points:
    """Every point of one workspace.

    Parameters
    ----------
    path
        The SQLite file; made when it is first used.
    clock
        The present moment.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = now) -> None:
        self._path = path
        self._clock = clock
        self._ready = False
        self._readying = threading.Lock()
        self._swept: datetime | None = None

    def add(
        self, file_id: str, content: Content, kind: PointKind, name: str = "", people: Sequence[str] = ()
    ) -> Point | None:
        """Keep this state of a document; None if it is that of the newest point, unless both have names.

        What is kept unasked (``automatic``, ``from disk``) has at most :data:`.packing.OUTPUTS_KEPT` bytes of outputs:
        cells whose outputs do not fit are kept without the key ``outputs``.
        """
        if kind in ("automatic", "from disk"):
            content = lighter(content)
        packed = pack(content)
        with self._transaction(write=True) as database:
            newest = _newest(database, file_id)
            renamed = newest is not None and name and newest.name not in ("", name)
            if newest is not None and newest.hash == packed.hash and not renamed:
                return None
            created = self._clock()
            if newest is not None:
                # The order of points is that of their making, whatever the machine's clock does.
                created = max(created, parse(newest.created) + timedelta(milliseconds=1))
            point = Point(uuid4().hex, file_id, kind, name, sorted(people), iso(created), packed.hash)
            database.execute(
                "INSERT OR IGNORE INTO contents VALUES (?, ?, ?)", (packed.hash, packed.body, packed.blobs)
            )
            database.execute(
                f"INSERT INTO points ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (point.id, file_id, kind, name, json.dumps(point.people), point.created, packed.hash),
            )
            self._thin(database, file_id)
        return point

    def newest(self, file_id: str) -> Point | None:
        """The last point of a document; None if it has none."""
        with self._transaction() as database:
            return _newest(database, file_id)

    def of(self, file_id: str) -> list[Point]:
        """The points of a document, the newest first."""
        with self._transaction() as database:
            return _of_file(database, file_id)

    def get(self, id: str) -> Point:
        """One point.

        Raises
        ------
        NoSuchPoint
        """
        with self._transaction() as database:
            return _get(database, id)

    def read(self, id: str) -> Content:
        """What a point holds.

        Raises
        ------
        NoSuchPoint
        """
        with self._transaction() as database:
            row = database.execute("SELECT body FROM points JOIN contents USING (hash) WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NoSuchPoint()
        return unpack(row[0])

    def rename(self, id: str, name: str, people: Sequence[str] = ()) -> Point:
        """Name a point, which keeps it for ever; an empty name takes that back. ``people`` are put to one that names
        nobody yet.

        Raises
        ------
        NoSuchPoint
        """
        with self._transaction(write=True) as database:
            point = _get(database, id)
            kind = "automatic" if point.kind == "named" and not name else point.kind
            told = json.dumps(point.people or sorted(people))
            database.execute("UPDATE points SET kind = ?, name = ?, people = ? WHERE id = ?", (kind, name, told, id))
            return _get(database, id)

    def delete(self, id: str) -> None:
        """Forget a point.

        Raises
        ------
        NoSuchPoint
        """
        with self._transaction(write=True) as database:
            _delete(database, [_get(database, id)])

    def blobs_used(self) -> set[str]:
        """Hashes of the blobs that points need."""
        with self._transaction() as database:
            rows = database.execute("SELECT blobs FROM contents WHERE blobs != ''")
            return {hash for (blobs,) in rows for hash in blobs.split()}

    def _thin(self, database: sqlite3.Connection, file_id: str) -> None:
        """Thin out this document's points, and once a day those of all."""
        moment = self._clock()
        files = [file_id]
        if self._swept is None or moment - self._swept > _ALL:
            self._swept = moment
            files = [row[0] for row in database.execute("SELECT DISTINCT file_id FROM points")]
        for one in files:
            _delete(database, surplus(_of_file(database, one), moment))

    @contextmanager
    def _transaction(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)) as database:
            with self._readying:
                if not self._ready:
                    database.execute("PRAGMA journal_mode = WAL")
                    database.executescript(_SCHEMA)
                    self._ready = True
            database.execute("PRAGMA synchronous = FULL")
            # Immediate: one that begins by reading and then writes may find that somebody else wrote meanwhile.
            database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            with database:
                yield database


def surplus(points: Sequence[Point], moment: datetime) -> list[Point]:
    """Which of a document's points (the newest first) are given up: of a day all are kept, of a week the last of each
    hour, of the time before the last of each day, each by kind; and the newest and the named ones for ever."""
    kept: set[tuple[str, str]] = set()
    gone = []
    for point in points:
        age = moment - parse(point.created)
        if point.name or age <= _ALL:
            continue
        # "2026-11-20T18" is an hour, "2026-11-20" a day.
        bucket = (point.kind, point.created[: 13 if age <= _HOURLY else 10])
        if bucket in kept and point is not points[0]:
            gone.append(point)
        kept.add(bucket)
    return gone


def _point(row: tuple[Any, ...]) -> Point:
    id, file_id, kind, name, people, created, hash = row
    return Point(id, file_id, kind, name, json.loads(people), created, hash)


def _of_file(database: sqlite3.Connection, file_id: str) -> list[Point]:
    rows = database.execute(f"SELECT {_COLUMNS} FROM points WHERE file_id = ? ORDER BY created DESC", (file_id,))
    return [_point(row) for row in rows]


def _newest(database: sqlite3.Connection, file_id: str) -> Point | None:
    row = database.execute(
        f"SELECT {_COLUMNS} FROM points WHERE file_id = ? ORDER BY created DESC LIMIT 1", (file_id,)
    ).fetchone()
    return _point(row) if row is not None else None


def _get(database: sqlite3.Connection, id: str) -> Point:
    row = database.execute(f"SELECT {_COLUMNS} FROM points WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise NoSuchPoint()
    return _point(row)


def _delete(database: sqlite3.Connection, points: Sequence[Point]) -> None:
    """Forget points, and what they alone held."""
    database.executemany("DELETE FROM points WHERE id = ?", [(point.id,) for point in points])
    database.executemany(
        "DELETE FROM contents WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM points WHERE points.hash = contents.hash)",
        [(point.hash,) for point in points],
    )
