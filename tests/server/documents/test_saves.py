"""Saves are remembered for as long as somebody may be about to write what they read, and take little room."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.server.documents.test_rooms import home, rooms_of, run, sources, type_into, until, write
from workspace_server.documents.collaboration import file_sync
from workspace_server.documents.collaboration import saves as saves_module
from workspace_server.documents.collaboration.journal import Journal
from workspace_server.documents.collaboration.saves import LADDER, Save, Saves, _thinned
from workspace_server.kit.home import Home
from workspace_server.kit.notebooks.bases import Base

__all__ = ["home"]


def test_the_older_the_sparser_and_never_the_newest() -> None:
    now = 1_000_000.0
    kept: list[Save] = []
    for seq in range(7 * 3600):
        at = now + seq
        kept.insert(0, Save(seq, str(seq), at, 100, None))
        dropped = _thinned(kept, at, 10**9)
        assert seq not in dropped
        kept = [one for one in kept if one.seq not in dropped]
    ages = [kept[0].at - one.at for one in kept]
    assert ages[:15] == list(range(15))
    assert len(ages) < 80
    assert max(ages) <= LADDER[-1][0]
    # Whoever read the file finds a save that is not newer than what was read, and not much older.
    for read, span in ((60.0, 10.0), (600.0, 120.0), (7200.0, 900.0)):
        older = min(age for age in ages if age >= read)
        assert older - read <= 2 * span


def test_they_take_no_more_than_half_of_the_document(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db")
    saves = Saves(journal, "d")
    for number in range(60):
        text = "".join(chr(0x4E00 + (number * 7919 + n * n) % 20000) for n in range(10_000))
        saves.add(str(number), Base.of(text), 0)
    total = sum(one.size for one in saves._saves)
    assert total <= saves_module.LEAST
    assert saves._saves[0].hash == "59"
    journal.lineage("d")
    journal.compact("d", b"snapshot")
    journal.close()
    again = Journal(tmp_path / "j.db")
    stored = again.load("d")
    assert stored is not None
    resumed = Saves(again, "d")
    resumed.resume(stored.saves)
    assert [one.hash for one in resumed._saves] == [one.hash for one in saves._saves]
    assert resumed.bases() == saves.bases()
    again.close()


def test_where_there_is_little_room_the_latest_are_all_kept() -> None:
    kept: list[Save] = []
    for seq in range(600):
        kept.insert(0, Save(seq, str(seq), 1000.0 + seq, 100, None))
        dropped = _thinned(kept, 1000.0 + seq, 2000)
        kept = [one for one in kept if one.seq not in dropped]
        assert [one.seq for one in kept[:8]] == list(range(seq, max(-1, seq - 8), -1))
        assert len(kept) <= 20
    # Also of what was read long ago some are left.
    assert kept[0].at - kept[-1].at > 60


def test_a_script_that_writes_what_it_has_just_read_takes_nothing_back_where_there_is_little_room(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sync, "SAVE_AFTER", 1000.0)
    monkeypatch.setattr(saves_module, "LEAST", 4000)

    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y", "z")
        typed, written = "x", "z"
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            for number in range(20):
                content = json.loads(file.read_text())
                for key in "abc":
                    typed += f" {number}{key}"
                    type_into(room, 0, f" {number}{key}")
                    await room.save()
                written = content["cells"][2]["source"] = f"{number} {written}"
                file.write_text(json.dumps(content))
                await room.save()
                assert sources(file) == [typed, "y", written]
            assert len(room.sync._saves.bases()) < 30

    run(scenario)


@pytest.mark.parametrize("restart", [False, True])
def test_a_script_that_read_long_ago_takes_nothing_back(home: Home, restart: bool) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y", "z")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            await room.save()
            content = json.loads(file.read_text())
            for number in range(40):
                type_into(room, number % 2, f"{number},")
                await room.save()
            typed = sources(file)
            if restart:
                rooms._rooms.clear()
        if restart:
            content["cells"][2]["source"] = "z = 1"
            file.write_text(json.dumps(content))
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            if not restart:
                type_into(room, 0, "#")
                await room.save()
                typed[0] += "#"
                content["cells"][2]["source"] = "z = 1"
                file.write_text(json.dumps(content))
            await until(lambda: sources(file) == [*typed[:2], "z = 1"])
            assert [str(cell["source"]) for cell in room.notebook.ycells] == [*typed[:2], "z = 1"]

    run(scenario)


def test_an_old_version_that_is_brought_back_while_no_server_runs_is_taken(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            await room.save()
            before = file.read_bytes()
            for _ in range(3):
                type_into(room, 0, ".")
                await room.save()
                await asyncio.sleep(2.5)
        file.write_bytes(before)
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            assert [str(cell["source"]) for cell in room.notebook.ycells] == ["x", "y"]

    run(scenario)
