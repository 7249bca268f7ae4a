"""kill -9 while people type. ``ATRIUM_KILLS`` kills (4), from ``ATRIUM_SEED`` (chosen and printed)."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.keystrokes import Author, eventually, found, read_notebook, unique_keys, write_notebook
from tests.fakes.restarts import Mortal, start_mortal
from tests.fakes.typists import Typist, converge

pytestmark = [pytest.mark.parts, pytest.mark.timeout(1800)]

KILLS = int(os.environ.get("ATRIUM_KILLS", "4"))
SEED = int(os.environ.get("ATRIUM_SEED", str(time.time_ns() % 100_000)))
SAFE_AFTER = 0.1
"""Seconds after which a key must survive anything that happens to the server."""
PATH = "projects/shop/main/typed.ipynb"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    with start_mortal(tmp_path_factory.mktemp("mortal") / "home") as running:
        yield running


def people(mortal: Mortal, path: str, *names: str) -> list[Typist]:
    """Typists by name; Ana and Bo in turn."""
    tokens = [mortal.server.tokens[person] for person in ("ana", "bo")]
    return [Typist(mortal.url, tokens[number % 2], path, name=name) for number, name in enumerate(names)]


def check(sources: list[str], must: set[str], when: str) -> None:
    there = found(sources)
    assert not (lost := must - there.keys()), f"{when}: {len(lost)} of {len(must)} keys lost, {sorted(lost)[:20]}"
    assert not (twice := {key for key, count in there.items() if count > 1}), f"{when}: doubled {sorted(twice)[:20]}"


async def test_no_key_is_lost_or_doubled_when_the_server_is_killed(mortal: Mortal) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    keys = unique_keys()
    file = write_notebook(mortal.home / "work" / PATH, {"own0": "", "own1": "", "own2": "", "own3": "", "all": ""})
    typists = people(mortal, PATH, "tab 0", "tab 1", "new 2", "new 3")
    for typist in typists:
        await typist.connect()
    authors = [Author(typist, keys, chance, [f"own{n}", "all"]) for n, typist in enumerate(typists)]
    must: set[str] = set()
    for number in range(KILLS):
        for author in authors:
            author.start()
        await asyncio.sleep(chance.uniform(0.3, 4))
        died = await asyncio.to_thread(mortal.kill)
        # Tabs go on typing while the server is away; those that are closed take with them what nobody had.
        await asyncio.gather(*(author.stop() for author in authors[2:]))
        await asyncio.to_thread(mortal.start)
        safe = {key for author in authors for key, at in author.typed.items() if at < died - SAFE_AFTER}
        (fresh,) = people(mortal, PATH, f"fresh {number}")
        await fresh.connect()
        check(fresh.sources(), must | safe, f"seed {SEED}, kill {number}, alone")
        # Once, not for each key: whoever is not read from for 90 s is taken for gone.
        there = found(fresh.sources())
        for author in authors[2:]:
            # What was younger than that went with its tab.
            author.typed = {key: at for key, at in author.typed.items() if key in there}
        for typist in typists[:2]:
            await typist.reconnect()
        for typist in typists[2:]:
            typist.forget()
            await typist.connect()
        await asyncio.gather(*(author.stop() for author in authors[:2]))
        await converge([fresh, *typists])
        must |= safe | {key for author in authors[:2] for key in author.typed}
        check(fresh.sources(), must, f"seed {SEED}, kill {number}, together")
        assert fresh.cell_ids() == ["own0", "own1", "own2", "own3", "all"]
        await fresh.disconnect()
    print(f"{len(must)} keys, {KILLS} kills")
    sources = dict(zip(typists[0].cell_ids(), typists[0].sources(), strict=True))
    await eventually(lambda: read_notebook(file) == sources, what="the file does not follow")
    for typist in typists:
        await typist.disconnect()


async def test_what_is_marked_is_there_after_a_kill_at_once(mortal: Mortal) -> None:
    path = "projects/shop/main/marked.ipynb"
    write_notebook(mortal.home / "work" / path, {"c": ""})
    (typist,) = people(mortal, path, "typist")
    await typist.connect()
    for number in range(2):
        typist.keys("c", None, f"line {number}\n")
        assert (await typist.mark())["type"] == "marked"
        mortal.kill()
        await asyncio.to_thread(mortal.start)
        (fresh,) = people(mortal, path, "fresh")
        await fresh.connect()
        assert fresh.source("c") == "".join(f"line {n}\n" for n in range(number + 1))
        await fresh.disconnect()
        await typist.reconnect()
        await converge([typist])
    await typist.disconnect()


async def test_structure_that_was_changed_offline_comes_back_once(mortal: Mortal) -> None:
    path = "projects/shop/main/offline.ipynb"
    write_notebook(mortal.home / "work" / path, {"a": "first", "b": "second", "c": "third"})
    away, here = people(mortal, path, "away", "here")
    await away.connect()
    await here.connect()
    await away.disconnect(abruptly=True)
    away.move_cell("a", 2)
    added = away.insert_cell(0, "new")
    away.delete_cell("b")
    here.type("c", None, " changed")
    await here.mark()
    mortal.kill()
    await asyncio.to_thread(mortal.start)
    await asyncio.gather(away.reconnect(), here.reconnect())
    await converge([away, here])
    assert here.cell_ids() == [added, "c", "a"]
    assert here.sources() == ["new", "third changed", "first"]
    file = Path(mortal.home / "work" / path)
    await eventually(lambda: list(read_notebook(file)) == [added, "c", "a"], what="the file does not follow")
