"""No task runs in a wrong environment: workers killed, joined by hand, scaled, requirements changed, all under load."""

from __future__ import annotations

import contextlib
import os
import random
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import NOTEBOOK, ask, group, make_project
from tests.server.clusters.promise import BAD, GOOD, STEPS, HandMade, Load, begin, drawn, end, step, until


class Life:
    """A cluster under load, and what can happen to it."""

    def __init__(self, server: Server, id: str, chance: random.Random, stack: contextlib.ExitStack) -> None:
        self.server, self.id, self.chance, self.stack = server, id, chance, stack
        self.good = 1
        self.loads: list[Load] = []
        self.versions: dict[Load, str] = {}
        self.begin()

    @property
    def load(self) -> Load:
        return self.loads[-1]

    def begin(self) -> None:
        status, told = ask(self.server, NOTEBOOK)
        assert status == 200, told
        self.loads.append(Load.of(self.server, told, len(self.loads)))
        self.versions[self.load] = GOOD[self.good].partition("==")[2]
        self.stack.callback(end, self.load.process)
        self.load.is_served()

    def declare(self, line: str) -> None:
        (self.server.home / "work" / NOTEBOOK).with_name("requirements.txt").write_text(line + "\n")

    def cluster(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.api("GET", f"/clusters?notebook={NOTEBOOK}")["clusters"][0]
        return found

    def a_worker_is_killed(self) -> None:
        self.chance.choice(self.workers()).kill()

    def what_workers_are_forked_from_is_killed(self) -> None:
        """They end with it, and others come."""
        before = self.workers()
        self.fork_server().kill()
        until(lambda: not any(map(words, before)), lambda: "they go on without it")

    def workers(self) -> list[psutil.Process]:
        return until(lambda: self.fork_server().children(), lambda: "there are none")

    def fork_server(self) -> psutil.Process:
        def found() -> list[psutil.Process]:
            leader, *_ = group(self.server.home, self.id)
            return [each for each in psutil.Process(leader).children() if "forkserver" in words(each)]

        return until(found, lambda: "nothing forks workers")[0]

    def it_is_scaled(self) -> None:
        minimum = self.chance.randint(1, 2)
        wanted = {"minimum": minimum, "maximum": self.chance.randint(minimum, 3)}
        self.server.api("POST", f"/clusters/{self.id}/scale", wanted)
        until(lambda: self.cluster()["workers"] >= minimum, lambda: "no workers came")

    def a_worker_of_another_environment_joins(self) -> None:
        """By hand, from an environment that differs in one version."""
        make_project(self.server.home, GOOD[1 - self.good], branch="weekly")
        weekly = NOTEBOOK.replace("main", "weekly")
        self.server.api("POST", "/environments/prebuild", {"notebook": weekly})
        until(lambda: self.environment(weekly)["state"] == "ready", lambda: "it is not built")
        other = self.server.home / "environments" / self.environment(weekly)["id"]
        assert other != self.load.prefix
        why = self.chance.choice(("does not say", "runs in"))
        said = ["--preload", "workspace_ext.engines.membership"] if why == "runs in" else []
        worker = self.join(other / "bin" / "python", *said)
        try:
            until(lambda: worker.process.poll() is not None, lambda: "it was not sent away")
            assert f"takes only workers of its environment {self.load.prefix}, and this one {why}" in worker.said()
        finally:
            worker.end()

    def environment(self, notebook: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.api("GET", f"/environments?notebook={notebook}")
        return found

    def a_worker_joins_by_hand(self) -> None:
        """From the right environment, which it says."""
        worker = self.join(self.load.prefix / "bin" / "python", "--preload", "workspace_ext.engines.membership")
        try:
            until(lambda: "Registered to" in worker.said(), worker.said)
            self.load.is_served()
        finally:
            worker.end()

    def requirements_change(self) -> None:
        self.good = 1 - self.good
        self.declare(GOOD[self.good])
        assert self.cluster()["matches"] is False
        assert ask(self.server, NOTEBOOK)[1]["code"] == "other_environment"
        self.load.is_served()
        before = self.load
        self.server.api("POST", f"/clusters/{self.id}/restart", {"notebook": NOTEBOOK})
        self.begin()
        assert self.load.prefix != before.prefix
        until(lambda: before.process.poll() is not None, lambda: "the old cluster goes on")

    def requirements_fail(self) -> None:
        """What ran serves on, in what it had, and says why it is no other."""
        self.declare(BAD)
        self.server.api("POST", f"/clusters/{self.id}/restart", {"notebook": NOTEBOOK})
        until(lambda: self.cluster()["error"], lambda: "nobody says that it cannot be built")
        now = self.cluster()
        assert (now["state"], now["matches"], now["error"]["code"]) == ("running", False, "unknown_package")
        self.load.is_served()
        status, refused = ask(self.server, NOTEBOOK)
        assert (status, refused["code"]) == (409, "other_environment")
        assert BAD in refused["hint"]
        self.declare(GOOD[self.good])
        assert ask(self.server, NOTEBOOK)[0] == 200

    def the_server_is_killed(self) -> None:
        """The next one finds the cluster, and renews its lease at once."""
        self.server.process.kill()
        self.server.process.wait()
        self.load.is_served()
        lease = self.server.home / "clusters" / self.id / "lease"
        long_ago = time.time() - 500
        os.utime(lease, (long_ago, long_ago))
        self.server = self.stack.enter_context(start_server(self.server.home, keep_clusters=True))
        until(lambda: lease.stat().st_mtime > long_ago + 1, lambda: "nobody renews it")
        assert ask(self.server, NOTEBOOK)[1]["address"] == self.load.address

    def join(self, python: Path, *options: str) -> HandMade:
        return HandMade(self.server, python, self.load.address, *options)


def words(process: psutil.Process) -> str:
    """Its command line; "" once it has ended."""
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


# What could bring another environment in.
CROSSING = (Life.a_worker_of_another_environment_joins, Life.requirements_change)
OTHERS = (
    Life.a_worker_is_killed,
    Life.what_workers_are_forked_from_is_killed,
    Life.it_is_scaled,
    Life.a_worker_joins_by_hand,
    Life.requirements_fail,
    Life.the_server_is_killed,
)


@pytest.mark.parts
def test_no_task_runs_in_a_wrong_environment(server: Server) -> None:
    chance = begin()
    make_project(server.home, GOOD[1])
    wanted = {"notebook": NOTEBOOK, "kind": "dask", "minimum": 1, "maximum": 2}
    id = server.api("POST", "/clusters", wanted)["cluster"]["id"]
    with contextlib.ExitStack() as stack:
        life = Life(server, id, chance, stack)
        for one in drawn(chance, CROSSING, OTHERS, STEPS):
            step(one, life)
            life.load.is_served()
        for load in life.loads:
            assert load.ran() <= {f"{load.prefix} {life.versions[load]}"}
