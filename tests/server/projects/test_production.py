"""Production that people hold: pinned, rolled back, let go; its history; a branch that was rewritten or is gone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.fakes.remotes import Remote, allow, git
from tests.fakes.servers import Server, start_server
from workspace_ext.contract.projects import PinRequest, Production, Project, Publication
from workspace_server.kit.errors import AtriumError, Conflict, Invalid
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage
from workspace_server.projects.service import Places

from .conftest import Room


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    made = await room.clone(remote.url)
    await room.projects.look(made.id)
    return made


def production(room: Room, project: Project) -> Production:
    found = room.projects.production(project.id)
    assert found is not None
    return found


def history(room: Room, project: Project) -> list[Publication]:
    return room.projects.production_history(project.id, 50).publications


async def test_a_pin_holds_production_until_it_is_let_go(room: Room, project: Project, remote: Remote) -> None:
    first = production(room, project)
    pinned = await room.projects.pinning.pin(project.id, PinRequest("  the quarter\nis closing "), room.ana.id)
    assert (pinned.sha, pinned.published) == (first.sha, first.published)
    assert pinned.pin is not None
    assert (pinned.pin.why, pinned.pin.by, pinned.pin.behind) == ("the quarter is closing", "Ana", 0)
    seen: list[str] = []
    room.projects.on_production(lambda moved: seen.append(moved.sha))

    remote.push({"a.txt": "a"})
    second = remote.push({"a.txt": "b"})
    looked = await room.projects.look(project.id)
    assert looked.problem is None
    assert looked.production is not None
    assert looked.production.pin is not None
    assert (looked.production.sha, looked.production.pin.behind) == (first.sha, 2)
    assert seen == []
    # Another process (the clock that starts runs) sees the same.
    elsewhere = Places(Home(room.home.path), Storage(room.home.database))
    assert elsewhere.lease(project.id, "run-1").sha == first.sha
    elsewhere.release("run-1")
    elsewhere.storage.close()

    free = await room.projects.pinning.unpin(project.id, room.bo.id)
    assert (free.sha, free.pin, seen) == (second, None, [second])
    with pytest.raises(Conflict, match="not pinned"):
        await room.projects.pinning.unpin(project.id, room.bo.id)
    assert [(one.sha, one.because, one.by, one.why) for one in history(room, project)] == [
        (second, "asked", "Bo", ""),
        (first.sha, "unpinned", "Bo", ""),
        (first.sha, "pinned", "Ana", "the quarter is closing"),
        (first.sha, "cloned", "", ""),
    ]


async def test_going_back_to_a_commit_whose_folder_is_gone(room: Room, project: Project, remote: Remote) -> None:
    first = production(room, project)
    for number in range(7):
        remote.push({"a.txt": str(number)}, message=f"Number {number}")
        await room.projects.look(project.id)
    assert not Path(first.path).exists()
    seen: list[str] = []
    room.projects.on_production(lambda moved: seen.append(moved.sha))
    back = await room.projects.pinning.pin(project.id, PinRequest("6 is wrong", first.sha[:7]), room.ana.id)
    assert (back.sha, seen) == (first.sha, [first.sha])
    assert (Path(back.path) / "README.md").read_text() == "# Forecast\n"
    assert back.pin is not None
    assert back.pin.behind == 7
    newest = history(room, project)[0]
    assert (newest.because, newest.by, newest.before, newest.forced) == ("rolled_back", "Ana", remote.head(), False)
    # From there to a newer one, and to one between that was published as well.
    between = git(remote.path, "rev-parse", "main~2")
    there = await room.projects.pinning.pin(project.id, PinRequest("5 is fine", between), room.bo.id)
    assert there.pin is not None
    assert (there.sha, there.pin.by, there.pin.behind) == (between, "Bo", 2)
    assert history(room, project)[0].because == "pinned"
    assert history(room, project)[0].summary == "Number 4"
    room.projects.following.collect()
    assert Path(there.path).is_dir()


async def test_only_what_was_in_production_or_is_on_its_branch(room: Room, project: Project, remote: Remote) -> None:
    foreign = remote.push({"x": "x"}, branch="idea")
    await room.projects.look(project.id)
    for sha, code in (
        (foreign, "not_of_production"), ("0" * 40, "not_of_production"), ("HEAD", "invalid_commit"),
        ("--output=/tmp/x", "invalid_commit"), ("abc", "invalid_commit"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await room.projects.pinning.pin(project.id, PinRequest("because", sha), room.ana.id)
        assert (refused.value.code, refused.value.field) == (code, "sha")
    with pytest.raises(Invalid, match="reason"):
        await room.projects.pinning.pin(project.id, PinRequest(" \n"), room.ana.id)
    assert production(room, project).pin is None


async def test_a_rewritten_branch_is_deployed_marked_and_told(room: Room, project: Project, remote: Remote) -> None:
    first = production(room, project)
    lost = remote.push({"a.txt": "a"})
    await room.projects.look(project.id)
    git(remote.path, "update-ref", "refs/heads/main", first.sha)
    git(remote.elsewhere, "reset", "--quiet", "--hard", first.sha)
    rewritten = remote.push({"b.txt": "b"})
    await room.projects.look(project.id)
    assert production(room, project).sha == rewritten
    newest = history(room, project)[0]
    assert (newest.sha, newest.before, newest.forced) == (rewritten, lost, True)
    assert ("projects", "rewritten") in room.actions
    # What was lost on the remote is kept here, whatever git tidies up, and production can go back to it.
    git(room.projects.get(project.id).git, "reflog", "expire", "--expire=now", "--all")
    git(room.projects.get(project.id).git, "gc", "--quiet", "--prune=now")
    shutil.rmtree(room.home.production / lost, ignore_errors=True)
    back = await room.projects.pinning.pin(project.id, PinRequest("they lost a.txt", lost), room.ana.id)
    assert back.pin is not None
    assert (back.sha, back.pin.rewritten) == (lost, True)


async def test_a_branch_that_is_rewritten_beneath_a_pin(room: Room, project: Project, remote: Remote) -> None:
    first = production(room, project)
    held = remote.push({"a.txt": "a"})
    await room.projects.look(project.id)
    await room.projects.pinning.pin(project.id, PinRequest("audit"), room.ana.id)
    git(remote.path, "update-ref", "refs/heads/main", first.sha)
    looked = await room.projects.look(project.id)
    assert looked.production is not None
    assert looked.production.pin is not None
    assert (looked.production.sha, looked.production.pin.rewritten) == (held, True)
    assert room.actions.count(("projects", "rewritten")) == 1
    await room.projects.look(project.id)
    assert room.actions.count(("projects", "rewritten")) == 1
    free = await room.projects.pinning.unpin(project.id, room.ana.id)
    assert (free.sha, history(room, project)[0].forced) == (first.sha, True)


async def test_a_branch_that_is_gone_leaves_the_last_good_one(room: Room, project: Project, remote: Remote) -> None:
    first = production(room, project)
    remote.push({"x": "x"}, branch="other")
    git(remote.path, "update-ref", "-d", "refs/heads/main")
    looked = await room.projects.look(project.id)
    assert looked.production is not None
    assert looked.problem is not None
    assert (looked.production.sha, looked.problem.code) == (first.sha, "branch_gone")
    assert room.actions.count(("projects", "branch-gone")) == 1
    # A person can still hold it, and another branch does not move what is held.
    await room.projects.pinning.pin(project.id, PinRequest("main is gone"), room.ana.id)
    followed = await room.projects.follow(project.id, "other", room.ana.id)
    assert followed.production is not None
    assert (followed.production.sha, followed.problem) == (first.sha, None)
    free = await room.projects.pinning.unpin(project.id, room.ana.id)
    assert (free.sha, free.branch) == (remote.head("other"), "other")


async def test_who_pushed_here_is_named(room: Room, project: Project, remote: Remote) -> None:
    tree = room.tree(project)
    (tree / "README.md").write_text("mine")
    await room.projects.branches.commit(project.id, "main", ["README.md"], "Mine", "", room.bo.id)
    await room.ended(await room.projects.branches.push(project.id, "main", room.bo.id))
    newest = history(room, project)[0]
    assert (newest.because, newest.by, newest.summary) == ("pushed", "Bo", "Mine")


async def test_whether_a_commit_is_in_production(room: Room, project: Project, remote: Remote) -> None:
    first = production(room, project).sha
    second = remote.push({"a.txt": "a"})
    includes = room.projects.pinning.includes
    assert not (await includes(project.id, second)).included
    await room.projects.look(project.id)
    assert (await includes(project.id, second[:7])).current
    older = await includes(project.id, first)
    assert (older.sha, older.included, older.current) == (first, True, False)
    with pytest.raises(AtriumError):
        await includes(project.id, "main")


@pytest.mark.parts
def test_a_server_killed_while_it_publishes_shows_no_half_commit(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    allow(home, remote.url)
    count = 1500
    with start_server(home, ATRIUM_POLL_SECONDS="3600") as server:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        project = f"/projects/{opened['project']}"
        _wait_for_production(server, project)
        webhook = server.api("POST", f"{project}/webhook/secret")
        tokens = server.tokens
    before = remote.head()
    production = home / "production"
    caught = 0
    # Half checked out, being sealed: at moments throughout, as soon as it has begun.
    for moment in range(4):
        with start_server(home, people=(), ATRIUM_POLL_SECONDS="3600") as server:
            server.tokens.update(tokens)
            server.api("POST", f"{project}/look")
            sha = remote.push({f"many/{number}.txt": f"{moment} {number}" for number in range(count)})
            token = {"X-Gitlab-Token": webhook["secret"]}
            assert server.request("POST", webhook["path"], {}, person=None, **token)[0] == 202
            deadline = time.monotonic() + 60
            while not list(production.glob(".tmp-*")) and not (production / sha).exists():
                assert time.monotonic() < deadline
                time.sleep(0.002)
            time.sleep(0.05 * moment)
            _kill_all(server)
        caught += bool(list(production.glob(".tmp-*")))
        if (production / sha).exists():
            assert len(list((production / sha / "many").iterdir())) == count
    assert caught
    with start_server(home, ATRIUM_POLL_SECONDS="3600") as server:
        server.api("POST", f"{project}/look")
        found = server.api("GET", f"{project}/production")
        assert found["sha"] == sha
        assert len(list((Path(found["path"]) / "many").iterdir())) == count
        lines = server.api("GET", f"{project}/production/history")["publications"]
        assert (lines[0]["sha"], lines[-1]["sha"]) == (sha, before)
        assert len({line["sha"] for line in lines}) == len(lines)
        assert not [path.name for path in (home / "production").iterdir() if path.name.startswith(".")]


@pytest.mark.parts
def test_over_rest_and_the_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    allow(home, remote.url)
    with start_server(home, ATRIUM_POLL_SECONDS="3600") as server:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        project = f"/projects/{opened['project']}"
        first = _wait_for_production(server, project)

        def atrium(*arguments: str, person: str = "ana") -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-c", "import sys; from workspace_ext.cli import main; sys.exit(main())", "projects",
                 *arguments, "--json", "--home", str(home)],
                env={**os.environ, "ATRIUM_TOKEN": server.tokens[person]}, capture_output=True, text=True,
            )  # fmt: skip

        second = remote.push({"a.txt": "a"})
        looked = atrium("look", "forecast", "--wait", "--sha", second)
        assert looked.returncode == 0, looked.stderr
        assert json.loads(looked.stdout)["sha"] == second
        # An earlier commit is in production as well; one that was never pushed is not.
        assert atrium("look", "forecast", "--sha", first).returncode == 0
        missing = atrium("look", "forecast", "--sha", "0123456789", "--wait", "--timeout", "1")
        assert missing.returncode == 1
        assert "0123456 is not in production" in missing.stderr

        refused = atrium("pin", "forecast", "--why", "mine", person="bo")
        assert refused.returncode == 1
        assert "owner" in refused.stderr
        pinned = atrium("pin", "forecast", first[:7], "--why", "a.txt is wrong")
        assert json.loads(pinned.stdout)["pin"]["why"] == "a.txt is wrong", pinned.stderr
        stuck = atrium("look", "forecast", "--sha", second, "--wait")
        assert stuck.returncode == 1
        assert "pinned" in stuck.stderr
        assert json.loads(atrium("unpin", "forecast").stdout)["sha"] == second
        lines = json.loads(atrium("production", "forecast", "--history", person="bo").stdout)["publications"]
        assert [line["because"] for line in lines] == ["asked", "unpinned", "rolled_back", "asked", "cloned"]
        status, reply = server.request("PUT", f"atrium/api{project}/production/pin", {"sha": first})
        assert (status, reply["field"]) == (422, "why")


def _kill_all(server: Server) -> None:
    """The server and everything that works for it, as when the power goes."""
    root = psutil.Process(server.process.pid)
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    server.process.wait()


def _wait_for_production(server: Server, project: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status, reply = server.request("GET", f"atrium/api{project}/production")
        if status == 200:
            sha: str = reply["sha"]
            return sha
        time.sleep(0.1)
    raise AssertionError("nothing was published")
