"""Who is in a room and where: Yjs awareness, whose identities the server vouches for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from . import wire

GONE = "null"
LARGEST_STATE = 64_000
"""Bytes of one state: cursors, names and colours take a few hundred."""
MOST_PER_CLIENT = 16
"""States of one connection; a browser has one."""


class Seat(Protocol):
    """A connection, as presence sees it."""

    @property
    def identity(self) -> dict[str, Any]:
        """What everybody sees as ``user``: username, name, display name, initials, colour."""


@dataclass
class _Entry:
    owner: Any
    clock: int
    sent: int
    state: str


class Presence:
    """The awareness states of one room.

    A client may speak for the client ids that it has brought itself, and only as the person that it signed in as. The
    clocks that others see are the server's, because a client that comes back starts with one that they have seen.
    """

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._clocks: dict[int, int] = {}
        self._changed: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def changed(self) -> bool:
        """Whether :meth:`frames` has something to say."""
        return bool(self._changed)

    def states(self) -> list[dict[str, Any]]:
        """Every state, decoded."""
        return [json.loads(entry.state) for entry in self._entries.values()]

    def receive(self, owner: Seat, content: bytes) -> None:
        """Take what a client says of itself; what it says of others is ignored.

        Raises
        ------
        wire.Malformed
        """
        for client_id, clock, state in wire.read_awareness(content):
            entry = self._entries.get(client_id)
            if entry is not None and entry.owner is not owner:
                if entry.owner.identity.get("username") != owner.identity.get("username"):
                    continue
                # The same browser, over a new connection, before the old one was missed.
                entry.owner, entry.clock = owner, -1
            if state == GONE:
                if entry is not None:
                    self._remove(client_id)
                continue
            if entry is not None and clock <= entry.clock:
                continue
            stamped = _stamp(state, owner.identity)
            if entry is None:
                if sum(one.owner is owner for one in self._entries.values()) >= MOST_PER_CLIENT:
                    raise wire.Malformed("too many states")
                entry = self._entries[client_id] = _Entry(owner, clock, 0, stamped)
            entry.clock, entry.state = clock, stamped
            entry.sent = self._tick(client_id, clock)
            self._changed[client_id] = owner

    def leave(self, owner: Seat) -> None:
        """The connection has ended."""
        for client_id in [id for id, entry in self._entries.items() if entry.owner is owner]:
            self._remove(client_id)

    def all(self) -> bytes | None:
        """The frame for somebody who has just come."""
        return self._frame(list(self._entries)) if self._entries else None

    def frames(self) -> tuple[bytes | None, dict[Any, bytes | None]]:
        """What has changed since the last call: the frame for everybody, and those for connections that must not be
        told of themselves (a client that hears of itself takes it for newer than what it knows). None: nothing."""
        if not self._changed:
            return None, {}
        changed, self._changed = self._changed, {}
        owners = {id(owner): owner for owner in changed.values() if owner is not None}
        special: dict[Any, bytes | None] = {}
        for owner in owners.values():
            others = [client_id for client_id, by in changed.items() if by is not owner]
            special[owner] = self._frame(others) if others else None
        return self._frame(list(changed)), special

    def _remove(self, client_id: int) -> None:
        entry = self._entries.pop(client_id)
        self._tick(client_id, entry.sent)
        self._changed[client_id] = entry.owner

    def _tick(self, client_id: int, at_least: int) -> int:
        clock = self._clocks[client_id] = max(self._clocks.get(client_id, 0) + 1, at_least)
        return clock

    def _frame(self, client_ids: list[int]) -> bytes:
        states = []
        for client_id in client_ids:
            entry = self._entries.get(client_id)
            states.append((client_id, self._clocks[client_id], entry.state if entry is not None else GONE))
        return wire.awareness(states)


def _stamp(state: str, identity: dict[str, Any]) -> str:
    if len(state) > LARGEST_STATE:
        raise wire.Malformed("a state that is too large")
    try:
        decoded = json.loads(state)
    except ValueError as error:
        raise wire.Malformed(str(error)) from None
    if not isinstance(decoded, dict):
        raise wire.Malformed("a state that is no object")
    decoded["user"] = identity
    return json.dumps(decoded, separators=(",", ":"))
