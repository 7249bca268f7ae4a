"""What is measured of one server. Each measure tells its figures by name."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
import time
from pathlib import Path

from tests.bench.load import Load, Seat, Task, Told
from tests.bench.servers import Bench, code_cell, cpu, memory, write_notebook
from tests.bench.table import percentile
from tests.fakes.typists import Typist, ask_session

WARM_UP = 2.0
SETTLED = 0.1
"""Seconds after which the last keys have arrived."""
KEYS_PER_SECOND = 5.0
TYPISTS_PER_PROCESS = 20
SAFE_AFTER = 0.1
"""Seconds after which a key must survive anything that happens to the server."""
MB = 1_000_000


def _begin(bench: Bench, name: str, typists: int, seed: int) -> tuple[list[Load], str]:
    write_notebook(bench.folder / name, [code_cell(number, f"# cell {number}\n") for number in range(typists)])
    path = bench.path(name)
    loads = [
        Load(Task(bench.url, bench.token, path, list(range(first, min(first + TYPISTS_PER_PROCESS, typists))),
                  KEYS_PER_SECOND, seed + first))
        for first in range(0, typists, TYPISTS_PER_PROCESS)
    ]  # fmt: skip
    return loads, path


def propagation(bench: Bench, typists: int, seconds: float, seed: int) -> dict[str, float]:
    """Milliseconds from a key to the probe; microseconds of CPU per key and client that gets it."""
    loads, path = _begin(bench, f"typing{typists}.ipynb", typists, seed)
    probe = Load(Task(bench.url, bench.token, path, [], 0.0))
    for load in (*loads, probe):
        load.ready()
    begin = time.monotonic() + 0.5
    end = begin + WARM_UP + seconds
    for load in (*loads, probe):
        load.go(begin, end)
    time.sleep(max(0.0, begin + WARM_UP - time.monotonic()))
    before = cpu(bench.pid)
    # Of what the keys cost while they are typed, not of what follows: the clients end one after the other.
    time.sleep(max(0.0, end + SETTLED - time.monotonic()))
    spent = cpu(bench.pid) - before
    seen = probe.wait()
    told = [load.finish() for load in loads]
    counted = [key for one in told for key in one.sent if key[2] >= begin + WARM_UP]
    arrived = {(client, clock): at for client, clock, at in seen.arrived}
    took = [(arrived.get((client, clock), float("inf")) - at) * 1000 for client, clock, at in counted]
    return {
        "p50": percentile(took, 50),
        "p99": percentile(took, 99),
        "cpu": spent / len(counted) / typists * 1e6,
        "late": max(one.late for one in told) * 1000,
    }


def durability(bench: Bench, moments: list[float], seed: int) -> dict[str, float]:
    """Keys that were older than 100 ms when the server died and are not there afterwards."""
    lost = doubled = typed = 0
    for number, moment in enumerate(moments):
        typists = 10
        loads, path = _begin(bench, f"dying{number}.ipynb", typists, seed + number)
        for load in loads:
            load.ready()
        begin = time.monotonic() + 0.3
        for load in loads:
            load.go(begin, begin + 60)
        time.sleep(max(0.0, begin + moment - time.monotonic()))
        died = bench.kill()
        told = [load.finish() for load in loads]
        bench.start()
        sources = asyncio.run(_sources(bench, path))
        kept = sum(len(source) - len(f"# cell {index}\n") for index, source in enumerate(sources))
        every = [key for one in told for key in one.sent if key[2] < died]
        safe = sum(at < died - SAFE_AFTER for _, _, at in every)
        lost += max(0, safe - kept)
        doubled += max(0, kept - len(every))
        typed += safe
    return {"lost": lost, "doubled": doubled, "typed": typed}


async def _sources(bench: Bench, path: str) -> list[str]:
    async with asyncio.timeout(60):
        browser = await Typist(bench.url, bench.token, path).connect()
    sources = browser.sources()
    await browser.disconnect()
    return sources


def _outputs(file: Path, size: int, each: int) -> int:
    """A notebook with ``size`` bytes of outputs, ``each`` bytes in a cell; its size."""
    chance = random.Random(file.name)
    cells = []
    for number in range(size // each):
        text = chance.randbytes(each // 2).hex()
        data = {"image/png": text} if number % 2 else {"text/plain": text}
        cells.append(code_cell(number, "show()", [{"output_type": "display_data", "metadata": {}, "data": data}]))
    return write_notebook(file, cells)


async def _open(bench: Bench, path: str) -> float:
    began = time.perf_counter()
    session = await asyncio.to_thread(ask_session, bench.url, bench.token, path)
    seat = await Seat().enter(Task(bench.url, bench.token, path, [], 0.0), session)
    took = time.perf_counter() - began
    await seat.socket.close()
    return took


def opening(bench: Bench) -> dict[str, float]:
    """Seconds until the whole document has arrived and is applied."""
    cells = [code_cell(number, "df = pd.read_csv('sales.csv')\ndf.groupby('store')\n" * 4) for number in range(1000)]
    # The first room of a server's life loads its libraries; what counts is every other.
    write_notebook(bench.folder / "first.ipynb", cells[:2])
    asyncio.run(_open(bench, bench.path("first.ipynb")))
    write_notebook(bench.folder / "cells.ipynb", cells)
    _outputs(bench.folder / "outputs.ipynb", 20 * MB, 200_000)
    _outputs(bench.folder / "large.ipynb", 20 * MB, 2_000_000)
    return {
        "cells": asyncio.run(_open(bench, bench.path("cells.ipynb"))),
        "again": asyncio.run(_open(bench, bench.path("cells.ipynb"))),
        "outputs": asyncio.run(_open(bench, bench.path("outputs.ipynb"))),
        "large": asyncio.run(_open(bench, bench.path("large.ipynb"))),
    }


def growth(bench: Bench) -> dict[str, float]:
    """How much the process grows by opening a file, in sizes of that file: at its peak, and while it stays open."""
    write_notebook(bench.folder / "first.ipynb", [code_cell(0)])
    asyncio.run(_open(bench, bench.path("first.ipynb")))
    told = {}
    for name, each in (("small", 200_000), ("large", 2_000_000)):
        size = _outputs(bench.folder / f"{name}.ipynb", 20 * MB, each)
        time.sleep(1)
        before = memory(bench.pid)

        async def stay(name: str = name) -> None:
            path = bench.path(f"{name}.ipynb")
            session = await asyncio.to_thread(ask_session, bench.url, bench.token, path)
            seat = await Seat().enter(Task(bench.url, bench.token, path, [], 0.0), session)
            await asyncio.sleep(4)
            await seat.socket.close()

        with Peak(bench.pid) as peak:
            asyncio.run(stay())
        told[name] = (memory(bench.pid) - before) / size
        told[f"{name}_peak"] = (peak.bytes - before) / size
    return told


class Peak:
    """The most memory that a process had, looked at every 20 ms."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.bytes = max(self.bytes, memory(self._pid))


