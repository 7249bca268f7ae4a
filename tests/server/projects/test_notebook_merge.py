"""Notebooks merged by cell: what both sides did is there, what both changed is asked, and the file is always valid."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace_ext.contract.merges import MergeChoice
from workspace_server.projects.contents.conflicts import Choices, Conflict
from workspace_server.projects.contents.file_merge import Version, merge_file
from workspace_server.projects.contents.notebook_merge import merge_notebooks, parse

Cells = dict[str, str]


def notebook(cells: Cells, minor: int = 5, shown: dict[str, str] | None = None) -> dict[str, Any]:
    made: list[dict[str, Any]] = []
    for id, source in cells.items():
        text = (shown or {}).get(id)
        outputs = [{"output_type": "stream", "name": "stdout", "text": [text]}] if text else []
        cell = {"cell_type": "code", "metadata": {}, "source": source.splitlines(True), "outputs": outputs}
        made.append({**cell, "execution_count": 1 if text else None, **({"id": id} if minor >= 5 else {})})
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}


def merged(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any], *made: MergeChoice
) -> tuple[dict[str, Any], list[Conflict]]:
    content, conflicts = merge_notebooks([base, mine, theirs], Choices(made, "a.ipynb"))
    result = json.loads(content)
    nbformat.validate(result)
    return result, conflicts


def sources(result: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in result["cells"]]


BASE = {"a": "import x\n", "b": "one two three", "c": "end"}


def test_different_cells_and_different_words() -> None:
    mine = notebook({**BASE, "a": "import x, y\n", "b": "one two three four"})
    theirs = notebook({"a": "import x\n", "n": "new", "b": "zero one two three"})
    result, conflicts = merged(notebook(BASE), mine, theirs)
    assert conflicts == []
    assert sources(result) == ["import x, y\n", "new", "zero one two three four"]
    assert [cell["id"] for cell in result["cells"]] == ["a", "n", "b"]


@pytest.mark.parametrize(
    ("take", "there"),
    [("mine", ["one MINE three"]), ("theirs", ["one THEIRS three"]), ("both", ["one MINE three", "one THEIRS three"])],
)
def test_the_same_word_is_asked(take: Any, there: list[str]) -> None:
    versions = [notebook({"b": text}) for text in ("one two three", "one MINE three", "one THEIRS three")]
    result, (conflict,) = merged(*versions)
    assert (conflict.kind, conflict.place, conflict.mine) == ("cell", "b", "one MINE three")
    assert sources(result) == ["one MINE three", "one THEIRS three"]
    result, left = merged(*versions, MergeChoice(conflict.of, take))
    assert (left, sources(result)) == ([], there)
    result, left = merged(*versions, MergeChoice(conflict.of, "edited", "one EDITED three"))
    assert (left, sources(result)) == ([], ["one EDITED three"])


def test_a_choice_fits_only_what_it_was_made_for() -> None:
    versions = [notebook({"b": text}) for text in ("one two three", "one MINE three", "one THEIRS three")]
    _, (conflict,) = merged(*versions)
    later = notebook({"b": "one MINE, LATER three"})
    _, (again,) = merged(versions[0], later, versions[2], MergeChoice(conflict.of, "theirs"))
    assert again.of != conflict.of


def test_deleted_here_and_changed_there() -> None:
    mine, theirs = notebook({"a": BASE["a"], "c": "end"}), notebook({**BASE, "b": "one two CHANGED"})
    result, (conflict,) = merged(notebook(BASE), mine, theirs)
    assert (conflict.mine, conflict.theirs) == (None, "one two CHANGED")
    assert sources(result) == ["import x\n", "one two CHANGED", "end"]
    result, left = merged(notebook(BASE), mine, theirs, MergeChoice(conflict.of, "mine"))
    assert (left, sources(result)) == ([], ["import x\n", "end"])
    # Deleted here, and only run there: that is no reason to keep it.
    result, left = merged(notebook(BASE), mine, notebook(BASE, shown={"b": "42"}))
    assert (left, sources(result)) == ([], ["import x\n", "end"])


def test_outputs_are_those_of_the_source_that_won() -> None:
    base = notebook(BASE, shown=dict.fromkeys(BASE, "old"))
    mine = notebook({**BASE, "a": "mine\n"}, shown={"a": "MINE", "b": "old", "c": "C MINE"})
    theirs = notebook({**BASE, "b": "one two three THEIRS"}, shown={"a": "old", "b": "THEIRS", "c": "C THEIRS"})
    result, conflicts = merged(base, mine, theirs)
    assert conflicts == []
    assert [cell["outputs"][0]["text"] for cell in result["cells"]] == [["MINE"], ["THEIRS"], ["C MINE"]]
    both, _ = merged(
        base, notebook({**BASE, "b": "zero one two three"}, shown={"b": "MINE"}),
        notebook({**BASE, "b": "one two three four"}, shown={"b": "THEIRS"}),
    )  # fmt: skip
    assert both["cells"][1]["outputs"] == []
    assert both["cells"][1]["execution_count"] is None


def test_formats_without_ids_keep_having_none() -> None:
    versions = [
        notebook({"1": "a", "2": "b two three"}, 4), notebook({"1": "a", "2": "b two three mine"}, 4),
        notebook({"0": "new", "1": "a", "2": "theirs b two three"}, 4),
    ]  # fmt: skip
    result, conflicts = merged(*versions)
    assert conflicts == []
    assert sources(result) == ["new", "a", "theirs b two three mine"]
    assert not any("id" in cell for cell in result["cells"])
    upgraded, conflicts = merged(versions[0], versions[1], notebook({"x": "a", "y": "b two three"}, 5))
    assert (conflicts, sources(upgraded)) == ([], ["a", "b two three mine"])
    assert all(cell["id"] for cell in upgraded["cells"])


def test_cells_that_were_moved_and_changed() -> None:
    mine = notebook({"c": "end", "a": BASE["a"], "b": BASE["b"]})
    theirs = notebook({**BASE, "c": "the end"})
    result, conflicts = merged(notebook(BASE), mine, theirs)
    assert (conflicts, sources(result)) == ([], ["the end", "import x\n", "one two three"])


ids = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)
texts = st.lists(st.sampled_from(["x = 1", "y", "z\n", "α β", "print()"]), max_size=3).map(" ".join)
notebooks = st.builds(
    lambda cells, minor, shown: notebook(cells, minor, dict.fromkeys(shown, "out")),
    st.dictionaries(st.sampled_from("abcdef"), texts, max_size=6), st.sampled_from([4, 5]), ids,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(notebooks, notebooks, notebooks)
def test_whatever_comes_it_is_a_notebook_and_no_side_loses_a_change(base: Any, mine: Any, theirs: Any) -> None:
    result, conflicts = merged(base, mine, theirs)
    # With what is asked kept twice, each side's new words are there.
    there = " ".join(sources(result)).split()
    known = " ".join(sources(base)).split()
    for side in (mine, theirs):
        for word in set(" ".join(sources(side)).split()) - set(known):
            assert word in there
    _, left = merged(base, mine, theirs, *(MergeChoice(one.of, "mine") for one in conflicts))
    assert left == []


@pytest.mark.parametrize(
    "broken", [b"{", b"<<<<<<< HEAD\n{}", b"[]", b'{"cells": 1, "nbformat": 4}', b'{"nbformat": 3}']
)
def test_what_is_no_notebook_is_chosen_as_a_whole(broken: bytes) -> None:
    assert parse(broken) is None
    whole = json.dumps(notebook(BASE)).encode()
    other = json.dumps(notebook({"a": "x"})).encode()
    versions = [Version("100644", content) for content in (whole, broken, other)]
    made = merge_file("a.ipynb", *versions, Choices((), "a.ipynb"))
    assert [conflict.kind for conflict in made.conflicts] == ["file"]
    made = merge_file("a.ipynb", *versions, Choices([MergeChoice(made.conflicts[0].of, "theirs")], "a.ipynb"))
    assert (made.conflicts, made.version) == ([], versions[2])


def test_texts_binaries_links_and_rights() -> None:
    def regular(text: bytes, mode: str = "100644") -> Version:
        return Version(mode, text)

    base, mine, theirs = regular(b"a\nb\nc\n"), regular(b"a\nMINE\nc\n"), regular(b"a\nTHEIRS\nc\n", "100755")
    made = merge_file("a.txt", base, mine, theirs, Choices((), "a.txt"))
    assert made.version == regular(b"a\nMINE\nTHEIRS\nc\n", "100755")
    (conflict,) = made.conflicts
    edited = merge_file("a.txt", base, mine, theirs, Choices([MergeChoice(conflict.of, "edited", "X\n")], "a.txt"))
    assert edited.version == regular(b"a\nX\nc\n", "100755")
    assert merge_file(
        "a.txt", base, regular(b"0\na\nb\nc\n"), regular(b"a\nb\nc\nd\n"), Choices(())
    ).version == regular(b"0\na\nb\nc\nd\n")
    binary = [regular(b"\0" + bytes([number])) for number in range(3)]
    assert merge_file("a.bin", *binary, Choices(())).conflicts[0].kind == "file"
    assert merge_file("a", base, None, theirs, Choices(())).conflicts[0].mine is None
    assert merge_file("a", base, base, None, Choices(())).version is None
    link = Version("120000", b"b.txt")
    assert merge_file("a", base, link, theirs, Choices(())).conflicts[0].mine == "a link to b.txt"
