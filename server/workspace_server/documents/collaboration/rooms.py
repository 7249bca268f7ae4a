"""Every shared document that is open: opened on demand, held while used, closed when nobody came for a while."""

from __future__ import annotations

import asyncio
import logging
import posixpath
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_ydoc import YNotebook
from nbformat.sign import NotebookNotary
from pycrdt import Doc

from ...kit.errors import AtriumError, Unavailable
from ...kit.home import Home
from ..errors import NoSuchFile, NoSuchNotebook
from .blobs import Blobs, hashes
from .channel import Channel, Client
from .files import FileIds
from .journal import Journal
from .room import Before, Room, give_back_memory
from .shadow import Shadow, Signature, signature, writable

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the files of what is open."""
IDLE = 60.0
"""Seconds that a document stays in memory after the last one has left."""
COLLECT_AFTER = 300.0
COLLECT_EVERY = 3600.0
"""Seconds between two looks for large outputs that nothing shows any more."""
RICH = ("display_data", "execute_result")
EVERYWHERE = "JupyterLab:globalAwareness"
"""The room in which JupyterLab's browsers say who they are and what they look at."""


class Holder:
    """The server's own seat in a room, which keeps it open like a client would."""

    may_write = True

    def __init__(self, person: str) -> None:
        self.person = person
        self.identity: dict[str, Any] = {}

    def send(self, *frames: bytes) -> None:
        """The server reads the document itself."""

    def drop(self, why: str) -> None:
        """The server sends nothing."""


