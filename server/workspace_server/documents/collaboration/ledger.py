"""Which ids there are, and of what: in memory, and stored before anybody hears of a change."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from ...kit.errors import NotFound
from .file_records import Record, RecordFile
from .inodes import Seen, look
from .places import Anchor, Root


class Ledger:
    """The records of one root. Its user holds the lock.

    Parameters
    ----------
    changed
        Called after each change that others have to look after: something to sync, or a file that is missing.
    """

    def __init__(self, root: Root, folder: Path, changed: Callable[[], None]) -> None:
        self.by_id: dict[str, Record] = {}
        self.by_path: dict[str, Record] = {}
        self.by_inode: defaultdict[int, list[Record]] = defaultdict(list)
        self.unsynced = False
        self._root = root
        self._file = RecordFile(folder / "files.db", root.path)
        self._changed = changed

    def load(self) -> None:
        """Read what is stored.

        Raises
        ------
        NotFound
            The root is not there.
        """
        seen = look(self._root.path)
        if seen is None:
            raise NotFound("no_root", f"The folder {self._root.path} is not there.", "Make it, or choose another one.")
        fate, records = self._file.fate(seen.stamp), self._file.load()
        if fate == "remade":
            self._file.bury([record.id for record in records], time.time())
            return
        for record in records:
            self._remember(record)
        if fate == "copied":
            self._adopt(records)
        if self.missing():
            self._changed()

    def _adopt(self, records: list[Record]) -> None:
        """Every inode is another one, because everything was copied: for once, paths tell which file is which."""
        for record in records:
            seen, anchor = look(self._root.full(record.path)), self._root.anchor(record.path)
            if seen is not None and seen.is_file and anchor is not None:
                self.set(record, record.path, seen, anchor)
            else:
                self.miss(record)

    def holds(self, record: Record) -> bool:
        """Whether the record's path is its own still."""
        return self.by_path.get(record.path) is record

    def beneath(self, place: str) -> list[Record]:
        """The records of what is at ``place`` and below it."""
        return [one for path, one in self.by_path.items() if path == place or path.startswith(f"{place}/")]

    def missing(self) -> list[Record]:
        """The records whose file was noticed to be gone."""
        return [one for one in self.by_id.values() if one.missing is not None]

    def set(self, record: Record, place: str, seen: Seen, anchor: Anchor) -> None:
        """The record's file is at ``place``. Stored if that is news."""
        holder = self.by_path.get(place)
        if holder is not None and holder is not record:
            self.displace(holder)
        shared = seen.links > 1 or (record.shared and record.stamp == seen.stamp)
        news = (place, seen.stamp, anchor.stamp, anchor.depth, anchor.worktree, shared, None)
        known = (
            record.path, record.stamp, record.anchor, record.depth, record.worktree, record.shared, record.missing,
        )  # fmt: skip
        if holder is record and news == known:
            return
        self._forget(record)
        record.path, record.stamp, record.anchor, record.depth, record.worktree, record.shared, record.missing = news
        self._file.put([record])
        self._remember(record)
        self.unsynced = True
        self._changed()

    def displace(self, record: Record) -> None:
        """Something else is where the record's file was; the file may turn up elsewhere."""
        if self.holds(record):
            del self.by_path[record.path]
        self.miss(record)

    def miss(self, record: Record) -> None:
        """The record's file is gone, for all that is known."""
        if record.missing is None:
            record.missing = time.time()
            self._file.put([record])
            self._changed()

    def bury(self, records: list[Record]) -> None:
        """The records' files are gone for good."""
        if not records:
            return
        self._file.bury([record.id for record in records], time.time())
        for record in records:
            self._forget(record)
        self.unsynced = True
        self._changed()

    def _remember(self, record: Record) -> None:
        self.by_id[record.id] = record
        self.by_path.setdefault(record.path, record)
        self.by_inode[record.stamp.ino].append(record)

    def _forget(self, record: Record) -> None:
        if self.by_id.pop(record.id, None) is None:
            return
        if self.holds(record):
            del self.by_path[record.path]
        twins = self.by_inode[record.stamp.ino]
        twins.remove(record)
        if not twins:
            del self.by_inode[record.stamp.ino]

    def sync(self) -> None:
        """Bring what is stored to the disk; takes as long as the disk does, and needs no lock."""
        self._file.sync()

    def close(self) -> None:
        self._file.close()
