"""Branches deleted, brought back and renamed, with everything that is in their folders."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, git
from workspace_ext.contract.lives import Dependent
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import AtriumError, Conflict, NotFound
from workspace_server.projects.git.lives import MOVING

from .conftest import Room


@dataclass
class Around:
    """The rooms around, as the port shows them."""

    calls: list[tuple[str, ...]] = field(default_factory=list)

    def dependents(self, project: str, branch: str, folder: Path) -> list[Dependent]:
        return [Dependent("document", "forecast.ipynb", ["Bo"])] if folder.is_dir() else []

    def renamed(self, project: str, branch: str, name: str) -> None:
        self.calls.append(("renamed", branch, name))

    def forgotten(self, project: str, branch: str) -> None:
        self.calls.append(("forgotten", branch))

    def woken(self, project: str) -> None:
        self.calls.append(("woken", project))

    async def leave(self, folder: Path) -> None:
        assert folder.is_dir()
        self.calls.append(("leave", folder.name))

    async def told(self, folder: Path) -> None:
        self.calls.append(("told", folder.name))


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    made = await room.clone(remote.url)
    await room.projects.branches.create(made.id, CreateBranch("weekly"), room.ana.id)
    return made


@pytest.fixture
def around(room: Room) -> Around:
    made = Around()
    room.projects.wire(room.opened, made)
    return made


async def names(room: Room, project: Project) -> list[str]:
    return [branch.name for branch in (await room.projects.describe(project.id)).branches]


async def test_what_deleting_a_branch_costs(room: Room, project: Project, around: Around, remote: Remote) -> None:
    lives = room.projects.branch_lives
    tree = room.tree(project, "weekly")
    (tree / "new.txt").write_text("x")
    await room.projects.branches.commit(project.id, "weekly", ["new.txt"], "New", "", room.ana.id)
    (tree / "more.txt").write_text("x")
    cost = await lives.cost(project.id, "weekly")
    assert (cost.unpushed, cost.unmerged, cost.changes, cost.upstream, cost.target) == (1, 1, 1, False, "main")
    assert cost.dependents == [Dependent("document", "forecast.ipynb", ["Bo"])]
    assert cost.refused is None
    assert tree in room.opened.flushed
    await room.ended(await room.projects.branches.push(project.id, "weekly", room.ana.id))
    cost = await lives.cost(project.id, "weekly")
    assert (cost.unpushed, cost.unmerged, cost.changes, cost.upstream) == (0, 1, 1, True)

    refused = (await lives.cost(project.id, "main")).refused
    assert refused is not None
    assert "Production of forecast follows main" in refused.message
    with pytest.raises(Conflict, match="follows main"):
        await lives.delete(project.id, "main", room.ana.id)
    with pytest.raises(Conflict, match="follows main"):
        await lives.rename(project.id, "main", "trunk")
    remote.push({"x": "x"}, branch="theirs")
    await room.projects.look(project.id)
    with pytest.raises(NotFound, match="remote only"):
        await lives.delete(project.id, "theirs", room.ana.id)
    with pytest.raises(NotFound):
        await lives.cost(project.id, "nothing")


async def test_a_deleted_branch_comes_back_whole(room: Room, project: Project, around: Around) -> None:
    lives = room.projects.branch_lives
    tree = room.tree(project, "weekly")
    (tree / "new.txt").write_text("x")
    await room.projects.branches.commit(project.id, "weekly", ["new.txt"], "New", "", room.ana.id)
    head = git(tree, "rev-parse", "HEAD")
    (tree / "ignored.log").write_text("not known to git")
    (tree / "README.md").write_text("changed")
    (tree / "staged.txt").write_text("x")
    git(tree, "add", "staged.txt")
    before = git(tree, "status", "--porcelain", "--ignored")
    inode = (tree / "forecast.ipynb").stat().st_ino

    gone = await lives.delete(project.id, "weekly", room.ana.id)
    assert (gone.branch, gone.head, gone.by, gone.has_folder) == ("weekly", head, "Ana", True)
    assert not tree.exists()
    assert await names(room, project) == ["main"]
    assert room.projects.worktree(project.id, "weekly") is None
    assert around.calls == [("leave", "weekly"), ("renamed", "weekly", f"weekly~{gone.backup}")]
    assert tree in room.opened.flushed
    main = room.tree(project)
    assert git(main, "branch", "--format=%(refname:short)") == "main"
    assert git(main, "for-each-ref", "--format=%(objectname)", "refs/backup/deleted") == head
    git(main, "gc", "--prune=now", "--quiet")
    assert [one.backup for one in await lives.deleted(project.id)] == [gone.backup]

    back = await lives.restore(project.id, gone.backup)
    assert (back.branch, back.folder) == ("weekly", "projects/forecast/weekly")
    assert git(tree, "rev-parse", "HEAD") == head
    assert git(tree, "status", "--porcelain", "--ignored") == before
    assert (tree / "ignored.log").read_text() == "not known to git"
    assert (tree / "forecast.ipynb").stat().st_ino == inode
    assert git(main, "for-each-ref", "refs/backup/deleted") == ""
    assert await lives.deleted(project.id) == []
    git(main, "fsck", "--strict")
    with pytest.raises(NotFound, match="not kept"):
        await lives.restore(project.id, gone.backup)
    with pytest.raises(NotFound, match="not kept"):
        await lives.restore(project.id, "../../x")


async def test_its_name_and_folder_are_free_meanwhile(room: Room, project: Project) -> None:
    lives = room.projects.branch_lives
    gone = await lives.delete(project.id, "weekly", room.ana.id)
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.bo.id)
    with pytest.raises(Conflict, match="again"):
        await lives.restore(project.id, gone.backup)
    await lives.rename(project.id, "weekly", "daily")
    # The folder of its name is that of another branch now.
    back = await lives.restore(project.id, gone.backup)
    assert back.folder == "projects/forecast/weekly~2"
    tree = room.tree(project, "weekly")
    assert git(tree, "status", "--porcelain", "--branch") == "## weekly"
    found = room.projects.locate(tree / "forecast.ipynb")
    assert found is not None
    assert found.branch == "weekly"


async def test_a_renamed_branch_stays_where_it_is(room: Room, project: Project, around: Around, remote: Remote) -> None:
    lives, tree = room.projects.branch_lives, room.tree(project, "weekly")
    (tree / "README.md").write_text("changed")
    await room.ended(await room.projects.branches.push(project.id, "weekly", room.ana.id))
    renamed = await lives.rename(project.id, "weekly", " daily/x ")
    assert (renamed.branch, renamed.was, renamed.folder, renamed.remote) == (
        "daily/x", "weekly", "projects/forecast/weekly", True,
    )  # fmt: skip
    assert room.tree(project, "daily/x") == tree
    assert git(tree, "status", "--porcelain", "--branch") == "## daily/x\n M README.md"
    assert around.calls == [("renamed", "weekly", "daily/x"), ("told", "weekly")]
    assert await names(room, project) == ["daily/x", "main"]
    for name, code in (("main", "branch_exists"), ("a b", "invalid_branch"), ("daily", "branch_in_the_way")):
        with pytest.raises(AtriumError) as error:
            await lives.rename(project.id, "daily/x", name)
        assert error.value.code == code
    # The remote's branch of the old name can be opened; it gets a folder of its own.
    opened = await room.projects.branches.switch(project.id, "weekly")
    assert opened.folder == "projects/forecast/weekly~2"
    other = room.tree(project, "weekly")
    assert git(other, "rev-parse", "--abbrev-ref", "weekly@{upstream}") == "origin/weekly"
    assert git(other, "status", "--porcelain") == ""


async def test_a_branch_of_the_remote_is_opened_and_followed(room: Room, project: Project, remote: Remote) -> None:
    remote.push({"x": "x"}, branch="theirs")
    await room.projects.look(project.id)
    listed = {branch.name: branch for branch in await room.projects.branches.listed(project.id)}
    assert (listed["theirs"].folder, listed["theirs"].upstream) == (None, True)
    await room.projects.branches.switch(project.id, "theirs")
    sha = remote.push({"x": "y"}, branch="theirs")
    tree = room.tree(project, "theirs")
    git(tree, "pull", "--quiet")
    assert git(tree, "rev-parse", "HEAD") == sha


async def test_the_default_branch_is_renamed_on_the_remote(room: Room, project: Project, remote: Remote) -> None:
    git(remote.path, "branch", "-m", "main", "trunk")
    git(remote.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    looked = await room.projects.look(project.id)
    assert looked.problem is not None
    assert (looked.problem.code, looked.default_branch) == ("branch_gone", "trunk")
    assert "Follow trunk, the remote's default branch" in looked.problem.hint
    followed = await room.projects.follow(project.id, "trunk", room.ana.id)
    assert (followed.problem, followed.followed_branch) == (None, "trunk")
    # Nothing holds the old name any more, which is here only.
    await room.projects.branch_lives.delete(project.id, "main", room.ana.id)
    with pytest.raises(Conflict, match="follows trunk"):
        await room.projects.branch_lives.delete(project.id, "trunk", room.ana.id)


async def test_somebodys_folder_in_the_way_stays(room: Room, project: Project) -> None:
    own = room.home.projects / "forecast" / "notes"
    own.mkdir()
    (own / "mine.txt").write_text("x")
    with pytest.raises(Conflict, match="there already"):
        await room.projects.branches.create(project.id, CreateBranch("notes"), room.ana.id)
    assert (own / "mine.txt").read_text() == "x"
    assert "notes" not in await names(room, project)


@pytest.mark.parametrize("moment", ["nothing", "tree", "all", "reference"])
async def test_a_deletion_that_was_interrupted_is_taken_back(room: Room, project: Project, moment: str) -> None:
    lives, tree = room.projects.branch_lives, room.tree(project, "weekly")
    (tree / "README.md").write_text("changed")
    gone = await lives.delete(project.id, "weekly", room.ana.id)
    # As if it had been killed at that moment.
    aside = room.home.trash / "branches" / project.id / gone.backup
    (aside / MOVING).touch()
    repository = room.home.git / "forecast.git"
    if moment != "reference":
        git(repository, "update-ref", "refs/heads/weekly", gone.head)
    if moment in ("nothing", "tree"):
        (aside / "admin").rename(repository / "worktrees" / "weekly")
    if moment == "nothing":
        (aside / "tree").rename(tree)
    await lives.recover(project.id)
    assert git(tree, "status", "--porcelain", "--branch") == "## weekly\n M README.md"
    assert await lives.deleted(project.id) == []
    assert git(repository, "for-each-ref", "refs/backup") == ""


async def test_after_a_week_it_is_gone(room: Room, project: Project, around: Around) -> None:
    lives = room.projects.branch_lives
    gone = await lives.delete(project.id, "weekly", room.ana.id)
    facts = room.home.trash / "branches" / project.id / gone.backup / "branch.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "deleted": "2026-01-01T00:00:00.000+00:00"}))
    await lives.recover(project.id)
    assert await lives.deleted(project.id) == []
    assert not facts.parent.exists()
    assert git(room.home.git / "forecast.git", "for-each-ref", "refs/backup") == ""
    assert around.calls[-1] == ("forgotten", f"weekly~{gone.backup}")
