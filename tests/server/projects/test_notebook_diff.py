"""Notebooks compared by cell."""

from __future__ import annotations

import json
import time

from tests.fakes.remotes import notebook
from workspace_server.projects.contents.notebook_diff import notebook_counts, notebook_diff


def without_ids(text: str) -> bytes:
    content = json.loads(text)
    for cell in content["cells"]:
        del cell["id"]
    return json.dumps(content).encode()


def test_cells_are_aligned_by_id() -> None:
    old = notebook("import pandas", "df = 1", "df + 1").encode()
    new = json.loads(notebook("import pandas", "df = 2\ndf", "df + 1"))
    new["cells"].insert(1, {"cell_type": "markdown", "id": "n", "metadata": {}, "source": ["# New\n", "text"]})
    del new["cells"][3]
    diffs = notebook_diff(old, json.dumps(new).encode())
    assert diffs is not None
    assert [(diff.change, diff.index, diff.kind) for diff in diffs] == [
        ("added", 2, "markdown"), ("modified", 3, "code"), ("removed", 3, "code"),
    ]  # fmt: skip
    assert diffs[0].diff == "+# New\n+text"
    assert diffs[1].diff.splitlines()[1:] == ["-df = 1", "+df = 2", "+df"]
    assert notebook_counts(old, json.dumps(new).encode()) == (3, 4, 2)


def test_without_ids_they_are_aligned_by_source() -> None:
    old = without_ids(notebook("import pandas", "df = pandas.read_csv('a')", "df + 1"))
    new = without_ids(notebook("# first", "import pandas", "df = pandas.read_csv('b')", "df + 1"))
    diffs = notebook_diff(old, new)
    assert diffs is not None
    assert [(diff.change, diff.index) for diff in diffs] == [("added", 1), ("modified", 3)]


def test_outputs_are_only_counted() -> None:
    old, new = notebook("a", "b").encode(), notebook("a", "b", outputs="x").encode()
    diffs = notebook_diff(old, new)
    assert diffs is not None
    assert [(diff.diff, diff.outputs) for diff in diffs] == [("", 1), ("", 1)]
    assert notebook_counts(old, new) == (0, 0, 0)
    assert notebook_diff(new, new) == []


def test_source_lines_that_look_like_a_header_survive() -> None:
    diffs = notebook_diff(notebook("-- a\nb\n++ c").encode(), notebook("b").encode())
    assert diffs is not None
    assert diffs[0].diff.splitlines()[1:] == ["--- a", " b", "-++ c"]


def test_what_is_no_notebook() -> None:
    assert notebook_diff(b"{", notebook("a").encode()) is None
    assert notebook_diff(b"[1]", b"{}") is None
    assert notebook_counts(b"", notebook("a\nb").encode()) == (1, 2, 0)


def test_two_hundred_cells_without_ids_and_with_outputs_in_time() -> None:
    old = without_ids(notebook(*(f"value = {n}\nprint(value)" for n in range(200)), outputs="x" * 10_000))
    new = without_ids(notebook(*(f"value = {n + n % 20 * 7}\nprint(value)" for n in range(200)), outputs="y" * 10_000))
    begin = time.process_time()
    assert notebook_diff(old, new)
    assert time.process_time() - begin < 15
