"""The last commit made anew while nobody else has it; refused, with the reason, once it is pushed."""

from __future__ import annotations

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.committing import PartialFile
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import AtriumError

from .conftest import Room


async def test_amending(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    branches, tree = room.projects.branches, room.tree(project)
    last = await branches.last_commit(project.id, "main")
    assert last.refused is not None
    assert (last.refused.code, "origin/main" in last.refused.message) == ("pushed", True)
    with pytest.raises(AtriumError) as refused:
        await branches.commit(project.id, "main", [], "Mine now", "", room.ana.id, amend=last.commit.sha)
    assert (refused.value.code, refused.value.hint) == ("pushed", last.refused.hint)

    (tree / "forecast.ipynb").write_text(notebook("import numpy", "df = 2", "df + 1"))
    (tree / "README.md").write_text("x")
    first = await branches.commit(
        project.id, "main", ["README.md"], "Raed me", "Because.", room.ana.id, co_authors=["bo"]
    )
    before = git(tree, "log", "-1", "--format=%an %aI %P")
    last = await branches.last_commit(project.id, "main")
    assert (last.refused, last.commit.description, last.co_authors) == (None, "Because.", ["Bo <bo@atrium.local>"])
    with pytest.raises(AtriumError) as refused:
        await branches.commit(
            project.id, "main", [], "Raed me", "Because.", room.ana.id, co_authors=last.co_authors, amend=first.sha
        )
    assert refused.value.code == "nothing_to_amend"

    made = await branches.commit(
        project.id, "main", [], "Read me", "Because.", room.bo.id, [PartialFile("forecast.ipynb", ["b"])],
        last.co_authors, first.sha,
    )  # fmt: skip
    assert git(tree, "log", "--format=%s") == "Read me\nWork"
    assert git(tree, "log", "-1", "--format=%an %aI %P") == before
    assert git(tree, "log", "-1", "--format=%cn") == "Bo"
    assert git(tree, "show", "--name-only", "--format=").split() == ["README.md", "forecast.ipynb"]
    assert "df = 2" in git(tree, "show", "HEAD:forecast.ipynb")
    assert "numpy" not in git(tree, "show", "HEAD:forecast.ipynb")
    assert git(tree, "status", "--porcelain") == "M forecast.ipynb"
    # What was replaced is kept.
    assert first.sha in git(tree, "for-each-ref", "--format=%(objectname)", "refs/backup/")
    with pytest.raises(AtriumError) as refused:
        await branches.commit(project.id, "main", [], "Again", "", room.ana.id, amend=first.sha)
    assert refused.value.code == "moved_on"

    # And taken back: the files stay, and what was amended into it is a change again.
    with pytest.raises(AtriumError) as refused:
        await branches.undo_amend(project.id, "main", first.sha, room.bo.id)
    assert refused.value.code == "no_such_backup"
    again = await branches.undo_amend(project.id, "main", made.sha, room.bo.id)
    assert (again.sha, git(tree, "rev-parse", "HEAD")) == (first.sha, first.sha)
    assert git(tree, "status", "--porcelain") == "M forecast.ipynb"
    assert "df = 2" in (tree / "forecast.ipynb").read_text()
    made = await branches.commit(
        project.id, "main", [], "Read me", "Because.", room.bo.id, [PartialFile("forecast.ipynb", ["b"])],
        last.co_authors, first.sha,
    )  # fmt: skip

    # A branch that is on the remote only as another one's history is on the remote.
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    refusal = (await branches.last_commit(project.id, "main")).refused
    assert refusal is not None
    assert refusal.message.startswith(f"{made.sha[:7]} is on the remote already (origin/weekly)")
