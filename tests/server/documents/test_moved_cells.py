"""Cells that are moved while others type in them: what is typed is where the cell is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from jupyter_ydoc import YNotebook

from tests.fakes.keystrokes import eventually, read_notebook, write_notebook
from tests.fakes.servers import Server, start_server
from tests.fakes.typists import Typist, converge
from workspace_server.documents.collaboration.moved_cells import MovedCells
from workspace_server.kit.notebooks.text_merge import Hunk, applied, merge_both


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("moved") / "home") as running:
        yield running


@pytest.fixture
async def both(server: Server, request: pytest.FixtureRequest) -> list[Typist]:
    path = f"projects/shop/main/{request.node.name}.ipynb"
    write_notebook(server.home / "work" / path, {"a": "one two", "b": "rest", "c": "end"})
    return [await Typist(server.url, server.tokens[name], path, name=name).connect() for name in ("ana", "bo")]


async def agree(typists: list[Typist], *texts: str) -> None:
    """Everybody sees the texts in cell ``a``, each once."""

    def there() -> bool:
        return all(sorted(typist.source("a").split()) == sorted(texts) for typist in typists)

    await eventually(there, 10, f"{[typist.source('a') for typist in typists]}, not {texts}")
    await converge(typists)
    assert typists[0].cell_ids().count("a") == 1


@pytest.mark.parts
async def test_what_is_typed_while_the_move_is_on_its_way(both: list[Typist]) -> None:
    ana, bo = both
    ana.move_cell("a", 2)
    # Bo has not heard of it: no message was received in between.
    bo.keys("a", None, " three")
    await agree(both, "one", "two", "three")
    assert bo.cell_ids() == ["b", "c", "a"]


@pytest.mark.parts
async def test_what_is_typed_offline_in_a_cell_that_is_moved_meanwhile(both: list[Typist]) -> None:
    ana, bo = both
    await bo.disconnect(abruptly=True)
    bo.type("a", 0, "zero ")
    bo.delete("a", 5, 9)
    ana.type("a", None, " three")
    ana.move_cell("a", 2)
    ana.type("a", None, " four")
    await ana.mark()
    await bo.reconnect()
    await agree(both, "zero", "two", "three", "four")


@pytest.mark.parts
async def test_what_was_typed_while_who_moves_the_cell_was_offline(both: list[Typist]) -> None:
    ana, bo = both
    await bo.disconnect(abruptly=True)
    bo.move_cell("a", 2)
    for word in ("three", "four"):
        ana.keys("a", None, f" {word}")
        await ana.mark()
        await asyncio.sleep(0.1)
    await bo.reconnect()
    await agree(both, "one", "two", "three", "four")


@pytest.mark.parts
async def test_both_have_written_and_one_of_them_has_moved_the_cell(server: Server, both: list[Typist]) -> None:
    ana, bo = both
    await bo.disconnect(abruptly=True)
    bo.type("a", 0, "zero ")
    bo.move_cell("a", 2)
    bo.type("a", None, " five")
    ana.type("a", None, " three")
    await ana.mark()
    await bo.reconnect()
    await agree(both, "zero", "one", "two", "three", "five")
    file = server.home / "work" / ana.path
    await eventually(lambda: read_notebook(file)["a"] == ana.source("a"), what="the file does not follow")


@pytest.mark.parts
async def test_a_cell_that_is_moved_as_it_is_stays_as_it_is(both: list[Typist]) -> None:
    ana, bo = both
    ana.keys("a", None, " three")
    await converge(both)
    bo.delete("a", 0, 4)
    bo.move_cell("a", 1)
    await agree(both, "two", "three")
    await asyncio.sleep(0.3)
    await agree(both, "two", "three")


@pytest.mark.parts
async def test_a_cell_that_is_deleted_meanwhile_is_not_made_again(both: list[Typist]) -> None:
    ana, bo = both
    ana.delete_cell("a")
    bo.keys("a", None, " three")
    await eventually(lambda: "a" not in bo.cell_ids(), what="it is still there")
    await converge(both)
    assert ana.cell_ids() == ["b", "c"]


async def test_what_nobody_remembers_to_have_been_deleted_stays() -> None:
    room, bo = YNotebook(), YNotebook()
    room.set({"cells": [{"id": "a", "cell_type": "code", "source": "one two", "metadata": {}, "outputs": []}]})
    bo.ydoc.apply_update(room.ydoc.get_update())
    # Bo moves the cell offline and writes in it; meanwhile the server starts anew: what Bo had seen is not remembered.
    cell = bo.ycells[0].to_py()
    with bo.ydoc.transaction():
        del bo.ycells[0]
        bo.ycells.append(bo.create_ycell({**cell, "source": "one two from Bo"}))
    source = room.ycells[0]["source"]
    source += " three"
    source.insert(0, "zero ")
    del source[5:9]

    async def earlier(_: str) -> list[str]:
        return ["one two three"]

    moved = MovedCells(room, earlier)
    moved.before()
    room.ydoc.apply_update(bo.ydoc.get_update())
    moved.after(late=True)
    await eventually(lambda: "three" in str(room.ycells[0]["source"]), 5, "it is lost")
    assert sorted(str(room.ycells[0]["source"]).split()) == ["Bo", "from", "three", "two", "zero"]
    assert len(room.ycells) == 1
    moved.close()


def test_of_what_clashes_both_stay() -> None:
    assert merge_both("a b c", "a b c", "a x c") == [Hunk(2, 3, "x")]
    assert applied("a y c", merge_both("a b c", "a y c", "a x c")) == "a y x c"
    assert merge_both("a b c", "a x c d", "a x c") == []
    # Somebody types while the cell is moved: the new one has what had arrived.
    assert applied("say hello wo!", merge_both("say !", "say hello wo!", "say hello world!")) == "say hello world!"
    assert merge_both("say !", "say hello world!", "say hello wo!") == []
    assert applied("one two !", merge_both("one two", "one two !", "one two ?")) == "one two ! ?"
