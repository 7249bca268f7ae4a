"""What is kept of a file's id, and the SQLite file that keeps it."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .inodes import Stamp, look

SCHEMA = """
CREATE TABLE IF NOT EXISTS file_ids(
    id TEXT PRIMARY KEY, root TEXT NOT NULL, path BLOB NOT NULL,
    stamp TEXT NOT NULL, anchor TEXT NOT NULL, depth INTEGER NOT NULL, worktree INTEGER NOT NULL,
    shared INTEGER NOT NULL, missing REAL, deleted REAL
) STRICT;
CREATE TABLE IF NOT EXISTS file_roots(root TEXT PRIMARY KEY, stamp TEXT NOT NULL, database TEXT NOT NULL) STRICT;
"""


@dataclass
class Record:
    """A file that has an id.

    Parameters
    ----------
    path
        Below the root, without symbolic links, spelled as the disk has it.
    stamp
        The file's inode when it was last looked at.
    anchor, depth, worktree
        The folder that has to be there still for the path to mean the same: the git worktree that the file lies in,
        or else the file's own folder. ``depth`` is the number of names down to it.
    shared
        Whether the inode has been seen under several names (hard links), so that it does not tell a file that moved.
    missing
        When the file was noticed to be gone, in seconds since 1970; None while it is there.
    """

    id: str
    path: str
    stamp: Stamp
    anchor: Stamp
    depth: int
    worktree: bool
    shared: bool = False
    missing: float | None = None

    @property
    def inner(self) -> str:
        """The path within the anchor."""
        return "/".join(self.path.split("/")[self.depth :])


class RecordFile:
    """``files.db``: the records of one root (the folder that Jupyter shows). What is stored survives the death of the
    process at once, a loss of power after :meth:`sync`."""

    def __init__(self, path: Path, root: str) -> None:
        self._path = path
        # Below the home by its place in it, so that the whole home can be moved.
        inside = root.startswith(f"{os.path.realpath(path.parent.parent)}{os.sep}")
        self._root = os.path.relpath(root, os.path.realpath(path.parent)) if inside else root
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def load(self) -> list[Record]:
        """Every file that has not been deleted, the ones that are there first."""
        rows = self._connection.execute(
            "SELECT id, path, stamp, anchor, depth, worktree, shared, missing FROM file_ids"
            " WHERE root = ? AND deleted IS NULL ORDER BY missing IS NOT NULL, rowid DESC",
            (self._root,),
        )
        return [
            Record(
                id, os.fsdecode(path), Stamp.decode(stamp), Stamp.decode(anchor), depth, bool(worktree), bool(shared),
                missing,
            )
            for id, path, stamp, anchor, depth, worktree, shared, missing in rows
        ]  # fmt: skip

    def put(self, records: list[Record]) -> None:
        """Store ``records`` as they are now."""
        self._many(
            "INSERT OR REPLACE INTO file_ids VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            [
                (
                    one.id, self._root, os.fsencode(one.path), one.stamp.encode(), one.anchor.encode(), one.depth,
                    one.worktree, one.shared, one.missing,
                )
                for one in records
            ],
        )  # fmt: skip

    def bury(self, ids: list[str], when: float) -> None:
        """Put a tombstone on each: the id is never given to a file again."""
        self._many("UPDATE file_ids SET deleted = ? WHERE id = ?", [(when, one) for one in ids])

    def _many(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(statement, rows)

    def fate(self, root: Stamp) -> Literal["new", "same", "copied", "remade"]:
        """What became of the root since it was last used: it may have been deleted and made again, or come with the
        whole home from a backup or another disk, in which case this file is another one as well."""
        seen = look(str(self._path))
        assert seen is not None
        known = self._connection.execute(
            "SELECT stamp, database FROM file_roots WHERE root = ?", (self._root,)
        ).fetchone()
        self._connection.execute(
            "INSERT OR REPLACE INTO file_roots VALUES (?, ?, ?)", (self._root, root.encode(), seen.stamp.encode())
        )
        if known is None:
            return "new"
        if Stamp.decode(known[0]).same(root):
            return "same"
        return "remade" if Stamp.decode(known[1]).same(seen.stamp) else "copied"

    def sync(self) -> None:
        """Bring what has been stored to the disk; takes as long as the disk does."""
        try:
            descriptor = os.open(f"{self._path}-wal", os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        self._connection.close()