class Rooms:
    """On the event loop, but for :meth:`present`."""

    def __init__(self, home: Home) -> None:
        self.idle = IDLE
        self.blobs = Blobs(home.journal / "blobs")
        self.journal = Journal(home.journal / "documents.db")
        self.everywhere = Channel(EVERYWHERE, Doc(), None)
        self.before: Before | None = None
        self.loaded: Callable[[Room], None] = lambda _room: None
        self.saved: Callable[[Room], None] = lambda _room: None
        self.emptied: Callable[[Room], None] = lambda _room: None
        self.blobs_elsewhere: Callable[[], set[str]] = set
        self._home = home
        self._contents: Any = None
        self._files: FileIds | None = None
        self._rooms: dict[str, Room] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looker: asyncio.Task[None] | None = None
        self._collector: asyncio.Task[None] | None = None

    def bind(self, contents: Any, files: FileIds) -> None:
        """Jupyter's manager of contents, whose files are shared, and who knows their ids."""
        self._contents, self._files = contents, files

    def start(self) -> None:
        """Begin to look after what is open."""
        loop = asyncio.get_running_loop()
        self.journal.bind(loop)
        self.journal.on_problem = self._journal_problem
        self._looker = loop.create_task(self._look())
        self._collector = loop.create_task(self._collect())

    async def close(self) -> None:
        """Save everything and let it go."""
        for task in (self._looker, self._collector):
            if task is not None:
                task.cancel()
        for handle in self._leaving.values():
            handle.cancel()
        for room in list(self._rooms.values()):
            for client in list(room.clients):
                client.drop("The server is shutting down.")
            with suppress(Exception):
                await room.finish()
        self._rooms.clear()
        await asyncio.to_thread(self.journal.close)

    # Names

    @property
    def files(self) -> FileIds:
        """Who knows the ids of files."""
        if self._files is None:
            raise Unavailable("no_coediting", "Co-editing is not available on this server.")
        return self._files

    def document_id(self, path: str) -> str:
        """The id of the notebook's room; stays when the notebook is renamed.

        Raises
        ------
        NoSuchNotebook
        """
        path = path.strip("/")
        file_id = self.files.index(path) if posixpath.splitext(path)[1] == ".ipynb" else None
        if file_id is None:
            raise NoSuchNotebook(path)
        return f"json:notebook:{file_id}"

    def path_of(self, document_id: str) -> str | None:
        """The contents path of a room's file."""
        return self.files.get_path(document_id.rpartition(":")[2])

    def file_of(self, path: str) -> Path:
        """Where a contents path lies on the disk, links resolved."""
        return Path(self._contents._get_os_path(path)).resolve()

    # What is open

    def live(self, document_id: str) -> YNotebook | None:
        """The notebook, if its room is open."""
        room = self._rooms.get(document_id)
        return room.notebook if room is not None else None

    def get(self, document_id: str) -> Room | None:
        """The room, if it is open."""
        return self._rooms.get(document_id)

    def all(self) -> list[Room]:
        """Every open room."""
        return list(self._rooms.values())

    def at(self, path: str) -> Room | None:
        """The open room of a file by its contents path."""
        return next((room for room in self._rooms.values() if room.path == path.strip("/")), None)

    def hash_of(self, path: str) -> str | None:
        """SHA-256 of the file as its room last read or wrote it; None when it is not open."""
        room = self.at(path)
        return room.sync.hash if room is not None else None

    def present(self) -> Iterator[tuple[str, list[str]]]:
        """Contents path and the names of those who have it open, for each file. Safe from any thread.

        From the connections themselves, which the server authenticated and which end with the browser.
        """
        for room in list(self._rooms.values()):
            names = {_name(client) for client in list(room.clients)}
            if names:
                yield room.path, sorted(names)

    # Opening and closing

    @asynccontextmanager
    async def hold(self, path: str, person: str) -> AsyncIterator[Room]:
        """The notebook's room, kept open while the ``with`` lasts; counts as ``person`` having it open.

        Raises
        ------
        NoSuchNotebook
            There is no such file.
        """
        async with self.hold_id(self.document_id(path), person) as room:
            yield room

    @asynccontextmanager
    async def hold_id(self, document_id: str, person: str) -> AsyncIterator[Room]:
        """The same by the room's id, for files of any kind."""
        room = await self.open(document_id)
        holder = Holder(person)
        room.clients.add(holder)
        try:
            yield room
        finally:
            room.clients.discard(holder)
            self.left(room)

    async def open(self, document_id: str) -> Room:
        """The room, loaded if need be. It is closed again when nobody has joined it for a while.

        Raises
        ------
        NoSuchFile, NotANotebook, Failed
        """
        async with self._locks[document_id]:
            room = self._rooms.get(document_id)
            if room is None:
                room = await self._load(document_id)
                self._rooms[document_id] = room
                self.left(room)
                self._task(room.get_ready())
            return room

    async def _load(self, document_id: str) -> Room:
        format, type, file_id = _parts(document_id)
        path = self.files.get_path(file_id)
        if path is None:
            raise NoSuchFile(document_id)
        file = self.file_of(path)
        lineage = await asyncio.to_thread(self.journal.lineage, document_id)
        shadow = Shadow(type == "notebook", self._home.run, self.blobs, self._mark_trusted)
        room = Room(file_id, format, type, path, file, shadow, self.journal, lineage)
        room.read_only = not writable(file)
        room.before = self.before or room.before
        room.saved = self._saved
        room.revived = lambda room: self.files.revive(room.file_id, room.path)
        room.whereabouts = lambda: self._whereabouts(room)
        room.on_broken = lambda: self._reload(room)
        try:
            await room.begin()
        except FileNotFoundError:
            raise NoSuchFile(path) from None
        except BaseException:
            room.end()
            raise
        self.loaded(room)
        return room

    def _saved(self, room: Room) -> None:
        # Every save is another file to the file system: moved before anybody looks, it would not be recognised.
        self.files.save(room.path)
        self.saved(room)

    def _whereabouts(self, room: Room) -> tuple[str, Path] | None:
        path = self.files.get_path(room.file_id)
        return (path, self.file_of(path)) if path is not None else None

    def left(self, room: Room) -> None:
        """Somebody has left the room; once nobody has been in it for a while, it is closed."""
        if room.clients:
            return
        if (earlier := self._leaving.pop(room.id, None)) is not None:
            earlier.cancel()
        loop = asyncio.get_running_loop()
        self._leaving[room.id] = loop.call_later(self.idle, lambda: self._task(self._evict(room)))

    async def _evict(self, room: Room) -> None:
        async with self._locks[room.id]:
            if room.clients or self._rooms.get(room.id) is not room:
                return
            self.emptied(room)
            await room.finish()
            if room.clients:
                # Somebody came in meanwhile: they are sent away and find the room anew.
                for client in list(room.clients):
                    client.drop("The document is being opened again.")
            del self._rooms[room.id]
            self._leaving.pop(room.id, None)
            await asyncio.to_thread(give_back_memory)

    def _reload(self, room: Room) -> None:
        """Forget what is in memory; clients come back by themselves and bring what they have."""
        self._rooms.pop(room.id, None)
        for client in list(room.clients):
            client.drop("The document is being opened again.")
        room.end()

    def _task(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Looking after them

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            rooms = self.all()
            try:
                found = await asyncio.to_thread(_signatures, [room.file for room in rooms])
                for room, now in zip(rooms, found, strict=True):
                    if self._rooms.get(room.id) is room:
                        await self._look_at(room, now)
            except Exception:
                log.exception("looking at the files of open documents")

    async def _look_at(self, room: Room, now: Signature | None) -> None:
        path = self.files.get_path(room.file_id)
        if path is not None and path != room.path:
            room.moved(path, self.file_of(path))
            now = await asyncio.to_thread(signature, room.file)
        elif path is None and now is None and not room.sync.missing:
            # Deleted through Jupyter, on purpose: whoever makes a file of that name makes another document.
            self._reload(room)
            return
        try:
            await room.sync.look(now)
        except (AtriumError, OSError) as error:
            log.warning("%s could not be compared with its file: %s", room.path, error)

    async def _collect(self) -> None:
        await asyncio.sleep(COLLECT_AFTER)
        while True:
            try:
                await self.collect_blobs()
            except Exception:
                log.exception("looking for large outputs that are not used")
            await asyncio.sleep(COLLECT_EVERY)

    async def collect_blobs(self) -> int:
        """Delete the large outputs that no document and no version has shown for a while. Returns how many."""
        now = time.time()
        for room in self.all():
            room.flush()
        await self.journal.committed()

        def collect() -> int:
            used = self.blobs_elsewhere().union(*map(hashes, self.journal.everything()))
            return self.blobs.collect(used, now)

        return await asyncio.to_thread(collect)

    def _journal_problem(self, problem: str) -> None:
        for room in self.all():
            if problem:
                room.tell("journal", f"What is typed cannot be kept: {problem}.", "Keep this tab open; free some disk.")
            else:
                room.tell("journal-back", "What is typed is kept again.")

    def _mark_trusted(self, content: dict[str, Any], _path: str) -> None:
        """In a thread. A notebook that was not written here shows no scripts until somebody runs or trusts it."""
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        rich = [any(output["output_type"] in RICH for output in cell["outputs"]) for cell in code]
        trusted = True
        if any(rich):
            # Not the contents manager's own, whose database belongs to the event loop's thread.
            notary = NotebookNotary(parent=self._contents)
            try:
                trusted = bool(notary.check_signature(nbformat.from_dict(content)))
            finally:
                notary.store.close()
        for cell, shows in zip(code, rich, strict=True):
            cell["metadata"]["trusted"] = trusted or not shows


def _signatures(files: list[Path]) -> list[Signature | None]:
    return [signature(file) for file in files]


def _parts(document_id: str) -> tuple[str, str, str]:
    format, type, file_id = (*document_id.split(":", 2), "", "")[:3]
    if (format == "json") != (type == "notebook") or format not in ("json", "text") or not file_id:
        raise NoSuchFile(document_id)
    return format, type, file_id


def _name(client: Client | Holder) -> str:
    if isinstance(client, Holder):
        return client.person
    identity = client.identity
    return str(identity.get("display_name") or identity.get("username") or "somebody")
