"""Commits of some of what changed, and discards: of real files in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.committing import CellOutputs, PartialFile
from workspace_ext.contract.projects import FileDiff, Project
from workspace_server.kit.errors import AtriumError
from workspace_server.projects.contents.hunks import applied, hunks
from workspace_server.projects.contents.notebook_parts import NotebookChange

from .conftest import Room

NAME = "forecast.ipynb"


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    return await room.clone(remote.url)


def cell(id: str, source: str, **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": id, "metadata": {}, "source": source, "execution_count": None, "outputs": [], **more
    }  # fmt: skip


def book(*cells: dict[str, Any], minor: int = 5, **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def told(content: bytes) -> list[str]:
    made = nbformat.reads(content, as_version=nbformat.NO_CONVERT)
    nbformat.validate(made)
    return [f"{one.get('id', '')}:{one.source}" for one in made.cells]


OLD = book(cell("a", "1"), cell("b", "2"), cell("c", "3"), cell("d", "4"))
NEW = book(
    cell("n", "new"),
    cell("a", "1"),
    cell("c", "3!"),
    cell("b", "2", metadata={"tags": ["x"]}),
    cell("m", "more"),
    kernelspec={"name": "x", "display_name": "X"},
)


@pytest.mark.parametrize(
    ("chosen", "made"),
    [
        ([], ["a:1", "b:2", "c:3", "d:4"]),
        (["c"], ["a:1", "b:2", "c:3!", "d:4"]),
        (["n", "d"], ["n:new", "a:1", "b:2", "c:3"]),
        (["m"], ["a:1", "b:2", "m:more", "c:3", "d:4"]),
        (["rest"], ["a:1", "c:3", "b:2", "d:4"]),
        (["c", "d", "m", "n", "rest"], ["n:new", "a:1", "c:3!", "b:2", "m:more"]),
    ],
)
def test_some_changes_of_a_notebook(chosen: list[str], made: list[str]) -> None:
    change = NotebookChange(OLD, NEW)
    assert sorted(change.parts) == ["c", "d", "m", "n", "rest"]
    assert change.rest == ["order", "metadata", "settings"]
    content = change.compose(chosen)
    assert told(content) == made
    whole = json.loads(content)
    assert bool(whole["metadata"]) == ("rest" in chosen)
    tags = next(one["metadata"] for one in whole["cells"] if one["id"] == "b")
    assert bool(tags) == ("rest" in chosen)


def test_formats_with_and_without_ids() -> None:
    old = book(*({key: value for key, value in cell("", text).items() if key != "id"} for text in "ab"), minor=4)
    new = book(cell("x", "a"), cell("y", "b!"), cell("y", "c"))
    change = NotebookChange(old, new)
    assert change.rest == ["settings"]
    names = [one.part for one in change.cells]
    # Two cells that share an id: both have a name, and what is written is valid.
    made = told(change.compose(names[:1]))
    assert [one.partition(":")[2] for one in made] == ["a", "b!"]
    assert made[0] == "x:a"
    assert len(told(change.compose(names))) == 3
    back = NotebookChange(new, old)
    assert len(told(back.compose([back.cells[0].part]))) == 3


def test_hunks_of_texts(tmp_path: Path) -> None:
    old = b"".join(b"%d\n" % n for n in range(30)) + b"last"
    new = old.replace(b"\n3\n", b"\nthree\n@@ -1 +1 @@\n").replace(b"\n20\n", b"\n").replace(b"last", b"last\nend\n")
    (tmp_path / "old").write_bytes(old)
    (tmp_path / "new").write_bytes(new)
    done = subprocess.run(["git", "diff", "--no-index", "old", "new"], cwd=tmp_path, capture_output=True)
    found = hunks(done.stdout)
    assert len(found) == 3
    assert applied(old, [], found) == old
    assert applied(old, [hunk.part for hunk in found], found) == new
    assert applied(old, [found[1].part], found) == old.replace(b"\n20\n", b"\n")
    assert applied(old, [found[2].part], found) == old + b"\nend\n"


async def diff(room: Room, project: Project, path: str) -> FileDiff:
    return await room.projects.branches.diff(project.id, "main", path)


async def test_a_commit_of_some_cells_and_lines(room: Room, project: Project, remote: Remote) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    (tree / NAME).write_text(notebook("import numpy", "df = 2", "df + 1", "new = 4"))
    (tree / "README.md").write_text("# Forecast\nof sales\n")
    (tree / "notes.md").write_text("notes\n")
    git(tree, "add", "notes.md")
    files = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in tree.iterdir() if file.is_file()}
    found = await diff(room, project, NAME)
    assert found.parts == [one.part for one in found.cells] == ["a", "b", "d"]

    made = await branches.commit(project.id, "main", ["README.md"], "Some", "", room.ana.id, [PartialFile(NAME, ["b"])])
    committed = git(tree, "show", f"HEAD:{NAME}")
    assert told(committed.encode()) == ["a:import pandas", "b:df = 2", "c:df + 1"]
    assert git(tree, "show", "--name-only", "--format=%H").split() == [made.sha, "README.md", NAME]
    # What is left out is as it was, in the files and in the index.
    assert files == {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in tree.iterdir() if file.is_file()
    }
    assert git(tree, "status", "--porcelain").splitlines() == [f"M {NAME}", "A  notes.md"]
    assert (await diff(room, project, NAME)).parts == ["a", "d"]

    # Of what has changed since it was looked at, nothing is committed.
    for parts in (["b"], ["a", "gone"]):
        with pytest.raises(AtriumError) as refused:
            await branches.commit(project.id, "main", [], "More", "", room.ana.id, [PartialFile(NAME, parts)])
        assert refused.value.code == "parts_changed"
    with pytest.raises(AtriumError) as refused:
        await branches.commit(project.id, "main", [], "None", "", room.ana.id, [PartialFile(NAME, [])])
    assert refused.value.code == "no_files"
    await branches.commit(project.id, "main", [], "Rest", "", room.bo.id, [PartialFile(NAME, ["d", "a"])])
    assert git(tree, "show", f"HEAD:{NAME}") == (tree / NAME).read_text().strip()
    assert git(tree, "status", "--porcelain") == "A  notes.md"


async def test_hunks_are_committed_and_discarded(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    (tree / "long.txt").write_text("".join(f"{n}\n" for n in range(40)))
    await branches.commit(project.id, "main", ["long.txt"], "Long", "", room.ana.id)
    text = "".join(f"{n}\n" for n in range(40)).replace("\n5\n", "\nfive\n").replace("\n30\n", "\nthirty\n")
    (tree / "long.txt").write_text(text)
    first, second = (await diff(room, project, "long.txt")).parts
    await branches.commit(project.id, "main", [], "Thirty", "", room.ana.id, [PartialFile("long.txt", [second])])
    assert (tree / "long.txt").read_text() == text
    committed = git(tree, "show", "HEAD:long.txt").split("\n")
    assert (committed[5], committed[30]) == ("5", "thirty")
    assert (await diff(room, project, "long.txt")).parts == [first]
    await branches.discard(project.id, "main", [], room.ana.id, [PartialFile("long.txt", [first])])
    assert git(tree, "status", "--porcelain") == ""


async def test_what_has_no_parts(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    (tree / NAME).unlink()
    (tree / "README.md").unlink()
    (tree / "README.md").symlink_to(NAME)
    (tree / "new.txt").write_text("a\nb\n")
    for path in (NAME, "README.md", "new.txt"):
        assert (await diff(room, project, path)).parts == []
        with pytest.raises(AtriumError) as refused:
            await branches.commit(project.id, "main", [], "Some", "", room.ana.id, [PartialFile(path, ["a"])])
        assert refused.value.code == "parts_changed"


async def test_a_discard_beneath_open_files_is_undone(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    room.opened.files[tree / NAME] = ["Bo"]
    (tree / NAME).write_text(notebook("import numpy", "df = 2", "df + 1"))
    (tree / "data" / "sales.csv").unlink()
    (tree / "new").mkdir()
    (tree / "new" / "notes.md").write_text("notes")
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    (tree / "link").symlink_to("README.md")
    odd = Path(os.fsdecode(bytes(tree) + b"/latin\xe9\nline"))
    odd.write_text("x")
    git(tree, "add", "run.sh")
    paths = ["data/sales.csv", NAME, "latin\\xe9\nline", "link", "new/notes.md", "run.sh"]
    done = await branches.discard(project.id, "main", paths, room.ana.id)
    assert git(tree, "status", "--porcelain") == ""
    assert not (tree / "new").exists()
    # Written and committed since: it stays.
    (tree / NAME).write_text(notebook("import pandas", "df = 1", "df + 1", "more"))
    await branches.commit(project.id, "main", [NAME], "More", "", room.bo.id)
    assert sorted(await branches.restore(project.id, "main", done.backup)) == paths
    assert told((tree / NAME).read_bytes()) == ["a:import numpy", "b:df = 2", "c:df + 1", "d:more"]
    assert not (tree / "data" / "sales.csv").exists()
    assert (tree / "link").is_symlink()
    assert os.access(tree / "run.sh", os.X_OK)
    assert (odd.read_text(), (tree / "new" / "notes.md").read_text()) == ("x", "notes")
    for backup in ("nothing", "../heads/main", ""):
        with pytest.raises(AtriumError, match="no backup"):
            await branches.restore(project.id, "main", backup)


async def test_outputs_of_a_changed_cell(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    shows = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>steal()</script>"}}
    content = json.loads(notebook("import numpy", "df = 1", "df + 1"))
    content["cells"][2]["outputs"] = [shows, "no output"]
    (tree / NAME).write_text(json.dumps(content))
    assert [(cell.part, cell.outputs) for cell in (await diff(room, project, NAME)).cells][1][0] == "c"
    # As they are: whoever draws them does not trust them.
    assert await branches.cell_outputs(project.id, "main", NAME, "c") == CellOutputs([], [shows])
    assert await branches.cell_outputs(project.id, "main", NAME, "a") == CellOutputs([], [])
    for path, part in ((NAME, "z"), ("README.md", "a"), ("../../etc/passwd", "a")):
        with pytest.raises(AtriumError) as refused:
            await branches.cell_outputs(project.id, "main", path, part)
        assert refused.value.code == "not_changed"


async def test_one_cell_is_discarded(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    (tree / NAME).write_text(notebook("import numpy", "df = 2", "df + 1", "new = 4"))
    done = await branches.discard(project.id, "main", [], room.ana.id, [PartialFile(NAME, ["a", "d"])])
    assert told((tree / NAME).read_bytes()) == ["a:import pandas", "b:df = 2", "c:df + 1"]
    await branches.restore(project.id, "main", done.backup)
    assert told((tree / NAME).read_bytes()) == ["a:import numpy", "b:df = 2", "c:df + 1", "d:new = 4"]
