"""Production: what is published, how it changes, when it stays, what is collected."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.projects import CreateBranch, Production, Project
from workspace_server.kit.errors import AtriumError, Conflict
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage
from workspace_server.projects.service import Places

from .conftest import Room


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    return await room.clone(remote.url)


async def published(room: Room, project: Project) -> Production:
    await room.projects.look(project.id)
    production = room.projects.production(project.id)
    assert production is not None
    return production


async def test_production_is_the_commits_files_read_only(room: Room, remote: Remote) -> None:
    remote.push({"run.sh": "#!/bin/sh\n", ".gitattributes": "*.txt text eol=crlf\n", "a b/ü.txt": "x\n"})
    (remote.elsewhere / "run.sh").chmod(0o755)
    (remote.elsewhere / "link").symlink_to("README.md")
    sha = remote.push({"more": "x"})
    project = await room.clone(remote.url)
    production = await published(room, project)
    assert (production.sha, production.branch) == (sha, "main")
    root = Path(production.path)
    assert root == room.home.production / sha
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    assert files == set(git(remote.elsewhere, "-c", "core.quotePath=false", "ls-files").splitlines())
    assert not (root / ".git").exists()
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH), path
    assert os.access(root / "run.sh", os.X_OK)
    assert (root / "link").is_symlink()
    assert room.projects.followed_branch(project.id) == "main"


async def test_it_follows_and_keeps_the_last_good_one(room: Room, project: Project, remote: Remote) -> None:
    first = await published(room, project)
    seen: list[str] = []
    room.projects.on_production(lambda production: seen.append(production.sha))
    second_sha = remote.push({"a.txt": "a"})
    second = await published(room, project)
    assert (second.sha, seen) == (second_sha, [second_sha])
    assert Path(first.path).is_dir()
    await published(room, project)
    assert seen == [second_sha]
    # main here has been brought along, for nobody could mind.
    assert git(room.tree(project), "rev-parse", "HEAD") == second_sha

    # A force-push is deployed as well; an absent branch and a remote that is away change nothing, and are told.
    git(remote.path, "update-ref", "refs/heads/main", first.sha)
    assert (await published(room, project)).sha == first.sha
    remote.path.rename(remote.path.with_suffix(".away"))
    assert (await published(room, project)).sha == first.sha
    described = await room.projects.describe(project.id)
    assert described.problem is not None
    assert described.problem.code == "not_a_repository"
    remote.path.with_suffix(".away").rename(remote.path)
    remote.push({"x": "x"}, branch="other")
    git(remote.path, "update-ref", "-d", "refs/heads/main")
    await published(room, project)
    described = await room.projects.describe(project.id)
    assert described.problem is not None
    assert described.problem.code == "branch_gone"
    followed = await room.projects.follow(project.id, "other")
    assert followed.problem is None
    assert followed.production is not None
    assert (followed.production.branch, followed.production.sha) == ("other", remote.head("other"))
    with pytest.raises(AtriumError):
        await room.projects.follow(project.id, "nowhere")


async def test_main_here_stays_while_somebody_could_mind(room: Room, project: Project, remote: Remote) -> None:
    first = await published(room, project)
    tree = room.tree(project)
    room.opened.files[tree / "forecast.ipynb"] = ["Bo"]
    remote.push({"forecast.ipynb": notebook("x")})
    second = await published(room, project)
    assert git(tree, "rev-parse", "HEAD") == first.sha
    assert (await room.projects.describe(project.id)).branches[0].behind == 1
    room.opened.files.clear()
    (tree / "README.md").write_text("mine")
    await published(room, project)
    assert git(tree, "rev-parse", "HEAD") == first.sha
    git(tree, "checkout", "README.md")
    await published(room, project)
    assert git(tree, "rev-parse", "HEAD") == second.sha


async def test_leases_keep_a_commit_and_the_rest_is_collected(room: Room, project: Project, remote: Remote) -> None:
    first = await published(room, project)
    other_process = Places(Home(room.home.path), Storage(room.home.database))
    leased = other_process.lease(project.id, "run-1")
    assert leased == first
    assert other_process.holders() == ["run-1"]
    shas = [first.sha]
    for number in range(7):
        remote.push({"a.txt": str(number)})
        shas.append((await published(room, project)).sha)
    # Taken again by the same run, after a restart for example, it is still the first one.
    assert other_process.lease(project.id, "run-1").sha == first.sha
    there = {path.name for path in room.home.production.iterdir()}
    assert there == {first.sha, *shas[-5:]}
    other_process.release("run-1")
    other_process.release("run-1")
    other_process.storage.close()
    room.projects.following.collect(project.id)
    assert {path.name for path in room.home.production.iterdir()} == set(shas[-5:])
    with pytest.raises(Conflict, match="Nothing"):
        room.projects.lease("unknown", "run-2")


async def test_polling_alone_suffices(
    room: Room, project: Project, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    await published(room, project)
    monkeypatch.setattr(room.projects.following, "_seconds", 0.2)
    room.projects.following.add(project.id)
    sha = remote.push({"a.txt": "a"})
    for _ in range(100):
        await asyncio.sleep(0.1)
        production = room.projects.production(project.id)
        if production is not None and production.sha == sha:
            break
    else:
        raise AssertionError("production did not follow")


async def test_publishing_interrupted_anywhere_is_done_again(room: Room, project: Project, remote: Remote) -> None:
    await published(room, project)
    sha = remote.push({f"many/{n}.txt": "x" * 100 for n in range(2000)})
    await room.projects.branches.listed(project.id)
    script = (
        "import json, sys; from workspace_server.projects import git_publish, git_remote\n"
        "repository, sha, production = json.loads(sys.argv[1])\n"
        "report = lambda *_: None\n"
        "git_remote.fetch(report, repository); print('fetched', flush=True)\n"
        "git_publish.publish(report, repository, sha, production)\n"
    )
    repository = {
        "directory": str(room.projects.get(project.id).git), "home": str(room.home.cache / "git-home"),
        "url": remote.url, "protocols": "file",
    }  # fmt: skip
    arguments = json.dumps([repository, sha, str(room.home.production)])
    process = subprocess.Popen(  # noqa: ASYNC220 (killed below, at a moment of our choice)
        [sys.executable, "-c", script, arguments], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    await asyncio.sleep(0.05)
    process.kill()
    process.wait()
    process.stdout.close()
    assert not (room.home.production / sha).exists()
    await room.projects.start()
    production = await published(room, project)
    assert production.sha == sha
    assert len(list((Path(production.path) / "many").iterdir())) == 2000
    assert not [path for path in room.home.production.iterdir() if path.name.startswith(".")]


async def test_a_branch_can_begin_where_the_remote_is(room: Room, project: Project, remote: Remote) -> None:
    remote.push({"x": "x"}, branch="theirs")
    await published(room, project)
    made = await room.projects.branches.create(project.id, CreateBranch("mine", "theirs"), room.ana.id)
    assert (room.tree(project, "mine") / "x").exists()
    assert made.carried == []
