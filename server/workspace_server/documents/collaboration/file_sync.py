"""Keeps a shared document and its file together: saves on a throttle, and merges what others write."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_ydoc import YNotebook, YUnicode

from ...kit.errors import AtriumError, Conflict, Failed
from ...kit.notebooks.bases import Base
from .journal import Journal, Stored
from .merge import merge
from .notebook_file import NotebookWriter
from .saves import Saves
from .shadow import ChangedBeneath, OnDisk, Shadow, Signature, Staged, signature

if TYPE_CHECKING:
    from .room import Room

log = logging.getLogger(__name__)

SAVE_AFTER = 1.0
"""Seconds from a change to its save; more changes do not put it off."""
SAVE_A_CROWD_AFTER = 1.8
"""The same where many type: every save writes what all of them have."""
TRIES = 10
UNREADABLE_FOR = 3.0
"""Seconds until people are told; who writes slowly leaves half a file for a moment."""


BRANCH_GONE = (
    "Nothing is lost here: bring the branch back (Projects → Deleted lately), or copy what you need into another file."
)


def _worktree_of(file: Path) -> Path | None:
    """The innermost git worktree that a file is in."""
    return next((folder for folder in file.parents if os.path.lexists(folder / ".git")), None)


class FileSync:
    """Of one room. On the event loop.

    Attributes
    ----------
    missing
        Whether the file was deleted beneath the document.
    unreadable
        Why what is on the disk cannot be read; it is not written over then, but by hand.
    hash
        SHA-256 of the file as it was last read or written here.
    """

    def __init__(self, room: Room, shadow: Shadow, journal: Journal) -> None:
        self.missing = False
        self.unreadable = ""
        self.hash = ""
        self._room = room
        self._shadow = shadow
        self._journal = journal
        self._signature: Signature | None = None
        self._saves = Saves(journal, room.id)
        self._opened: OnDisk | None = None
        self._writer: NotebookWriter | None = None
        self._worktree: Path | None = None
        self._saving = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._version = 0
        self._saved_version = 0
        self._unreadable_since = 0.0
        self._told_readonly = False

    @property
    def unsaved(self) -> bool:
        """Whether the file lacks something."""
        return self._version != self._saved_version

    async def read(self) -> OnDisk:
        """The file, with which a document begins.

        Raises
        ------
        FileNotFoundError
        NotANotebook, Failed
            It cannot be shown.
        """
        disk = self._opened = await asyncio.to_thread(self._shadow.read, self._room.file)
        self._worktree = await asyncio.to_thread(_worktree_of, self._room.file)
        self._signature, self.hash = disk.signature, disk.hash
        self._saves.add(disk.hash, None, 0)
        return disk

    def resume(self, stored: Stored) -> None:
        """Go on where the journal was left."""
        self._saves.resume(stored.saves)
        # Until the file has been looked at, it may lack anything.
        self._version += 1

    def watch(self) -> None:
        """The document is there: from now on its changes are saved."""
        if isinstance(self._room.document, YNotebook):
            self._writer = NotebookWriter(self._room.document)

    async def get_ready(self) -> None:
        """What can wait until the first one who opens the document has it."""
        async with self._saving:
            await self._know_first()

    async def finish(self) -> None:
        """Save, and let go of the file."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            if self.unsaved and not self.missing and not self.unreadable:
                await self.save()
        except (AtriumError, OSError) as error:
            log.warning("%s was not saved when it was closed: %s (the journal has it)", self._room.path, error)
        self._shadow.release()
        if self._writer is not None:
            self._writer.close()

    # Saving

    def changed(self) -> None:
        """The document has."""
        self._version += 1
        self.later()

    def later(self) -> None:
        if self._timer is None and not self.missing:
            wait = SAVE_A_CROWD_AFTER if self._room.crowded else SAVE_AFTER
            self._timer = asyncio.get_running_loop().call_later(wait, self._now)

    def _now(self) -> None:
        self._timer = None
        if self._task is not None and not self._task.done():
            self.later()
            return
        self._task = asyncio.create_task(self._save_quietly())

    async def _save_quietly(self) -> None:
        try:
            if not self.missing and not self.unreadable:
                await self.save()
        except PermissionError:
            if not self._told_readonly:
                self._told_readonly = True
                self._tell("read-only", "{} is read-only on disk.", "What is typed is kept in the journal.")
        except Conflict:
            # Whoever looks at the file tells people, once it is sure; until then it may be written again in a moment.
            self.later()
        except (AtriumError, OSError) as error:
            log.warning("%s could not be saved: %s", self._room.path, error)
            self._tell("not-saved", f"{{}} could not be written: {error}", "It is tried again with each change.")

    def _tell(self, kind: str, message: str, hint: str) -> None:
        self._room.tell(kind, message.replace("{}", self._room.path), hint)

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
                self._room.flush()
                taken = await self._take_over(by_hand)
                if self.missing and self._branch_gone():
                    raise Conflict("branch_gone", f"The branch of {self._room.path} was deleted.", BRANCH_GONE)
                if not taken and not by_hand:
                    why = self.unreadable or f"{self._room.path} is not there."
                    raise Conflict("file_gone", why, "Save it by hand.")
                try:
                    await self._write()
                except ChangedBeneath:
                    continue
                return
            why = f"Something keeps writing {self._room.path}."
            raise Failed("file_busy", why, "Stop it and save again; the journal has all.")

    async def _write(self) -> None:
        await self._know_first()
        version = self._version
        chunks = await self._writer.achunks() if self._writer is not None else [str(self._room.content())]
        base = self._base()
        staged = await asyncio.to_thread(self._shadow.stage, self._room.file, chunks)
        try:
            if staged.hash != self.hash or self._signature is None:
                await self._put(staged, base)
        finally:
            staged.discard()
        self.hash = staged.hash
        self._saved_version = version
        if self.missing:
            self._room.revived(self._room)
        self.missing, self.unreadable, self._unreadable_since, self._told_readonly = False, "", 0.0, False
        self._room.note(hash=staged.hash, dirty=False)
        if self.unsaved:
            self.later()
        self._room.saved(self._room)

    async def _put(self, staged: Staged, base: Base) -> None:
        # Before the file: after a crash in between, what is on the disk must be known to come from here.
        self._saves.add(staged.hash, base, self._room.size)
        try:
            await self._journal.committed()
            put = self._shadow.replace
            self._signature = await asyncio.to_thread(put, self._room.file, staged, self._signature)
        except ChangedBeneath:
            self._saves.give_way(self._room.size)
            raise
        except BaseException:
            self._saves.take_back()
            raise

    # What others write

    async def look(self, now: Signature | None) -> None:
        """Compare with the file as it is ``now``, and take over what somebody else has written."""
        if now is not None and now == self._signature:
            if await self._bring_back():
                await self.save()
        elif now is not None or not self.missing:
            async with self._saving:
                await self._take_over(False)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Nothing is saved meanwhile. What the file holds afterwards was made from the last save, also where it looks
        like an older one: whoever holds it has put it back on purpose."""
        async with self._saving:
            try:
                yield
            finally:
                await self._take_over(False, meant=True)

    async def _bring_back(self) -> bool:
        """Take over what was written too late, into files that saves had replaced. Whether there was anything.

        Each becomes the file again before people see it, as if it had never been replaced: whoever reads the file once
        they have seen it finds it there, and what they write then is compared with that.
        """
        found = False
        async with self._saving:
            with suppress(ChangedBeneath):
                while self._signature is not None and await asyncio.to_thread(
                    self._shadow.bring_back, self._room.file, self._signature
                ):
                    found = True
                    await self._take_over(False)
        return found

    async def _take_over(self, by_hand: bool, meant: bool = False) -> bool:
        """Merge what is on the disk, if that is not what was written here. Whether it may be replaced then.

        Parameters
        ----------
        meant
            Whether it was made from the last save for sure; else that is found out.
        """
        now = await asyncio.to_thread(signature, self._room.file)
        if now is None and (place := self._room.whereabouts()) is not None and place[0] != self._room.path:
            self._room.moved(*place)
            now = await asyncio.to_thread(signature, self._room.file)
        if now is None:
            self._signature = None
            if not self.missing:
                self.missing = True
                if self._branch_gone():
                    self._tell("file-missing", "The branch of {} was deleted.", BRANCH_GONE)
                else:
                    hint = "What is open here is kept; save to write it again."
                    self._tell("file-missing", "{} was deleted outside of JupyterLab.", hint)
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
            self._room.tell("file-back", f"{self._room.path} is there again.")
        self.missing, self.unreadable, self._unreadable_since = False, "", 0.0
        if disk.hash == self.hash:
            self._signature = disk.signature
        else:
            await self._merge(disk, meant)
        if self.unsaved:
            self.later()
        return True

    def _branch_gone(self) -> bool:
        """Whether the git worktree that the file was in is there no more: saving would leave a stray folder."""
        return self._worktree is not None and not self._worktree.exists()

    async def _read_settled(self) -> OnDisk:
        """The file, once nobody is in the middle of writing it."""
        for _ in range(TRIES):
            disk = await asyncio.to_thread(self._shadow.read, self._room.file)
            if disk.signature.settled:
                break
            await asyncio.sleep(0.05)
            if await asyncio.to_thread(signature, self._room.file) == disk.signature:
                break
        return disk

    def _tell_unreadable(self, error: AtriumError) -> None:
        self._unreadable_since = self._unreadable_since or time.monotonic()
        if not self.unreadable and time.monotonic() - self._unreadable_since > UNREADABLE_FOR:
            self.unreadable = error.message
            hint = f"{error.hint} Nothing is lost here; save by hand to replace the file."
            self._room.tell("file-unreadable", error.message, hint)

    async def _merge(self, disk: OnDisk, meant: bool) -> None:
        """Take over what differs on the disk from what was last saved, and tell everybody."""
        self._room.flush()
        await self._know_first()
        if not self.hash and (save := self._saves.cut_off(disk.hash)) is not None:
            # The last save of the process before this one, as it was or cut off before it was done.
            self._remember(disk, save.read())
            return
        bases = await asyncio.to_thread(self._saves.bases)
        if meant:
            bases = bases[:1]
        await self._room.before(self._room, "before merge")
        base: Base | None = None
        if isinstance(self._room.document, YNotebook | YUnicode):
            # Read in a thread, where there is much of it.
            await asyncio.to_thread(lambda: disk.base)
            self._room.flush()
            merged = merge(self._room.document, bases, disk.content, room=self._base(), disk=disk.base)
            base = merged.base
            if merged.conflicts:
                self._room.tell("conflict", merged.summary, "Both versions are kept.", conflicts=len(merged.conflicts))
            elif merged.changed and not meant:  # else whoever did it says so
                self._room.tell("merged", merged.summary)
        elif self.unsaved:
            self._tell("conflict", "{} was changed on disk as well.", "What is open here was kept.")
        else:
            self._room.document.set(disk.content)
        self._remember(disk, base)
        self.later()

    def _remember(self, disk: OnDisk, base: Base | None) -> None:
        """This is what the file holds; ``base`` where it was compared with the document, whose ids it has then."""
        self._signature, self.hash = disk.signature, disk.hash
        self._saves.add(disk.hash, base or disk.base, self._room.size)
        self._room.note(hash=disk.hash)

    def _base(self) -> Base:
        return self._writer.base() if self._writer is not None else Base.of(str(self._room.content()))

    async def earlier(self, cell_id: str) -> list[str]:
        """What a cell said at the last saves, the newest first."""
        bases = await asyncio.to_thread(self._saves.bases)
        return [cell.source for base in bases for cell in base.cells if cell.id == cell_id]

    async def _know_first(self) -> None:
        """Read what the file held that the document was opened with, which did not hold up its opening."""
        if (disk := self._opened) is not None:
            base = await asyncio.to_thread(lambda: disk.base)
            self._opened = None
            self._saves.know_first(base)
