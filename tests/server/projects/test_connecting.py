"""A project that began without a remote gets one."""

from __future__ import annotations

import pytest

from tests.fakes.remotes import Remote, allow, git
from tests.server.projects.conftest import Refused, Room
from workspace_ext.contract.beginnings import NewProject
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import Conflict, Invalid

pytestmark = pytest.mark.parts


async def test_everything_goes_to_the_new_remote(room: Room, remote: Remote) -> None:
    empty = Remote(remote.path.parent / "empty", {})
    allow(room.home.path, empty.url, remote.url)
    begun = await room.ended(await room.projects.beginnings.begin(NewProject("churn"), room.ana.id))
    id, branches, connecting = begun["project"], room.projects.branches, room.projects.connecting
    await branches.create(id, CreateBranch("weekly"), room.ana.id)
    await room.ended(await branches.push(id, "weekly", room.ana.id))
    before = await room.projects.describe(id)
    assert before.url == ""
    with pytest.raises(Invalid):
        await connecting.connect(id, "/etc", room.ana.id)
    # Somebody else's commits are not mixed with these.
    with pytest.raises(Refused) as refused:
        await room.ended(await connecting.connect(id, remote.url, room.ana.id))
    assert refused.value.code == "remote_not_empty"
    assert (await room.projects.describe(id)).url == ""

    # As if a first try had been interrupted after a branch.
    tree = room.tree(before)
    git(tree, "push", "--quiet", empty.url, "main")
    assert await room.ended(await connecting.connect(id, empty.url, room.ana.id)) == ["weekly"]
    after = await room.projects.describe(id)
    assert (after.url, git(tree, "remote", "get-url", "origin")) == (empty.url, empty.url)
    assert (empty.head("main"), empty.head("weekly")) == (git(tree, "rev-parse", "HEAD"),) * 2
    # From there on it is like any other: others push, and production follows.
    pushed = empty.push({"notes.txt": "x\n"})
    await room.projects.look(id)
    production = room.projects.production(id)
    assert production is not None
    assert production.sha == pushed
    with pytest.raises(Conflict) as error:
        await connecting.connect(id, remote.url, room.ana.id)
    assert error.value.code == "has_remote"
    await room.projects.start()
    assert list(room.home.remotes.glob("*.git")) == []
