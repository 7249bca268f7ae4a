"""Somebody runs `git checkout <sha>` in a terminal: it is told, and there are ways back."""

from __future__ import annotations

import pytest

from tests.fakes.remotes import Remote, git
from tests.server.projects.conftest import Room
from workspace_ext.contract.detached import Detached
from workspace_server.kit.errors import Conflict, NotFound

pytestmark = pytest.mark.parts
FOLDER = "projects/forecast/main"


async def test_back_to_the_branch_with_what_was_edited(room: Room, remote: Remote) -> None:
    first = remote.head()
    newest = remote.push({"notes.txt": "newest\n"})
    project = await room.clone(remote.url)
    tree, heads = room.tree(project), room.projects.detached
    with pytest.raises(NotFound):
        await heads.back(project.id, FOLDER, room.ana.id)
    git(tree, "checkout", "--quiet", first)
    (tree / "data/sales.csv").write_text("edited\n")
    found = await room.projects.describe(project.id)
    assert found.branches == []
    assert found.detached == [Detached(FOLDER, "main", first, "Work", loose=0, changes=1)]
    assert room.projects.locate(tree / "forecast.ipynb") is not None

    opened = await heads.back(project.id, FOLDER, room.ana.id)
    assert (opened.branch, opened.folder) == ("main", FOLDER)
    assert git(tree, "branch", "--show-current") == "main"
    assert git(tree, "rev-parse", "HEAD") == newest
    assert git(tree, "status", "--porcelain") == "M data/sales.csv"
    assert (tree / "notes.txt").read_text() == "newest\n"
    assert (await room.projects.describe(project.id)).detached == []
    assert tree in room.opened.flushed
    with pytest.raises(NotFound):
        await heads.back(project.id, "projects/../../elsewhere", room.ana.id)


async def test_a_branch_where_it_is(room: Room, remote: Remote) -> None:
    first = remote.head()
    remote.push({"notes.txt": "newest\n"})
    project = await room.clone(remote.url)
    tree, heads = room.tree(project), room.projects.detached
    git(tree, "checkout", "--quiet", first)
    (tree / "notes.txt").write_text("mine\n")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", "On no branch")
    loose = git(tree, "rev-parse", "HEAD")
    (tree / "notes.txt").write_text("edited\n")
    (at,) = (await room.projects.describe(project.id)).detached
    assert (at.loose, at.changes, at.summary) == (1, 1, "On no branch")
    # Going back would need a choice; a branch does not.
    with pytest.raises(Conflict) as error:
        await heads.back(project.id, FOLDER, room.ana.id)
    assert error.value.code == "conflicts"
    assert (tree / "notes.txt").read_text() == "edited\n"
    with pytest.raises(Conflict):
        await heads.branch_here(project.id, FOLDER, "main")
    opened = await heads.branch_here(project.id, FOLDER, "idea")
    assert (opened.branch, opened.folder) == ("idea", FOLDER)
    assert git(tree, "rev-parse", "refs/heads/idea") == loose
    assert (tree / "notes.txt").read_text() == "edited\n"
    # The branch that it was on opens beside it.
    other = await room.projects.branches.switch(project.id, "main")
    assert other.folder != FOLDER


async def test_what_is_going_on_in_a_terminal_is_left_alone(room: Room, remote: Remote) -> None:
    first = remote.head()
    remote.push({"notes.txt": "theirs\n"})
    project = await room.clone(remote.url)
    tree, heads = room.tree(project), room.projects.detached
    git(tree, "checkout", "--quiet", "-b", "mine", first)
    (tree / "notes.txt").write_text("mine\n")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", "Mine")
    with pytest.raises(Exception, match="rebase"):
        git(tree, "rebase", "main")
    (at,) = (await room.projects.describe(project.id)).detached
    assert at.busy == "rebase"
    with pytest.raises(Conflict) as error:
        await heads.back(project.id, FOLDER, room.ana.id)
    assert error.value.code == "terminal_busy"
    git(tree, "rebase", "--abort")
    # The branch goes elsewhere meanwhile.
    git(tree, "checkout", "--quiet", first)
    await room.projects.branches.switch(project.id, "mine")
    (at,) = (await room.projects.describe(project.id)).detached
    assert (at.branch, at.elsewhere) == ("mine", True)
    with pytest.raises(Conflict) as error:
        await heads.back(project.id, FOLDER, room.ana.id)
    assert error.value.code == "branch_elsewhere"
