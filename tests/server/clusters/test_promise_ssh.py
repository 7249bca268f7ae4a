"""No task runs in a wrong environment on hosts over SSH: they lose their power, their connection, their uv; workers and
whoever looks after them are killed, requirements change, and somebody starts a worker by hand, all under load."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
from pathlib import Path

import psutil
import pytest

from tests.fakes.servers import Server, start_server
from tests.fakes.ssh_hosts import SshHost, ssh_host
from tests.fakes.ssh_server import new_key
from tests.server.clusters.helpers import (
    NOTEBOOK,
    address_of,
    ask,
    group,
    make_project,
    prebuilt,
    trusted,
    wait_for,
)
from tests.server.clusters.promise import GOOD, STEPS, Elsewhere, HandMade, begin, drawn, step, until


class Life(Elsewhere):
    """A cluster on two hosts, and what can happen to it."""

    def __init__(
        self, server: Server, hosts: list[SshHost], chance: random.Random, stack: contextlib.ExitStack
    ) -> None:
        super().__init__(server, address_of(hosts), stack)
        self.hosts, self.chance = hosts, chance
        self.begin()

    def serves(self, host: SshHost) -> None:
        """Tasks run on that host."""
        until(lambda: host.processes("spawn_main"), self.cluster)
        self.load.is_served(host.home)

    def a_host_loses_its_power(self) -> None:
        host = self.chance.choice(self.hosts)
        host.kill()
        self.load.is_served()
        self.serves(host)

    def a_connection_is_lost(self) -> None:
        """Its workers end with it, and others come with the next one."""
        host = self.chance.choice(self.hosts)
        self.serves(host)
        before = host.processes("spawn_main")
        keeper = psutil.Process(group(self.server.home, self.id)[0])
        [connection] = [one for one in keeper.children() if {"ssh", str(host.server.port)} <= set(one.cmdline())]
        connection.kill()
        until(lambda: not any(each.is_running() for each in before), lambda: before)
        self.serves(host)

    def a_process_is_killed(self) -> None:
        """A worker, its nanny, or what has started that."""
        host = self.chance.choice(self.hosts)
        self.serves(host)
        victims = host.processes(self.chance.choice(("spawn_main", "dask_worker", "atrium_host")))
        for each in victims:
            with contextlib.suppress(psutil.Error):
                each.kill()
        until(lambda: not any(each.is_running() for each in victims), lambda: victims)
        self.serves(host)

    def a_host_stands_still(self) -> None:
        """As one that is cut off for a moment."""
        host = self.chance.choice(self.hosts)
        there = host.processes()
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for each in there:
                with contextlib.suppress(psutil.Error):
                    each.send_signal(number)
        self.serves(host)

    def a_worker_of_another_environment_joins(self) -> None:
        """By hand, with the certificate, from an environment that differs in one version."""
        make_project(self.server.home, GOOD[1 - self.good], branch="weekly")
        other = self.server.home / "environments" / prebuilt(self.server, NOTEBOOK.replace("main", "weekly"))["id"]
        _, told = ask(self.server, NOTEBOOK)
        options = []
        for name, option in (("certificate", "--tls-ca-file"), ("certificate", "--tls-cert"), ("key", "--tls-key")):
            file = self.server.home.parent / f"{name}.pem"
            file.write_text(told["security"][name])
            options += [option, str(file)]
        said = ["--preload", "workspace_ext.engines.membership"] if self.chance.random() < 0.5 else []
        worker = HandMade(self.server, other / "bin" / "python", self.load.address, *options, *said)
        try:
            until(lambda: worker.process.poll() is not None, worker.said)
            assert "takes only workers of its environment" in worker.said()
        finally:
            worker.end()

    def requirements_change(self) -> None:
        """Perhaps one of the hosts cannot have what is asked for now: it takes no task until it can."""
        self.change()
        without = self.chance.choice((*self.hosts, None))
        if without is not None:
            without.lose_uv()
            environment = prebuilt(self.server, NOTEBOOK)["id"]
            without.forget(environment)
        self.restart()
        self.begin()
        if without is not None:
            until(lambda: "it has no uv" in self.cluster()["message"], self.cluster)
            assert not without.processes("spawn_main")
            without.find_uv()
        for host in self.hosts:
            self.serves(host)

    def its_keeper_is_killed(self) -> None:
        """Nothing runs on; restarted it is as before."""
        os.kill(group(self.server.home, self.id)[0], signal.SIGKILL)
        wait_for(self.server, self.id, "failed")
        until(lambda: not any(host.processes() for host in self.hosts), lambda: [one.processes() for one in self.hosts])
        self.restart()
        self.begin()


# What could bring another environment in.
CROSSING = (Life.a_worker_of_another_environment_joins, Life.requirements_change)
OTHERS = (
    Life.a_host_loses_its_power,
    Life.a_connection_is_lost,
    Life.a_process_is_killed,
    Life.a_host_stands_still,
    Life.requirements_fail,
    Life.its_keeper_is_killed,
)


@pytest.mark.parts
def test_no_task_runs_in_a_wrong_environment_over_ssh(tmp_path: Path, package_cache: Path) -> None:
    chance = begin()
    key = new_key(tmp_path / "mine")
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(ssh_host(tmp_path / f"host{number}", number)) for number in (1, 2)]
        server = stack.enter_context(start_server(tmp_path / "home"))
        make_project(server.home, GOOD[1])
        for host in hosts:
            host.server.allow(key)
        trusted(server, hosts, key)
        life = Life(server, hosts, chance, stack)
        for one in drawn(chance, CROSSING, OTHERS, STEPS):
            step(one, life)
            life.load.is_served()
        life.kept()
        assert json.loads((server.home / "clusters" / life.id / "state.json").read_text())["state"] == "running"
