"""Files that change beneath their open documents: git in a terminal, editors, scripts.

``ATRIUM_EDITS`` edits of other cells (20) and half as many of the same cell, from ``ATRIUM_SEED``.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.keystrokes import Author, eventually, found, read_notebook, unique_keys, write_notebook
from tests.fakes.servers import Server, start_server
from tests.fakes.typists import Typist, converge

pytestmark = [pytest.mark.parts, pytest.mark.timeout(1800)]

EDITS = int(os.environ.get("ATRIUM_EDITS", "20"))
SEED = int(os.environ.get("ATRIUM_SEED", str(time.time_ns() % 100_000)))
Change = Callable[[dict[str, str]], None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("disk") / "home") as running:
        yield running


async def edit(file: Path, cell_id: str, key: str, way: str, pause: float) -> None:
    """Add a key to the beginning of a cell: read the file, think, write it."""
    content = json.loads(await asyncio.to_thread(file.read_text))
    (cell,) = [cell for cell in content["cells"] if cell["id"] == cell_id]
    cell["source"] = f"{key} {''.join(cell['source'])}"
    text = json.dumps(content, indent=1) + "\n"
    if way == "held open":
        # An editor that keeps the file open: by the time it writes, the file may have been replaced.
        with file.open("r+") as opened:
            await asyncio.sleep(pause)
            opened.seek(0)
            opened.write(text)
            opened.truncate()
        return
    await asyncio.sleep(pause)
    if way == "in place":
        file.write_text(text)
    else:
        other = file.with_suffix(".new")
        other.write_text(text)
        other.replace(file)


WAYS = ("in place", "renamed", "held open")


async def play(server: Server, path: str, chance: random.Random, edits: int, same: bool) -> None:
    """Type and edit the file; check that everything is there, once, and was told."""
    file = write_notebook(server.home / "work" / path, {"a": "x = 1\n", "b": "y = 2\n", "c": "z = 3\n", "d": ""})
    keys = unique_keys()
    typists = [Typist(server.url, server.tokens[name], path, name=name) for name in ("ana", "bo")]
    for typist in typists:
        await typist.connect()
    authors = [Author(typist, keys, chance, cells) for typist, cells in zip(typists, (["a", "b"], ["b"]), strict=True)]
    for author in authors:
        author.start(8)
    written: list[str] = []
    for number in range(edits):
        key, way = next(keys), chance.choice(WAYS)
        pause = chance.choice([0.0, chance.uniform(0, 0.3), chance.uniform(0.3, 2.5)])
        told = len(typists[0].notices)
        await edit(file, chance.choice(["a", "b"] if same else ["c", "d"]), key, way, pause)
        written.append(key)
        label = f"seed {SEED}, edit {number} ({way}, {pause:.2f} s)"

        def arrived(key: str = key) -> bool:
            return all(found(typist.sources())[key] for typist in typists)

        await eventually(arrived, 20, f"{label} never arrived: {typists[0].notices[told:]}\n{server.log()[-2000:]}")
        kinds = {notice["kind"] for notice in typists[0].notices[told:]}
        assert kinds & {"merged", "conflict"}, f"{label} was silent: {kinds}"
        typed = {key for author in authors for key, at in author.typed.items() if at < time.monotonic() - 1}
        there = found(typists[1].sources())
        assert not (lost := typed - there.keys()), f"{label} lost {len(lost)} keys, {sorted(lost)[:10]}"
        assert not (lost := set(written) - there.keys()), f"{label} lost what was written before: {sorted(lost)[:10]}"
    for author in authors:
        await author.stop()
    await converge(typists)
    typed = {key for author in authors for key in author.typed}
    there = found(typists[0].sources())
    assert typed | set(written) <= there.keys()
    if not same:
        assert not [key for key, count in there.items() if count > 1]
        assert typists[0].cell_ids() == ["a", "b", "c", "d"]
    sources = dict(zip(typists[0].cell_ids(), typists[0].sources(), strict=True))
    await eventually(lambda: read_notebook(file) == sources, what="the file does not follow")
    for typist in typists:
        await typist.disconnect()
    print(f"seed {SEED}: {len(typed)} keys, {edits} edits")


async def test_edits_of_other_cells_lose_nothing(server: Server) -> None:
    await play(server, "projects/shop/main/others.ipynb", random.Random(SEED), EDITS, same=False)


async def test_edits_of_the_same_cell_leave_both_versions(server: Server) -> None:
    await play(server, "projects/shop/main/same.ipynb", random.Random(SEED + 1), EDITS // 2, same=True)


async def test_the_same_word_changed_on_both_sides_is_kept_twice(server: Server) -> None:
    path = "projects/shop/main/word.ipynb"
    file = write_notebook(server.home / "work" / path, {"a": "alpha beta gamma", "b": "rest"})
    typists = [Typist(server.url, server.tokens[name], path, name=name) for name in ("ana", "bo")]
    for typist in typists:
        await typist.connect()
    on_disk = json.loads(file.read_text())
    on_disk["cells"][0]["source"] = "alpha DISK gamma"
    typists[0].delete("a", 6, 10)
    typists[0].type("a", 6, "TYPED")
    file.write_text(json.dumps(on_disk))
    await eventually(
        lambda: any("DISK" in source for source in typists[1].sources()), what="the file's word is nowhere"
    )
    await converge(typists)
    sources = typists[1].sources()
    assert "alpha TYPED gamma" in sources
    assert any("DISK" in source for source in sources)
    for typist in typists:
        assert [notice for notice in typist.notices if notice["kind"] == "conflict" and notice["message"]]
        await typist.disconnect()


async def test_a_cell_added_a_cell_deleted_and_an_order_changed_on_disk(server: Server) -> None:
    path = "projects/shop/main/structure.ipynb"
    file = write_notebook(server.home / "work" / path, {"a": "1", "b": "2", "c": "3", "d": "4"})
    typist = Typist(server.url, server.tokens["ana"], path, name="ana")
    await typist.connect()
    typist.type("c", None, " typed")
    on_disk = json.loads(file.read_text())
    a, b, c, d = on_disk["cells"]
    on_disk["cells"] = [d, a, {**b, "id": "new", "source": "5"}, c]
    file.write_text(json.dumps(on_disk))
    await typist.until(lambda: typist.cell_ids() == ["d", "a", "new", "c"], what=f"not merged: {typist.cell_ids()}")
    assert typist.sources() == ["4", "1", "5", "3 typed"]
    await eventually(lambda: read_notebook(file)["c"] == "3 typed", what="the file does not follow")
    await typist.disconnect()


async def test_a_file_of_conflict_markers_or_half_a_file_changes_nothing(server: Server) -> None:
    path = "projects/shop/main/markers.ipynb"
    file = write_notebook(server.home / "work" / path, {"a": "1"})
    typist = Typist(server.url, server.tokens["ana"], path, name="ana")
    await typist.connect()
    await typist.save()
    whole = file.read_text()
    for broken in ("<<<<<<< HEAD\n" + whole + "=======\n" + whole + ">>>>>>> main\n", whole[: len(whole) // 2], ""):
        typist.notices.clear()
        file.write_text(broken)
        typist.type("a", None, " typed")
        await typist.until(lambda: typist.notices, 15, "nobody was told")
        assert typist.notices[-1]["kind"] == "file-unreadable", typist.notices
        assert file.read_text() == broken
        expected = typist.source("a")
        file.write_text(whole)
        await typist.until(lambda: any(notice["kind"] == "file-back" for notice in typist.notices), 15, "not back")
        assert typist.source("a") == expected
    await eventually(lambda: read_notebook(file)["a"] == typist.source("a"), what="the file does not follow")
    await typist.disconnect()
