"""Typists in a process of their own: `python -m tests.bench.load`, told what to do by lines of JSON on standard input.

First a :class:`Task`; when all have the notebook open, it answers with a line, and is told when to begin and to end;
it leaves when its standard input is closed, and tells what happened. Typists send what a browser's tab sends for each
key and read all that the room sends, but keep no copy of others' changes, so that one process is enough for many. The
probe keeps one, and notes when each key arrived. Clocks are the machine's monotonic one, the same in every process.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pycrdt import Array, Doc, create_sync_message, create_update_message, handle_sync_message

from tests.fakes.sockets import Socket
from tests.fakes.typists import STEP_2, SYNC, Session, ask_session, decode_state

REPOSITORY = Path(__file__).parents[2]
QUIET = 2.0
"""Seconds without anything new after which the probe takes all for arrived."""
PATIENCE = 30.0
"""Seconds after which it gives up."""


@dataclass
class Task:
    """What one process does. ``cells`` are indices; one typist each; none: be the probe."""

    url: str
    token: str
    path: str
    cells: list[int]
    keys_per_second: float
    seed: int = 0


@dataclass
class Told:
    """What it has to say: ``sent`` as (client, clock, time); ``arrived`` too, at the probe; ``late`` in seconds."""

    sent: list[tuple[int, int, float]]
    arrived: list[tuple[int, int, float]]
    late: float


class Load:
    """A process, seen from the one that measures."""

    def __init__(self, task: Task) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"], cwd=REPOSITORY, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._say(asdict(task))

    def ready(self) -> None:
        """Wait until everybody has the notebook open."""
        if not self._stdout.readline():
            raise RuntimeError("a load process failed")

    def go(self, begin: float, end: float) -> None:
        """Type from ``begin`` to ``end``."""
        self._say([begin, end])

    def finish(self) -> Told:
        """Have it leave; what it tells."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with self._stdout:
            told = self._stdout.read()
        if self._process.wait() != 0:
            raise RuntimeError("a load process failed")
        reply: dict[str, Any] = json.loads(told)
        return Told([tuple(key) for key in reply["sent"]], [tuple(key) for key in reply["arrived"]], reply["late"])

    def wait(self) -> Told:
        """What it tells once it has left by itself: the probe does, when nothing new arrives any more."""
        with self._stdout:
            reply = json.loads(self._stdout.read())
        self._process.wait()
        return Told([], [tuple(key) for key in reply["arrived"]], 0.0)

    @property
    def _stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _say(self, what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()


class Seat:
    """A connection with a document."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.cells: Array[Any] = self.doc.get("cells", type=Array)
        self.synced = asyncio.Event()
        self.socket: Socket

    async def enter(self, task: Task, session: Session) -> Seat:
        self.socket = await Socket.open(
            task.url + session.address, self._receive, {"Authorization": f"token {task.token}"}
        )
        self.socket.send(create_sync_message(self.doc))
        await asyncio.wait_for(self.synced.wait(), 60)
        return self

    def _receive(self, message: bytes) -> None:
        if message[0] != SYNC:
            return
        reply = handle_sync_message(message[1:], self.doc)
        if reply is not None:
            self.socket.send(reply)
        elif message[1] == STEP_2:
            self.synced.set()


async def type_along(task: Task) -> Told:
    """Type at the end of each cell, each typist in a rhythm of their own."""
    session = await asyncio.to_thread(ask_session, task.url, task.token, task.path)
    seats = [await Seat().enter(task, session) for _ in task.cells]
    begin, end = await _told_when()
    sent: list[tuple[int, int, float]] = []
    late: list[float] = []
    chance = random.Random(task.seed)

    async def typist(seat: Seat, index: int) -> None:
        seat.socket.listen(lambda message: None)
        source = seat.cells[index]["source"]
        seat.doc.observe(lambda event: updates.append(event.update))
        updates: list[bytes] = []
        client, pause = seat.doc.client_id, 1 / task.keys_per_second
        position = len(source)
        due = begin + chance.uniform(0, pause)
        for clock in range(1_000_000):
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if due >= end or not seat.socket.alive:
                return
            source.insert(position + clock, "\n" if clock % 60 == 59 else chr(97 + clock % 26))
            now = time.monotonic()
            seat.socket.send(create_update_message(updates.pop()))
            sent.append((client, clock, now))
            late.append(now - due)
            due += pause * chance.uniform(0.7, 1.3)

    await asyncio.gather(*(typist(seat, index) for seat, index in zip(seats, task.cells, strict=True)))
    # They stay while the probe waits for what is still on its way, as people do.
    await asyncio.to_thread(sys.stdin.read)
    late.sort()
    return Told(sent, [], late[int(len(late) * 0.99)] if late else 0.0)


async def watch(task: Task) -> Told:
    """Note when each key arrives, until nothing new has come for a while."""
    session = await asyncio.to_thread(ask_session, task.url, task.token, task.path)
    seat = await Seat().enter(task, session)
    _, end = await _told_when()
    known = decode_state(seat.doc.get_state())
    arrived: list[tuple[int, int, float]] = []
    last = end

    def receive(message: bytes) -> None:
        nonlocal known, last
        now = time.monotonic()
        Seat._receive(seat, message)
        if message[0] != SYNC:
            return
        state = decode_state(seat.doc.get_state())
        for client, clock in state.items():
            arrived.extend((client, key, now) for key in range(known.get(client, 0), clock))
        if state != known:
            known, last = state, now

    seat.socket.listen(receive)
    while seat.socket.alive and time.monotonic() < min(max(last, end) + QUIET, end + PATIENCE):
        await asyncio.sleep(0.05)
    return Told([], arrived, 0.0)


async def _told_when() -> tuple[float, float]:
    print("ready", flush=True)
    begin, end = json.loads(await asyncio.to_thread(sys.stdin.readline))
    return begin, end


def main() -> None:
    task = Task(**json.loads(sys.stdin.readline()))
    told = asyncio.run(type_along(task) if task.cells else watch(task))
    json.dump(asdict(told), sys.stdout)


if __name__ == "__main__":
    main()
