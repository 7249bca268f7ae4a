"""How two versions of a document differ, and what one becomes that goes back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from workspace_server.documents.errors import NoSuchCell
from workspace_server.documents.versions import compare, going_back, with_cell


def code(id: str, source: str, *texts: str) -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": text} for text in texts]
    return {
        "cell_type": "code", "id": id, "metadata": {}, "source": source, "outputs": outputs, "execution_count": 1,
    }  # fmt: skip


def markdown(id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def without(cell: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in cell.items() if key not in keys}


OLD = notebook(markdown("m", "# Sales"), code("a", "x = 1\ny = 2", "1\n"), code("b", "gone"), code("c", "plot(x)", "p"))


def test_cells_are_compared_one_by_one() -> None:
    new = notebook(
        markdown("m", "# Sales"), code("n", "new"), code("a", "x = 1\ny = 3", "2\n"), code("c", "plot(x)", "q")
    )
    found = compare(OLD, new)
    assert [(one.id, one.change, one.before, one.after, one.outputs) for one in found.cells] == [
        ("m", "same", 0, 0, 0), ("n", "added", None, 1, 0), ("a", "modified", 1, 2, 1),
        ("b", "removed", 2, None, 0), ("c", "same", 3, 3, 1),
    ]  # fmt: skip
    assert found.cells[0].source == "# Sales"
    assert found.cells[2].diff.splitlines()[1:] == [" x = 1", "-y = 2", "+y = 3"]
    assert (found.added, found.removed, found.outputs, found.same) == (2, 2, 2, False)
    assert compare(OLD, copy.deepcopy(OLD)).same


def test_what_a_browser_may_show_is_no_difference_but_metadata_is() -> None:
    new = copy.deepcopy(OLD)
    new["cells"][1]["metadata"]["trusted"] = True
    assert compare(OLD, new).same
    new["cells"][1]["metadata"]["tags"] = ["parameters"]
    found = compare(OLD, new)
    assert [one.settings for one in found.cells] == [False, True, False, False]
    assert not found.same
    assert compare(OLD, {**OLD, "metadata": {"title": "x"}}).settings
    assert compare(OLD, {**OLD, "metadata": {"language_info": {"name": "python"}}}).same


def test_a_cell_that_was_moved() -> None:
    cells = OLD["cells"]
    found = compare(OLD, notebook(cells[3], *cells[:3]))
    assert [(one.id, one.moved) for one in found.cells] == [("c", True), ("m", False), ("a", False), ("b", False)]
    assert not found.same


def test_outputs_that_were_not_kept_do_not_count() -> None:
    old = notebook(*(without(cell, "outputs") for cell in OLD["cells"]))
    assert compare(old, OLD).same
    assert compare(OLD, old).same


def test_a_kind_that_changed_counts() -> None:
    found = compare(notebook(markdown("a", "x = 1")), notebook(code("a", "x = 1")))
    assert [(one.kind, one.change, one.diff) for one in found.cells] == [("code", "modified", "")]


def test_texts() -> None:
    found = compare("one\ntwo\nthree\n", "one\n2\nthree\n")
    assert found.text.splitlines()[1:] == [" one", "-two", "+2", " three"]
    assert (found.added, found.removed) == (1, 1)
    assert compare("one\n", "one\n").same
    ends = compare("one\r\ntwo\r\n", "one\ntwo")
    assert ends.text.splitlines()[1:] == [
        "-2 lines end in CRLF, 0 in LF",
        "+0 lines end in CRLF, 1 in LF, none at the end",
    ]


def test_going_back_keeps_outputs_where_the_point_has_none() -> None:
    point = notebook(without(code("a", "x"), "outputs"), without(code("b", "y"), "outputs"), code("c", "z", "old"))
    present = notebook(code("a", "x", "1"), code("b", "y2", "2"), code("c", "z", "new"), code("d", "more"))
    wanted = going_back(point, present)
    assert isinstance(wanted, dict)
    assert [cell["id"] for cell in wanted["cells"]] == ["a", "b", "c"]
    assert [[output["text"] for output in cell["outputs"]] for cell in wanted["cells"]] == [["1"], [], ["old"]]
    assert wanted["cells"][1]["execution_count"] is None
    assert going_back("old", "new") == "old"


def test_one_cell_goes_back() -> None:
    present = notebook(markdown("m", "# Sales"), code("n", "new"), code("a", "x = 9"), code("c", "plot(x)", "q"))
    changed = with_cell(OLD, present, 1)
    assert isinstance(changed, dict)
    assert changed["cells"] == [present["cells"][0], present["cells"][1], OLD["cells"][1], present["cells"][3]]
    # One that was deleted comes back below the one that it was below of.
    deleted = with_cell(OLD, present, 2)
    assert isinstance(deleted, dict)
    assert [cell["id"] for cell in deleted["cells"]] == ["m", "n", "a", "b", "c"]
    first = with_cell(OLD, notebook(code("z", "other")), 0)
    assert isinstance(first, dict)
    assert [cell["id"] for cell in first["cells"]] == ["m", "z"]
    for nothing in (-1, 4):
        with pytest.raises(NoSuchCell):
            with_cell(OLD, present, nothing)


def test_notebooks_without_ids() -> None:
    old = notebook(*(without(cell, "id") for cell in OLD["cells"]))
    new = copy.deepcopy(old)
    new["cells"][1]["source"] = "x = 1\ny = 4"
    del new["cells"][2]
    assert [one.change for one in compare(old, new).cells] == ["same", "modified", "removed", "same"]
    assert with_cell(old, with_cell(old, new, 1), 2) == old
