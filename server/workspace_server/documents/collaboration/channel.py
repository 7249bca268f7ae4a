"""One shared document: who has it open, what they change, and the tick in which everybody learns of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from pycrdt import Doc, TransactionEvent, merge_updates

from . import wire
from .journal import Journal
from .presence import Presence

log = logging.getLogger(__name__)

TICK = 0.016
"""Seconds between two broadcasts; what changes meanwhile travels together."""
CROWD = 6
"""With so many clients several people type at once, each of whose keys would travel alone to everybody: connections
gather them (see ``sockets.Gathering``), and what the server changes itself waits for a tick."""
MERGED_AT_ONCE = 64
"""Merging updates takes more than linear time."""
FLOOR = 65_536
"""Bytes of changes that a small document's journal may hold before it is compacted."""
ASKED_AGAIN = 5.0
ANSWER_EVERY = 10.0


class Client(Protocol):
    """One connection to a room."""

    may_write: bool

    @property
    def identity(self) -> dict[str, Any]:
        """See :class:`~workspace_server.documents.collaboration.presence.Seat`."""

    def send(self, *frames: bytes) -> None:
        """Never blocks; a client that does not read is closed by its connection."""

    def drop(self, why: str) -> None:
        """Close the connection because of what the client sent."""


class Channel:
    """Shares one Yjs document and the presence around it. All on the event loop.

    The document's own changes (a cell's output, a merge) and those of clients take the same way: a transaction of the
    document, the journal, then everybody else within a tick.

    Parameters
    ----------
    id
        The room's, which is also the document's in the journal.
    journal
        None for a room of presence alone, whose document nobody can change.

    Attributes
    ----------
    editors
        Who has changed something, by what they sign in with, for whoever keeps account of it to take.
    """

    def __init__(self, id: str, ydoc: Doc[Any], journal: Journal | None) -> None:
        self.id = id
        self.ydoc = ydoc
        self.presence = Presence()
        self.editors: set[str] = set()
        self.clients: set[Client] = set()
        self._journal = journal
        self._incoming: list[tuple[Client, bytes]] = []
        self._behind: set[Client] = set()
        self._late = False
        self._outgoing: list[bytes] = []
        self._authors: set[Client | None] = set()
        self._receiving = False
        self._timer: asyncio.Handle | None = None
        self._ticked = 0.0
        self._asked: dict[Client, float] = {}
        self._answered: dict[Client, float] = {}
        self._grown = 0
        self._snapshot_size = 0
        self.on_refused: Callable[[Client], None] = lambda _client: None
        self.on_broken: Callable[[], None] = lambda: None
        self._subscription: Any = None

    def observe(self) -> None:
        """From now on what changes in the document is journaled and sent."""
        self._subscription = self.ydoc.observe(self._on_transaction)

    # Clients

    def join(self, client: Client) -> None:
        """Begin with a client: ask what it has that is missing here, and tell it who is there."""
        self.flush()
        self.clients.add(client)
        client.send(wire.step1(self.ydoc.get_state()))
        if (frame := self.presence.all()) is not None:
            client.send(frame)

    def leave(self, client: Client) -> None:
        """The connection has ended."""
        self.clients.discard(client)
        self._asked.pop(client, None)
        self._behind.discard(client)
        self._answered.pop(client, None)
        self.presence.leave(client)
        self._soon()

    def receive(self, client: Client, frame: bytes) -> None:
        """Take a frame of the y-protocols.

        Raises
        ------
        wire.Malformed
        """
        reader = wire.Reader(frame)
        kind = reader.uint()
        if kind == wire.SYNC:
            self._receive_sync(client, reader)
        elif kind == wire.AWARENESS:
            self.presence.receive(client, reader.bytes())
            self._arrived()
            self._answer(client)
        elif kind == wire.QUERY_AWARENESS and (known := self.presence.all()) is not None:
            client.send(known)

    def _answer(self, client: Client) -> None:
        """y-websocket gives up a connection on which it has heard nothing for 30 s, though it is alone in the room; it
        renews its own presence every 15 s."""
        now = time.monotonic()
        if now - self._answered.get(client, 0.0) > ANSWER_EVERY:
            self._answered[client] = now
            client.send(wire.awareness([]))

    def _receive_sync(self, client: Client, reader: wire.Reader) -> None:
        step, content = reader.uint(), reader.bytes()
        if step == wire.STEP1:
            self.flush()
            if wire.lacks(content, self.ydoc.get_state()):
                self._behind.add(client)
            try:
                client.send(wire.step2(self.ydoc.get_update(content)))
            except ValueError as error:
                raise wire.Malformed(str(error)) from None
        elif step not in (wire.STEP2, wire.UPDATE):
            raise wire.Malformed(f"no step of the protocol: {step}")
        elif content == wire.NOTHING or self._journal is None:
            return
        elif client.may_write:
            if step == wire.STEP2 and client in self._behind:
                # What they did while they had not seen all of the document.
                self._behind.discard(client)
                self._late = True
            self._incoming.append((client, content))
            self._arrived()
        elif self._would_change(client, content):
            self.on_refused(client)

    def _would_change(self, client: Client, content: bytes) -> bool:
        """Whether a client that may not write has tried to: its own bookkeeping does not count."""
        now = time.monotonic()
        if now - self._asked.get(client, -ASKED_AGAIN) < ASKED_AGAIN:
            return False
        self._asked[client] = now
        copy: Doc[Any] = Doc()
        copy.apply_update(self.ydoc.get_update())
        before = self.content_of(copy)
        try:
            copy.apply_update(content)
        except ValueError as error:
            raise wire.Malformed(str(error)) from None
        return bool(before != self.content_of(copy))

    def content_of(self, _ydoc: Doc[Any]) -> Any:
        """What people see of a document like this one."""
        return None

    # The tick

    @property
    def crowded(self) -> bool:
        """Whether so many are here that their changes are put together for longer."""
        return len(self.clients) >= CROWD

    def _soon(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = TICK if self.crowded else max(0.0, self._ticked + TICK - loop.time())
            self._timer = loop.call_later(wait, self.flush)

    def _arrived(self) -> None:
        if not self.crowded:
            self._soon()
        elif self._timer is None or isinstance(self._timer, asyncio.TimerHandle):
            # What was gathered with it is received in the same turn of the loop.
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Apply what has come in, journal it, and tell everybody, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ticked = asyncio.get_running_loop().time()
        if self._incoming:
            self._apply()
        if self._outgoing or self.presence.changed:
            self._send()

    def _apply(self) -> None:
        batch, self._incoming = self._incoming, []
        bad: list[tuple[Client, str]] = []
        self._receiving = True
        try:
            # One transaction makes one change of all, to be journaled and sent once.
            with self.ydoc.transaction():
                self.applying()
                for client, update in batch:
                    try:
                        self.ydoc.apply_update(update)
                        self._authors.add(client)
                        if name := client.identity.get("username"):
                            self.editors.add(str(name))
                    except (ValueError, RuntimeError) as error:
                        bad.append((client, str(error)))
        except BaseException as error:
            # A panic of the library leaves the document half changed; what was journaled is whole.
            log.exception("the document %s broke", self.id)
            if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise
            self.on_broken()
        finally:
            self._receiving = False
        late, self._late = self._late, False
        self.applied(late)
        for client, why in bad:
            log.warning("%s sent a change to %s that cannot be applied: %s", client.identity, self.id, why)
            client.drop("Your last change could not be applied.")

    def applying(self) -> None:
        """Called in the transaction in which what clients have sent is applied, before it is."""

    def applied(self, late: bool) -> None:
        """Called after it was; ``late``: some of it was done offline, without knowing all of the document."""

    def _on_transaction(self, event: TransactionEvent) -> None:
        update = event.update
        if update == wire.NOTHING:
            return
        self._outgoing.append(update)
        if not self._receiving:
            self._authors.add(None)
            self._soon()
        self.changed()

    def changed(self) -> None:
        """Called within a transaction that changed the document."""

    def _send(self) -> None:
        """Tell everybody what has changed, at once: a key comes with where its cursor is now, and to wake a client
        costs more than the bytes do."""
        changes, only = self._changes()
        everybody, special = self.presence.frames()
        for client in list(self.clients):
            # Who is the only author of it all has it already.
            frames = [] if client is only else changes.copy()
            if (presence := special.get(client, everybody)) is not None:
                frames.append(presence)
            if frames:
                client.send(*frames)
        if self._grown > max(FLOOR, self._snapshot_size):
            self.compact()

    def _changes(self) -> tuple[list[bytes], Client | None]:
        """Journal what is to be sent: its frames, and the one client that made it all, if it was one."""
        updates, self._outgoing = self._outgoing, []
        authors, self._authors = self._authors, set()
        frames = []
        for first in range(0, len(updates), MERGED_AT_ONCE):
            some = updates[first : first + MERGED_AT_ONCE]
            change = some[0] if len(some) == 1 else merge_updates(*some)
            if self._journal is not None:
                self._journal.append(self.id, change)
                self._grown += len(change)
            frames.append(wire.update(change))
        return frames, next(iter(authors)) if len(authors) == 1 else None

    # The journal

    def restored(self, snapshot_size: int, grown: int) -> None:
        """How many bytes the journal holds of the document already."""
        self._snapshot_size, self._grown = snapshot_size, grown

    @property
    def size(self) -> int:
        """Bytes of the document in its last snapshot."""
        return self._snapshot_size

    def compact(self) -> None:
        """Have the journal hold one snapshot instead of every change."""
        if self._journal is not None and self._grown and not self._outgoing:
            snapshot = self.ydoc.get_update()
            self._journal.compact(self.id, snapshot)
            self._snapshot_size, self._grown = len(snapshot), 0

    async def settled(self) -> None:
        """Wait until everything that has been received would survive the end of this process."""
        self.flush()
        if self._journal is not None:
            await self._journal.committed()

    def end(self) -> None:
        """Let go of the document. Clients are gone or closed by now."""
        if self._timer is not None:
            self._timer.cancel()
        if self._subscription is not None:
            self.ydoc.unobserve(self._subscription)
