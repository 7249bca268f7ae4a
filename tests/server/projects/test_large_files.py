"""Git LFS: pointers are told, contents are fetched, kept apart from changes, and part of production."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.lfs import LfsServer
from tests.fakes.remotes import Remote, allow, git, slow_http
from tests.server.projects.conftest import Refused, Room
from workspace_ext.contract.commits import CompareFileQuery
from workspace_ext.contract.large_files import LargeFile
from workspace_ext.contract.merges import PullBranch
from workspace_ext.contract.projects import Project
from workspace_server.kit.errors import Conflict

pytestmark = pytest.mark.parts

MODEL, TABLE = b"model" * 1000, b"table" * 500
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


@dataclass
class Lfs:
    room: Room
    remote: Remote
    server: LfsServer
    url: str

    async def clone(self) -> Project:
        return await self.room.clone(self.url)

    async def fetch(self, project: Project, *paths: str) -> list[str]:
        operation = await self.room.projects.large_files.fetch(project.id, "main", [*paths], self.room.ana.id)
        done: list[str] = await self.room.ended(operation)
        return done

    async def changed(self, project: Project) -> list[str]:
        status = await self.room.projects.branches.status(project.id, "main")
        return [file.path for file in status.files]


@pytest.fixture
async def lfs(room: Room, remote: Remote) -> AsyncIterator[Lfs]:
    server = LfsServer()
    with slow_http(remote.path.parent, api=server.answer) as base:
        server.base = base
        url = f"{base}/forecast.git"
        allow(room.home.path, url)
        remote.push(
            {
                "models/.gitattributes": ATTRIBUTES,
                "models/model.bin": server.add(MODEL),
                "models/t.bin": server.add(TABLE),
            }
        )
        yield Lfs(room, remote, server, url)


async def test_contents_are_fetched_into_their_place(lfs: Lfs) -> None:
    project = await lfs.clone()
    tree, files = lfs.room.tree(project), lfs.room.projects.large_files
    assert await files.listed(project.id, "main") == [
        LargeFile("models/model.bin", len(MODEL), False), LargeFile("models/t.bin", len(TABLE), False),
    ]  # fmt: skip
    assert (tree / "models/model.bin").read_text().startswith("version https://git-lfs")

    assert await lfs.fetch(project, "models/model.bin") == ["models/model.bin"]
    assert (tree / "models/model.bin").read_bytes() == MODEL
    assert [one.here for one in await files.listed(project.id, "main")] == [True, False]
    assert await lfs.fetch(project) == ["models/t.bin"]
    # Nothing has changed; not even when its times have.
    (tree / "models/model.bin").touch()
    assert await lfs.changed(project) == []
    assert (await lfs.room.projects.describe(project.id)).branches[0].changes == 0
    assert all(headers.get("X-Lent") == "yes" for headers in lfs.server.downloads)

    # What is changed is a change, and does not get into git by mistake.
    (tree / "models/model.bin").write_bytes(MODEL + b"!")
    (tree / "models/new.bin").write_bytes(b"new")
    assert await lfs.changed(project) == ["models/model.bin", "models/new.bin"]
    for path in ("models/model.bin", "models/new.bin"):
        with pytest.raises(Conflict) as refused:
            await lfs.room.projects.branches.commit(project.id, "main", [path], "Big", "", lfs.room.ana.id)
        assert refused.value.code == "lfs"


async def test_production_has_contents(lfs: Lfs) -> None:
    project = await lfs.clone()
    await lfs.room.projects.look(project.id)
    production = lfs.room.projects.production(project.id)
    assert production is not None
    assert (Path(production.path) / "models/model.bin").read_bytes() == MODEL
    # Where they are not to be had, production stays and says so.
    lfs.remote.push({"models/gone.bin": LfsServer().add(b"gone")})
    after = await lfs.room.projects.look(project.id)
    assert after.problem is not None
    assert after.problem.code == "lfs_missing"
    assert after.production is not None
    assert after.production.sha == production.sha


async def test_fetching_for_production_holds_nobody_up(lfs: Lfs) -> None:
    room = lfs.room
    lfs.server.open.clear()
    project = await lfs.clone()
    looking = asyncio.create_task(room.projects.look(project.id))
    try:
        while not lfs.server.downloads:
            await asyncio.sleep(0.02)
        lfs.remote.push({"notes.txt": "new\n"})
        await room.ended(await room.projects.pulling.pull(project.id, "main", PullBranch(), room.ana.id))
        # Whoever fails meanwhile takes nothing of it away.
        with pytest.raises(Refused):
            await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
        # What comes meanwhile is published as well, and not what was there before.
        newest = lfs.remote.push({"notes.txt": "newest\n"})
    finally:
        lfs.server.open.set()
    after = await looking
    assert (after.problem, after.production and after.production.sha) == (None, newest)


async def test_production_takes_only_so_much(lfs: Lfs) -> None:
    contents = lfs.room.projects.following.contents
    contents.most = 6000 / 2**30
    project = await lfs.clone()
    described = await lfs.room.projects.look(project.id)
    assert described.production is None
    assert described.problem is not None
    assert (described.problem.code, lfs.server.downloads) == ("large_files_too_large", [])
    assert "ATRIUM_LARGE_FILES_GIB" in described.problem.hint
    contents.most = 1
    assert (await lfs.room.projects.look(project.id)).problem is None


async def test_a_pull_replaces_what_was_fetched(lfs: Lfs) -> None:
    project = await lfs.clone()
    tree = lfs.room.tree(project)
    await lfs.fetch(project)
    lfs.remote.push({"models/model.bin": lfs.server.add(b"better"), "notes.txt": "x\n"})
    # Polling leaves it alone, as it would leave any edited file.
    assert (await lfs.room.projects.look(project.id)).problem is None
    assert (tree / "models/model.bin").read_bytes() == MODEL
    pulled = await lfs.room.ended(
        await lfs.room.projects.pulling.pull(project.id, "main", PullBranch(), lfs.room.ana.id)
    )
    assert pulled["conflicts"] == []
    assert (tree / "models/model.bin").read_text().startswith("version https://git-lfs")
    assert await lfs.changed(project) == []
    await lfs.fetch(project)
    assert (tree / "models/model.bin").read_bytes() == b"better"
    assert await lfs.changed(project) == []
    sha = git(tree, "rev-parse", "HEAD")
    difference = await lfs.room.projects.browsing.compare_file(project.id, CompareFileQuery("models/model.bin", sha))
    assert (difference.kind, difference.size) == ("lfs", 6)


async def test_what_is_wrong_is_said_and_leaves_nothing(lfs: Lfs) -> None:
    project = await lfs.clone()
    await lfs.room.projects.look(project.id)
    lfs.remote.push({"models/other.bin": lfs.server.add(b"other")})
    git(lfs.room.tree(project), "pull", "--quiet")
    oid = next(oid for oid, content in lfs.server.contents.items() if content == b"other")
    lfs.server.contents[oid] = b"OTHER"
    for status, code in ((200, "lfs_damaged"), (404, "lfs_failed"), (401, "authentication_needed")):
        lfs.server.status = status
        with pytest.raises(Refused) as error:
            await lfs.fetch(project, "models/other.bin")
        assert error.value.code == code
        assert error.value.hint
    assert (lfs.room.tree(project) / "models/other.bin").read_text().startswith("version https://git-lfs")
    assert not (lfs.room.projects.get(project.id).git / "lfs" / "tmp").exists()