def reopening(bench: Bench, rounds: int) -> dict[str, float]:
    """Memory in MB after some rounds of opening, typing and closing ten notebooks in turn, and after all of them."""
    names = [f"again{number}.ipynb" for number in range(10)]
    for name in names:
        write_notebook(bench.folder / name, [code_cell(number, "df = 1\n" * 20) for number in range(100)])

    async def once(number: int) -> None:
        typist = await Typist(bench.url, bench.token, bench.path(names[number % len(names)])).connect()
        typist.type("c0", None, "x = 1\n")
        typist.look({"user": {"name": "Ana"}})
        await typist.disconnect()

    async def some(first: int, count: int) -> float:
        for number in range(first, first + count):
            await once(number)
        await asyncio.sleep(3)
        return memory(bench.pid) / MB

    settle = rounds // 6
    before = asyncio.run(some(0, settle))
    after = asyncio.run(some(settle, rounds - settle))
    return {"before": before, "after": after, "more": (after / before - 1) * 100}


def journal(bench: Bench, keys: int, seed: int) -> dict[str, float]:
    """Bytes kept of a document, of its whole database, against the document's, after much typing and deleting."""
    size = write_notebook(
        bench.folder / "much.ipynb",
        [code_cell(number, "df = pd.read_csv('sales.csv')\n" * 40) for number in range(1000)],
    )
    chance = random.Random(seed)

    async def work() -> int:
        typist = await Typist(bench.url, bench.token, bench.path("much.ipynb")).connect()
        for key in range(keys):
            cell = f"c{chance.randrange(1000)}"
            if key % 5 == 4:
                typist.delete(cell, 0, 1)
            else:
                typist.type(cell, chance.randrange(20), "x")
            if key % 20 == 19:
                await asyncio.sleep(0.01)
        await asyncio.sleep(8)
        document = len(typist.doc.get_update())
        await typist.disconnect()
        return document

    document = asyncio.run(work())
    stored = _stored(bench.folder)
    return {"journal": stored / document, "stored": stored, "document": document, "file": size}


def _stored(folder: Path) -> int:
    """Bytes of the databases that hold updates: the pages in use, wherever below the server's folder they are."""
    total = 0
    root = folder
    while not (found := [*root.rglob("documents.db"), *root.rglob(".jupyter_ystore.db")]):
        root = root.parent
    for file in found:
        with sqlite3.connect(file) as database:
            pages, free, size = (
                database.execute(f"PRAGMA {what}").fetchone()[0]
                for what in ("page_count", "freelist_count", "page_size")
            )
            total += (pages - free) * size
        database.close()
    return total


__all__ = ["Told", "durability", "growth", "journal", "opening", "propagation", "reopening"]
