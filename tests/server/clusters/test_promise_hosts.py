"""No task runs in a wrong environment on a scheduler that others use too: hosts come, die, are cut off in the middle of
a build or reach no index, requirements change, all under load of both."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.fakes.dask_hosts import PASSWORD, DaskHosts, make_base
from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import NOTEBOOK, ask, make_project
from tests.server.clusters.promise import GOOD, STEPS, Elsewhere, Load, begin, drawn, end, step, until

MOST_HOSTS = 3


class Life(Elsewhere):
    """An environment on the hosts of a scheduler, and what can happen to it."""

    def __init__(self, server: Server, hosts: DaskHosts, chance: random.Random, stack: contextlib.ExitStack) -> None:
        self.hosts, self.chance, self.count = hosts, chance, 0
        self.names: list[str] = []
        self.hosts.add(self.name())
        super().__init__(server, hosts.address, stack)
        self.others = Load(server, 0, hosts.address, hosts.python, None)
        stack.callback(end, self.others.process)
        self.begin()

    def name(self) -> str:
        """Of a host to come, for which there is room."""
        while len(self.names) >= MOST_HOSTS:
            self.hosts.kill(self.names.pop(0))
        self.count += 1
        self.names.append(f"host{self.count}")
        return self.names[-1]

    def serves(self, name: str) -> None:
        """Tasks run on that host."""
        until(lambda: self.hosts.bound(name, "dask_worker"), lambda: f"{self.cluster()} {self.hosts.log(name)}")
        self.load.is_served(self.hosts.folder / name)

    def a_host_joins(self) -> None:
        name = self.name()
        self.hosts.add(name)
        self.serves(name)

    def a_host_joins_while_another_builds(self) -> None:
        """Neither waits for the other."""
        slow, quick = self.name(), self.name()
        self.hosts.add(slow, gate=True)
        until(lambda: self.hosts.waits(slow), lambda: self.hosts.log(slow))
        self.hosts.add(quick)
        self.serves(quick)
        assert self.hosts.environments(slow) == []
        self.hosts.open(slow)
        self.serves(slow)

    def a_host_loses_its_power(self) -> None:
        name = self.chance.choice(self.names)
        self.hosts.kill(name)
        if len(self.names) > 1:
            self.load.is_served()
        self.hosts.add(name)
        self.serves(name)

    def a_process_is_killed(self) -> None:
        """A worker, or its nanny."""
        name = self.chance.choice(self.names)
        self.serves(name)
        victims = self.hosts.bound(name, self.chance.choice(("spawn_main", "dask_worker")))
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(psutil.pid_exists, victims)), lambda: victims)
        self.serves(name)

    def a_host_is_cut_off_while_it_builds(self) -> None:
        """It comes back, or loses its power as well."""
        name = self.name()
        self.hosts.add(name, gate=True)
        until(lambda: self.hosts.waits(name), lambda: self.hosts.log(name))
        self.hosts.send(name, signal.SIGSTOP)
        if len(self.names) > 1:
            self.load.is_served()
        self.hosts.open(name)
        assert self.hosts.environments(name) == []
        if self.chance.random() < 0.5:
            self.hosts.send(name, signal.SIGCONT)
        else:
            self.hosts.kill(name)
            self.hosts.add(name)
        self.serves(name)

    def a_host_reaches_no_index(self) -> None:
        """It takes no task and says why, until it does."""
        name = self.name()
        self.hosts.add(name, cut=True)
        until(lambda: "uv says: error: Failed to fetch" in self.cluster()["message"], self.cluster)
        assert PASSWORD not in json.dumps(self.cluster()) + self.hosts.log(name) + self.hosts.log("scheduler")
        self.load.is_served()
        assert not self.hosts.bound(name, "dask_worker")
        assert self.hosts.environments(name) == []
        self.hosts.open(name, "cut")
        self.serves(name)

    def requirements_change(self) -> None:
        """Who still waits for the old environment waits on, and holds nobody up."""
        self.change()
        self.restart()
        self.begin()

    def requirements_fail_on_every_host(self) -> None:
        """They are fine for the server, which builds them. What ran serves on, and says why it is no other."""
        self.change()
        for name in self.names:
            self.hosts.cut(name)
            self.hosts.forget(name, keep=self.load.prefix.name)
        self.restart()
        until(lambda: self.cluster()["error"], self.cluster)
        now = self.cluster()
        assert (now["state"], now["error"]["code"]) == ("running", "cluster_failed"), now
        assert "uv says: error: Failed to fetch" in now["error"]["message"]
        self.load.is_served()
        assert ask(self.server, NOTEBOOK)[1]["code"] == "other_environment"
        for name in self.names:
            self.hosts.open(name, "cut")
        self.restart()
        self.begin()


# What could bring another environment in, or half of one.
CROSSING = (Life.requirements_fail_on_every_host, Life.a_host_is_cut_off_while_it_builds)
OTHERS = (
    Life.a_host_joins,
    Life.a_host_joins_while_another_builds,
    Life.a_host_loses_its_power,
    Life.a_process_is_killed,
    Life.requirements_change,
    Life.a_host_reaches_no_index,
    Life.requirements_fail,
)


@pytest.fixture
def hosts(tmp_path: Path, package_cache: Path) -> Iterator[DaskHosts]:
    made = DaskHosts(tmp_path / "hosts", make_base(tmp_path / "base"))
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.mark.parts
def test_no_task_runs_in_a_wrong_environment_on_hosts(tmp_path: Path, hosts: DaskHosts) -> None:
    chance = begin()
    with start_server(tmp_path / "home") as server, contextlib.ExitStack() as stack:
        make_project(server.home, GOOD[1])
        life = Life(server, hosts, chance, stack)
        for one in drawn(chance, CROSSING, OTHERS, STEPS - 2):
            step(one, life)
            life.load.is_served()
            life.others.is_served()
        life.kept()
        assert life.others.ran() == {f"{hosts.python.parent.parent} none"}
