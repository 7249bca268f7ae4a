"""Commits without outputs, where a project is set so: files and open notebooks keep theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.committing import PartialFile
from workspace_ext.contract.merges import PullBranch
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import AtriumError
from workspace_server.projects.git.stripping import stripped_file

from .conftest import Room

NAME = "forecast.ipynb"


def run(text: str, count: int = 1, said: str = "3\n") -> str:
    """As if its cells had been run."""
    content = json.loads(text)
    for cell in content["cells"]:
        cell["execution_count"] = count
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [said]}]
        cell["metadata"]["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def test_what_is_stripped() -> None:
    content: dict[str, Any] = json.loads(run(notebook("a")))
    content["metadata"] = {"widgets": {"x": 1}, "kernelspec": {"name": "x"}}
    content["cells"][0]["metadata"]["tags"] = ["kept"]
    content["cells"].append({"cell_type": "markdown", "id": "m", "metadata": {}, "source": "text"})
    made = json.loads(stripped_file(json.dumps(content).encode()))
    assert made["metadata"] == {"kernelspec": {"name": "x"}}
    assert made["cells"][0] == {**content["cells"][0], "metadata": {"tags": ["kept"]}, "outputs": [],
                                "execution_count": None}  # fmt: skip
    assert made["cells"][1] == content["cells"][1]
    for other in (b"", b"{", b"[]", b'{"nbformat": 3}'):
        assert stripped_file(other) == other


async def test_commits_without_outputs(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    branches, tree = room.projects.branches, room.tree(project)
    assert not project.strip_outputs
    await room.projects.set_strip_outputs(project.id, True)
    assert (await room.projects.describe(project.id)).strip_outputs

    # Run, and otherwise as it was: nothing to commit, however often one looks.
    (tree / NAME).write_text(run(notebook("import pandas", "df = 1", "df + 1")))
    for _ in range(2):
        assert (await branches.status(project.id, "main")).files == []
    assert [branch.changes for branch in await branches.listed(project.id)] == [0]
    with pytest.raises(AtriumError) as refused:
        await branches.commit(project.id, "main", [NAME], "Run", "", room.ana.id)
    assert refused.value.code == "nothing_to_commit"

    after = run(notebook("import numpy", "df = 2", "df + 1"), 2)
    (tree / NAME).write_text(after)
    (tree / "new.ipynb").write_text(run(notebook("new")))
    assert [file.path for file in (await branches.status(project.id, "main")).files] == [NAME, "new.ipynb"]
    diff = await branches.diff(project.id, "main", NAME)
    assert (diff.parts, diff.rest, diff.outputs) == (["a", "b"], [], 0)
    await branches.commit(project.id, "main", ["new.ipynb"], "Some", "", room.ana.id, [PartialFile(NAME, ["b"])])
    for name, source in ((NAME, "df = 2"), ("new.ipynb", "new")):
        committed = git(tree, "show", f"HEAD:{name}")
        assert source in committed
        assert "stdout" not in committed
        assert "iopub" not in committed
    assert (tree / NAME).read_text() == after
    assert [file.path for file in (await branches.status(project.id, "main")).files] == [NAME]
    await branches.commit(project.id, "main", [NAME], "All", "", room.ana.id)
    assert (await branches.status(project.id, "main")).files == []
    assert (tree / NAME).read_text() == after

    # Discarding a cell leaves the others what they show.
    (tree / NAME).write_text(run(notebook("import scipy", "df = 2", "df + 1"), 3))
    await branches.discard(project.id, "main", [], room.ana.id, [PartialFile(NAME, ["a"])])
    cells = json.loads((tree / NAME).read_text())["cells"]
    assert ["".join(cell["source"]) for cell in cells] == ["import numpy", "df = 2", "df + 1"]
    assert [bool(cell["outputs"]) for cell in cells] == [False, True, True]

    (tree / NAME).write_text(run(notebook("import scipy", "df = 3", "df + 1"), 3))
    await branches.discard(project.id, "main", [NAME], room.ana.id)
    cells = json.loads((tree / NAME).read_text())["cells"]
    assert ["".join(cell["source"]) for cell in cells] == ["import numpy", "df = 2", "df + 1"]
    assert [bool(cell["outputs"]) for cell in cells] == [False, False, True]
    assert (await branches.status(project.id, "main")).files == []

    # They come along to a branch, and survive a pull.
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    assert "stdout" in (room.tree(project, "weekly") / NAME).read_text()
    await room.ended(await branches.push(project.id, "main", room.ana.id))
    remote.push({"README.md": "more\n"})
    await room.ended(await room.projects.pulling.pull(project.id, "main", PullBranch(), room.ana.id))
    assert (tree / "README.md").read_text() == "more\n"

    # Not stripped any more: what the files hold is a change again.
    await room.projects.set_strip_outputs(project.id, False)
    (tree / NAME).write_text(after)
    assert [file.path for file in (await branches.status(project.id, "main")).files] == [NAME]
