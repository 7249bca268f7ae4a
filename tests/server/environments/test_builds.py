"""Real builds with uv: what is published is whole, made once, and never changes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from workspace_server.environments import build
from workspace_server.environments.build import build_blocking, find, load, sweep
from workspace_server.environments.declaration import Declaration, declare
from workspace_server.environments.errors import Cancelled, Unbuildable
from workspace_server.environments.records import check, site_packages
from workspace_server.environments.runtime import materialise
from workspace_server.environments.service import Environments
from workspace_server.environments.uv import find_uv
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations

pytestmark = pytest.mark.parts


def wanted(project: Path, *lines: str) -> Declaration:
    (project / "requirements.txt").write_text("\n".join(lines) + "\n")
    return declare(project, project)


class Recorder:
    """The real uv behind a script that writes down each call, and sleeps first where it is told to."""

    def __init__(self, folder: Path, sleep: str = "") -> None:
        self.log = folder / "uv.log"
        self.path = folder / "uv"
        wait = f'case "$*" in *{sleep}*) sleep 60;; esac\n' if sleep else ""
        self.path.write_text(f'#!/bin/sh\necho "$*" >> {self.log}\n{wait}exec {find_uv()} "$@"\n')
        self.path.chmod(0o755)

    def count(self, words: str) -> int:
        return self.log.read_text().count(words) if self.log.exists() else 0


def modes(folder: Path) -> set[int]:
    """The write bits of everything in it but links and byte code, which is added in the background."""
    found = set()
    for parent, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if one != "__pycache__"]
        found |= {Path(parent, one).lstat().st_mode & 0o222 for one in files if not Path(parent, one).is_symlink()}
    return found


def test_built_once_published_read_only_and_importable(home: Home, project: Path, tmp_path: Path) -> None:
    uv = Recorder(tmp_path)
    phases: list[str] = []
    declaration = wanted(project, "six==1.17.0")
    environment = build_blocking(home, declaration, lambda phase, *_: phases.append(phase), str(uv.path))

    assert {one.name: one.version for one in environment.packages}["six"] == "1.17.0"
    assert phases[0] == "resolving"
    assert list(dict.fromkeys(phases))[-3:] == ["installing", "checking", "publishing"]
    assert modes(environment.folder) == {0}
    assert not list(home.environments.glob(".building-*"))

    # It runs from where it lies now, with the runtime's workspace_ext and not the server's.
    said = subprocess.run(
        [environment.python, "-c", "import six, pandas, workspace_ext; print(six.__file__, workspace_ext.__file__)"],
        env={"PYTHONPATH": str(materialise(home))}, cwd=tmp_path, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert Path(said[0]).is_relative_to(environment.folder)
    assert Path(said[1]).is_relative_to(home.runtime)

    # Asked again it is there, without a single call of uv; gone, it is built from the remembered lock.
    uv.log.unlink()
    assert build_blocking(home, declaration, uv=str(uv.path)) == environment
    assert uv.count("") == 0
    build.discard(environment.folder)
    assert find(home, declaration) is None
    assert build_blocking(home, declaration, uv=str(uv.path)).id == environment.id
    assert (uv.count("pip compile"), uv.count("venv ")) == (0, 1)
    # Nothing that is there already is asked of the index.
    assert (uv.count("pip sync"), uv.count("--offline")) == (1, 1)


def test_two_processes_build_one(home: Home, project: Path, tmp_path: Path) -> None:
    uv = Recorder(tmp_path)
    wanted(project, "six==1.17.0")
    program = (
        "import sys; from pathlib import Path; from workspace_server.kit.home import Home\n"
        "from workspace_server.environments.service import build_blocking, declare\n"
        "root = Path(sys.argv[2]); print(build_blocking(Home(sys.argv[1]), declare(root, root), uv=sys.argv[3]).id)"
    )
    arguments = [sys.executable, "-c", program, str(home.path), str(project), str(uv.path)]
    processes = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    ids = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(ids) == 1
    assert uv.count("venv ") == 1


def test_killed_at_any_moment_it_is_whole_or_not_there(home: Home, project: Path) -> None:
    declaration = wanted(project, "six==1.17.0")
    build_blocking(home, declaration)  # So that a memo and the cache are there, and only building is interrupted.
    known = find(home, declaration)
    assert known is not None
    program = (
        "import sys; from pathlib import Path; from workspace_server.kit.home import Home\n"
        "from workspace_server.environments.service import build_blocking, declare\n"
        "root = Path(sys.argv[2]); declaration = declare(root, root); home = Home(sys.argv[1])\n"
        "print('now', flush=True); build_blocking(home, declaration)"
    )
    interrupted = 0
    for delay in (0.05, 0.2, 0.3, 0.4, 0.5, 0.7):
        build.discard(known.folder)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(home.path), str(project)], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.kill()
        published = load(home, known.id)
        interrupted += published is None
        if published is not None:
            check(site_packages(published.folder), list(published.packages))
    assert interrupted > 0
    rebuilt = build_blocking(home, declaration)
    check(site_packages(rebuilt.folder), list(rebuilt.packages))
    deadline = time.monotonic() + 15
    while list(home.environments.glob(".building-*")):  # An orphaned uv may still be writing.
        assert time.monotonic() < deadline
        sweep(home)
        time.sleep(0.2)


def test_cancelled_it_leaves_nothing(home: Home, project: Path, tmp_path: Path) -> None:
    uv = Recorder(tmp_path, sleep="sync")
    cancelled = threading.Event()
    threading.Timer(4, cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        build_blocking(home, wanted(project, "six==1.17.0"), uv=str(uv.path), cancelled=cancelled)
    assert time.monotonic() - started < 15
    assert uv.count("pip sync") == 1
    assert not list(home.environments.glob(".building-*"))
    assert str(uv.path) not in subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout


async def test_everybody_waits_for_one_build(home: Home, project: Path, tmp_path: Path) -> None:
    uv = Recorder(tmp_path)
    events = Events()
    events.bind(asyncio.get_running_loop())
    heard: list[str] = []
    events.on(lambda event: heard.append(event.action) if event.room == "environments" else None)
    environments = Environments(home, events, Operations(events), str(uv.path))
    declaration = wanted(project, "six==1.17.0")
    assert environments.status(declaration).state == "none"

    waiting = [asyncio.create_task(environments.ensure(declaration)) for _ in range(5)]
    impatient = asyncio.create_task(environments.ensure(declaration))
    messages = set()
    while not waiting[0].done():
        status = environments.status(declaration)
        messages.add(status.phase)
        if status.state == "building":
            impatient.cancel()
        await asyncio.sleep(0.02)
    assert len({(await one).id for one in waiting}) == 1
    with contextlib.suppress(asyncio.CancelledError):
        await impatient
    assert {"resolving", "installing"} <= messages
    assert uv.count("venv ") == 1
    status = environments.status(declaration)
    assert (status.state, status.source, status.count) == ("ready", "requirements.txt", len(status.packages))
    assert heard[0] == "building"
    assert heard[-1] == "ready"


async def test_a_failed_or_cancelled_build_can_be_retried(home: Home, project: Path, tmp_path: Path) -> None:
    events = Events()
    operations = Operations(events)
    slow = Recorder(tmp_path, sleep="compile")
    environments = Environments(home, events, operations, str(slow.path))
    declaration = wanted(project, "no-such-package-xyz123")

    waiting = asyncio.create_task(environments.ensure(declaration))
    while environments.status(declaration).phase != "resolving":
        await asyncio.sleep(0.05)
    await environments.cancel(declaration)
    with pytest.raises(Cancelled):
        await waiting
    assert environments.status(declaration).error is not None
    assert operations.list()[0].state == "cancelled"

    environments = Environments(home, events, operations)
    with pytest.raises(Unbuildable, match="no package named"):
        await environments.ensure(declaration)
    status = environments.status(declaration)
    assert status.state == "failed"
    assert status.error is not None
    assert status.error.code == "unknown_package"
    assert "not found in the package registry" in status.detail
    with pytest.raises(Unbuildable):
        await environments.ensure(declaration)
    assert len(operations.list()) == 3


def test_the_lock_has_hashes_of_everything(home: Home, project: Path) -> None:
    environment = build_blocking(home, wanted(project, "six==1.17.0"))
    lock = (environment.folder / "requirements.lock").read_text()
    pinned = [line for line in lock.splitlines() if not line.startswith(" ")]
    assert all("==" in line and line.endswith("\\") for line in pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert json.loads((environment.folder / ".ready").read_text())["seconds"] > 0
    assert "index" not in lock
