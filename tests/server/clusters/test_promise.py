"""No task runs in a wrong environment: workers killed, joined by hand, scaled, requirements changed, all under load.

What happens, in which order, `ATRIUM_CLUSTER_SEED` says, and how much of it, `ATRIUM_CLUSTER_STEPS`; `make fuzz
ROOM=clusters` does more of it than fits into every run of the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import NOTEBOOK, ask, group, make_project
from workspace_server.environments.runtime import materialise
from workspace_server.kit.home import Home

STEPS = int(os.environ.get("ATRIUM_CLUSTER_STEPS", "4"))
GOOD = ("six==1.16.0", "six==1.17.0")
BAD = "no-such-package-xyz123"
PATIENCE = 90.0
LOADS = Path(__file__).with_name("loads.py")


class Load:
    """Tasks that run all along, submitted from one environment."""

    def __init__(self, server: Server, told: dict[str, Any], number: int) -> None:
        self.prefix = server.home / "environments" / told["environment"]
        self.address: str = told["address"]
        self._said = server.home.parent / f"load-{number}.txt"
        self._wrong = self._said.with_suffix(".err")
        with self._said.open("wb") as out, self._wrong.open("wb") as errors:
            self.process = subprocess.Popen(
                [self.prefix / "bin" / "python", LOADS, self.address],
                env=variables(server), stdout=out, stderr=errors, start_new_session=True,
            )  # fmt: skip

    def batches(self) -> list[set[str]]:
        return [set(json.loads(line)) for line in self._said.read_text().splitlines(keepends=True) if line[-1] == "\n"]

    def is_served(self) -> None:
        """More tasks are answered than were so far."""
        before = len(self.batches())
        until(lambda: len(self.batches()) > before + 1, f"no task is answered: {self._wrong.read_text()[-2000:]}")

    def check(self) -> None:
        ran = set().union(*self.batches())
        assert ran <= {str(self.prefix)}, ran


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def variables(server: Server) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(materialise(Home(server.home)))}


def until(true: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


class Life:
    """A cluster under load, and what can happen to it."""

    def __init__(self, server: Server, id: str, chance: random.Random, stack: contextlib.ExitStack) -> None:
        self.server, self.id, self.chance, self.stack = server, id, chance, stack
        self.good = 1
        self.loads: list[Load] = []
        self.begin()

    @property
    def load(self) -> Load:
        return self.loads[-1]

    def begin(self) -> None:
        status, told = ask(self.server, NOTEBOOK)
        assert status == 200, told
        self.loads.append(Load(self.server, told, len(self.loads)))
        self.stack.callback(end, self.load.process)
        self.load.is_served()

    def declare(self, line: str) -> None:
        (self.server.home / "work" / NOTEBOOK).with_name("requirements.txt").write_text(line + "\n")

    def cluster(self) -> dict[str, Any]:
        found: dict[str, Any] = self.server.api("GET", f"/clusters?notebook={NOTEBOOK}")["clusters"][0]
        return found

    def a_worker_is_killed(self) -> None:
        _, *others = group(self.server.home, self.id)
        workers = [pid for pid in others if "spawn_main" in " ".join(psutil.Process(pid).cmdline())]
        os.kill(self.chance.choice(workers), signal.SIGKILL)

    def it_is_scaled(self) -> None:
        minimum = self.chance.randint(1, 2)
        wanted = {"minimum": minimum, "maximum": self.chance.randint(minimum, 3)}
        self.server.api("POST", f"/clusters/{self.id}/scale", wanted)
        until(lambda: self.cluster()["workers"] >= minimum, "no workers came")

    def a_worker_of_another_environment_joins(self) -> None:
        """By hand, from an environment that differs in one version."""
        make_project(self.server.home, GOOD[1 - self.good], branch="weekly")
        weekly = NOTEBOOK.replace("main", "weekly")
        self.server.api("POST", "/environments/prebuild", {"notebook": weekly})
        until(lambda: self.environment(weekly)["state"] == "ready", "it is not built")
        other = self.server.home / "environments" / self.environment(weekly)["id"]
        assert other != self.load.prefix
        why = self.chance.choice(("does not say", "runs in"))
        said = ["--preload", "workspace_ext.engines.membership"] if why == "runs in" else []
        worker = self.join(other / "bin" / "python", *said)
        try:
            until(lambda: worker.process.poll() is not None, "it was not sent away")
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
            until(lambda: "Registered to" in worker.said(), worker.said())
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
        until(lambda: before.process.poll() is not None, "the old cluster goes on")

    def requirements_fail(self) -> None:
        """What ran serves on, in what it had, and says why it is no other."""
        self.declare(BAD)
        self.server.api("POST", f"/clusters/{self.id}/restart", {"notebook": NOTEBOOK})
        until(lambda: self.cluster()["error"], "nobody says that it cannot be built")
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
        until(lambda: lease.stat().st_mtime > long_ago + 1, "nobody renews it")
        assert ask(self.server, NOTEBOOK)[1]["address"] == self.load.address

    def join(self, python: Path, *options: str) -> HandMade:
        return HandMade(self.server, python, self.load.address, *options)


class HandMade:
    """A worker that somebody starts."""

    def __init__(self, server: Server, python: Path, address: str, *options: str) -> None:
        self._log = server.home.parent / "worker.log"
        line = [python, "-m", "distributed.cli.dask_worker", address, "--no-dashboard", "--no-nanny", *options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                line, cwd=server.home.parent, env=variables(server), stdout=log, stderr=log, start_new_session=True
            )

    def said(self) -> str:
        return self._log.read_text()

    def end(self) -> None:
        end(self.process)


# What could bring another environment in.
CROSSING = (Life.a_worker_of_another_environment_joins, Life.requirements_change)
OTHERS = (
    Life.a_worker_is_killed,
    Life.it_is_scaled,
    Life.a_worker_joins_by_hand,
    Life.requirements_fail,
    Life.the_server_is_killed,
)


def drawn(chance: random.Random) -> list[Callable[[Life], None]]:
    """So many steps, however few with those in them that cross."""
    steps = [*CROSSING, *(chance.choice(CROSSING + OTHERS) for _ in range(STEPS - len(CROSSING)))]
    return chance.sample(steps, len(steps))


@pytest.mark.parts
def test_no_task_runs_in_a_wrong_environment(server: Server) -> None:
    seed = int(os.environ.get("ATRIUM_CLUSTER_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ATRIUM_CLUSTER_SEED={seed} ATRIUM_CLUSTER_STEPS={STEPS}")
    chance = random.Random(seed)
    make_project(server.home, GOOD[1])
    wanted = {"notebook": NOTEBOOK, "kind": "dask", "minimum": 1, "maximum": 2}
    id = server.api("POST", "/clusters", wanted)["cluster"]["id"]
    with contextlib.ExitStack() as stack:
        life = Life(server, id, chance, stack)
        for step in drawn(chance):
            print(f"{time.monotonic():.0f} {step.__name__}", flush=True)
            step(life)
            life.load.is_served()
        for load in life.loads:
            load.check()
