"""A room without a network: what clients send reaches everybody once, or is refused."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from workspace_server.documents.collaboration import wire
from workspace_server.documents.collaboration.channel import TICK, Channel
from workspace_server.documents.collaboration.journal import Journal


class Person:
    """A browser: a document of its own, and the frames it was sent."""

    def __init__(self, room: Channel, name: str, may_write: bool = True) -> None:
        self.identity: dict[str, Any] = {"username": name}
        self.may_write = may_write
        self.room = room
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.frames: list[bytes] = []
        self.wakes = 0
        self.dropped = ""
        self.waiting: list[bytes] = []
        self.doc.observe(lambda event: self.waiting.append(event.update))
        room.join(self)
        room.receive(self, wire.step1(self.doc.get_state()))

    def send(self, *frames: bytes) -> None:
        self.wakes += 1
        for frame in frames:
            self._read(frame)

    def _read(self, frame: bytes) -> None:
        self.frames.append(frame)
        reader = wire.Reader(frame)
        if reader.uint() != wire.SYNC:
            return
        step, content = reader.uint(), reader.bytes()
        if step == wire.STEP1:
            self.room.receive(self, wire.step2(self.doc.get_update(content)))
        elif content != wire.NOTHING:
            self.doc.apply_update(content)
            self.waiting.clear()

    def drop(self, why: str) -> None:
        self.dropped = why
        self.room.leave(self)

    def type(self, text: str) -> None:
        now = str(self.text)
        # Offsets of pycrdt are bytes of UTF-8.
        self.text.insert(len(now[: random.randint(0, len(now))].encode()), text)
        for update in self.waiting:
            self.room.receive(self, wire.update(update))
        self.waiting.clear()


def state_of(doc: Doc[Any]) -> dict[int, int]:
    """A state vector, whose order means nothing."""
    reader = wire.Reader(doc.get_state())
    return {reader.uint(): reader.uint() for _ in range(reader.uint())}


class Text_(Channel):
    def content_of(self, ydoc: Doc[Any]) -> Any:
        return str(ydoc.get("source", type=Text))


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    made = Journal(tmp_path / "j.db")
    yield made
    made.close()


def room(journal: Journal) -> Text_:
    journal.bind(asyncio.get_running_loop())
    journal.lineage("d")
    made = Text_("d", Doc(), journal)
    made.observe()
    made.compact()
    return made


def test_everybody_ends_with_the_same_and_the_journal_has_it(journal: Journal) -> None:
    async def scenario() -> None:
        shared = room(journal)
        journal.compact("d", shared.ydoc.get_update())
        people = [Person(shared, name) for name in ("ana", "bo", "carla")]
        for _ in range(100):
            random.choice(people).type("🐟é" if random.random() < 0.2 else "x")
            if random.random() < 0.1:
                await asyncio.sleep(TICK)
        await asyncio.sleep(2 * TICK)
        await shared.settled()
        texts = {str(person.text) for person in people} | {str(shared.ydoc.get("source", type=Text))}
        assert len(texts) == 1
        assert all(state_of(person.doc) == state_of(shared.ydoc) for person in people)
        stored = journal.load("d")
        assert stored is not None
        again: Doc[Any] = Doc()
        for update in (stored.snapshot, *stored.updates):
            again.apply_update(update)
        assert {str(again.get("source", type=Text))} == texts

    asyncio.run(scenario())


def test_what_changes_in_one_tick_travels_together(journal: Journal) -> None:
    async def scenario() -> None:
        shared = room(journal)
        ana, bo = Person(shared, "ana"), Person(shared, "bo")
        shared.flush()
        ana.frames.clear()
        bo.frames.clear()
        for _ in range(20):
            ana.type("x")
        await asyncio.sleep(3 * TICK)
        assert len(bo.frames) == 1
        assert ana.frames == []  # The only author has it.

    asyncio.run(scenario())


def test_a_key_and_where_its_cursor_is_wake_everybody_once(journal: Journal) -> None:
    async def scenario() -> None:
        shared = room(journal)
        ana, bo = Person(shared, "ana"), Person(shared, "bo")
        shared.flush()
        bo.frames.clear()
        bo.wakes = 0
        ana.type("x")
        shared.receive(ana, wire.awareness([(7, 1, '{"cursor": 1}')]))
        await asyncio.sleep(3 * TICK)
        assert [frame[0] for frame in bo.frames] == [wire.SYNC, wire.AWARENESS]
        assert bo.wakes == 1

    asyncio.run(scenario())


def test_a_viewer_changes_nothing_and_is_told_once(journal: Journal) -> None:
    async def scenario() -> None:
        shared = room(journal)
        told: list[Any] = []
        shared.on_refused = told.append
        ana, viewer = Person(shared, "ana"), Person(shared, "vera", may_write=False)
        ana.type("hello")
        await asyncio.sleep(2 * TICK)
        viewer.type("!")
        viewer.type("!")
        await asyncio.sleep(2 * TICK)
        assert str(ana.text) == "hello" == str(shared.ydoc.get("source", type=Text))
        assert told == [viewer]
        # The right is looked at with each message.
        ana.may_write = False
        ana.type("?")
        await asyncio.sleep(2 * TICK)
        assert str(shared.ydoc.get("source", type=Text)) == "hello"

    asyncio.run(scenario())


def test_garbage_drops_its_sender_only(journal: Journal) -> None:
    async def scenario() -> None:
        shared = room(journal)
        ana, bad = Person(shared, "ana"), Person(shared, "mallory")
        ana.type("before")
        shared.receive(bad, wire.update(b"\x05\x07 no update at all"))
        ana.type("after")
        await asyncio.sleep(2 * TICK)
        assert bad.dropped
        assert not ana.dropped
        assert str(shared.ydoc.get("source", type=Text)) == str(ana.text)
        for frame in (b"", b"\x00", b"\x00\x07\x00", b"\x00\x00\x05ab", b"\x00\x00\x02\xff\xff", b"\x01\x02\x01"):
            with pytest.raises(wire.Malformed):
                shared.receive(ana, frame)

    asyncio.run(scenario())


def test_the_journal_stays_within_twice_the_document(journal: Journal) -> None:
    async def scenario() -> None:
        shared = room(journal)
        text = shared.ydoc.get("source", type=Text)
        text += "x" * 100_000
        for _ in range(100):
            # What a cell does that draws the same picture again and again.
            text.clear()
            text += "y" * 100_000
            shared.flush()
            await shared.settled()
            assert journal.size("d") <= 2 * 100_000 + 50_000

    asyncio.run(scenario())
