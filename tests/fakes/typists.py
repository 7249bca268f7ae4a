"""People at work in a shared document, without their browsers: what JupyterLab's documents say to a room and do.

A typist has a document of their own (pycrdt), like a browser's tab has one (Yjs), and speaks the protocol of the
JavaScript client packages over a real WebSocket. Positions are counted in characters.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pycrdt import (
    Array,
    ArrayEvent,
    Awareness,
    Decoder,
    Doc,
    Map,
    Text,
    TransactionEvent,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    write_var_uint,
)

from .sockets import Socket

SYNC, AWARENESS, RAW = 0, 1, 2
STEP_1, STEP_2, UPDATE = 0, 1, 2
ROOM = "api/collaboration/room"
SESSION = "api/collaboration/session"


@dataclass(frozen=True)
class Session:
    """What a server tells of a document before one may enter its room."""

    format: str
    type: str
    file_id: str
    id: str
    writable: bool = True

    @property
    def room(self) -> str:
        return f"{self.format}:{self.type}:{self.file_id}"

    @property
    def address(self) -> str:
        """Of the room, below the server's base URL."""
        return f"{ROOM}/{urllib.parse.quote(self.room, safe=':')}?sessionId={urllib.parse.quote(self.id)}"


@dataclass
class _Open:
    """A cell that was typed in: its place among the cells, and what it said when the server had all of it."""

    place: object
    base: str


@dataclass
class _Lost:
    """What was typed in a cell that somebody else has moved."""

    cell_id: str
    base: str
    text: str


