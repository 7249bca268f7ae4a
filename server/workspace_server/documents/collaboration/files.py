"""Ids of files: of a file itself, not of its path, so that no journal ever ends up under another file of its name.

A file keeps its id when it is moved, by Jupyter or by `mv`, alone or with a folder above it, and when it is replaced
in its place (`git checkout`, an editor that writes beside and renames). A deleted file's id is never given again: not
to a new file of its name, and not to one in a folder of its folder's name, even where the file system gives both the
inode numbers of before.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from .file_records import Record
from .inodes import Seen, look, writable
from .ledger import Ledger
from .places import Anchor, Root

GRACE = 10.0
QUICK_SEARCH = 0.003
LOOK_EVERY = 0.5
CONTENTS_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"


@dataclass(frozen=True)
class FileId:
    """A file that is there: its contents path without symbolic links, and whether its mode lets it be changed."""

    id: str
    path: str
    writable: bool


class FileIds:
    """``settings["file_id_manager"]``. From any thread; a call takes well under a millisecond, as it looks at the disk
    but reads no database. An id is stored before it is handed out.

    Parameters
    ----------
    root_dir
        The folder that Jupyter shows; contents paths are relative to it.
    folder
        Where ``files.db`` is.
    allow_hidden
        Whether files have ids whose name, or a folder's above them, begins with a dot.
    grace
        How long a file may be gone and come back as the same, in seconds from when its absence was noticed.
    """

    def __init__(self, root_dir: str | Path, folder: Path, *, allow_hidden: bool = False, grace: float = GRACE) -> None:
        self._root = Root(str(root_dir), allow_hidden)
        self._grace = grace
        self._lock = threading.RLock()
        self._wake = threading.Condition(self._lock)
        self._closed = False
        self._watch: threading.Thread | None = None
        # Missing files that were searched for as far as that is quick.
        self._searched: set[str] = set()
        self._ledger = Ledger(self._root, Path(folder), self._start_watch)
        with self._lock:
            self._ledger.load()

    # What others ask

    def index(self, path: str) -> str | None:
        """The id of the file at ``path``, given to it now if it had none.

        None when there is no such file (folders have no ids), when it is hidden, or reached through a symbolic link
        that leaves the root. A file has one id by whatever path it is reached.
        """
        found = self.identify(path)
        return found.id if found else None

    def identify(self, path: str) -> FileId | None:
        """Like :meth:`index`, with the path that the file really has."""
        with self._lock:
            place = self._root.locate(path)
            record = self._at(place, create=True) if place else None
            if record is None or record.missing is not None:
                return None
            return FileId(record.id, record.path, writable(self._root.full(record.path)))

    def get_id(self, path: str) -> str | None:
        """The id of the file at ``path``, if it was given one. A file that has just gone keeps its id for a while."""
        with self._lock:
            place = self._root.locate(path)
            record = self._at(place, create=False) if place else None
            return record.id if record else None

    def get_path(self, id: str) -> str | None:
        """Where the file is now. While it has just gone, where it was; None once it is gone for good."""
        with self._lock:
            record = self._ledger.by_id.get(id)
            if record is None:
                return None
            self._follow(record)
            return record.path if self._ledger.holds(record) else None

    def writable(self, path: str) -> bool:
        """Whether the mode of the file at ``path`` lets it be changed: for the superuser, too."""
        place = self._root.locate(path)
        return place is not None and writable(self._root.full(place))

    # What Jupyter has done

    def move(self, old_path: str, new_path: str) -> str | None:
        """The file or folder has been renamed by Jupyter: what had ids keeps them. The id of the file, if it is one."""
        with self._lock:
            old, new = self._root.locate_entry(old_path), self._root.locate_entry(new_path)
            if old is None or new is None or old == new:
                return self.get_id(new_path)
            for record in self._ledger.beneath(new):
                if not self._is_at_its_place(record):
                    self._ledger.displace(record)
            for record in self._ledger.beneath(old):
                place = new + record.path[len(old) :]
                seen, anchor = look(self._root.full(place)), self._root.anchor(place)
                if seen is not None and seen.is_file and anchor is not None:
                    self._ledger.set(record, place, seen, anchor)
            return self.index(new_path)

    def copy(self, from_path: str, to_path: str) -> str | None:
        """The file has been copied by Jupyter: the copy is a file of its own. Its id."""
        return self.index(to_path)

    def save(self, path: str) -> str | None:
        """The file has been written by Jupyter. Its id."""
        return self.index(path)

    def revive(self, id: str, path: str) -> None:
        """A document that stayed open when its file went has been written again: the file has its id back."""
        with self._lock:
            place = self._root.locate(path)
            seen, anchor = (look(self._root.full(place)), self._root.anchor(place)) if place else (None, None)
            if place is None or seen is None or anchor is None:
                return
            record = self._ledger.by_id.get(id)
            if record is None:
                record = Record(id, place, seen.stamp, anchor.stamp, anchor.depth, anchor.worktree)
            holder = self._ledger.by_path.get(place)
            if holder is not None and holder is not record:
                self._ledger.bury([holder])
            self._ledger.set(record, place, seen, anchor)

    def delete(self, path: str) -> None:
        """The file or folder has been deleted by Jupyter: no id of before is ever given again."""
        with self._lock:
            place = self._root.locate_entry(path)
            if place is not None:
                self._ledger.bury(self._ledger.beneath(place))

    def get_handlers_by_action(self) -> dict[str, Callable[[dict[str, Any]], Any] | None]:
        """What to call with Jupyter's contents events, where the contents manager does not call by itself."""
        return {
            "get": None,
            "save": lambda data: self.save(data["path"]),
            "rename": lambda data: self.move(data["source_path"], data["path"]),
            "copy": lambda data: self.copy(data["source_path"], data["path"]),
            "delete": lambda data: self._deleted_before(data["path"]),
        }

    def listen(self, events: Any) -> None:
        """Hear what Jupyter does from its bus of events, where the contents manager does not tell by itself."""
        handlers = self.get_handlers_by_action()

        async def listener(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
            if (handler := handlers.get(data["action"])) is not None:
                handler(data)

        events.add_listener(schema_id=CONTENTS_EVENTS, listener=listener)

    def _deleted_before(self, path: str) -> None:
        """An event comes late: by now there may be a new file of the name."""
        with self._lock:
            if (place := self._root.locate_entry(path)) is not None:
                self._ledger.bury([one for one in self._ledger.beneath(place) if not self._is_at_its_place(one)])

    def close(self) -> None:
        """Store what is stored for good, and let go of the file."""
        with self._wake:
            if self._closed:
                return
            self._closed = True
            self._wake.notify()
        if self._watch is not None:
            self._watch.join()
        self._ledger.sync()
        self._ledger.close()

    # What is where

    def _at(self, place: str, create: bool) -> Record | None:
        """The record of what is at ``place``, found by its inode first and by its path then."""
        seen = look(self._root.full(place))
        if place not in self._ledger.by_path and seen is not None:
            place = self._root.spelled(place)
        anchor = self._root.anchor(place) if seen is not None and seen.is_file else None
        holder = self._ledger.by_path.get(place)
        if seen is None or anchor is None:
            return self._follow(holder) if holder is not None else None
        record = self._by_inode_at(place, seen, anchor, holder)
        if record is None and holder is not None:
            if self._expired(holder):
                self._ledger.bury([holder])
            elif self._anchored(holder):
                record = holder
            else:
                self._ledger.displace(holder)
        if record is None and create:
            record = Record(str(uuid4()), place, seen.stamp, anchor.stamp, anchor.depth, anchor.worktree)
        if record is not None:
            self._ledger.set(record, place, seen, anchor)
            self._searched.discard(record.id)
        return record

    def _by_inode_at(self, place: str, seen: Seen, anchor: Anchor, holder: Record | None) -> Record | None:
        candidates = [one for one in self._ledger.by_inode.get(seen.stamp.ino, ()) if one.stamp.same(seen.stamp)]
        if holder is not None and holder in candidates and self._anchored(holder):
            return holder
        if not seen.stamp.certain:
            return None
        return next((one for one in candidates if self._may_have_moved(one, place, seen, anchor)), None)

    def _may_have_moved(self, record: Record, place: str, seen: Seen, anchor: Anchor) -> bool:
        """Whether the file at ``place``, which has the record's inode, is the record's file in another place rather
        than another name of it: branches may share a file's bytes by hard links, but never a document."""
        if self._is_at_its_place(record):
            return False
        if record.anchor.same(anchor.stamp):
            return True
        if record.shared or seen.links > 1:
            return False
        inner = "/".join(place.split("/")[anchor.depth :])
        return not (record.worktree and anchor.worktree and record.inner == inner)

    def _anchored(self, record: Record) -> bool:
        """Whether the record's path still means what it meant: the worktree, or else the folder, is still the same."""
        folder = look(self._root.full("/".join(record.path.split("/")[: record.depth])))
        return folder is not None and folder.stamp.same(record.anchor) and self._root.is_plain(record.path)

    def _is_at_its_place(self, record: Record) -> bool:
        seen = look(self._root.full(record.path))
        return seen is not None and seen.stamp.same(record.stamp) and self._anchored(record)

    def _expired(self, record: Record) -> bool:
        return record.missing is not None and time.time() >= record.missing + self._grace

    def _follow(self, record: Record, around: bool = True) -> Record | None:
        """Look for a record's file where it was, then ``around`` there as far as that is quick; None when it is gone
        from there. While it may come back it keeps its place."""
        place = record.path
        seen = look(self._root.full(place))
        if seen is not None and seen.is_file and self._ledger.holds(record):
            self._at(place, create=False)
        if around and record.id in self._ledger.by_id and self._lost(record) and record.id not in self._searched:
            self._ledger.miss(record)
            self._searched.add(record.id)
            self._search([record], time.monotonic() + QUICK_SEARCH)
        return record if self._ledger.by_path.get(place) is record else None

    def _lost(self, record: Record) -> bool:
        seen = look(self._root.full(record.path))
        return seen is None or not seen.is_file or not self._ledger.holds(record)

    def _search(self, records: list[Record], deadline: float = math.inf) -> None:
        """Search the root for the records' files. Without a deadline, not on the event loop and not with the lock."""
        wanted = {record.stamp.ino for record in records}
        for path, inode in self._root.search(wanted, records[0].path):
            if self._closed or time.monotonic() > deadline:
                return
            if not inode and deadline == math.inf:
                # Others have something to do, too.
                time.sleep(0)
            if inode:
                with self._lock:
                    self._at(path, create=False)
                if all(record.missing is None for record in records):
                    return

    # Beside the event loop

    def _start_watch(self) -> None:
        with self._wake:
            if self._watch is None:
                self._watch = threading.Thread(target=self._watch_over, name="file-ids", daemon=True)
                self._watch.start()
            self._wake.notify()

    def _watch_over(self) -> None:
        """Sync what was stored, and search for what is missing until it is found or its time is up."""
        searched: set[str] = set()
        while True:
            with self._wake:
                if not self._closed and not self._ledger.unsynced:
                    self._wake.wait(LOOK_EVERY if self._ledger.missing() else None)
                if self._closed:
                    return
                unsynced, self._ledger.unsynced = self._ledger.unsynced, False
            if unsynced:
                self._ledger.sync()
            searched = self._look_after(searched)

    def _look_after(self, searched: set[str]) -> set[str]:
        """Search for what is missing, thoroughly once and once more in the end. ``searched`` before, and now."""
        with self._lock:
            missing = self._ledger.missing()
        for record in missing:
            with self._lock:
                self._follow(record, around=False)
        missing = [one for one in missing if one.missing is not None]
        wanted = [one for one in missing if one.id not in searched or self._expired(one)]
        if wanted:
            self._search(wanted)
        with self._lock:
            if not self._closed:
                gone = [one for one in wanted if one.id in self._ledger.by_id and self._expired(one)]
                self._ledger.bury(gone)
                self._searched.difference_update(one.id for one in gone)
        return {one.id for one in missing}
