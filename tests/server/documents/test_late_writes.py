"""Who writes a file in the very moment of a save, or into one that a save has replaced: nothing of it is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest

from tests.server.documents.test_rooms import home, rooms_of, run, sources, type_into, until, write
from workspace_server.documents.collaboration import file_sync, merge, shadow
from workspace_server.documents.collaboration.room import Room
from workspace_server.kit.home import Home

__all__ = ["home"]


@pytest.fixture
def only_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No save but those that a test asks for."""
    monkeypatch.setattr(file_sync, "SAVE_AFTER", 1000.0)


def edited(content: dict[str, Any], cell: int, key: str) -> str:
    """The notebook with a key at the beginning of a cell."""
    content["cells"][cell]["source"] = f"{key} " + "".join(content["cells"][cell]["source"])
    return json.dumps(content)


def overwrite(opened: TextIO, text: str, size: int | None = None) -> None:
    """Write the text, or its beginning only; close the file after the whole."""
    opened.seek(0)
    opened.write(text[:size])
    opened.truncate()
    if size is None:
        opened.close()


def shown(room: Room) -> list[str]:
    return [str(cell["source"]) for cell in room.notebook.ycells]


@pytest.mark.usefixtures("only_by_hand")
def test_what_was_written_too_late_is_in_the_file_once_people_see_it(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            slow = file.open("r+")
            text = edited(json.load(slow), 1, "1")
            type_into(room, 0, "#")
            await room.save()
            overwrite(slow, text)
            await until(lambda: shown(room)[1] == "1 y")
            assert sources(file)[1] == "1 y"
            # Whoever reads the file now and goes on in the same place has not changed it without knowing the other.
            file.write_text(edited(json.loads(file.read_text()), 1, "2"))
            await until(lambda: shown(room) == ["x#", "2 1 y"])
            await room.save()
            assert sources(file) == ["x#", "2 1 y"]
            assert {notice["kind"] for notice in room.notices} == {"merged"}

    run(scenario)


def test_half_of_what_somebody_writes_too_late_hides_nothing(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y", "z")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            opened, texts = [], []
            for cell in (1, 2):
                opened.append(file.open("r+"))
                texts.append(edited(json.load(opened[-1]), cell, "1"))
                type_into(room, 0, "#")
                await room.save()
            # Within one of the looks that the room takes at its files.
            overwrite(opened[0], texts[0])
            overwrite(opened[1], texts[1], 100)
            await until(lambda: shown(room) == ["x##", "1 y", "z"])
            overwrite(opened[1], texts[1])
            await until(lambda: shown(room) == sources(file) == ["x##", "1 y", "1 z"])

    run(scenario)


def meanwhile(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> None:
    """Do things around the first exchanges of files: one before the first, one after it, and so on."""
    left = list(steps)
    exchange = shadow.exchange

    def slowly(one: Path, other: Path) -> bool:
        if left:
            left.pop(0)()
        done = exchange(one, other)
        if left:
            left.pop(0)()
        return done

    monkeypatch.setattr(shadow, "exchange", slowly)


@pytest.mark.usefixtures("only_by_hand")
def test_who_reads_a_save_that_gives_way_at_once_takes_nothing_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y", "z")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            await room.save()
            first = edited(json.loads(file.read_text()), 1, "1")
            loop = asyncio.get_running_loop()
            read: list[str] = []

            def somebody_reads() -> None:
                read.append(file.read_text())
                asyncio.run_coroutine_threadsafe(types("b"), loop).result()

            async def types(text: str) -> None:
                type_into(room, 0, text)

            await types("a")
            meanwhile(monkeypatch, lambda: file.write_text(first), somebody_reads)
            await room.save()
            assert json.loads(read[0])["cells"][0]["source"] == ["xa"]
            file.write_text(edited(json.loads(read[0]), 2, "2"))
            await until(lambda: shown(room)[2] == "2 z")
            assert shown(room) == ["xab", "1 y", "2 z"]

    run(scenario)


@pytest.mark.parametrize("way", ["in place", "renamed"])
@pytest.mark.usefixtures("only_by_hand")
def test_who_writes_over_a_save_that_gives_way_at_once_is_heard(
    home: Home, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y", "z")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            await room.save()
            first = edited(json.loads(file.read_text()), 1, "1")
            opened: list[TextIO] = []

            def somebody_else() -> None:
                if way == "in place":
                    opened.append(file.open("r+"))
                else:
                    other = file.with_suffix(".new")
                    other.write_text(edited(json.loads(file.read_text()), 2, "2"))
                    other.replace(file)

            type_into(room, 0, "#")
            meanwhile(monkeypatch, lambda: file.write_text(first), somebody_else)
            await room.save()
            for one in opened:
                overwrite(one, edited(json.load(one), 2, "2"))
            await until(lambda: shown(room) == sources(file) == ["x#", "1 y", "2 z"])

    run(scenario)


def test_what_was_read_before_the_last_save_and_written_while_no_server_ran(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not put back to an earlier version on purpose, however long nobody looked."""
    monkeypatch.setattr(merge, "PUT_BACK_AFTER", 2.0)

    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            await room.save()
            read = file.read_text()
            for _ in range(3):
                type_into(room, 0, "#")
                await room.save()
        file.write_text(read)
        await asyncio.sleep(2.5)
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            await until(lambda: sources(file) == ["x###", "y"])
            assert shown(room) == ["x###", "y"]

    run(scenario)
