"""The journal of shared documents: every change is here before anybody is told that it is safe.

One SQLite file in WAL mode, written by one thread. The thread commits whatever has gathered while it was busy (group
commit), which survives the death of any process; a second thread syncs the log to the disk every 100 ms, which
survives the loss of power.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ...kit.clock import iso

log = logging.getLogger(__name__)

GATHER = 0.04
"""Seconds that a commit waits for more to commit."""
SYNC_EVERY = 0.1
AGAIN = 1.0
"""Seconds until a commit that failed (a full disk) is tried again."""
PAGE = 8192
"""Bytes of a page. A whole document is written in half the time that pages of 4096 take; a key takes a page or two."""
CHECKPOINT = 8_000_000
"""Bytes in the log, about, from which on they are moved to the database."""
PAGES_A_COMMIT = 3
FREED = 1000
"""Free pages that are given back to the disk after a compaction."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, lineage TEXT NOT NULL, created TEXT NOT NULL, snapshot BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS updates (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS updates_of ON updates (document, seq);
CREATE TABLE IF NOT EXISTS saves (
    document TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, at REAL NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (document, seq)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class StoredSave:
    """What the file held at a save: the SHA-256 of its bytes, and what a merge needs of it, encoded.

    ``seq`` counts a document's saves; ``at`` is in seconds since 1970.
    """

    seq: int
    hash: str
    at: float
    content: bytes


@dataclass(frozen=True)
class Stored:
    """A document as the journal has it; ``saves`` the newest first."""

    snapshot: bytes
    updates: list[bytes]
    saves: list[StoredSave]


Statement = tuple[str, tuple[object, ...]]


class Journal:
    """Open from construction to :meth:`close`.

    Parameters
    ----------
    path
        The database, made if need be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._queue: queue.SimpleQueue[list[Statement] | None] = queue.SimpleQueue()
        self._appended = 0
        self._committed = 0
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self.on_problem: Callable[[str], None] = lambda _problem: None
        self.problem = ""
        with contextlib.closing(self._connect()) as database:
            database.execute(f"PRAGMA page_size={PAGE}")
            database.execute("PRAGMA auto_vacuum=INCREMENTAL")
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(SCHEMA)
        path.chmod(0o600)
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._syncer = threading.Thread(target=self._sync, name="journal-sync", daemon=True)
        self._writer.start()
        self._syncer.start()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop on which commits are waited for."""
        self._loop = loop

    # Written on the event loop, without blocking it

    def append(self, document: str, update: bytes) -> None:
        """Keep a change; :meth:`committed` says when it is safe."""
        self._put([("INSERT INTO updates (document, payload) VALUES (?, ?)", (document, update))])

    def compact(self, document: str, snapshot: bytes) -> None:
        """Replace everything that was appended to ``document`` by one snapshot of it."""
        self._put(
            [
                ("UPDATE documents SET snapshot = ? WHERE id = ?", (snapshot, document)),
                ("DELETE FROM updates WHERE document = ?", (document,)),
            ]
        )

    def keep_save(self, document: str, save: StoredSave, dropped: list[int]) -> None:
        """Remember what the file holds, or is about to hold, and forget the saves of these seqs."""
        row = (document, save.seq, save.hash, save.at, save.content)
        self._put([("INSERT OR REPLACE INTO saves VALUES (?, ?, ?, ?, ?)", row), *_drop(document, dropped)])

    def drop_saves(self, document: str, seqs: list[int]) -> None:
        """Forget saves."""
        self._put(_drop(document, seqs))

    def forget(self, document: str) -> None:
        """Drop a document whose file is gone for good."""
        self._put([(f"DELETE FROM {table} WHERE document = ?", (document,)) for table in ("updates", "saves")])
        self._put([("DELETE FROM documents WHERE id = ?", (document,))])

    async def committed(self) -> None:
        """Wait until everything that was written so far would survive the end of this process."""
        with self._lock:
            if self._committed >= self._appended:
                return
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((self._appended, future))
        await future

    # Blocking, for threads

    def lineage(self, document: str) -> str:
        """What identifies this history of the document, made if there is none. A document that is made anew has
        another one, so that a browser that still holds the old text cannot mix it in."""
        with contextlib.closing(self._connect()) as database, database:
            database.execute(
                "INSERT OR IGNORE INTO documents (id, lineage, created) VALUES (?, ?, ?)",
                (document, uuid4().hex, iso()),
            )
            (lineage,) = database.execute("SELECT lineage FROM documents WHERE id = ?", (document,)).fetchone()
        return str(lineage)

    def load(self, document: str) -> Stored | None:
        """What is kept of a document; None if nothing was yet."""
        with contextlib.closing(self._connect()) as database:
            row = database.execute("SELECT snapshot FROM documents WHERE id = ?", (document,)).fetchone()
            if row is None or row[0] is None:
                return None
            updates = database.execute("SELECT payload FROM updates WHERE document = ? ORDER BY seq", (document,))
            saves = "SELECT seq, hash, at, content FROM saves WHERE document = ? ORDER BY seq DESC"
            return Stored(
                row[0],
                [payload for (payload,) in updates],
                [StoredSave(*save) for save in database.execute(saves, (document,))],
            )

    def documents(self) -> Iterator[str]:
        """Every document that is kept."""
        with contextlib.closing(self._connect()) as database:
            yield from [id for (id,) in database.execute("SELECT id FROM documents")]

    def everything(self) -> Iterator[bytes]:
        """Every snapshot and change of all documents."""
        all = "SELECT snapshot FROM documents WHERE snapshot IS NOT NULL UNION ALL SELECT payload FROM updates"
        with contextlib.closing(self._connect()) as database:
            yield from (raw for (raw,) in database.execute(all))

    def size(self, document: str) -> int:
        """Bytes that a document takes here."""
        with contextlib.closing(self._connect()) as database:
            (size,) = database.execute(
                "SELECT (SELECT coalesce(sum(length(snapshot)), 0) FROM documents WHERE id = :id)"
                " + (SELECT coalesce(sum(length(payload)), 0) FROM updates WHERE document = :id)",
                {"id": document},
            ).fetchone()
        return int(size)

    def close(self) -> None:
        """Write what is left and end."""
        self._closing.set()
        self._dirty.set()
        self._queue.put(None)
        self._writer.join(30)
        self._syncer.join(5)

    # The threads

    def _put(self, statements: list[Statement]) -> None:
        self._appended += 1
        self._queue.put(statements)

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        database.execute("PRAGMA synchronous=NORMAL")
        return database

    def _write(self) -> None:
        database = self._connect()
        database.execute("PRAGMA journal_size_limit=16777216")
        # Done by hand, once those who wait for a commit know of it: it takes as long as the commit.
        database.execute("PRAGMA wal_autocheckpoint=0")
        logged = 0
        done = False
        while not done:
            batch, done = self._gather()
            if not batch:
                break
            while not self._commit(database, batch):
                if self._closing.wait(AGAIN) and not self._commit(database, batch):
                    log.error("%d changes could not be written to %s", len(batch), self._path)
                    database.close()
                    return
            self._dirty.set()
            logged += _size(batch) + PAGES_A_COMMIT * PAGE
            with self._lock:
                self._committed += len(batch)
                heard = bool(self._waiting)
            # Whole documents may be in it, and the next one may be hours away.
            batch.clear()
            if heard:
                self._call(self._tell_committed)
            if logged > CHECKPOINT:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                logged = 0
        database.close()

    def _gather(self) -> tuple[list[list[Statement]], bool]:
        """Everything that comes within a moment, at least one; and whether that is the end."""
        first = self._queue.get()
        if first is None:
            return [], True
        batch = [first]
        if not self._closing.is_set():
            time.sleep(GATHER)
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is None:
                    return batch, True
                batch.append(item)
        return batch, False

    def _commit(self, database: sqlite3.Connection, batch: list[list[Statement]]) -> bool:
        compacted = False
        try:
            database.execute("BEGIN IMMEDIATE")
            for statements in batch:
                for sql, values in statements:
                    database.execute(sql, values)
                    compacted = compacted or sql.startswith("DELETE")
            database.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            log.exception("the journal %s cannot be written", self._path)
            self._tell(str(error))
            return False
        if self.problem:
            self._tell("")
        if compacted:
            with contextlib.suppress(sqlite3.Error):
                database.execute(f"PRAGMA incremental_vacuum({FREED})").fetchall()
        return True

    def _tell(self, problem: str) -> None:
        self.problem = problem
        self._call(self.on_problem, problem)

    def _call(self, what: Callable[..., None], *values: object) -> None:
        """On the loop, from a thread."""
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(what, *values)

    def _tell_committed(self) -> None:
        with self._lock:
            done = [future for ticket, future in self._waiting if ticket <= self._committed]
            self._waiting = [(ticket, future) for ticket, future in self._waiting if ticket > self._committed]
        for future in done:
            if not future.done():
                future.set_result(None)

    def _sync(self) -> None:
        # Not through SQLite, whose every commit would wait for the disk. No lock is held on the log itself.
        while not self._closing.is_set():
            self._dirty.wait()
            self._dirty.clear()
            began = time.monotonic()
            with contextlib.suppress(OSError):
                descriptor = os.open(self._log, os.O_RDONLY)
                try:
                    os.fdatasync(descriptor)
                finally:
                    os.close(descriptor)
            self._closing.wait(max(0.0, SYNC_EVERY - (time.monotonic() - began)))


def _size(batch: list[list[Statement]]) -> int:
    """Bytes of what is written; the rest is small."""
    every = (value for statements in batch for _, values in statements for value in values)
    return sum(len(value) for value in every if isinstance(value, bytes))


def _drop(document: str, seqs: list[int]) -> list[Statement]:
    return [("DELETE FROM saves WHERE document = ? AND seq = ?", (document, seq)) for seq in seqs]
