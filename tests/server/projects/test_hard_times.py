"""Remotes that say nothing, a disk that is full, and kill -9 at every moment of a clone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.fakes.remotes import Remote, allow, git, slow_http
from workspace_ext.contract.merges import PullBranch
from workspace_server.access.service import Access
from workspace_server.kit.errors import Unavailable
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations
from workspace_server.kit.processes import Workers
from workspace_server.kit.storage import Base, Storage
from workspace_server.projects.service import Projects
from workspace_server.projects.store import ProjectRow

from .conftest import Room
from .test_clone import residue


@contextmanager
def silence() -> Iterator[tuple[str, threading.Event]]:
    """A remote that takes connections and never says a word; the event is set once somebody has come."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        came, held = threading.Event(), []

        def accept() -> None:
            try:
                while True:
                    held.append(listening.accept()[0])
                    came.set()
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/forecast.git", came
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for connection in held:
                connection.close()
            thread.join()


async def test_a_remote_that_says_nothing_is_left_at_once(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    with silence() as (url, came):
        allow(room.home.path, remote.url, url)
        with room.projects.storage.session() as session:
            session.execute(update(ProjectRow).values(url=url))
        started: list[Callable[[], object]] = [
            lambda: room.projects.clone(url, "other", room.ana.id),
            lambda: room.projects.pulling.pull(project.id, "main", PullBranch(), room.ana.id),
            lambda: room.projects.branches.push(project.id, "main", room.ana.id),
        ]
        for start in started:
            came.clear()
            operation = await start()  # type: ignore[misc]
            assert await asyncio.to_thread(came.wait, 30)
            begin = time.monotonic()
            done = await room.operations.cancel(operation.id)
            assert time.monotonic() - begin < 2
            assert done.state == "cancelled"
        # And one that nobody cancels is told.
        with pytest.raises(Unavailable, match=r"did not answer within 1 s") as error:
            await room.projects._runner.remote(room.projects.get(project.id), "git.remote:fetch", timeout=1)
        assert (error.value.code, bool(error.value.hint)) == ("unreachable", True)
    assert {path.name for path in residue(room)} == {"forecast", "forecast.git"}
    assert git(room.tree(project), "status", "--porcelain") == ""


@asynccontextmanager
async def a_room(home: Home) -> AsyncIterator[tuple[Projects, Operations, str]]:
    """A room on a home of its own, and somebody in it."""
    home.prepare()
    storage = Storage(home.database)
    Base.metadata.create_all(storage.engine)
    events, workers = Events(), Workers(spare=0)
    events.bind(asyncio.get_running_loop())
    operations, access = Operations(events), Access(home, storage, events)
    access.load()
    projects = Projects(home, storage, events, operations, workers, access)
    people = access.people()
    person = people[0].id if people else access.add("ana", "correct horse").id
    await projects.start()
    try:
        yield projects, operations, person
    finally:
        await projects.close()
        await operations.close()
        await workers.close()
        storage.close()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of that size."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"needs leave to mount a small disk: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATRIUM_POLL_SECONDS", "3600")
    remote, big = Remote(tmp_path / "remote"), Remote(tmp_path / "big", {"big.bin": os.urandom(6_000_000).hex()})
    with small_disk(tmp_path / "disk", 6) as disk:
        home = Home(disk / "home")
        async with a_room(home) as (projects, operations, person):
            allow(home.path, remote.url, big.url)
            done = await operations.wait((await projects.clone(big.url, "big", person)).id)
            assert done.error is not None
            assert (done.error.code, done.error.message) == ("disk_full", "The disk of this server is full.")
            assert [*home.git.iterdir(), *home.projects.iterdir()] == []

            # What fits goes on, and a pull that does not leaves everything as it was.
            done = await operations.wait((await projects.clone(remote.url, "", person)).id)
            assert done.state == "succeeded", done
            project = done.result["project"]
            tree = projects.worktree(project, "main")
            assert tree is not None
            before = git(tree, "rev-parse", "HEAD")
            remote.push({"big.bin": os.urandom(6_000_000).hex()})
            pulled = await operations.wait((await projects.pulling.pull(project, "main", PullBranch(), person)).id)
            assert pulled.error is not None
            assert pulled.error.code == "disk_full"
            assert git(tree, "rev-parse", "HEAD") == before
            assert [str(p) for p in home.git.glob("*.git/objects/pack/tmp_*")] == []
            assert git(tree, "status", "--porcelain") == ""


MOMENTS: dict[str, Callable[[Home], bool]] = {
    "receiving": lambda home: any(home.git.glob(".clone-*/repository.git/objects/pack/tmp_*")),
    "checking out": lambda home: any(home.git.glob(".clone-*/.making-*")),
    "moving": lambda home: (home.git / "forecast.git").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_while_it_clones(tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATRIUM_POLL_SECONDS", "3600")
    home = Home(tmp_path / "home")
    home.prepare()
    files = {f"data/{number}.txt": os.urandom(5_000).hex() for number in range(100)}
    remote = Remote(tmp_path / "remote", {"README.md": "# Forecast\n"})
    remote.push({**files})
    with slow_http(remote.path.parent, seconds=1) as base:
        url = f"{base}/forecast.git"
        allow(home.path, url)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, str(home.path), url, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 60
            while not MOMENTS[moment](home):
                assert process.returncode is None or moment == "moving"
                assert time.monotonic() < deadline
                await asyncio.sleep(0.001)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # Its workers have groups of their own, and notice later.
            await process.wait()
        async with a_room(home) as (projects, operations, person):
            for project in await projects.describe_all():
                # It was whole already.
                tree = home.work / project.folder / "main"
                assert git(tree, "status", "--porcelain") == ""
                await projects.lives.delete(project.id, project.name, True, person)
            assert [*home.git.iterdir(), *home.projects.iterdir()] == []
            done = await operations.wait((await projects.clone(url, "", person)).id)
            assert done.state == "succeeded", done


async def _clone(home: str, url: str) -> None:
    async with a_room(Home(home)) as (projects, operations, person):
        done = await operations.wait((await projects.clone(url, "forecast", person)).id)
        print(json.dumps(done.error and done.error.message))


if __name__ == "__main__":
    asyncio.run(_clone(sys.argv[1], sys.argv[2]))
