"""A shared document and its file: the journal is the truth, the file follows within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_ydoc import YNotebook, ydocs
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Doc, Text

from workspace_ext.contract.documents import PointKind

from ...kit.clock import iso
from ...kit.notebooks.bases import Content
from . import wire
from .channel import Channel, Client
from .file_sync import FileSync
from .journal import Journal
from .live_cells import find
from .moved_cells import MovedCells, rescue
from .notebook_file import load
from .shadow import Shadow, signature

log = logging.getLogger(__name__)

NOTICES = 50
LARGE = 2_000_000
"""Bytes of a document from which on the memory that its opening took is given back."""

Before = Callable[["Room", PointKind], Awaitable[object]]


class Room(Channel):
    """One open document.

    Attributes
    ----------
    path
        Its contents path, which follows the file when that is renamed.
    file_id
        See :class:`~workspace_server.documents.collaboration.files.FileIds`.
    document
        The document, as jupyter_ydoc models it. What is changed here, in a transaction, on the event loop, reaches
        everybody.
    """

    def __init__(
        self,
        file_id: str,
        format: str,
        type: str,
        path: str,
        file: Path,
        shadow: Shadow,
        journal: Journal,
        lineage: str,
    ) -> None:
        ydoc: Doc[Any] = Doc()
        self.file_id = file_id
        self.format = format
        self.type = type
        self.path = path
        self.file = file
        self.lineage = lineage
        self.document: YBaseDoc = ydocs.get(type, ydocs["file"])(ydoc)
        self.read_only = False
        self.notices: deque[dict[str, Any]] = deque(maxlen=NOTICES)
        self.before: Before = _nothing
        self.saved: Callable[[Room], None] = lambda _room: None
        self.revived: Callable[[Room], None] = lambda _room: None
        self.whereabouts: Callable[[], tuple[str, Path] | None] = lambda: None
        self._own = False
        self._moved: MovedCells | None = None
        super().__init__(f"{format}:{type}:{file_id}", ydoc, journal)
        self.sync = FileSync(self, shadow, journal)

    @property
    def notebook(self) -> YNotebook:
        """The document of a notebook's room.

        Raises
        ------
        TypeError
            It is of another kind.
        """
        if not isinstance(self.document, YNotebook):
            raise TypeError(f"{self.path} is no notebook")
        return self.document

    def content(self) -> Content:
        """What the document holds; large outputs are placeholders."""
        content: Content = self.document.get()
        return content

    def content_of(self, ydoc: Doc[Any]) -> Any:
        return ydocs.get(self.type, ydocs["file"])(ydoc).get()

    def tell(self, kind: str, message: str, hint: str = "", **data: Any) -> None:
        """Say something to everybody who has the document open."""
        notice: dict[str, Any] = {"type": "notice", "id": uuid4().hex, "kind": kind, "at": iso()}
        notice |= {"message": message, "hint": hint, "data": data}
        self.notices.append(notice)
        frame = wire.raw(notice)
        for client in list(self.clients):
            client.send(frame)

    # Beginning and end

    async def begin(self) -> None:
        """Load the document from the journal, or else from its file, and bring the two together.

        Raises
        ------
        FileNotFoundError
            There is neither.
        NotANotebook, Failed
            The file cannot be shown.
        """
        assert self._journal is not None
        stored = await asyncio.to_thread(self._journal.load, self.id)
        if stored is None:
            await self._begin_from_file(self._journal)
        else:
            with self.ydoc.transaction():
                for update in (stored.snapshot, *stored.updates):
                    self.ydoc.apply_update(update)
            self.restored(len(stored.snapshot), sum(map(len, stored.updates)))
            self.sync.resume(stored)
        self.observe()
        self.sync.watch()
        if isinstance(self.document, YNotebook):
            self._moved = MovedCells(self.document, self.sync.earlier)
        self.note(path=self.path, document_id=self.id, hash=self.sync.hash)
        if stored is not None:
            await self.sync.look(await asyncio.to_thread(signature, self.file))
            self.sync.later()
        await self.settled()

    async def _begin_from_file(self, journal: Journal) -> None:
        disk = await self.sync.read()
        snapshot = await asyncio.to_thread(_snapshot, self.type, disk.content)
        self.ydoc.apply_update(snapshot)
        # Committed before anybody sees it (`begin` waits): rebuilt from the file after a crash, it would be another
        # document, and whoever had this one would bring every cell a second time.
        journal.compact(self.id, snapshot)
        self.restored(len(snapshot), 0)

    async def get_ready(self) -> None:
        """What can wait until the first one who opens the document has it."""
        await self.sync.get_ready()
        if self._snapshot_size > LARGE:
            await asyncio.to_thread(give_back_memory)

    async def finish(self) -> None:
        """Save, and let go of the document."""
        await self.sync.finish()
        if self._moved is not None:
            self._moved.close()
        self.compact()
        await self.settled()
        self.end()

    # Cells that are moved

    def applying(self) -> None:
        if self._moved is not None:
            self._moved.before()

    def applied(self, late: bool) -> None:
        if self._moved is not None:
            self._moved.after(late)

    def leave(self, client: Client) -> None:
        super().leave(client)
        if self._moved is not None and client.may_write:
            self._moved.left()

    def rescue(self, cell_id: str, base: str, lost: str) -> bool:
        """Somebody typed in a cell that was moved, before they knew: there ``base`` became ``lost``.

        Returns
        -------
        Whether the cell is there still; then it has what they typed.
        """
        self.flush()
        cell = find(self.notebook, cell_id)
        if cell is None or not isinstance(source := cell.get("source"), Text):
            return False
        rescue(source, base, lost)
        return True

    # The file

    async def save(self, by_hand: bool = False) -> None:
        """See :meth:`~workspace_server.documents.collaboration.file_sync.FileSync.save`."""
        await self.sync.save(by_hand)

    def changed(self) -> None:
        if not self._own:
            self.sync.changed()

    def moved(self, path: str, file: Path) -> None:
        """The file has another name now."""
        self.path, self.file = path, file
        self.note(path=path)

    def note(self, **fields: Any) -> None:
        """Write to the document's own bookkeeping, which is no change of what people see."""
        known = self.document.ystate
        # Browsers take the writing of `dirty` for the end of a save, whatever it was before.
        changed = {key: value for key, value in fields.items() if key == "dirty" or known.get(key) != value}
        if not changed:
            return
        self._own = True
        try:
            with self.ydoc.transaction():
                for key, value in changed.items():
                    known[key] = value
        finally:
            self._own = False


def _snapshot(type: str, content: Content) -> bytes:
    """A document that holds ``content``, as one update."""
    ydoc: Doc[Any] = Doc()
    load(ydocs.get(type, ydocs["file"])(ydoc), content)
    update: bytes = ydoc.get_update()
    return update


def give_back_memory() -> None:
    """Return freed memory to the system: what opening a document takes for a moment would otherwise stay taken."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


async def _nothing(_room: Room, _kind: str) -> None:
    """Before a merge, where no history is kept."""


__all__ = ["Client", "Room"]
