"""Clones of the last commits only: what works there, what says why it does not, and fetching the rest."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.fakes.remotes import Remote, allow, git, notebook, slow_http
from tests.server.projects.conftest import Refused, Room
from workspace_ext.contract.commits import GraphQuery
from workspace_ext.contract.merges import PullBranch
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import Conflict, Invalid
from workspace_server.projects.store import ProjectRow

pytestmark = pytest.mark.parts


async def shallow(room: Room, remote: Remote, depth: int = 2) -> Project:
    result = await room.ended(await room.projects.clone(remote.url, "", room.ana.id, depth))
    return await room.projects.describe(result["project"])


async def rest(room: Room, project: Project) -> None:
    await room.ended(await room.projects.sizes.fetch_rest(project.id, room.ana.id))


async def test_the_last_commits_then_the_rest(room: Room, remote: Remote) -> None:
    first = remote.head()
    git(remote.elsewhere, "tag", "v1")
    git(remote.elsewhere, "push", "--quiet", "origin", "v1")
    shas = [remote.push({"notes.txt": f"{number}\n"}) for number in range(4)]
    with pytest.raises(Invalid) as refused:
        await room.projects.clone(remote.url, "", room.ana.id, -1)
    assert refused.value.field == "depth"
    project = await shallow(room, remote)
    tree, browsing = room.tree(project), room.projects.browsing
    assert project.shallow
    assert (tree / "forecast.ipynb").exists()
    page = await browsing.graph(project.id, GraphQuery())
    assert ([one.sha for one in page.commits], page.shallow) == ([shas[3], shas[2]], True)
    # Where the history begins, nobody knows what changed; one commit later it is known.
    beginning = await browsing.commit(project.id, shas[2])
    assert (beginning.unknown, beginning.changes.files) == (True, [])
    after = await browsing.commit(project.id, shas[3])
    assert (after.unknown, [file.path for file in after.changes.files]) == (False, ["notes.txt"])
    blame = await browsing.blame(project.id, "main", "forecast.ipynb")
    assert not blame.complete
    assert {(cell.commit, cell.older) for cell in blame.cells} == {(shas[2], True)}
    # Production is whole, and follows.
    newest = remote.push({"notes.txt": "newest\n"})
    await room.projects.look(project.id)
    production = room.projects.production(project.id)
    assert production is not None
    assert (production.sha, (Path(production.path) / "forecast.ipynb").exists()) == (newest, True)
    # Work goes to the remote.
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    (room.tree(project, "weekly") / "new.txt").write_text("new\n")
    await room.projects.branches.commit(project.id, "weekly", ["new.txt"], "New", "", room.ana.id)
    await room.ended(await room.projects.branches.push(project.id, "weekly", room.ana.id))
    review = await room.projects.branches.review(project.id, "weekly")
    assert ([file.path for file in review.files], review.conflicts) == (["new.txt"], [])

    await rest(room, project)
    assert not (await room.projects.describe(project.id)).shallow
    page = await browsing.graph(project.id, GraphQuery(branch="main"))
    assert [one.sha for one in page.commits] == [newest, *reversed(shas), first]
    assert git(tree, "tag") == "v1"
    assert not (await browsing.commit(project.id, shas[2])).unknown
    blame = await browsing.blame(project.id, "main", "forecast.ipynb")
    assert (blame.complete, {(cell.commit, cell.older) for cell in blame.cells}) == (True, {(first, False)})
    await rest(room, project)  # and again, which does nothing


async def test_what_needs_an_older_commit_says_so(room: Room, remote: Remote) -> None:
    remote.push({"side.txt": "side\n"}, "side")
    git(remote.elsewhere, "checkout", "--quiet", "main")
    for number in range(3):
        remote.push({"notes.txt": f"{number}\n"})
    project = await shallow(room, remote, 1)
    await room.projects.branches.switch(project.id, "side")
    with pytest.raises(Conflict) as error:
        await room.projects.branches.review(project.id, "side")
    assert (error.value.code, "Fetch the rest" in error.value.hint) == ("shallow", True)
    with pytest.raises(Refused) as failed:
        await room.ended(await room.projects.branches.merge(project.id, "side", "", room.ana.id))
    assert failed.value.code == "shallow"
    with pytest.raises(Refused) as failed:
        await room.ended(await room.projects.pulling.pull(project.id, "side", PullBranch(source="main"), room.ana.id))
    assert failed.value.code == "shallow"
    await rest(room, project)
    assert [file.path for file in (await room.projects.branches.review(project.id, "side")).files] == ["side.txt"]


async def test_fetching_the_rest_is_cancelled(room: Room, remote: Remote) -> None:
    remote.push({"big.txt": os.urandom(2_000_000).hex()})
    remote.push({"big.txt": None, "forecast.ipynb": notebook("x = 1")})
    with slow_http(remote.path.parent, seconds=0) as base:
        allow(room.home.path, f"{base}/forecast.git")
        result = await room.ended(await room.projects.clone(f"{base}/forecast.git", "", room.ana.id, 1))
    with slow_http(remote.path.parent, seconds=30) as base:
        allow(room.home.path, f"{base}/forecast.git", remote.url)
        with room.projects.storage.session() as session:
            session.execute(update(ProjectRow).values(url=f"{base}/forecast.git"))
        operation = await room.projects.sizes.fetch_rest(result["project"], room.ana.id)
        packs = room.home.git / "forecast.git" / "objects" / "pack"
        while not any(packs.glob("tmp_*")):
            await asyncio.sleep(0.02)
        assert (await room.operations.cancel(operation.id)).state == "cancelled"
        assert [*packs.glob("tmp_*")] == []
        with room.projects.storage.session() as session:
            session.execute(update(ProjectRow).values(url=remote.url))
    project = await room.projects.describe(result["project"])
    assert project.shallow
    await rest(room, project)
    assert not (await room.projects.describe(project.id)).shallow


async def test_the_size_is_asked_of_the_host(room: Room, remote: Remote) -> None:
    sizes = {"/api/v3/repos/team/large": 3_000_000, "/api/v3/repos/team/small": 20}

    def api(method: str, path: str, headers: object, body: bytes) -> tuple[int, object] | None:
        if path.startswith("/api/"):
            return (200, {"size": sizes[path]}) if path in sizes else (404, {"message": "Not Found"})
        return None

    with slow_http(remote.path.parent, api=api) as base:
        names = ("large", "small", "gone")
        allow(room.home.path, *(f"{base}/team/{name}.git" for name in names))
        (room.home.settings / "git-hosts.json").write_text(f'{{"{base.removeprefix("http://")}": "github"}}')
        told = [await room.projects.sizes.of(f"{base}/team/{name}.git", room.ana.id) for name in names]
    assert [(one.bytes, one.large) for one in told] == [(3_000_000 * 1024, True), (20 * 1024, False), (None, False)]
    with pytest.raises(Invalid):
        await room.projects.sizes.of("ext::sh -c touch% /tmp/x", room.ana.id)
