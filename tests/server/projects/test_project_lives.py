"""Projects put to rest and woken, deleted and brought back, and what that costs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.fakes.remotes import Remote, git
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import Conflict, Invalid, NotFound
from workspace_server.projects.store import ProjectRow

from .conftest import Room
from .test_branch_lives import Around
from .test_clone import residue


@pytest.fixture
def around(room: Room) -> Around:
    made = Around()
    room.projects.wire(room.opened, made)
    return made


async def test_what_deleting_a_project_costs(room: Room, remote: Remote, around: Around) -> None:
    project = await room.clone(remote.url)
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    (tree / "new.txt").write_text("x" * 100_000)
    cost = await room.projects.lives.cost(project.id)
    assert cost.bytes > 100_000
    assert [(one.branch, one.unpushed, one.changes) for one in cost.branches] == [("weekly", 0, 1)]
    assert [one.name for one in cost.dependents] == ["forecast.ipynb"]


async def test_a_deleted_project_comes_back_whole(room: Room, remote: Remote, around: Around) -> None:
    lives = room.projects.lives
    project = await room.clone(remote.url)
    tree = room.tree(project)
    (tree / "new.txt").write_text("x")
    for wrong in ("", "Forecast", "other"):
        with pytest.raises(Invalid, match="name"):
            await lives.delete(project.id, wrong, False, room.ana.id)
    await lives.delete(project.id, "forecast", False, room.ana.id)
    assert residue(room) == []
    assert room.projects.locate(tree) is None
    assert await room.projects.describe_all() == []
    assert room.projects.asleep() == {project.id}
    assert ("projects", "trashed") in room.actions
    assert around.calls == [("leave", "forecast")]
    with pytest.raises(NotFound):
        await room.projects.describe(project.id)
    assert [(one.name, one.by) for one in lives.deleted()] == [("forecast", "Ana")]

    # Its name is free meanwhile, and then it is not.
    other = await room.clone(remote.url)
    with pytest.raises(Conflict, match="again"):
        await lives.restore(project.id)
    await lives.delete(other.id, "forecast", True, room.ana.id)
    assert ("projects", "deleted") in room.actions
    assert around.calls[-1] == ("forgotten", "")

    await lives.restore(project.id)
    assert (await room.projects.describe(project.id)).name == "forecast"
    assert git(tree, "status", "--porcelain", "--branch") == "## main...origin/main\n?? new.txt"
    assert lives.deleted() == []
    assert room.projects.asleep() == set()
    with pytest.raises(NotFound):
        await lives.restore(project.id)
    with pytest.raises(NotFound):
        await lives.purge(project.id)
    assert list((room.home.trash / "projects").iterdir()) == []


@pytest.mark.parametrize("moved", [(), ("trees",), ("git",)])
async def test_an_interrupted_move_is_finished(room: Room, remote: Remote, moved: tuple[str, ...]) -> None:
    project = await room.clone(remote.url)
    tree = room.tree(project)
    await room.projects.lives.delete(project.id, "forecast", False, room.ana.id)
    trash = room.home.trash / "projects" / project.id
    for name in moved:
        where: Path = room.home.projects / "forecast" if name == "trees" else room.home.git / "forecast.git"
        (trash / name).rename(where)
    (room.home.trash / "projects" / "left").mkdir()
    await room.projects.lives.recover()
    assert residue(room) == []
    assert {path.name for path in trash.iterdir()} == {"trees", "git"}
    assert not (room.home.trash / "projects" / "left").exists()
    await room.projects.lives.restore(project.id)
    assert git(tree, "status", "--porcelain") == ""


async def test_after_a_week_it_is_gone(room: Room, remote: Remote, around: Around) -> None:
    project = await room.clone(remote.url)
    await room.projects.lives.delete(project.id, "forecast", False, room.ana.id)
    with room.projects.storage.session() as session:
        session.execute(update(ProjectRow).values(trashed="2026-01-01T00:00:00.000+00:00"))
    # By the clock of a server that runs on, too.
    room.projects._trash.add("trash")
    while room.projects.lives.deleted() or (room.home.trash / "projects" / project.id).exists():
        await asyncio.sleep(0.02)


async def test_an_archived_project_rests(
    room: Room, remote: Remote, around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives, following = room.projects.lives, room.projects.following
    project = await room.clone(remote.url)
    await room.projects.look(project.id)
    await lives.archive(project.id)
    described = await room.projects.describe(project.id)
    assert described.archived
    assert described.branches == []
    assert room.projects.asleep() == {project.id}
    # Neither a poll nor a webhook has anybody look; its files stay.
    assert await following._reconcile(project.id) is None
    assert room.tree(project).is_dir()

    sha = remote.push({"x": "x"})
    await lives.unarchive(project.id)
    assert around.calls == [("woken", project.id)]
    async with asyncio.timeout(20):
        while (now := room.projects.production(project.id)) is None or now.sha != sha:
            await asyncio.sleep(0.05)
    assert (await room.projects.describe(project.id)).archived == ""
    with pytest.raises(NotFound):
        await lives.archive("nothing")
