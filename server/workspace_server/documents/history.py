"""The history of documents: points that are kept by themselves or by name, how they differ, and going back to one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from jupyter_ydoc import ydocs
from pycrdt import Doc

from workspace_ext.contract.documents import DocumentHistory, HistoryPoint, PointDiff, PointKind, Restored

from ..access.service import Access
from ..kit.clock import now, parse
from ..kit.errors import Conflict, Forbidden, Invalid, NotFound
from ..kit.events import Events
from .collaboration.merge import Base, merge
from .collaboration.points import Content, Point, Points
from .collaboration.room import Room
from .collaboration.rooms import Rooms
from .errors import NoSuchFile
from .versions import compare, going_back, with_cell

ROOM = "documents"
EVERY = timedelta(minutes=10)
LONGEST_NAME = 100

T = TypeVar("T")
Taken = Callable[[], Content]
"""A document as it was at some moment; reads it, in a thread."""
log = logging.getLogger(__name__)


@dataclass
class _Edits:
    """What was done to a document since its last point."""

    people: set[str] = field(default_factory=set)
    changed: bool = False
    last: datetime | None = None
    making: bool = False


class History:
    """Of every document. On the event loop; what reads, writes and compares is done in threads.

    Parameters
    ----------
    may_write
        Whether a person (by id) may change the document at a contents path.
    clock
        The present moment; that of ``points``.
    """

    def __init__(
        self,
        points: Points,
        rooms: Rooms,
        access: Access,
        events: Events,
        may_write: Callable[[str, str], bool],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._points = points
        self._rooms = rooms
        self._access = access
        self._events = events
        self._may_write = may_write
        self._clock = clock
        self._edits: dict[str, _Edits] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # One thread: points are written in the order in which they were asked for.
        self._writer = ThreadPoolExecutor(1, "history")

    async def close(self) -> None:
        """Finish what is being written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._writer.shutdown)

    # What rooms tell

    def opened(self, room: Room) -> None:
        """A document was loaded: one that has no point yet gets its first, before anybody has changed it."""
        self._start(self._first(room))

    def changed(self, room: Room, people: Iterable[str] = ()) -> None:
        """A document was saved with what ``people`` (names; who is in it unless told) did.

        Makes a point every ten minutes; cheap.
        """
        edits = self._edits.setdefault(room.file_id, _Edits())
        edits.changed = True
        edits.people.update(people or _editors(room))
        if not edits.making and (edits.last is None or self._clock() - edits.last >= EVERY):
            edits.making = True
            self._start(self._automatic(room, edits))

    def left(self, room: Room) -> None:
        """The last person left a document: makes a point if it was changed since the last one."""
        edits = self._edits.pop(room.file_id, None)
        if edits is not None and edits.changed:
            self._start(self._keep(room.file_id, _taken(room), "automatic", people=edits.people))

    async def before(self, room: Room, kind: PointKind, person: str = "") -> HistoryPoint:
        """Make a point of what the document says now; the newest one if that says the same.

        Parameters
        ----------
        person
            The name of who asked for what comes next; those who edited the document if there is nobody.
        """
        return _wire(await self._before(room, _taken(room), kind, person))

    async def _before(self, room: Room, taken: Taken, kind: PointKind, person: str, name: str = "") -> Point:
        edits = self._edits.get(room.file_id, _Edits())
        people = {person} if person else set(edits.people)
        edits.people.clear()
        edits.changed, edits.last = False, self._clock()
        return await self._keep(room.file_id, taken, kind, name, people)

    async def _first(self, room: Room) -> None:
        if await self._write(self._points.newest, room.file_id) is None:
            await self._keep(room.file_id, _taken(room), "from disk")

    async def _automatic(self, room: Room, edits: _Edits) -> None:
        try:
            if edits.last is None and (newest := await self._write(self._points.newest, room.file_id)) is not None:
                edits.last = parse(newest.created)
                if self._clock() - edits.last < EVERY:
                    return
            await self._before(room, _taken(room), "automatic", "")
        finally:
            edits.making = False

    async def _keep(
        self, file_id: str, taken: Taken, kind: PointKind, name: str = "", people: Iterable[str] = ()
    ) -> Point:
        point = await self._write(lambda: self._points.add(file_id, taken(), kind, name, sorted(people)))
        if point is None:
            point = await self._write(self._points.newest, file_id)
            assert point is not None
            if not name:
                return point
            point = await self._write(self._points.rename, point.id, name, sorted(people))
        self._events.publish(ROOM, file_id, "history")
        return point

    # What people ask

    async def list(self, person_id: str, path: str) -> DocumentHistory:
        """The points of the document at a contents path.

        Raises
        ------
        NoSuchFile
        """
        file_id = self._file_id(path)
        points = await asyncio.to_thread(self._points.of, file_id)
        return DocumentHistory(path, file_id, self._may_write(person_id, path), [_wire(point) for point in points])

    async def name(self, person_id: str, path: str, name: str) -> HistoryPoint:
        """Keep what the document says now for ever, under a name of 1 to 100 characters.

        Raises
        ------
        Invalid, Forbidden, NoSuchFile
        """
        name = _name(name)
        self._check_write(person_id, path)
        person = self._access.person(person_id).display_name
        async with self._hold(path, person) as room:
            return _wire(await self._before(room, _taken(room), "named", person, name))

    async def rename(self, person_id: str, id: str, name: str) -> HistoryPoint:
        """Name a point, or (empty) take its name.

        Raises
        ------
        Invalid, Forbidden, NoSuchPoint
        """
        await self._changeable(person_id, id)
        point = await self._write(self._points.rename, id, _name(name) if name.strip() else "")
        self._events.publish(ROOM, point.file_id, "history")
        return _wire(point)

    async def delete(self, person_id: str, id: str) -> None:
        """Forget a point.

        Raises
        ------
        Forbidden, NoSuchPoint
        """
        point, _ = await self._changeable(person_id, id)
        await self._write(self._points.delete, id)
        self._events.publish(ROOM, point.file_id, "history")

    async def diff(self, person_id: str, id: str, against: str) -> PointDiff:
        """How a point differs from the present (``now``), from the ``previous`` point, or from another one (its id).

        Raises
        ------
        NoSuchPoint, NotFound
        """
        point = await asyncio.to_thread(self._points.get, id)
        if against == "now":
            path = self._path(point.file_id)
            async with self._hold(path, self._access.person(person_id).display_name) as room:
                present = _taken(room)
            return await asyncio.to_thread(self._diff, point, point, None, present)
        other = await asyncio.to_thread(self._other, point, against)
        earlier, later = sorted((point, other), key=lambda one: one.created)
        return await asyncio.to_thread(self._diff, point, earlier, later, lambda: self._points.read(later.id))

    def _other(self, point: Point, against: str) -> Point:
        if against != "previous":
            other = self._points.get(against)
            if other.file_id != point.file_id:
                raise Invalid("another_document", "These are versions of different documents.", field="against")
            return other
        older = [one for one in self._points.of(point.file_id) if one.created < point.created]
        return older[0] if older else point

    def _diff(self, point: Point, earlier: Point, later: Point | None, taken: Taken) -> PointDiff:
        old, new = self._points.read(earlier.id), taken()
        found = compare(old, new)
        return PointDiff(
            _wire(point), _wire(earlier), _wire(later) if later is not None else None,
            "text" if isinstance(new, str) else "notebook", found.same,
            found.cells, found.text, found.settings, found.added, found.removed, found.outputs,
        )  # fmt: skip

    async def restore(self, person_id: str, id: str, cell: int | None = None) -> Restored:
        """Have the document say what a point says, or one cell of it (its position in the point, from 0).

        What people type meanwhile stays. Restoring ``before`` of the reply undoes it.

        Raises
        ------
        Forbidden, NoSuchPoint, NoSuchCell, NotFound
        """
        point, path = await self._changeable(person_id, id)
        content = await asyncio.to_thread(self._points.read, id)
        person = self._access.person(person_id).display_name
        async with self._hold(path, person) as room:
            present = await asyncio.to_thread(_taken(room))
            if type(content) is not type(present):
                raise Conflict("another_kind", f"{path} was another kind of file then.", "Copy what you need from it.")
            before = await self._before(room, lambda: present, "before restore", person)
            if cell is None:
                wanted = await asyncio.to_thread(going_back, content, present)
            else:
                wanted = await asyncio.to_thread(with_cell, content, present, cell)
            base, disk = await asyncio.to_thread(lambda: (Base.of(present), Base.of(wanted)))
            # The base is what was kept: whatever was typed since is merged, not overwritten.
            merged = merge(room.document, [base], wanted, disk=disk)
            if merged.conflicts:
                room.tell("conflict", merged.summary, "Both versions are kept.")
        return Restored(_wire(point), _wire(before), merged.changed)

    async def _changeable(self, person_id: str, id: str) -> tuple[Point, str]:
        point = await asyncio.to_thread(self._points.get, id)
        path = self._path(point.file_id)
        self._check_write(person_id, path)
        return point, path

    def path_of(self, id: str) -> str | None:
        """The contents path of the document that a point is of; None where either is gone. In a thread."""
        try:
            return self._path(self._points.get(id).file_id)
        except NotFound:
            return None

    def _hold(self, path: str, person: str) -> AbstractAsyncContextManager[Room]:
        kind = "json:notebook" if path.endswith(".ipynb") else "text:file"
        return self._rooms.hold_id(f"{kind}:{self._file_id(path)}", person)

    def _file_id(self, path: str) -> str:
        file_id = self._rooms.files.index(path.strip("/"))
        if file_id is None:
            raise NoSuchFile(path)
        return file_id

    def _path(self, file_id: str) -> str:
        path = self._rooms.files.get_path(file_id)
        if path is None:
            raise NotFound(
                "document_gone", "The document of this version is no longer there.", "Bring the file back first."
            )
        return path

    def _check_write(self, person_id: str, path: str) -> None:
        if not self._may_write(person_id, path):
            raise Forbidden(
                "read_only", f"You may look at {path} but not change it.", "Ask an owner to make you an editor."
            )

    async def _write(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, partial(function, *arguments))

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception:
                log.exception("a point of a document's history was not made")

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _taken(room: Room) -> Taken:
    """The document as it is now. Reading a large one takes too long for the event loop; encoding it does not."""
    type, update = room.type, room.ydoc.get_update()

    def read() -> Content:
        ydoc: Doc[Any] = Doc()
        ydoc.apply_update(update)
        content: Content = ydocs.get(type, ydocs["file"])(ydoc).get()
        return content

    return read


def _editors(room: Room) -> set[str]:
    """The names of those in a room who may have changed it."""
    return {str(name) for one in room.clients if one.may_write and (name := one.identity.get("display_name"))}


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(
            "invalid_name", f"The name has {len(name)} characters; 1 to {LONGEST_NAME} are possible.",
            "Say in a few words what this version is.", "name",
        )  # fmt: skip
    return name


def _wire(point: Point) -> HistoryPoint:
    return HistoryPoint(point.id, point.kind, point.name, point.people, point.created)
