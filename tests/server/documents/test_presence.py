"""Presence: nobody can speak as somebody else, and who comes back is seen at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workspace_server.documents.collaboration import wire
from workspace_server.documents.collaboration.presence import GONE, Presence


class Seat:
    def __init__(self, name: str) -> None:
        self.identity: dict[str, Any] = {"username": name}


def states(frame: bytes | None) -> dict[int, tuple[int, Any]]:
    assert frame is not None
    reader = wire.Reader(frame)
    assert reader.uint() == wire.AWARENESS
    return {id: (clock, json.loads(state)) for id, clock, state in wire.read_awareness(reader.bytes())}


def say(*said: tuple[int, int, str]) -> bytes:
    reader = wire.Reader(wire.awareness(list(said)))
    reader.uint()
    return reader.bytes()


def test_the_identity_is_the_servers() -> None:
    presence, ana = Presence(), Seat("ana")
    presence.receive(ana, say((7, 1, '{"user": {"username": "bo"}, "cursor": 3}')))
    everybody, special = presence.frames()
    assert states(everybody)[7][1] == {"user": {"username": "ana"}, "cursor": 3}
    assert special[ana] is None  # Nobody is told of themselves.


def test_nobody_moves_another_ones_cursor() -> None:
    presence, ana, bo = Presence(), Seat("ana"), Seat("bo")
    presence.receive(ana, say((7, 1, '{"cursor": 1}')))
    presence.receive(bo, say((7, 9, '{"cursor": 2}'), (8, 1, "{}")))
    presence.receive(bo, say((7, 10, GONE)))
    assert states(presence.all())[7][1]["cursor"] == 1
    assert len(presence) == 2


def test_who_comes_back_with_an_old_clock_is_seen() -> None:
    presence, first = Presence(), Seat("ana")
    presence.receive(first, say((7, 5, "{}")))
    seen = states(presence.frames()[0])[7][0]
    presence.leave(first)
    gone = states(presence.frames()[0])[7]
    assert gone[1] is None
    assert gone[0] > seen
    presence.receive(Seat("ana"), say((7, 5, "{}")))
    clock, state = states(presence.frames()[0])[7]
    assert state is not None
    assert clock > gone[0]


def test_a_new_connection_of_the_same_person_takes_over() -> None:
    presence, old, new = Presence(), Seat("ana"), Seat("ana")
    presence.receive(old, say((7, 5, "{}")))
    presence.receive(new, say((7, 5, '{"cursor": 1}')))
    presence.leave(old)
    assert states(presence.all())[7][1]["cursor"] == 1


def test_who_speaks_for_several_hears_of_the_others_only() -> None:
    presence, ana, bo = Presence(), Seat("ana"), Seat("bo")
    presence.receive(ana, say((1, 1, "{}")))
    presence.receive(bo, say((2, 1, "{}")))
    everybody, special = presence.frames()
    assert set(states(everybody)) == {1, 2}
    assert set(states(special[ana])) == {2}
    assert set(states(special[bo])) == {1}
    assert not presence.changed


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        b"\x01\x07",
        b"\xff" * 12,
        say((7, 1, "[1]")),
        say((7, 1, "no json")),
        say((7, 1, '"' + "x" * 70_000 + '"')),
    ],
)
def test_malformed_presence_is_refused(content: bytes) -> None:
    with pytest.raises(wire.Malformed):
        Presence().receive(Seat("ana"), content)