def ask_session(url: str, token: str, path: str, format: str = "json", type: str = "notebook") -> Session:
    """The session of the document at ``path``; blocks. ``urllib.error.HTTPError`` if the server refuses."""
    request = urllib.request.Request(
        f"{url}{SESSION}/{urllib.parse.quote(path)}", method="PUT",
        data=json.dumps({"format": format, "type": type}).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as reply:
        told = json.loads(reply.read())
    return Session(told["format"], told["type"], told["fileId"], told["sessionId"], told.get("writable", True))


class Typist:
    """Somebody with ``path`` open. They may be offline: what they do then arrives when they reconnect."""

    def __init__(
        self, url: str, token: str, path: str, *, format: str = "json", type: str = "notebook", name: str = ""
    ) -> None:
        self.url, self.token, self.path, self.format, self.kind = url, token, path, format, type
        self.name = name or uuid.uuid4().hex[:6]
        self.session: Session | None = None
        self.notices: list[dict[str, Any]] = []
        self.sent = 0
        self._socket: Socket | None = None
        self._synced = asyncio.Event()
        self._replies: dict[tuple[str, int], asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._remote = False
        self._listeners: list[Callable[[], None]] = []
        self._rescuing: set[asyncio.Task[None]] = set()
        self.forget()

    def forget(self) -> None:
        """Begin with an empty document, like a tab that is opened anew."""
        self.doc: Doc[Any] = Doc()
        self.cells: Array[Any] = self.doc.get("cells", type=Array)
        self.meta: Map[Any] = self.doc.get("meta", type=Map)
        self.text: Text = self.doc.get("source", type=Text)
        self.awareness = Awareness(self.doc)
        self._places: list[object] = []
        self._open: dict[str, _Open] = {}
        self._lost: list[_Lost] = []
        self.cells.observe(self._rearranged)
        self.doc.observe(self._changed)

    # Connection

    @property
    def connected(self) -> bool:
        return self._socket is not None and self._socket.alive

    @property
    def closed(self) -> tuple[int, str] | None:
        """Code and reason with which the last connection ended."""
        return self._socket.closed.result() if self._socket is not None and self._socket.closed.done() else None

    async def connect(
        self, seconds: float = 30, *, again: bool = True, sync: bool = True, headers: dict[str, str] | None = None
    ) -> Typist:
        """Enter the room and wait until everything it knows has arrived.

        Parameters
        ----------
        again
            Ask for a session first. A tab that lost its connection does not: it comes back with the one it had.
        sync
            False: neither ask for the document nor wait for it.

        Raises
        ------
        tests.fakes.sockets.Refused
            The WebSocket was refused.
        ConnectionError
            It was closed before the document had arrived.
        """
        if again or self.session is None:
            self.session = await asyncio.to_thread(ask_session, self.url, self.token, self.path, self.format, self.kind)
        self._synced.clear()
        self._socket = await Socket.open(
            self.url + self.session.address, self._receive,
            {"Authorization": f"token {self.token}", **(headers or {})},
        )  # fmt: skip
        if sync:
            self._send(create_sync_message(self.doc))
            self.look({"user": {"name": self.name, "display_name": self.name}})
            await self._first(self._synced.wait(), seconds, "synchronised")
        return self

    async def reconnect(self, seconds: float = 60) -> None:
        """Try again and again, as a tab does."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                await self.connect(again=False)
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def disconnect(self, *, abruptly: bool = False) -> None:
        """Go offline."""
        if self._socket is not None:
            if abruptly:
                self._socket.abort()
                await self._socket.closed
            else:
                await self._socket.close()

    def send(self, message: bytes) -> None:
        """Any bytes as one message."""
        self._send(message)

    @property
    def socket(self) -> Socket:
        assert self._socket is not None
        return self._socket

    # What the server is asked for

    async def save(self, seconds: float = 30) -> dict[str, Any]:
        """Press Ctrl+S; the reply once the file is written."""
        return await self._ask("save", "save", seconds)

    async def mark(self, seconds: float = 30) -> dict[str, Any]:
        """The reply once everything that was sent before is in the journal."""
        covered = {cell_id: (one, self._text_at(one.place)) for cell_id, one in self._open.items()}
        told = await self._ask("mark", "marked", seconds)
        for one, text in covered.values():
            one.base = text
        return told

    async def run(self, *cell_ids: str) -> dict[str, Any]:
        """Run cells (none given: all); the reply when they are in the queue."""
        body = {"notebook": self.path, "cell_ids": list(cell_ids) or None}
        return await asyncio.to_thread(self._post, "atrium/api/documents/execute", body)

    def _post(self, address: str, body: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            self.url + address, data=json.dumps(body).encode(), headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            told: dict[str, Any] = json.loads(reply.read())
        return told

    # Editing

    def cell(self, cell_id: str) -> Map[Any]:
        """The cell; ``KeyError`` if it is gone."""
        found: Map[Any] = self.cells[self.index(cell_id)]
        return found

    def index(self, cell_id: str) -> int:
        """Where the cell is; ``KeyError`` if it is gone."""
        for index, cell in enumerate(self.cells):
            if cell.get("id") == cell_id:
                return index
        raise KeyError(cell_id)

    def cell_ids(self) -> list[str]:
        return [str(cell["id"]) for cell in self.cells]

    def source(self, cell_id: str = "") -> str:
        """Text of a cell; of the file, where there are no cells."""
        return str(self._source(cell_id))

    def type(self, cell_id: str, position: int | None, text: str) -> None:
        """Insert ``text`` (None: at the end) as one change."""
        source = self._source(cell_id)
        whole = str(source)
        self._opened(cell_id, whole)
        source.insert(len(whole[:position].encode()) if position is not None else len(source), text)

    def keys(self, cell_id: str, position: int | None, text: str) -> None:
        """Insert ``text`` key by key."""
        position = len(self.source(cell_id)) if position is None else position
        for offset, key in enumerate(text):
            self.type(cell_id, position + offset, key)

    def delete(self, cell_id: str, start: int, stop: int) -> None:
        """Delete characters."""
        source = self._source(cell_id)
        whole = str(source)
        first = len(whole[:start].encode())
        size = len(whole[start:stop].encode())
        if size:
            self._opened(cell_id, whole)
            del source[first : first + size]

    def insert_cell(self, index: int, source: str = "", cell_type: str = "code", cell_id: str = "", **more: Any) -> str:
        """A new cell; its id."""
        cell_id = cell_id or str(uuid.uuid4())
        self.cells.insert(index, _new_cell({"id": cell_id, "cell_type": cell_type, "source": source, **more}))
        return cell_id

    def delete_cell(self, cell_id: str) -> None:
        with self.doc.transaction():
            del self.cells[self.index(cell_id)]
            # As JupyterLab does; a deletion alone does not show in the state vector.
            self.doc.get("state", type=Map)["dirty"] = True

    def move_cell(self, cell_id: str, index: int) -> None:
        """Delete the cell and make it again elsewhere, with the same id: what JupyterLab's ``moveCells`` does."""
        before = self.index(cell_id)
        clone = self.cells[before].to_py()
        with self.doc.transaction():
            del self.cells[before]
            self.cells.insert(min(index, len(self.cells)), _new_cell(clone))

    def split_cell(self, cell_id: str, position: int) -> str:
        """The text before ``position`` becomes a new cell above, the cell keeps the rest; the new cell's id."""
        whole = self.source(cell_id)
        cell = self.cell(cell_id)
        with self.doc.transaction():
            new = self.insert_cell(self.index(cell_id), whole[:position].strip("\n"), str(cell["cell_type"]))
            source = self._source(cell_id)
            source.clear()
            source.insert(0, whole[position:].strip("\n"))
        return new

    def merge_cells(self, cell_id: str) -> str | None:
        """Merge the cell with the one below into a new cell; its id, None at the end of the notebook."""
        index = self.index(cell_id)
        if index + 1 >= len(self.cells):
            return None
        upper, lower = self.cells[index], self.cells[index + 1]
        joined = f"{upper['source']}\n\n{lower['source']}"
        with self.doc.transaction():
            cell_type = str(upper["cell_type"])
            del self.cells[index]
            new = self.insert_cell(index, joined, cell_type)
            del self.cells[index + 1]
        return new

    def look(self, state: dict[str, Any] | None) -> None:
        """Show others where one is (awareness)."""
        self.awareness.set_local_state(state)
        self._send(create_awareness_message(self.awareness.encode_awareness_update([self.awareness.client_id])))

    # What they have

    @property
    def state(self) -> dict[int, int]:
        """The state vector: how many changes of each client are known."""
        return decode_state(self.doc.get_state())

    def content(self) -> Any:
        """The text, or the cells without what only concerns the screen."""
        if self.kind != "notebook":
            return str(self.text)
        return [
            {key: value for key, value in cell.items() if key != "execution_state"} for cell in self.cells.to_py() or []
        ]

    def sources(self) -> list[str]:
        return [str(cell["source"]) for cell in self.cells]

    async def until(self, condition: Callable[[], Any], seconds: float = 30, what: str = "") -> Any:
        """Wait until something is true of the document, or of the notices; what ``condition`` gave then."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: {what or 'never came true'}; closed: {self.closed}")
            await asyncio.sleep(0.02)
        return found

    def observe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every message."""
        self._listeners.append(listener)

    # Inside

    def _source(self, cell_id: str) -> Text:
        if self.kind != "notebook":
            return self.text
        source: Text = self.cell(cell_id)["source"]
        return source

    def _changed(self, event: TransactionEvent) -> None:
        if not self._remote:
            self._send(create_update_message(event.update))

    def _send(self, message: bytes) -> None:
        if self.connected:
            self.sent += 1
            self.socket.send(message)

    def _receive(self, message: bytes) -> None:
        kind = message[0]
        if kind == SYNC:
            reply = self._sync(message[1:])
            if reply is not None:
                self._send(reply)
            elif message[1] == STEP_2:
                self._synced.set()
                self._rescue()
        elif kind == AWARENESS:
            self.awareness.apply_awareness_update(Decoder(message[1:]).read_message() or b"", "room")
        elif kind == RAW:
            self._hear(json.loads(Decoder(message[1:]).read_var_string()))
        for listener in self._listeners:
            listener()

    def _sync(self, message: bytes) -> bytes | None:
        """Take what the server says. A cell that somebody moved meanwhile is another one, without what was typed here
        since the last mark: that is told to the server, as a browser does (``edits.ts``)."""
        mine = {cell_id: self._text_at(one.place) for cell_id, one in self._open.items()}
        self._remote = True
        try:
            reply: bytes | None = handle_sync_message(message, self.doc)
        finally:
            self._remote = False
        for cell_id, text in mine.items():
            if self._open[cell_id].place not in self._places:
                self._lost.append(_Lost(cell_id, self._open.pop(cell_id).base, text))
        self._rescue()
        return reply

    def _text_at(self, place: object) -> str:
        """By its place: two people who move a cell at once make two with its id, until the server gives one another."""
        return str(self.cells[self._places.index(place)]["source"])

    def _opened(self, cell_id: str, text: str) -> None:
        if self.kind == "notebook":
            place = self._places[self.index(cell_id)]
            if cell_id not in self._open or self._open[cell_id].place is not place:
                self._open[cell_id] = _Open(place, text)

    def _rearranged(self, event: ArrayEvent) -> None:
        at = 0
        for change in event.delta:
            if "retain" in change:
                at += int(change["retain"])
            elif "delete" in change:
                del self._places[at : at + int(change["delete"])]
            else:
                new = [object() for _ in change["insert"]]
                self._places[at:at] = new
                at += len(new)
        # What they delete themselves, they mean to.
        if not self._remote:
            self._open = {cell_id: one for cell_id, one in self._open.items() if one.place in self._places}

    def _rescue(self) -> None:
        if not (self._lost and self.connected and self._synced.is_set()) or self._rescuing:
            return

        async def rescue() -> None:
            # What is not answered is told again with the next connection.
            with contextlib.suppress(OSError):
                while self._lost:
                    one = self._lost[0]
                    await self._ask("rescue", "rescued", 30, one.cell_id, one.base, one.text)
                    self._lost.pop(0)

        task = asyncio.create_task(rescue())
        self._rescuing.add(task)
        task.add_done_callback(self._rescuing.discard)

    def _hear(self, told: dict[str, Any]) -> None:
        waiting = self._replies.pop((told["type"], told.get("responseTo", 0)), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(told)
        elif waiting is None:
            self.notices.append(told)

    async def _ask(self, verb: str, answer: str, seconds: float, *texts: str) -> dict[str, Any]:
        number = next(self._numbers)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[answer, number] = reply
        self._send(bytes([RAW]) + _var_string(verb) + write_var_uint(number) + b"".join(map(_var_string, texts)))
        await self._first(asyncio.shield(reply), seconds, f"answered to {verb!r}")
        return reply.result()

    async def _first(self, wanted: Any, seconds: float, what: str) -> None:
        """Wait for ``wanted``, or fail as soon as the connection ends."""
        task = asyncio.ensure_future(wanted)
        done, _ = await asyncio.wait(
            {task, self.socket.closed}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )  # fmt: skip
        if task in done:
            return
        task.cancel()
        if self.socket.closed in done:
            raise ConnectionError(f"{self.name}: closed with {self.closed} before it was {what}")
        raise TimeoutError(f"{self.name}: not {what} within {seconds} s")


async def converge(typists: Iterable[Typist], seconds: float = 20) -> None:
    """Wait until all have the same content and the same state vector; ``AssertionError`` with the difference."""
    everybody = list(typists)
    first, others = everybody[0], everybody[1:]
    deadline = time.monotonic() + seconds
    while any(other.state != first.state or other.content() != first.content() for other in others):
        if time.monotonic() > deadline:
            raise AssertionError("not equal: " + "; ".join(_difference(first, other) for other in others))
        await asyncio.sleep(0.05)


def _difference(one: Typist, other: Typist) -> str:
    behind = {
        client: (one.state.get(client, 0), other.state.get(client, 0))
        for client in {*one.state, *other.state}
        if one.state.get(client) != other.state.get(client)
    }
    same = "same content" if one.content() == other.content() else "different content"
    return f"{one.name} and {other.name}: {same}, clocks {behind or 'equal'}, closed {one.closed} {other.closed}"


def decode_state(state: bytes) -> dict[int, int]:
    """A state vector as clocks by client (lib0 variable-length integers)."""
    decoder = Decoder(state)
    return {decoder.read_var_uint(): decoder.read_var_uint() for _ in range(decoder.read_var_uint())}


def _var_string(text: str) -> bytes:
    encoded = text.encode()
    return bytes(write_var_uint(len(encoded))) + encoded


def _new_cell(cell: dict[str, Any]) -> Map[Any]:
    cell = {"metadata": {}, **cell}
    cell["source"] = Text(str(cell["source"]))
    cell["metadata"] = Map(cell["metadata"])
    if cell["cell_type"] == "code":
        cell["outputs"] = Array([_new_output(output) for output in cell.get("outputs", [])])
        cell["execution_count"] = cell.get("execution_count")
        cell["execution_state"] = cell.get("execution_state", "idle")
    return Map(cell)


def _new_output(output: dict[str, Any]) -> Map[Any]:
    if output.get("output_type") == "stream":
        return Map({**output, "text": Text("".join(output["text"]))})
    return Map(output)
