"""What a crowd sends is gathered: real streams over real sockets."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

from workspace_server.documents.collaboration import sockets
from workspace_server.documents.collaboration.sockets import Gathering

CROWD = 3
PAUSE = 0.5


class Watched(Gathering):
    """Counts how often it looks."""

    looks = 0

    def _look(self) -> bool:
        self.looks += 1
        return super()._look()


class Line:
    """One connection: what is sent at its far end is read by a stream that somebody looks after."""

    def __init__(self, gathering: Watched, reading: bool = False) -> None:
        self.far, near = socket.socketpair()
        near.setblocking(False)
        self.stream = IOStream(near)
        self.heard: list[int] = []
        self.gathering = gathering
        self.closed = False
        if reading:
            # As a task of the library does that has begun already.
            self.stream._add_io_state(IOLoop.READ)
        gathering.adopt(self.stream)
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                await self.stream.read_bytes(1000, partial=True)
                self.heard.append(self.gathering.looks)
        except StreamClosedError:
            self.closed = True


async def send(*made: Line) -> None:
    """Each says something, a hundredth of a second after the other."""
    for line in made:
        line.far.send(b"x")
        await asyncio.sleep(0.01)


async def heard(*made: Line) -> list[int]:
    """At which look each was heard."""
    while not all(line.heard for line in made):
        await asyncio.sleep(0.01)
    return [line.heard.pop() for line in made]


@pytest.fixture
async def gathering(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(sockets, "PAUSE", PAUSE)
    made = Watched(CROWD)
    yield made
    made.close()


@pytest.fixture
async def lines(gathering: Watched) -> AsyncIterator[list[Line]]:
    """A crowd and one more."""
    made = [Line(gathering, reading=number % 2 == 0) for number in range(CROWD + 1)]
    await asyncio.sleep(0.02)
    yield made
    for line in made:
        line.stream.close()
        line.far.close()
    await asyncio.gather(*(line.task for line in made))


async def test_a_few_are_heard_at_once(lines: list[Line]) -> None:
    for line in lines[: -CROWD + 1]:
        line.stream.close()
    few = lines[-CROWD + 1 :]
    for _ in range(2):
        await send(*few)
        first, last = await heard(*few)
        assert last > first


async def test_what_a_crowd_sends_is_heard_together(lines: list[Line]) -> None:
    for _ in range(2):
        began = time.monotonic()
        await send(*lines)
        first, *others = await heard(*lines)
        # Nothing came for a while: the first one is heard at once, what comes then together.
        assert set(others) == {first + 1}
        assert time.monotonic() - began >= PAUSE
        await asyncio.sleep(2 * PAUSE)


async def test_the_end_of_a_connection_is_noticed_and_disturbs_nobody(lines: list[Line]) -> None:
    gone, local, *others = lines
    gone.far.close()
    local.stream.close()
    await send(*others)
    await heard(*others)
    assert (gone.closed, local.closed) == (True, True)
    # What one of them brings about may close another that was looked at with it.
    one, two = others
    one.stream.set_close_callback(two.stream.close)
    two.far.send(b"x")
    one.far.close()
    await asyncio.wait_for(asyncio.gather(one.task, two.task), 5)


async def test_what_a_slow_reader_did_not_take_follows(gathering: Watched, lines: list[Line]) -> None:
    slow = lines[0]
    data = bytes(5_000_000)
    written = slow.stream.write(data)
    assert await asyncio.to_thread(_receive, slow.far, len(data)) == data
    await asyncio.wait_for(written, 5)


async def test_the_server_may_end_before_its_connections(gathering: Watched, lines: list[Line]) -> None:
    gathering.close()
    assert not lines[0].stream.closed()


def _receive(far: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        found += far.recv(1_000_000)
    return bytes(found)
