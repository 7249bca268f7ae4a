"""Cloning: what is there afterwards, and that nothing is when it failed."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes.remotes import ENV, Remote, allow, git, slow_http
from workspace_server.kit.errors import AtriumError, Conflict
from workspace_server.projects.cloning import UNRECORDED

from .conftest import Room


def residue(room: Room) -> list[Path]:
    """Everything below git/ and projects/."""
    return [*room.home.git.iterdir(), *room.home.projects.iterdir()]


async def test_a_clone_is_ready_to_work_in(room: Room, remote: Remote) -> None:
    operation = await room.projects.clone(remote.url, "", room.ana.id)
    result = await room.ended(operation)
    assert result == {
        "project": result["project"], "name": "forecast", "branch": "main", "folder": "projects/forecast/main",
        "notebook": "projects/forecast/main/forecast.ipynb", "readme": "projects/forecast/main/README.md",
        "carried": [], "kept": {},
    }  # fmt: skip
    project = await room.projects.describe(result["project"])
    assert [(branch.name, branch.changes, branch.upstream) for branch in project.branches] == [("main", 0, True)]
    assert ("projects", "cloned") in room.actions

    # Git in a terminal works there, and pulls from the remote.
    tree = room.tree(project)
    assert git(tree, "status", "--porcelain") == ""
    remote.push({"new.txt": "x"})
    git(tree, "pull", "--quiet")
    assert (tree / "new.txt").exists()

    place = room.projects.locate(tree / "data" / "sales.csv")
    assert place is not None
    assert (place.project, place.name, place.branch, place.root, place.relpath) == (
        project.id, "forecast", "main", tree, "data/sales.csv",
    )  # fmt: skip
    assert room.projects.locate(Path("projects/forecast/main")) == room.projects.locate(tree)
    assert room.projects.locate(room.home.scratch / "ana") is None
    assert room.projects.locate(tree / ".." / ".." / "x" / "y") is None

    with pytest.raises(Conflict, match="already"):
        await room.projects.clone(remote.url, "Forecast", room.ana.id)
    other = await room.clone(remote.url, "second")
    assert {one.name for one in await room.projects.describe_all()} == {"forecast", other.name}


async def test_two_people_clone_the_same_name_at_once(room: Room, remote: Remote) -> None:
    first = await room.projects.clone(remote.url, "", room.ana.id)
    with pytest.raises(Conflict):
        await room.projects.clone(remote.url, "", room.bo.id)
    await room.ended(first)


@pytest.mark.parametrize("name", ["main", "release-1.2", "feature/x", "trunk"])
async def test_the_remote_says_which_branch_is_the_first(room: Room, remote: Remote, name: str) -> None:
    if name != "main":
        remote.push({"x": "x"}, branch=name)
        git(remote.path, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    project = await room.clone(remote.url)
    assert (project.default_branch, project.followed_branch) == (name, name)
    assert room.tree(project, name).name == name.replace("/", "~")
    assert git(room.tree(project, name), "branch", "--show-current") == name


async def test_a_repository_without_notebooks(room: Room, tmp_path: Path) -> None:
    plain = Remote(tmp_path / "plain", files={"notes.txt": "x"})
    allow(room.home.path, plain.url)
    result = await room.ended(await room.projects.clone(plain.url, "", room.ana.id))
    assert (result["notebook"], result["readme"]) == (None, None)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://localhost:1/a.git", "private_address"),
        ("https://localhost:2/named.git", "unreachable"),
        ("https://no-such-host.invalid/a.git", "unknown_host"),
        ("file:///nowhere/at/all.git", "not_a_repository"),
        ("ssh://git@localhost:1/a.git", "unreachable"),
    ],
)
async def test_what_cannot_be_cloned_says_why_and_leaves_nothing(room: Room, url: str, code: str) -> None:
    allow(room.home.path, "file:///nowhere/at/all.git", "https://localhost:2/")
    if url.startswith("ssh:") and shutil.which("ssh") is None:
        pytest.skip("needs ssh")
    with pytest.raises(AtriumError) as error:
        await room.clone(url)
    assert error.value.code == code, error.value
    assert error.value.hint
    assert residue(room) == []
    assert await room.projects.describe_all() == []


async def test_progress_and_cancel_within_two_seconds(room: Room, remote: Remote, tmp_path: Path) -> None:
    big = os.urandom(3_000_000).hex()
    remote.push({"big.txt": big})
    with slow_http(remote.path.parent, seconds=30) as base:
        url = f"{base}/forecast.git"
        allow(room.home.path, url)
        operation = await room.projects.clone(url, "", room.ana.id)
        seen: set[str] = set()
        for _ in range(200):
            await asyncio.sleep(0.05)
            now = room.operations.get(operation.id)
            seen.add(now.message)
            if "Receiving objects" in now.message and "iB" in now.message and now.done:
                break
        assert any("Receiving objects" in message for message in seen), seen
        begin = asyncio.get_running_loop().time()
        done = await room.operations.cancel(operation.id)
        assert asyncio.get_running_loop().time() - begin < 2
        assert done.state == "cancelled"
        assert residue(room) == []
        assert await room.projects.describe_all() == []
        # The name is free again.
        allow(room.home.path, remote.url)
        await room.clone(remote.url)


async def test_the_next_start_removes_what_a_crash_left_and_nothing_else(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    (room.home.git / ".clone-x" / "repository.git").mkdir(parents=True)
    (room.home.git / ".making-x" / "main").mkdir(parents=True)
    # Between the renames and the database, and between the database and the end of a deletion.
    half = room.home.git / "half.git"
    half.mkdir()
    (half / UNRECORDED).touch()
    (room.home.projects / "half" / "main").mkdir(parents=True)
    (room.projects.get(project.id).git / UNRECORDED).touch()
    # Somebody's own folder, without a marker, is not ours to remove.
    (room.home.projects / "own").mkdir()
    tmp = room.home.production / ".tmp-x"
    tmp.mkdir()
    (tmp / "file").touch()
    tmp.chmod(0o555)

    await room.projects.start()
    left = {path.name for path in residue(room)}
    assert left == {"forecast", "forecast.git", "own"}
    assert not tmp.exists()
    assert (room.tree(project) / "forecast.ipynb").exists()


def test_the_worktree_is_plain_git(remote: Remote) -> None:
    # Guards the fakes: the remote is a real one that plain git can clone.
    out = subprocess.run(["git", "ls-remote", remote.url], env=ENV, capture_output=True, text=True, check=True)
    assert "refs/heads/main" in out.stdout
