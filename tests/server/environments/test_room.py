"""Room on the disk: what runs in an environment holds it; the others go, the longest unused first, and come back."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from workspace_server.environments import compile as byte_code
from workspace_server.environments import held, room
from workspace_server.environments.build import Environment, build_blocking, find, load, restore
from workspace_server.environments.declaration import declare
from workspace_server.environments.records import check, site_packages
from workspace_server.environments.uv import Uv
from workspace_server.kit.errors import Conflict, NotFound
from workspace_server.kit.home import Home

pytestmark = pytest.mark.parts


def built(home: Home, version: str) -> Environment:
    """An environment that nobody has wanted for an hour."""
    folder = home.projects / "forecast" / version
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(f"six=={version}\n")
    environment = build_blocking(home, declare(folder, folder))
    age(home, environment, 3600)
    return environment


def age(home: Home, environment: Environment, seconds: float) -> None:
    # Byte code is written in the background, by a Python that holds the environment like any other.
    deadline = time.monotonic() + 120
    while byte_code._running:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    moment = time.time() - seconds
    os.utime(held.lease(home, environment.id), (moment, moment))


def test_what_is_in_use_stays_and_the_others_come_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    old, running, young = (built(home, version) for version in ("1.15.0", "1.16.0", "1.17.0"))
    age(home, young, 1800)
    # A child that outlives the kernel holds it as well, until its own end.
    program = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print(1, flush=True); sys.stdin.read()"
    kernel = subprocess.Popen([running.python, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with kernel:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "1\n"
        age_of_running = time.time() - held.used(home, running.id)
        assert age_of_running < 60
        moment = time.time() - 7200  # The longest unused, were it not for its kernel.
        os.utime(held.lease(home, running.id), (moment, moment))

        kept = room.survey(home)
        assert [(one.id, one.held) for one in kept.environments] == [
            (young.id, False), (old.id, False), (running.id, True),
        ]  # fmt: skip
        assert kept.total < sum(one.bytes for one in kept.environments)  # They share most of their files.
        with pytest.raises(Conflict, match="is in use"):
            room.remove(home, running.id)

        uv = Uv(home)
        assert room.collect(home, kept.total, uv).removed == []
        # What only the cache holds goes first, then the longest unused environment, and no more than needed.
        assert room.collect(home, kept.total - 1, uv).removed == []
        assert room.collect(home, room.survey(home).total - 1, uv).removed == [old.id]
        collected = room.collect(home, 0, uv)
        assert collected.removed == [young.id]
        assert load(home, old.id) is load(home, young.id) is None
        check(site_packages(running.folder), list(running.packages))
        kernel.kill()
    assert room.collect(home, 0, Uv(home)).removed == [running.id]
    assert not [one for one in home.environments.iterdir() if not one.name.startswith(".")]
    assert not list(home.environments.glob(".building-*"))

    again = restore(home, running.id)
    assert again == running
    check(site_packages(again.folder), list(again.packages))
    with pytest.raises(NotFound):
        restore(home, "nosuchid")


def test_what_was_just_asked_for_stays(home: Home) -> None:
    environment = built(home, "1.17.0")
    folder = home.projects / "forecast" / "1.17.0"
    assert build_blocking(home, declare(folder, folder)) == environment
    assert room.collect(home, 0, Uv(home)).removed == []
    with pytest.raises(Conflict):
        room.remove(home, environment.id)
    age(home, environment, 60)
    room.remove(home, environment.id)
    assert find(home, declare(folder, folder)) is None
    with pytest.raises(NotFound):
        room.remove(home, environment.id)
