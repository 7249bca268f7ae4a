"""A shared document and its file: the journal is the truth, the file follows within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_ydoc import YNotebook, YUnicode, ydocs
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Doc

from workspace_ext.contract.documents import PointKind

from ...kit.clock import iso
from ...kit.errors import AtriumError, Conflict, Failed
from . import wire
from .bases import Base, Content
from .channel import Channel, Client
from .journal import Journal, StoredBase
from .merge import merge
from .notebook_file import NotebookWriter, load
from .shadow import ChangedBeneath, OnDisk, Shadow, Signature, signature

log = logging.getLogger(__name__)

SAVE_AFTER = 1.0
"""Seconds from a change to its save; more changes do not put it off."""
BASES = 12
"""Saves that are remembered, because an editor may have read the file before the newest."""
BASES_KEPT = 2
"""Of these, in the journal."""
TRIES = 10
UNREADABLE_FOR = 3.0
"""Seconds until people are told; who writes slowly leaves half a file for a moment."""
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
        self.missing = False
        self.unreadable = ""
        self.notices: deque[dict[str, Any]] = deque(maxlen=NOTICES)
        self.before: Before = _nothing
        self.saved: Callable[[Room], None] = lambda _room: None
        self.whereabouts: Callable[[], tuple[str, Path] | None] = lambda: None
        self._shadow = shadow
        self._signature: Signature | None = None
        self._hash = ""
        self._bases: deque[tuple[str, Base | None]] = deque(maxlen=BASES)
        self._opened: OnDisk | None = None
        self._writer: NotebookWriter | None = None
        self._saving = asyncio.Lock()
        self._timer_of_save: asyncio.TimerHandle | None = None
        self._save_task: asyncio.Task[None] | None = None
        self._version = 0
        self._saved_version = 0
        self._own = False
        self._unreadable_since = 0.0
        self._told_readonly = False
        super().__init__(f"{format}:{type}:{file_id}", ydoc, journal)

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

    @property
    def hash(self) -> str:
        """SHA-256 of the file as it was last read or written here."""
        return self._hash

    @property
    def unsaved(self) -> bool:
        """Whether the file lacks something."""
        return self._version != self._saved_version

    def content(self) -> Content:
        """What the document holds; large outputs are placeholders."""
        content: Content = self.document.get()
        return content

    def content_of(self, ydoc: Doc[Any]) -> Any:
        return ydocs.get(self.type, ydocs["file"])(ydoc).get()

    def tell(self, kind: str, message: str, hint: str = "", **data: Any) -> None:
        """Say something to everybody who has the document open."""
        notice: dict[str, Any] = {
            "type": "notice",
            "id": uuid4().hex,
            "kind": kind,
            "message": message,
            "hint": hint,
            "at": iso(),
        }
        notice["data"] = data
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
            await self._begin_from_file(await asyncio.to_thread(self._shadow.read, self.file))
        else:
            with self.ydoc.transaction():
                for update in (stored.snapshot, *stored.updates):
                    self.ydoc.apply_update(update)
            self.restored(len(stored.snapshot), sum(map(len, stored.updates)))
            self._bases.extend((one.hash, Base.decode(one.content) if one.content else None) for one in stored.bases)
            # Until the file has been looked at, it may lack anything.
            self._version += 1
        self.observe()
        if isinstance(self.document, YNotebook):
            self._writer = NotebookWriter(self.document)
        self._state(path=self.path, document_id=self.id)
        if stored is not None:
            await self.look(await asyncio.to_thread(signature, self.file))
            self._save_later()
        await self.settled()

    async def _begin_from_file(self, disk: OnDisk) -> None:
        assert self._journal is not None
        snapshot = await asyncio.to_thread(_snapshot, self.type, disk.content)
        self.ydoc.apply_update(snapshot)
        self._signature, self._hash = disk.signature, disk.hash
        self._bases.append((disk.hash, None))
        self._opened = disk
        self._keep_bases()
        # Committed before anybody sees it: rebuilt from the file after a crash, it would be another document, and
        # whoever had this one would bring every cell a second time.
        self._journal.compact(self.id, snapshot)
        self.restored(len(snapshot), 0)
        await self._journal.committed()

    async def get_ready(self) -> None:
        """What can wait until the first one who opens the document has it."""
        async with self._saving:
            await self._know_bases()
        if self._snapshot_size > LARGE:
            await asyncio.to_thread(give_back_memory)

    async def _know_bases(self) -> list[Base]:
        """The last saves, newest first. The file that the document was opened with is read into one when that is
        first asked for."""
        if (disk := self._opened) is not None:
            base = await asyncio.to_thread(lambda: disk.base)
            self._opened = None
            self._bases[-1] = (disk.hash, base)
            self._keep_bases()
        return [base for _, base in self._bases if base is not None]

    async def finish(self) -> None:
        """Save, and let go of the document."""
        if self._timer_of_save is not None:
            self._timer_of_save.cancel()
        try:
            if self.unsaved and not self.missing and not self.unreadable:
                await self.save()
        except (AtriumError, OSError) as error:
            log.warning("%s was not saved when it was closed: %s (the journal has it)", self.path, error)
        self.compact()
        await self.settled()
        self._shadow.release()
        if self._writer is not None:
            self._writer.close()
        self.end()

    # Saving

    def changed(self) -> None:
        if self._own:
            return
        self._version += 1
        self._save_later()

    def _save_later(self) -> None:
        if self._timer_of_save is None and not self.missing:
            self._timer_of_save = asyncio.get_running_loop().call_later(SAVE_AFTER, self._save_now)

    def _save_now(self) -> None:
        self._timer_of_save = None
        if self._save_task is not None and not self._save_task.done():
            self._save_later()
            return
        self._save_task = asyncio.create_task(self._save_quietly())

    async def _save_quietly(self) -> None:
        try:
            if not self.missing and not self.unreadable:
                await self.save()
        except PermissionError:
            if not self._told_readonly:
                self._told_readonly = True
                self.tell("read-only", f"{self.path} is read-only on disk.", "What is typed is kept in the journal.")
        except Conflict:
            # Whoever looks at the file tells people, once it is sure; until then it may be written again in a moment.
            self._save_later()
        except (AtriumError, OSError) as error:
            log.warning("%s could not be saved: %s", self.path, error)
            self.tell("not-saved", f"{self.path} could not be written: {error}", "It is tried again with each change.")

    async def save(self, by_hand: bool = False) -> None:
        """Write the document to its file, after taking over what somebody else has written there.

        Parameters
        ----------
        by_hand
            Write also where the file was deleted, or holds what is no notebook.

        Raises
        ------
        PermissionError, OSError, Failed
        """
        async with self._saving:
            for _ in range(TRIES):
                self.flush()
                if not await self._take_over(by_hand) and not by_hand:
                    raise Conflict("file_gone", self.unreadable or f"{self.path} is not there.", "Save it by hand.")
                try:
                    await self._write()
                except ChangedBeneath:
                    continue
                return
            raise Failed(
                "file_busy", f"Something keeps writing {self.path}.", "Stop it and save again; the journal has all."
            )

    async def _write(self) -> None:
        assert self._journal is not None
        await self._know_bases()
        version = self._version
        chunks = await self._writer.achunks() if self._writer is not None else [str(self.content())]
        base = self._base()
        staged = await asyncio.to_thread(self._shadow.stage, self.file, chunks)
        try:
            if staged.hash != self._hash or self._signature is None:
                # Before the file: after a crash in between, what is on the disk must be known to come from here.
                self._bases.appendleft((staged.hash, base))
                self._keep_bases()
                await self._journal.committed()
                self._signature = await asyncio.to_thread(self._shadow.replace, self.file, staged, self._signature)
        except BaseException:
            self._bases.popleft()
            raise
        finally:
            staged.discard()
        self._hash = staged.hash
        self._saved_version = version
        self.missing, self.unreadable, self._unreadable_since, self._told_readonly = False, "", 0.0, False
        self._state(hash=staged.hash, dirty=False)
        if self.unsaved:
            self._save_later()
        self.saved(self)

    # What others write

    async def look(self, now: Signature | None) -> None:
        """Compare with the file as it is ``now``, and take over what somebody else has written."""
        if now is not None and now == self._signature:
            late = await asyncio.to_thread(self._shadow.late_writes, self.file.name)
            for disk in late:
                async with self._saving:
                    await self._merge(disk, in_place=False)
        elif now is not None or not self.missing:
            async with self._saving:
                await self._take_over(False)

    async def _take_over(self, by_hand: bool) -> bool:
        """Merge what is on the disk, if that is not what was written here. Whether it may be replaced then."""
        now = await asyncio.to_thread(signature, self.file)
        if now is None and (place := self.whereabouts()) is not None and place[0] != self.path:
            self.moved(*place)
            now = await asyncio.to_thread(signature, self.file)
        if now is None:
            self._signature = None
            if not self.missing:
                self.missing = True
                self.tell(
                    "file-missing",
                    f"{self.path} was deleted outside of JupyterLab.",
                    "What is open here is kept; save to write it again.",
                )
            return False
        if now == self._signature:
            return True
        try:
            disk = await self._read_settled()
        except FileNotFoundError:
            return False
        except AtriumError as error:
            if by_hand:
                self._signature = now
            else:
                self._tell_unreadable(error)
            return False
        if self.missing or self.unreadable:
            self.tell("file-back", f"{self.path} is there again.")
        self.missing, self.unreadable, self._unreadable_since = False, "", 0.0
        if disk.hash == self._hash:
            self._signature = disk.signature
        else:
            await self._merge(disk)
        if self.unsaved:
            self._save_later()
        return True

    async def _read_settled(self) -> OnDisk:
        """The file, once nobody is in the middle of writing it."""
        for _ in range(TRIES):
            disk = await asyncio.to_thread(self._shadow.read, self.file)
            if time.time_ns() - disk.signature.modified > 50_000_000:
                break
            await asyncio.sleep(0.05)
            if await asyncio.to_thread(signature, self.file) == disk.signature:
                break
        return disk

    def _tell_unreadable(self, error: AtriumError) -> None:
        self._unreadable_since = self._unreadable_since or time.monotonic()
        if not self.unreadable and time.monotonic() - self._unreadable_since > UNREADABLE_FOR:
            self.unreadable = error.message
            hint = f"{error.hint} Nothing is lost here; save by hand to replace the file."
            self.tell("file-unreadable", error.message, hint)

    async def _merge(self, disk: OnDisk, in_place: bool = True) -> None:
        """Take over what differs on the disk from what was last saved, and tell everybody.

        Parameters
        ----------
        in_place
            Whether it is the file as it is now; else one that was replaced before it was written.
        """
        self.flush()
        bases = await self._know_bases()
        known = [base for hash, base in self._bases if hash == disk.hash]
        if not self._hash and known:
            # The last save of the process before this one, as it was or cut off before it was done.
            self._remember(disk, known[0])
            return
        await self.before(self, "before merge")
        base: Base | None = None
        if isinstance(self.document, YNotebook | YUnicode):
            # Read in a thread, where there is much of it.
            await asyncio.to_thread(lambda: disk.base)
            self.flush()
            merged = merge(self.document, bases, disk.content, room=self._base(), disk=disk.base)
            base = merged.base
            if merged.conflicts:
                self.tell("conflict", merged.summary, "Both versions are kept.", conflicts=len(merged.conflicts))
            elif merged.changed:
                self.tell("merged", merged.summary)
        elif self.unsaved:
            self.tell("conflict", f"{self.path} was changed on disk as well.", "What is open here was kept.")
        else:
            self.document.set(disk.content)
        if in_place:
            self._remember(disk, base)
        self._save_later()

    def _remember(self, disk: OnDisk, base: Base | None) -> None:
        """This is what the file holds; ``base`` where it was compared with the document, whose ids it has then."""
        self._signature, self._hash = disk.signature, disk.hash
        self._bases.appendleft((disk.hash, base or disk.base))
        self._keep_bases()
        self._state(hash=disk.hash)

    def _keep_bases(self) -> None:
        assert self._journal is not None
        newest = list(self._bases)[:BASES_KEPT]
        kept = [StoredBase(hash, base.encode() if base is not None else b"") for hash, base in newest]
        self._journal.set_bases(self.id, kept)

    def _base(self) -> Base:
        return self._writer.base() if self._writer is not None else Base.of(str(self.content()))

    def moved(self, path: str, file: Path) -> None:
        """The file has another name now."""
        self.path, self.file = path, file
        self._state(path=path)

    def _state(self, **fields: Any) -> None:
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
