"""Bringing what was written to a file beneath a live document into it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jupyter_ydoc import YNotebook, YUnicode
from pycrdt import Doc, Map

from workspace_server.documents.collaboration.live_cells import content
from workspace_server.documents.collaboration.merge import ORIGIN, Base, merge
from workspace_server.documents.collaboration.merged import Merged
from workspace_server.documents.collaboration.notebook_file import NotebookWriter, load

Notebook = dict[str, Any]


def code(id: str, source: str = "", outputs: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    count = 1 if outputs else None
    return {"cell_type": "code", "id": id, "source": source, "metadata": {}, "outputs": outputs or [],
            "execution_count": count, **more}  # fmt: skip


def markdown(id: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "source": source, "metadata": {}, **more}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def notebook(*cells: dict[str, Any], minor: int = 5, **metadata: Any) -> Notebook:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


class Room:
    """A live notebook, what a browser sees of it, and the saves that there were."""

    def __init__(self, held: Notebook) -> None:
        self.document = YNotebook()
        load(self.document, copy.deepcopy(held))
        self.browser = YNotebook(Doc())
        self.browser.ydoc.apply_update(self.document.ydoc.get_update())
        self.updates = 0
        self.document.ydoc.observe(self._follow)
        self.origins: list[Any] = []
        self.writer = NotebookWriter(self.document)
        self.bases = [self.writer.base()]

    def _follow(self, event: Any) -> None:
        self.updates += 1
        self.browser.ydoc.apply_update(event.update)

    def save(self) -> Notebook:
        self.bases.insert(0, self.writer.base())
        return self.held()

    def held(self) -> Notebook:
        return content(self.document)

    def merge(self, theirs: Notebook, later: float = 0) -> Merged:
        before = self.updates
        saved = copy.deepcopy(theirs)
        disk = Base.of(theirs)
        merged = merge(self.document, self.bases, theirs, disk=replace(disk, at=disk.at + later))
        assert theirs == saved, "the content on disk is not for the merge to change"
        assert self.updates - before == int(merged.changed), "a merge is one transaction, or none"
        self.bases.insert(0, merged.base)
        assert self.writer.base() == Base.of(self.held())
        assert content(self.browser) == self.held()
        return merged

    def cell(self, id: str) -> Map[Any]:
        return next(cell for cell in self.document.ycells if cell["id"] == id)

    def type(self, id: str, text: str, at: int | None = None) -> None:
        source = self.cell(id)["source"]
        source.insert(len(source) if at is None else at, text)

    def run(self, id: str, outputs: list[dict[str, Any]], number: int) -> None:
        cell = self.cell(id)
        cell["outputs"].clear()
        cell["outputs"].extend([self.document._create_youtputs([output])[0] for output in outputs])
        cell["execution_count"] = number

    def ids(self) -> list[str]:
        return [cell["id"] for cell in self.held()["cells"]]

    def sources(self) -> list[str]:
        return [cell["source"] for cell in self.held()["cells"]]


@pytest.fixture
def room() -> Room:
    return Room(notebook(*(code(id, f"{id} = 1\nprint({id})\n") for id in "abcdef")))


def test_nothing_on_disk_nothing_here(room: Room) -> None:
    assert room.merge(room.save()) == Merged()
    room.type("a", "# here")
    held = room.held()
    # A file that is what it was at the last save changes nothing of what was typed since.
    assert room.merge(notebook(*(code(id, f"{id} = 1\nprint({id})\n") for id in "abcdef"))) == Merged()
    assert room.held() == held
    assert room.merge(held) == Merged()


def test_other_cells_on_disk_and_here(room: Room) -> None:
    theirs = room.save()
    theirs["cells"][3]["source"] = "d = 2\nprint(d)\n"
    theirs["cells"].insert(2, markdown("new", "# Über 👩🏽‍🚀\r\n"))
    del theirs["cells"][-1]
    room.type("a", "# here")
    merged = room.merge(theirs)
    assert merged.conflicts == []
    assert merged.summary == "Taken over from disk: 1 cell changed, 1 cell deleted, 1 cell added."
    assert room.ids() == ["a", "b", "new", "c", "d", "e"]
    assert room.sources()[0] == "a = 1\nprint(a)\n# here"
    assert room.sources()[4] == "d = 2\nprint(d)\n"
    assert room.sources()[2] == "# Über 👩🏽‍🚀\r\n"


def test_other_words_of_one_cell(room: Room) -> None:
    theirs = room.save()
    theirs["cells"][0]["source"] = "a = 2\nprint(a)\n"
    room.type("a", "# é here")
    cell = room.cell("a")
    cursor = cell["source"].sticky_index(len("a = 1\nprint("))
    assert room.merge(theirs).conflicts == []
    assert room.sources()[0] == "a = 2\nprint(a)\n# é here"
    with room.document.ydoc.transaction() as transaction:
        assert cursor.get_index(transaction) == len("a = 2\nprint(")


def test_the_same_word_keeps_both_and_tells(room: Room) -> None:
    theirs = room.save()
    theirs["cells"][1]["source"] = "b = 22\nprint(b)\n"
    theirs["cells"][1]["metadata"] = {"tags": ["x"], "atrium": {"hidden": True}}
    room.type("b", "1", len("b = 1"))
    merged = room.merge(theirs)
    (conflict,) = merged.conflicts
    assert (conflict.kind, conflict.cell_id) == ("edited", "b")
    assert room.ids() == ["a", "b", str(conflict.other_cell_id), *"cdef"]
    assert room.sources()[1:3] == ["b = 11\nprint(b)\n", "b = 22\nprint(b)\n"]
    assert room.held()["cells"][2]["metadata"] == {
        "tags": ["x"], "atrium": {"hidden": True, "conflict": {"with": "b"}},
    }  # fmt: skip
    assert conflict.message.startswith("Cell 2 was changed here and on disk.")
    assert merged.summary == f"1 conflict: {conflict.message}"
    assert room.merge(theirs) == Merged()
    # The same again from whoever knows an older save only: one copy is enough.
    room.bases = room.bases[-1:]
    assert [conflict for conflict in room.merge(theirs).conflicts if conflict.kind == "edited"] == []
    assert len(room.ids()) == 7


@pytest.mark.parametrize("where", ["disk", "here"])
def test_a_cell_deleted_on_one_side_and_edited_on_the_other_stays(room: Room, where: str) -> None:
    theirs = room.save()
    cells = theirs["cells"]
    if where == "disk":
        del cells[2]
        room.type("c", "# here")
    else:
        cells[2]["source"] += "# disk"
        del room.document.ycells[2]
    merged = room.merge(theirs)
    assert [(conflict.kind, conflict.cell_id) for conflict in merged.conflicts] == [
        ("deleted-on-disk" if where == "disk" else "deleted-here", "c")
    ]
    assert "Cell 3 was deleted" in merged.summary
    assert room.ids() == list("abcdef")
    assert room.sources()[2].endswith("# here" if where == "disk" else "# disk")


def test_a_cell_that_runs_or_ran_is_not_deleted(room: Room) -> None:
    theirs = room.save()
    theirs["cells"] = theirs["cells"][:3]
    room.cell("e")["execution_state"] = "running"
    room.run("f", [stream("1")], 3)
    merged = room.merge(theirs)
    assert room.ids() == ["a", "b", "c", "e", "f"]
    assert [conflict.cell_id for conflict in merged.conflicts] == ["e", "f"]


def test_a_cell_that_ran_and_was_saved_is_deleted(room: Room) -> None:
    # Made from scratch, as by a program: without outputs it looks like the save before the run.
    theirs = room.save()
    del theirs["cells"][5]
    theirs["cells"][1]["source"] += "# disk"
    for number, id in enumerate("abcdef", 1):
        room.run(id, [stream(id)], number)
    room.save()
    merged = room.merge(theirs)
    assert room.ids() == list("abcde")
    assert not merged.conflicts


def test_deleted_on_both_sides_or_here_alone(room: Room) -> None:
    theirs = room.save()
    del theirs["cells"][1]
    theirs["cells"][1]["outputs"] = [stream("run on disk")]
    del room.document.ycells[1:3]
    assert room.merge(theirs).conflicts == []
    assert room.ids() == ["a", "d", "e", "f"]


def test_outputs_of_whoever_ran_the_cell(room: Room) -> None:
    theirs = room.save()
    for index in (0, 1, 2):
        theirs["cells"][index] |= {"outputs": [stream("disk"), {"output_type": "error", "ename": "E", "evalue": "",
                                               "traceback": []}], "execution_count": 9}  # fmt: skip
    theirs["cells"][0]["metadata"] = {"trusted": True}
    room.cell("b")["metadata"]["trusted"] = True
    room.run("c", [stream("here")], 4)
    merged = room.merge(theirs)
    cells = room.held()["cells"]
    assert [output.get("text") for output in cells[0]["outputs"]] == ["disk", None]
    assert (cells[1]["execution_count"], cells[1]["metadata"]) == (9, {"trusted": False})
    assert cells[0]["metadata"] == {"trusted": True}
    assert (cells[2]["outputs"], cells[2]["execution_count"]) == ([stream("here")], 4)
    assert merged.summary.endswith("The outputs of 1 cell differ on disk; those here are kept.")
    # Outputs are taken away as well.
    theirs = room.save()
    theirs["cells"][2] |= {"outputs": [], "execution_count": None}
    room.merge(theirs)
    assert (room.held()["cells"][2]["outputs"], room.held()["cells"][2]["execution_count"]) == ([], None)


def test_outputs_are_the_same_however_they_are_held(room: Room) -> None:
    data = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "a\nb", "application/json": {"n": 1}}}
    room.run("a", [stream("a\nb\n"), data], 1)
    theirs = room.save()
    theirs["cells"][0]["outputs"][0]["text"] = ["a\n", "b\n"]
    theirs["cells"][0]["outputs"][1]["data"] = {"application/json": {"n": 1.0}, "text/plain": ["a\n", "b"]}
    assert room.merge(theirs) == Merged()


def test_metadata_key_by_key(room: Room) -> None:
    room.document.ydoc.get("meta", type=Map)["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python"}
    room.cell("a")["metadata"]["tags"] = ["old"]
    theirs = room.save()
    theirs["metadata"] |= {"title": "On disk", "both": {"disk": 1, "same": 1}}
    theirs["cells"][0]["metadata"] = {"tags": ["disk"], "collapsed": True, "slideshow": {"slide_type": "slide"}}
    meta = room.document.ydoc.get("meta", type=Map)["metadata"]
    meta["both"] = {"here": 1, "same": 2}
    room.cell("a")["metadata"]["tags"] = ["here"]
    room.cell("a")["metadata"]["collapsed"] = False
    merged = room.merge(theirs)
    held = room.held()
    assert held["metadata"] == {
        "kernelspec": {"name": "python3", "display_name": "Python"}, "title": "On disk",
        "both": {"here": 1, "same": 2, "disk": 1},
    }  # fmt: skip
    assert held["cells"][0]["metadata"] == {
        "tags": ["here"], "collapsed": False, "slideshow": {"slide_type": "slide"}
    }  # fmt: skip
    assert [(conflict.kind, conflict.cell_id) for conflict in merged.conflicts] == [
        ("metadata", None),
        ("metadata", "a"),
    ]
    assert "“both.same”" in merged.conflicts[0].message
    assert "“tags”" in merged.conflicts[1].message


def test_a_cell_whose_type_changed_on_disk_keeps_what_was_typed(room: Room) -> None:
    theirs = room.save()
    theirs["cells"][1] = markdown("b", "# b = 1\nprint(b)\n")
    room.type("b", "# here")
    assert room.merge(theirs).conflicts == []
    cell = room.held()["cells"][1]
    assert cell == markdown("b", "# b = 1\nprint(b)\n# here")
    theirs = room.save()
    theirs["cells"][1] = code("b", cell["source"], [stream("1")])
    room.merge(theirs)
    assert room.held()["cells"][1] == theirs["cells"][1]


def test_attachments(room: Room) -> None:
    one, two, three = ({"image/png": text} for text in ("b25l", "dHdv", "dGhyZWU="))
    room = Room(notebook(markdown("m", "![x](attachment:x)", attachments={"x": one, "y": one}), code("a")))
    theirs = room.save()
    theirs["cells"][0]["attachments"] = {"x": two, "z": three}
    room.cell("m")["attachments"] = {"x": one, "y": one, "w": two}
    assert room.merge(theirs).conflicts == []
    assert room.held()["cells"][0]["attachments"] == {"x": two, "z": three, "w": two}
    theirs = room.save()
    theirs["cells"][0]["attachments"]["x"] = three
    room.cell("m")["attachments"] = {"x": one, "z": three, "w": two}
    (conflict,) = room.merge(theirs).conflicts
    assert room.held()["cells"][0]["attachments"]["x"] == one
    assert room.held()["cells"][1]["id"] == conflict.other_cell_id
    assert room.held()["cells"][1]["attachments"]["x"] == three


def test_cells_moved_on_disk_move_here_and_no_others(room: Room) -> None:
    theirs = room.save()
    order = ["d", "a", "c", "b", "e", "f"]
    theirs["cells"] = [next(cell for cell in theirs["cells"] if cell["id"] == id) for id in order]
    room.type("c", "# here")
    room.cell("c")["execution_state"] = "running"
    stays = room.cell("c")["source"].sticky_index(3)
    merged = room.merge(theirs)
    assert merged.summary == "Taken over from disk: 2 cells moved."
    assert room.ids() == order
    assert room.cell("c")["execution_state"] == "running"
    with room.document.ydoc.transaction() as transaction:
        assert stays.get_index(transaction) == 3, "the cell that people type in is not the one that moves"


def test_the_same_moves_on_both_sides(room: Room) -> None:
    theirs = room.save()
    theirs["cells"] = theirs["cells"][3:] + theirs["cells"][:3]
    cells = room.held()["cells"]
    del room.document.ycells[0:3]
    for cell in cells[:3]:
        room.document.append_cell(cell)
    assert room.merge(theirs) == Merged()


@pytest.mark.parametrize("typed", ["a", "b"])
def test_the_same_swap_on_both_sides_moves_nothing(room: Room, typed: str) -> None:
    theirs = room.save()
    theirs["cells"][:2] = reversed(theirs["cells"][:2])
    cell = room.held()["cells"][0]
    del room.document.ycells[0]
    room.document.ycells.insert(1, room.document.create_ycell(cell))
    room.type(typed, "# here")
    assert room.merge(theirs) == Merged()


def test_a_cell_moved_on_both_sides_stays_where_it_was_moved_here(room: Room) -> None:
    theirs = room.save()
    theirs["cells"].insert(0, theirs["cells"].pop(2))
    cell = room.held()["cells"][2]
    del room.document.ycells[2]
    room.document.append_cell(cell)
    assert room.merge(theirs) == Merged()
    assert room.ids() == list("abdefc")


def test_outputs_that_are_the_same_are_not_written_again(room: Room) -> None:
    room.run("a", [stream("1"), stream("2")], 1)
    theirs = room.save()
    theirs["cells"][0]["outputs"][1] = stream("3")
    changes = []
    outputs = room.cell("a")["outputs"]
    outputs.observe(lambda event: changes.append(event.delta[0]))
    room.merge(theirs)
    assert changes == [{"retain": 1}]


def test_moved_here_and_changed_on_disk(room: Room) -> None:
    theirs = room.save()
    theirs["cells"][0]["source"] = "a = 5\nprint(a)\n"
    theirs["cells"].append(code("z", "z"))
    cell = room.held()["cells"][0]
    del room.document.ycells[0]
    room.document.append_cell(cell)
    room.document.append_cell(code("y", "y"))
    assert room.merge(theirs).conflicts == []
    assert room.ids() == ["b", "c", "d", "e", "f", "z", "a", "y"]
    assert room.held()["cells"][6]["source"] == "a = 5\nprint(a)\n"


def test_half_of_a_thousand_cells_moved() -> None:
    generator = random.Random(3)
    room = Room(notebook(*(code(f"c{number}", f"x = {number}\n") for number in range(1000))))
    theirs = room.save()
    moved = generator.sample(range(1000), 500)
    for index, place in zip(sorted(moved), moved, strict=True):
        theirs["cells"][index] = code(f"c{place}", f"x = {place}\n")
    room.type("c7", "# here")
    room.document.append_cell(code("new", "new"))
    assert room.merge(theirs).conflicts == []
    assert [id for id in room.ids() if id != "new"] == [cell["id"] for cell in theirs["cells"]]
    assert "new" in room.ids()
    assert "x = 7\n# here" in room.sources()


def test_an_empty_file_and_a_new_one(room: Room) -> None:
    merged = room.merge(notebook())
    assert merged.summary == "Taken over from disk: 6 cells deleted."
    # One empty cell, or every open browser would add one.
    assert room.sources() == [""]
    room.merge(notebook(code("x", "x")))
    assert room.sources() == ["x", ""]
    empty = Room(notebook())
    assert empty.merge(notebook(code("x", "x"))).conflicts == []
    assert "x" in empty.sources()


def test_duplicate_ids_on_disk(room: Room) -> None:
    theirs = room.save()
    theirs["cells"].insert(1, code("a", "a copy made by hand"))
    assert room.merge(theirs).conflicts == []
    assert room.sources()[:2] == ["a = 1\nprint(a)\n", "a copy made by hand"]
    assert len(set(room.ids())) == 7


def test_ids_that_a_tool_gave_anew(room: Room) -> None:
    theirs = room.save()
    for number, cell in enumerate(theirs["cells"]):
        cell["id"] = f"anew{number}"
    theirs["cells"][2]["source"] += "# disk"
    room.type("a", "# here")
    merged = room.merge(theirs)
    assert merged.conflicts == []
    assert room.ids() == list("abcdef")
    assert room.sources()[0].endswith("# here")
    assert room.sources()[2].endswith("# disk")
    for number, cell in enumerate(theirs["cells"]):
        cell["id"] = f"again{number}"
    theirs["cells"][3]["source"] += "# disk as well"
    assert room.merge(theirs).summary == "Taken over from disk: 1 cell changed."
    assert room.ids() == list("abcdef")
    assert room.sources()[0].endswith("# here")


def test_a_format_without_ids() -> None:
    cells = [code(id, f"{id} = 1\nprint({id})\n") for id in "abcdef"]
    room = Room(notebook(*cells, minor=2))
    theirs = room.save()
    for cell in theirs["cells"]:
        del cell["id"]
    theirs["cells"][1]["source"] = "b = 2\nprint(b)\nprint(b)\n"
    theirs["cells"].insert(4, {"cell_type": "markdown", "source": "# new", "metadata": {}})
    theirs["cells"].append(theirs["cells"].pop(0))
    room.type("d", "# here")
    assert room.merge(theirs).conflicts == []
    assert room.sources() == [*(cell["source"] for cell in theirs["cells"][:2]), "d = 1\nprint(d)\n# here",
                              *(cell["source"] for cell in theirs["cells"][3:])]  # fmt: skip
    ids = room.ids()
    assert [*ids[:3], *ids[4:]] == ["b", "c", "d", "e", "f", "a"]
    # The tool does not know of what was typed here meanwhile, and goes on from what it wrote.
    theirs["cells"][0]["source"] = "b = 3\nprint(b)\nprint(b)\n"
    theirs["cells"][2]["source"] = "d = 2\nprint(d)\n"
    for cell in theirs["cells"]:
        cell.pop("id", None)
    merged = room.merge(theirs)
    assert merged.summary == "Taken over from disk: 2 cells changed."
    assert room.ids() == ids
    assert room.sources()[2] == "d = 2\nprint(d)\n# here"


def test_a_file_brought_to_a_format_with_ids() -> None:
    cells = [code(id, f"{id} = 1\n") for id in "abc"]
    room = Room(notebook(*cells, minor=4))
    theirs = room.save()
    theirs["nbformat_minor"] = 5
    for number, cell in enumerate(theirs["cells"]):
        cell["id"] = f"new{number}"
    theirs["cells"][1]["source"] = "b = 2\n"
    room.type("a", "# here")
    room.merge(theirs)
    assert room.held()["nbformat_minor"] == 5
    assert (room.ids(), room.sources()) == (list("abc"), ["a = 1\n# here", "b = 2\n", "c = 1\n"])


def test_whoever_read_an_earlier_save_reverts_nothing(room: Room) -> None:
    read = room.save()
    for text in ("# one", " two", " three"):
        room.type("a", text)
        room.type("b", text)
        room.save()
    read["cells"][1]["source"] = "b = 7\nprint(b)\n"
    merged = room.merge(read)
    assert merged.conflicts == []
    assert not merged.restored
    assert room.sources()[:2] == ["a = 1\nprint(a)\n# one two three", "b = 7\nprint(b)\n# one two three"]
    # The race within one cell: what the save had of it tells which one was read.
    read = room.save()
    room.type("c", "# c1")
    room.save()
    room.type("c", " c2")
    room.save()
    read["cells"][2]["source"] = "c = 3\nprint(c)\n"
    assert room.merge(read).conflicts == []
    assert room.sources()[2] == "c = 3\nprint(c)\n# c1 c2"


@pytest.mark.parametrize("seed", range(20))
def test_scripts_that_read_and_write_while_people_type_and_others_write(seed: int) -> None:
    generator = random.Random(seed)
    room = Room(notebook(*(code(id, f"{id} = 1\n") for id in "ab"), *(code(f"c{number}") for number in range(12))))
    files = [room.held()]
    typed, written = [], []
    for number in range(12):
        for _ in range(generator.randrange(6)):
            key = f"<typed {len(typed)}>"
            place = generator.choice([0, None])
            room.type(generator.choice("ab"), key, place)
            typed.append(key)
            if generator.random() < 0.4:
                files.insert(0, room.save())
        # Read some saves ago; what others wrote to the file since is not in it, but each has a cell of its own.
        theirs = copy.deepcopy(files[min(generator.randrange(4), len(files) - 1)])
        (cell,) = [cell for cell in theirs["cells"] if cell["id"] == f"c{number}"]
        cell["source"] = f"<written {number}>"
        written.append(cell["source"])
        if generator.random() < 0.3:
            cell["outputs"], cell["execution_count"] = [stream("ran")], number
        files.insert(0, theirs)
        room.bases = room.bases[:12]
        merged = room.merge(theirs)
        assert merged.conflicts == []
        assert merged.changed
        everything = "".join(room.sources())
        assert [everything.count(key) for key in (*typed, *written)] == [1] * len([*typed, *written])


def test_a_file_put_back_to_an_earlier_save_is_put_back_here(room: Room) -> None:
    read = room.save()
    room.type("a", "# discarded")
    room.save()
    room.type("b", "# typed since the last save")
    # Whoever reads, changes nothing and writes has not put anything back.
    assert room.merge(read) == Merged()
    del room.bases[0]
    merged = room.merge(read, later=6)
    assert merged.restored
    assert merged.summary.startswith("The file on disk was put back to an earlier version.")
    assert room.sources()[0] == "a = 1\nprint(a)\n"
    assert room.sources()[1].endswith("# typed since the last save")


def test_without_any_save_nothing_is_dropped(room: Room) -> None:
    theirs = room.held()
    theirs["cells"][0]["source"] = "a = 2\n"
    theirs["cells"].append(code("z", "z"))
    del theirs["cells"][3]
    room.bases = []
    merged = room.merge(theirs)
    assert [conflict.kind for conflict in merged.conflicts] == ["edited"]
    assert room.sources()[:2] == ["a = 1\nprint(a)\n", "a = 2\n"]
    assert [id for id in room.ids() if len(id) == 1] == [*"abcdef", "z"]


def test_a_merge_has_an_origin_of_its_own(room: Room) -> None:
    origins = []
    room.document.ycells.observe_deep(lambda _, transaction: origins.append(transaction.origin))
    theirs = room.save()
    theirs["cells"][0]["source"] = "x"
    room.merge(theirs)
    assert origins == [ORIGIN]


def test_what_a_broken_client_left_is_no_hindrance(room: Room) -> None:
    room.document.ycells.insert(0, "no cell")
    room.document.ycells.append(Map({"id": "odd", "source": "text", "metadata": 3}))
    room.document.ycells[1]["source"] = "no shared text"
    theirs = room.save()
    assert theirs["cells"][6] == {"id": "odd", "source": "text", "metadata": 3}
    assert json.loads("".join(map(str, room.writer.chunks())))["cells"][6] == {
        "cell_type": "raw", "id": "odd", "metadata": {}, "source": ["text"]
    }  # fmt: skip
    theirs["cells"][0]["source"] = "no private text"
    room.merge(theirs)
    assert room.sources()[0] == "no private text"


def test_a_base_survives_its_bytes(room: Room) -> None:
    room.run("a", [stream("é")], 1)
    room.cell("b")["metadata"]["x"] = {"y": [1, 2.5, None]}
    base = Base.of(room.held())
    assert Base.decode(base.encode()) == base == room.writer.base()
    assert Base.decode(base.encode()).at == base.at
    assert Base.decode(base.encode()).hash == base.hash != Base.of("text").hash
    assert Base.decode(Base.of("é\r\n").encode()) == Base.of("é\r\n")


def test_text_files() -> None:
    document = YUnicode()
    load(document, "one\ntwo 👩🏽‍🚀\nthree\n")
    base = Base.of("one\ntwo 👩🏽‍🚀\nthree\n")
    source = document.ydoc.get("source", type=type(document._ysource))
    source.insert(0, "zero\n")
    assert merge(document, [base], "one\ntwo 👩🏽‍🚀\nthree\n") == Merged()
    merged = merge(document, [base], "one\ntwo 👩🏽‍🚀\n3\n")
    assert (merged.conflicts, merged.summary) == ([], "Changes on disk were taken over.")
    assert document.get() == "zero\none\ntwo 👩🏽‍🚀\n3\n"
    base = Base.of(document.get())
    source.insert(0, "00")
    merged = merge(document, [base], document.get().replace("00zero", "null"))
    assert document.get().startswith("<<<<<<< in the workspace\n00zero\n=======\nnull\n>>>>>>> on disk\none\n")
    assert [conflict.kind for conflict in merged.conflicts] == ["text"]
    assert "line 1" in merged.summary
    without = YUnicode()
    load(without, "a\nb\n")
    merge(without, [], "a\nc\nb\nd\n")
    assert without.get() == "a\nc\nb\nd\n"


Edit = Callable[[dict[str, Any], random.Random], None]


def _append(cell: dict[str, Any], generator: random.Random) -> None:
    cell["source"] += generator.choice(["# é", "\n👩🏽‍🚀", "\r\nשלום", " e\u0301"]) + str(generator.random())


def _replace(cell: dict[str, Any], generator: random.Random) -> None:
    cell["source"] = f"new = {generator.random()}\n"


def _run(cell: dict[str, Any], generator: random.Random) -> None:
    if cell["cell_type"] == "code":
        cell["outputs"] = [stream(str(generator.random())) for _ in range(generator.randrange(3))]
        cell["execution_count"] = generator.randrange(99)


def _tag(cell: dict[str, Any], generator: random.Random) -> None:
    cell["metadata"]["tags"] = [str(generator.random())]


def _retype(cell: dict[str, Any], generator: random.Random) -> None:
    source = cell["source"]
    new = markdown(cell["id"], source) if cell["cell_type"] == "code" else code(cell["id"], source)
    cell.clear()
    cell.update(new)


EDITS: list[Edit] = [_append, _replace, _run, _tag, _retype]


def _random_notebook(generator: random.Random) -> Notebook:
    cells = []
    for number in range(generator.randrange(1, 12)):
        source = f"x = {number}\n" * generator.randrange(3) + f"unique {generator.random()}\n"
        cells.append(
            code(f"c{number}", source) if generator.random() < 0.7 else markdown(f"c{number}", source)
        )  # fmt: skip
    return notebook(*cells)


def _change(room: Room, index: int, edit: Edit, generator: random.Random) -> None:
    """The edit, made in the room as a browser makes it."""
    cell = room.held()["cells"][index]
    before = cell["source"]
    edit(cell, generator)
    live = room.document.ycells[index]
    if edit in (_append, _replace):
        if cell["source"].startswith(before):
            live["source"].insert(len(live["source"]), cell["source"][len(before) :])
        else:
            live["source"].clear()
            live["source"].insert(0, cell["source"])
    elif edit is _run and cell["cell_type"] == "code":
        room.run(cell["id"], cell["outputs"], cell["execution_count"])
    elif edit is _tag:
        live["metadata"]["tags"] = cell["metadata"]["tags"]
    elif edit is _retype:
        room.document.ycells[index] = room.document.create_ycell(cell)


@pytest.mark.parametrize("seed", range(150))
def test_random_edits_of_different_cells_both_survive_exactly(seed: int) -> None:
    generator = random.Random(seed)
    room = Room(_random_notebook(generator))
    theirs = room.save()
    here = {index for index in range(len(theirs["cells"])) if generator.random() < 0.4}
    expected = {}
    for index, cell in enumerate(theirs["cells"]):
        if index in here:
            _change(room, index, generator.choice(EDITS), generator)
            expected[cell["id"]] = room.held()["cells"][index]
        elif generator.random() < 0.5:
            generator.choice(EDITS)(cell, generator)
        expected.setdefault(cell["id"], copy.deepcopy(cell))
    edited_here = [theirs["cells"][index]["id"] for index in here]
    gone = [cell["id"] for cell in theirs["cells"] if cell["id"] not in edited_here and generator.random() < 0.2]
    theirs["cells"] = [cell for cell in theirs["cells"] if cell["id"] not in gone]
    if generator.random() < 0.4:
        generator.shuffle(theirs["cells"])
    for number in range(generator.randrange(3)):
        new = code(f"disk{number}", f"disk {number}")
        theirs["cells"].insert(generator.randrange(len(theirs["cells"]) + 1), new)
        expected[new["id"]] = copy.deepcopy(new)
        room.document.ycells.insert(
            generator.randrange(len(room.document.ycells) + 1),
            room.document.create_ycell(code(f"here{number}", f"here {number}")),
        )
        expected[f"here{number}"] = code(f"here{number}", f"here {number}")
    merged = room.merge(theirs)
    assert merged.conflicts == []
    result = {cell["id"]: cell for cell in room.held()["cells"]}
    for id in gone:
        del expected[id]
    if not expected:
        return
    assert result == expected
    on_disk = [cell["id"] for cell in theirs["cells"]]
    assert [id for id in room.ids() if id in on_disk] == on_disk
    # Saved and read again there is nothing left to do.
    room.save()
    assert room.merge(room.held()) == Merged()


@pytest.mark.parametrize("seed", range(150))
def test_random_edits_of_the_same_cells_leave_both_versions(seed: int) -> None:
    generator = random.Random(seed)
    room = Room(_random_notebook(generator))
    theirs = room.save()
    typed, written = [], []
    for index, cell in enumerate(theirs["cells"]):
        for side in generator.choice([("here",), ("disk",), ("here", "disk"), ()]):
            edit = generator.choice([_append, _replace])
            if side == "here":
                _change(room, index, edit, generator)
                typed.append(room.sources()[index].split()[-1])
            else:
                edit(cell, generator)
                written.append(cell["source"].split()[-1])
    room.merge(theirs)
    everything = "\n".join(room.sources())
    assert [text for text in (*typed, *written) if text not in everything] == []
