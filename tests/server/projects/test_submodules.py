"""Submodules: off until an owner lets an address in; then they go along, and nothing that a repository says runs."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Guard, Remote, allow, git, slow_http
from tests.server.projects.conftest import Refused, Room
from tests.server.projects.deaths import FILES, dies_at
from tests.server.projects.refusals import ANA
from workspace_ext.contract.credentials import KeepCredential
from workspace_ext.contract.merges import PullBranch
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_ext.contract.submodules import Submodule
from workspace_server.kit.errors import Conflict, Invalid
from workspace_server.projects.git.gitmodules import resolved
from workspace_server.projects.git.submodules import directory_of

pytestmark = pytest.mark.parts


def name(remote: Remote, path: str, url: str, sha: str) -> str:
    """Commit a submodule on the remote."""
    (remote.elsewhere / path).mkdir(parents=True, exist_ok=True)
    text = f'[submodule "lib"]\n\tpath = {path}\n\turl = {url}\n'
    git(remote.elsewhere, "update-index", "--add", "--cacheinfo", f"160000,{sha},{path}")
    return remote.push({".gitmodules": text})


@dataclass
class Linked:
    """A remote with another one as its submodule `lib`."""

    room: Room
    remote: Remote
    lib: Remote
    first: str

    async def clone(self) -> Project:
        return await self.room.clone(self.remote.url)

    async def listed(self, project: Project, branch: str = "main") -> list[Submodule]:
        return await self.room.projects.submodules.listed(project.id, branch)

    async def let_in(self, project: Project, url: str = "") -> Any:
        await self.room.projects.submodules.consent(project.id, url or self.lib.url, self.room.ana.id)
        return await self.fetch(project)

    async def fetch(self, project: Project, branch: str = "main") -> Any:
        return await self.room.ended(await self.room.projects.submodules.fetch(project.id, branch, self.room.ana.id))

    async def pull(self, project: Project) -> Any:
        pulled = await self.room.projects.pulling.pull(project.id, "main", PullBranch(), self.room.ana.id)
        return await self.room.ended(pulled)

    async def changed(self, project: Project, branch: str = "main") -> list[str]:
        status = await self.room.projects.branches.status(project.id, branch)
        return [file.path for file in status.files]

    def production(self, project: Project) -> Path:
        found = self.room.projects.production(project.id)
        assert found is not None
        return Path(found.path)


@pytest.fixture
def linked(room: Room, remote: Remote, tmp_path: Path) -> Linked:
    lib = Remote(tmp_path / "library", {"tools.py": "x = 1\n", "deep/more.py": "y = 1\n"})
    allow(room.home.path, remote.url, lib.url)
    first = lib.head()
    name(remote, "lib", lib.url, first)
    return Linked(room, remote, lib, first)


async def test_off_until_an_owner_lets_the_address_in(linked: Linked) -> None:
    project = await linked.clone()
    await linked.room.projects.look(project.id)
    tree, submodules = linked.room.tree(project), linked.room.projects.submodules
    assert await linked.listed(project) == [
        Submodule("lib", linked.lib.url, "file", linked.first, "off")
    ]  # fmt: skip
    assert await linked.fetch(project) == []
    assert [*(tree / "lib").iterdir()] == []
    assert await linked.changed(project) == []
    assert [*(linked.production(project) / "lib").iterdir()] == []

    assert await linked.let_in(project) == ["lib"]
    assert (tree / "lib/deep/more.py").read_text() == "y = 1\n"
    assert await linked.changed(project) == []
    (there,) = await linked.listed(project)
    assert (there.state, there.at, there.changes) == ("here", linked.first, 0)
    # The commit that is published already gets it, too, and nobody can write there.
    published = (await linked.room.projects.look(project.id)).production
    assert published is not None
    inside = linked.production(project) / "lib"
    assert sorted(path.name for path in inside.iterdir()) == ["deep", "tools.py"]
    assert not any(path.stat().st_mode & 0o222 for path in (inside, inside.parent, inside / "tools.py"))
    # Branches begin with it; git in a terminal takes it for the submodule that it is.
    await linked.room.projects.branches.create(project.id, CreateBranch("weekly"), linked.room.ana.id)
    weekly = linked.room.tree(project, "weekly")
    assert (weekly / "lib/tools.py").exists()
    assert git(weekly, "status", "--porcelain") == ""
    assert git(weekly / "lib", "rev-parse", "HEAD") == linked.first

    # Another address is another consent.
    other = Remote(linked.room.home.path.parent / "other", {"evil.py": "x\n"})
    allow(linked.room.home.path, linked.remote.url, linked.lib.url, other.url)
    name(linked.remote, "lib", other.url, other.head())
    assert (await linked.pull(project))["conflicts"] == []
    (there,) = await linked.listed(project)
    assert (there.url, there.state) == (other.url, "off")
    assert [*(tree / "lib").iterdir()] == []
    assert await linked.changed(project) == []

    # Off again: the folders are empty, and what was fetched is gone.
    await submodules.withdraw(project.id, linked.lib.url)
    assert [*(weekly / "lib").iterdir()] == []
    assert await linked.changed(project, "weekly") == []
    assert [*(linked.room.projects.get(project.id).git / "atrium-modules").iterdir()] == []


async def test_it_goes_along_with_what_people_do(linked: Linked) -> None:
    project = await linked.clone()
    await linked.let_in(project)
    tree, room = linked.room.tree(project), linked.room
    # A pull brings the commit that it names, and keeps what was typed.
    (tree / "lib/tools.py").write_text("x = 1\nmine = 1\n")
    second = linked.lib.push({"deep/more.py": "y = 2\n", ".gitignore": "*.csv\n"})
    name(linked.remote, "lib", linked.lib.url, second)
    pulled = await linked.pull(project)
    assert (pulled["conflicts"], (tree / "lib/deep/more.py").read_text()) == ([], "y = 2\n")
    (there,) = await linked.listed(project)
    assert (there.state, there.at, there.changes) == ("here", second, 1)
    assert (tree / "lib/tools.py").read_text() == "x = 1\nmine = 1\n"
    # It is in no commit of the project, and in no discard of all.
    (tree / "README.md").write_text("# Changed\n")
    assert await linked.changed(project) == ["README.md"]
    made = await room.projects.branches.commit(project.id, "main", ["README.md"], "Read", "", room.ana.id)
    assert git(tree, "ls-tree", made.sha, "lib").split()[2] == second
    # Undoing a pull takes it back; where both wrote the same, it stays and is told.
    third = linked.lib.push({"tools.py": "x = 3\n"})
    name(linked.remote, "lib", linked.lib.url, third)
    git(tree, "fetch", "--quiet")
    pulled = await linked.pull(project)
    (there,) = await linked.listed(project)
    assert (there.state, there.at) in (("other", second), ("here", third))
    assert "mine = 1" in (tree / "lib/tools.py").read_text()
    git(tree / "lib", "checkout", "--quiet", "--", ".")
    assert await linked.fetch(project) == ["lib"] if there.state == "other" else True
    await room.projects.pulling.undo(project.id, "main", pulled["backup"], room.ana.id)
    (there,) = await linked.listed(project)
    assert (there.state, there.at) == ("here", second)
    # What git ignores is somebody's, too; and own commits are never left behind.
    (tree / "lib/sales.csv").write_text("1\n")
    with pytest.raises(Conflict) as refused:
        await room.projects.submodules.withdraw(project.id, linked.lib.url)
    assert refused.value.code == "submodule_edited"
    assert (tree / "lib/sales.csv").exists()
    git(tree / "lib", "checkout", "--quiet", "-b", "mine")
    (tree / "lib/tools.py").write_text("mine\n")
    git(tree / "lib", "commit", "--quiet", "--all", "-m", "Mine")
    with pytest.raises(Conflict) as refused:
        await room.projects.submodules.withdraw(project.id, linked.lib.url)
    assert refused.value.code == "submodule_edited"
    await linked.pull(project)
    assert (tree / "lib/tools.py").read_text() == "mine\n"
    # A deleted branch comes back with it.
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    (room.tree(project, "weekly") / "lib/tools.py").write_text("typed\n")
    deleted = await room.projects.branch_lives.delete(project.id, "weekly", room.ana.id)
    await linked.fetch(project)
    await room.projects.branch_lives.restore(project.id, deleted.backup)
    (there,) = await linked.listed(project, "weekly")
    assert (there.state, there.changes) == ("here", 1)


async def test_it_goes_when_the_project_does_without(linked: Linked) -> None:
    project = await linked.clone()
    await linked.let_in(project)
    tree = linked.room.tree(project)
    # Its files become the project's own, and nobody's.
    git(linked.remote.elsewhere, "rm", "--quiet", "--cached", "lib")
    linked.remote.push({".gitmodules": None, "lib/tools.py": "x = 1\n", "lib/own.py": "own\n"})
    assert (await linked.pull(project))["conflicts"] == []
    assert await linked.listed(project) == []
    assert not (tree / "lib/.git").exists()
    assert sorted(path.name for path in (tree / "lib").iterdir()) == ["own.py", "tools.py"]
    assert await linked.changed(project) == []
    linked.remote.push({"lib/tools.py": None, "lib/own.py": None})
    await linked.pull(project)
    assert not (tree / "lib").exists()


async def test_two_branches_that_name_different_commits_conflict(linked: Linked) -> None:
    project = await linked.clone()
    second, third = linked.lib.push({"a.py": "a\n"}), linked.lib.push({"a.py": "b\n"})
    tree = linked.room.tree(project)
    git(tree, "update-index", "--cacheinfo", f"160000,{second},lib")
    git(tree, "commit", "--quiet", "-m", "Second")
    name(linked.remote, "lib", linked.lib.url, third)
    pulled = await linked.pull(project)
    assert [one["path"] for one in pulled["conflicts"]] == ["lib"]


async def test_what_a_repository_says_neither_runs_nor_leads_outside(linked: Linked, tmp_path: Path) -> None:
    fired, other = tmp_path / "fired", Remote(tmp_path / "secret")
    fired.mkdir()
    elsewhere = linked.remote.elsewhere
    bad = [
        f"ext::sh -c touch% {fired}/x", other.url, "http://127.0.0.1:1/a.git",
        "https://ana:secret@git.example.org/a.git", "../../../../../../outside.git",
    ]  # fmt: skip
    text = ""
    for number, url in enumerate([linked.lib.url, *bad]):
        (elsewhere / f"lib{number}").mkdir()
        git(elsewhere, "update-index", "--add", "--cacheinfo", f"160000,{linked.first},lib{number}")
        text += f'[submodule "lib{number}"]\n\tpath = lib{number}\n\turl = {url}\n\tbranch = -b\n\tignore = none\n'
    linked.remote.push({".gitmodules": text + '[submodule "up"]\n\tpath = ../up\n\turl = ' + linked.lib.url + "\n"})
    project = await linked.clone()
    there = await linked.listed(project)
    assert [(one.path, one.state) for one in there] == [
        ("lib0", "off"), *((f"lib{number}", "refused") for number in range(1, 6)), ("../up", "refused"),
    ]  # fmt: skip
    assert "secret" not in "".join(one.host for one in there)
    for one in there[1:-1]:
        with pytest.raises(Invalid):
            await linked.room.projects.submodules.consent(project.id, one.url, linked.room.ana.id)
    assert await linked.let_in(project) == ["lib0"]
    assert await linked.changed(project) == []
    assert not (linked.room.tree(project).parent / "up").exists()
    # The tricks that git itself knows do not even get into the project.
    for section, url, config in (
        ("../../hooks", linked.lib.url, ""),
        ("lib", f"-u{fired}/x", ""),
        ("lib", f"--upload-pack=touch {fired}/x", ""),
        ("lib", linked.lib.url, f"\tupdate = !touch {fired}/x\n"),
    ):
        linked.remote.push({".gitmodules": f'[submodule "{section}"]\n\tpath = lib\n\turl = {url}\n{config}'})
        with pytest.raises(Refused) as refused:
            await linked.pull(project)
        assert refused.value.code == "damaged", str(refused.value)
    assert [*fired.iterdir()] == []


async def test_a_link_in_the_way_is_not_followed(linked: Linked, tmp_path: Path) -> None:
    """CVE-2024-32002: a submodule below a path that is a link, which would put its hooks into a git directory."""
    outside = tmp_path / "outside"
    outside.mkdir()
    git(linked.remote.elsewhere, "rm", "--quiet", "--cached", "lib")
    name(linked.remote, "a/lib", linked.lib.url, linked.first)
    project = await linked.clone()
    tree = linked.room.tree(project)
    (tree / "a/lib").rmdir()
    (tree / "a").rmdir()
    (tree / "a").symlink_to(outside)
    assert await linked.let_in(project) == []
    assert [*outside.iterdir()] == []
    (there,) = await linked.listed(project)
    assert there.problem is not None
    assert there.problem.code == "folder_in_the_way"
    # Nor is the git directory that a folder's `.git` names, unless it is the submodule's own.
    (tree / "a").unlink()
    (tree / "a/lib").mkdir(parents=True)
    git(tmp_path, "init", "--quiet", "evil")
    (tree / "a/lib/.git").write_text(f"gitdir: {tmp_path / 'evil/.git'}\n")
    assert await linked.fetch(project) == []
    assert (await linked.listed(project))[0].state == "missing"


async def test_a_credential_is_for_its_host_alone(room: Room, remote: Remote, tmp_path: Path) -> None:
    lib = Remote(tmp_path / "library", {"tools.py": "x = 1\n"})
    asked, guarded = Guard(), Guard(tokens={"ana": ANA})
    with slow_http(remote.path.parent, guard=guarded) as base, slow_http(lib.path.parent, guard=asked) as elsewhere:
        url, other = f"{base}/forecast.git", f"{elsewhere}/forecast.git"
        allow(room.home.path, url, other)
        await asyncio.to_thread(
            room.projects.credentials.keep, room.ana.id, KeepCredential(host=base, kind="token", user="ana", secret=ANA)
        )
        name(remote, "lib", other, lib.head())
        project = await room.clone(url)
        await room.projects.submodules.consent(project.id, other, room.ana.id)
        done = await room.ended(await room.projects.submodules.fetch(project.id, "main", room.ana.id))
        assert (done, asked.seen) == (["lib"], [])
        assert guarded.let_in["ana"]
        # An address that is not there any more says so, and production stays.
        missing = f"{elsewhere}/gone.git"
        allow(room.home.path, url, other, missing)
        name(remote, "lib", missing, lib.head())
        await room.ended(await room.projects.pulling.pull(project.id, "main", PullBranch(), room.ana.id))
        await room.projects.submodules.consent(project.id, missing, room.ana.id)
        with pytest.raises(Refused) as refused:
            await room.ended(await room.projects.submodules.fetch(project.id, "main", room.ana.id))
        assert refused.value.code == "not_a_repository"
        assert "gone.git" in refused.value.message


async def test_a_fetch_is_cancelled_and_a_commit_that_is_nowhere_is_told(linked: Linked) -> None:
    linked.lib.push({"big.txt": os.urandom(2_000_000).hex()})
    room = linked.room
    with slow_http(linked.lib.path.parent, seconds=30) as base:
        url = f"{base}/forecast.git"
        allow(room.home.path, linked.remote.url, linked.lib.url, url)
        name(linked.remote, "lib", url, linked.lib.head())
        project = await linked.clone()
        # Production would begin to fetch it at once; what lies there is to be the operation's alone.
        room.projects.submodules.on_consent = lambda _: None
        await room.projects.submodules.consent(project.id, url, room.ana.id)
        operation = await room.projects.submodules.fetch(project.id, "main", room.ana.id)
        packs = directory_of(room.projects.get(project.id).git, url) / "objects" / "pack"
        while not any(packs.glob("tmp_*")):
            assert room.operations.get(operation.id).state == "running"
            await asyncio.sleep(0.02)
        # Git says how far it is once it has an object; the large one may come first.
        assert room.operations.get(operation.id).message.partition(": ")[0] in ("", "lib")
        # Nobody waits for it who only wants a branch.
        await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
        assert (await room.operations.cancel(operation.id)).state == "cancelled"
        assert not any(packs.glob("tmp_*"))
    assert (await linked.listed(project))[0].state == "missing"
    name(linked.remote, "lib", linked.lib.url, "1" * 40)
    await linked.pull(project)
    with pytest.raises(Refused) as refused:
        await linked.let_in(project)
    assert (refused.value.code, "1111111" in refused.value.message) == ("submodule_commit", True)
    described = await room.projects.look(project.id)
    assert described.problem is not None
    assert described.problem.code == "submodule_commit"


async def test_killed_at_any_step(linked: Linked) -> None:
    project = await linked.clone()
    await linked.let_in(project)
    tree, facts = linked.room.tree(project), linked.room.projects.get(project.id)
    second = linked.lib.push({"tools.py": "x = 2\n", "deep/more.py": None, "new.py": "z\n"})
    name(linked.remote, "lib", linked.lib.url, second)
    await linked.pull(project)
    repository = {
        "directory": str(facts.git), "home": str(linked.room.home.cache / "git-home"), "url": facts.url,
    }  # fmt: skip
    back = {"repository": repository, "branch": "main", "consented": [linked.lib.url]}
    for step in range(1, 40):
        sub = tree / "lib"
        git(sub, "checkout", "--quiet", "--detach", linked.first)
        (sub / "typed.txt").write_text("typed\n")
        if not await dies_at(step, FILES, ("git.submodules:place", back)):
            break
        await linked.room.projects.submodules.recover(facts)
        assert (sub / "typed.txt").read_text() == "typed\n"
        assert git(sub, "status", "--porcelain") == "?? typed.txt"
        assert (await linked.listed(project))[0].at in (linked.first, second)
    else:
        pytest.fail("it never ends")
    assert step > 5
    assert (await linked.listed(project))[0].state == "here"


def test_relative_addresses() -> None:
    base = "https://git.example.org/team/forecast.git"
    assert resolved(base, "../lib.git") == "https://git.example.org/team/lib.git"
    assert resolved(base, "../../other/lib.git") == "https://git.example.org/other/lib.git"
    assert resolved(base, "../../../../lib.git") == "../../../../lib.git"
    assert resolved("git@git.example.org:team/forecast.git", "../lib.git") == "git@git.example.org:team/lib.git"
    assert resolved("ssh://git@h:2222/a/b", "./c") == "ssh://git@h:2222/a/b/c"
    assert resolved(base, "https://elsewhere.example.org/x") == "https://elsewhere.example.org/x"
