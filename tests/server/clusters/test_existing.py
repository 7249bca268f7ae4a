"""A Dask scheduler that is there already: environments on its hosts, kept apart, or said why not."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.dask_hosts import DaskHosts, make_base
from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import NOTEBOOK, ask, in_environment, listener, make_project, refusal, wait_for

OTHER = NOTEBOOK.replace("forecast", "churn")
PATIENCE = 150.0

# What a notebook does: tasks of its own, tasks of tasks, and a collection.
WORK = """
import json, os, sys
import six
from workspace_ext import cluster, progress
os.environ["ATRIUM_CLUSTER"] = {told!r}
client = cluster.dask()

def where(i):
    # The module of the notebook's own, which the scheduler has not got.
    return six.__version__, os.path.basename(sys.prefix)

def nested(i):
    from distributed import worker_client
    with worker_client() as inner:
        return inner.submit(where, i, pure=False).result()

futures = client.map(where, range(12), pure=False)
found = set(client.gather(futures))
assert list(client.run_on_scheduler(progress.groups_of, client.id).values()) == [(12, 12)]
found |= set(client.gather(client.map(nested, range(3), pure=False)))
if {everywhere}:
    found |= set(client.run(where, 0).values())
print(json.dumps(sorted(found)))
"""


# What a Dask process says first to whoever connects, here of Python 3.9.
GREETING = b"\x83\xabcompression\xc0\xa6python\x93\x03\x09\x02\xafpickle-protocol\x05"


# What somebody does who has nothing to do with a workspace: many tasks, a few, and some of tasks.
OTHERS = """
import sys, time
from distributed import Client
client = Client({address!r})

def where(i, *_):
    time.sleep(0.02)
    return sys.prefix

found = set()
for count in (60, 1, 1, 3):
    first = client.map(where, range(count), pure=False)
    found |= set(client.gather(client.map(where, range(count), first, pure=False)))
print("Found", *sorted(found))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("existing") / "home") as running:
        make_project(running.home, "six==1.17.0")
        make_project(running.home, "six==1.16.0", project="churn")
        yield running


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Path:
    return make_base(tmp_path_factory.mktemp("base") / "dask")


@pytest.fixture
def hosts(server: Server, base: Path, tmp_path: Path) -> Iterator[DaskHosts]:
    made = DaskHosts(tmp_path / "hosts", base)
    try:
        made.start()
        yield made
    finally:
        made.close()
        for cluster in server.api("GET", "/clusters")["clusters"]:
            server.api("DELETE", f"/clusters/{cluster['id']}")


def until(true: Callable[[], object], otherwise: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.2)


def serving(server: Server, id: str) -> int:
    workers: int = server.api("GET", f"/clusters/{id}")["workers"]
    return workers


def create(server: Server, hosts: DaskHosts, notebook: str) -> str:
    wanted = {"notebook": notebook, "kind": "dask", "address": hosts.address}
    id: str = server.api("POST", "/clusters", wanted)["cluster"]["id"]
    return id


def work(server: Server, notebook: str, everywhere: bool = True) -> list[list[str]]:
    """Versions and environments that the tasks of a notebook found; ``everywhere``: and each of its workers."""
    status, told = ask(server, notebook)
    assert status == 200, told
    program = "import warnings; warnings.simplefilter('error')\n" + WORK.format(
        told=json.dumps(told), everywhere=everywhere
    )
    found: list[list[str]] = json.loads(in_environment(server, notebook, program))
    return found


def environment(server: Server, notebook: str) -> str:
    id: str = server.api("GET", f"/environments?notebook={notebook}")["id"]
    return id


@pytest.mark.parts
def test_what_is_no_scheduler_for_this_environment_is_refused_at_once(server: Server, hosts: DaskHosts) -> None:
    refused = partial(refusal, server, "dask")
    assert refused("10.0.0.1") == (422, "invalid_address", "address")
    assert refused("tls://10.0.0.1:8786") == (422, "tls_scheduler", "address")
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = f"tcp://127.0.0.1:{gone.getsockname()[1]}"
    assert refused(nobody) == (503, "no_scheduler", f"Nothing listens at {nobody}.")
    with listener(b"SSH-2.0-OpenSSH_9.2\r\n") as address:
        assert refused(address) == (409, "not_dask", f"What listens at {address} is no Dask scheduler.")
    with listener(GREETING) as address:
        status, code, message = refused(address)
        assert (status, code) == (409, "other_python")
        assert message.startswith(f"The scheduler at {address} runs Python 3.9, this environment Python 3.")
    assert server.api("GET", "/clusters")["clusters"] == []

    # Its version of Dask goes before all, but not before what the project asks for.
    make_project(server.home, "distributed==2025.12.0", project="pinned")
    failed = wait_for(server, create(server, hosts, NOTEBOOK.replace("forecast", "pinned")), "failed")
    assert failed["error"]["code"] == "conflict"
    assert "distributed==2025.12.0 (requirements.txt, line 1)" in failed["error"]["message"]
    assert "(the Dask scheduler)" in failed["error"]["message"]


@pytest.mark.parts
def test_two_environments_on_one_scheduler_are_kept_apart(server: Server, hosts: DaskHosts, base: Path) -> None:
    hosts.add("north")
    first = create(server, hosts, NOTEBOOK)
    running = wait_for(server, first, "running")
    assert (running["address"], running["workers"]) == (hosts.address, 1)
    second = create(server, hosts, OTHER)
    wait_for(server, second, "running")
    wanted = [[["1.17.0", environment(server, NOTEBOOK)]], [["1.16.0", environment(server, OTHER)]]]
    status, refused = server.request("POST", f"atrium/api/clusters/{first}/scale", {"minimum": 1, "maximum": 3})
    assert (status, refused["code"]) == (409, "not_ours_to_scale")

    # One joins later, one has no nanny, one no uv: each has both environments, or takes no tasks and says why.
    hosts.add("west", "--no-nanny")
    hosts.add("south", uv=False)
    hosts.add("east")
    told = lambda: server.api("GET", f"/clusters/{first}")  # noqa: E731
    until(lambda: told()["workers"] == 2 and "uv" in told()["message"] and "no nanny" in told()["message"], told)
    assert told()["maximum"] == 4
    assert "it has no uv, which builds the environment" in told()["message"]
    assert "one of its workers has no nanny" in told()["message"]
    until(lambda: server.api("GET", f"/clusters/{second}")["workers"] == 2, told)
    assert [work(server, NOTEBOOK), work(server, OTHER)] == wanted
    assert hosts.environments("south") == hosts.environments("west") == []
    assert sorted(hosts.environments("east")) == sorted(found for [[_, found]] in wanted)

    # What others run there runs where it would without any of this.
    done = subprocess.run(
        [hosts.python, "-c", OTHERS.format(address=hosts.address)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["Found", str(base.parent.parent)], done.stderr

    # What is stopped leaves nothing there but what it built, and what others run.
    server.api("POST", f"/clusters/{first}/stop")
    wait_for(server, first, "stopped")
    resource = ask(server, OTHER)[1]["resource"]
    until(lambda: set(hosts.bound("north", "dask_worker").values()) == {resource}, lambda: hosts.log("north"))
    assert work(server, OTHER) == wanted[1]


@pytest.mark.parts
def test_a_host_that_is_cut_off_or_dies_while_it_builds(server: Server, hosts: DaskHosts) -> None:
    hosts.add("north")
    hosts.add("south", gate=True)
    id = create(server, hosts, NOTEBOOK)
    # South is cut off in the middle of its build: north serves, and waits for nobody.
    until(lambda: hosts.waits("south"), lambda: server.api("GET", f"/clusters/{id}"))
    hosts.send("south", signal.SIGSTOP)
    until(lambda: serving(server, id) == 1, lambda: hosts.log("north"))
    wanted = [["1.17.0", environment(server, NOTEBOOK)]]
    assert work(server, NOTEBOOK) == wanted
    hosts.open("south")
    assert hosts.environments("south") == []
    hosts.send("south", signal.SIGCONT)
    until(lambda: serving(server, id) == 2, lambda: hosts.log("south"))

    # East loses its power in the middle of it, and comes back with a half-made folder.
    hosts.add("east", gate=True)
    until(lambda: hosts.waits("east"), lambda: hosts.log("east"))
    hosts.kill("east")
    assert hosts.environments("east") == []
    hosts.open("east")
    hosts.add("east")
    until(lambda: serving(server, id) == 3, lambda: hosts.log("east"))
    assert not list((hosts.folder / "east").glob("**/.building-*"))
    assert work(server, NOTEBOOK) == wanted

    # A worker that is killed comes back, and so does one whose own nanny is.
    for role in ("spawn_main", "dask_worker"):
        before = hosts.bound("north", role)
        os.kill(next(iter(before)), signal.SIGKILL)
        until(lambda: hosts.bound("north", role).keys() - before.keys(), lambda: hosts.log("north"))  # noqa: B023
        assert work(server, NOTEBOOK, everywhere=False) == wanted

    # Nobody answers there any more.
    hosts.kill("scheduler")
    failed = wait_for(server, id, "failed")
    assert failed["error"]["message"] == f"The cluster ended: the scheduler at {hosts.address} has gone."
    server.api("POST", f"/clusters/{id}/restart", {})
    failed = wait_for(server, id, "failed")
    assert failed["error"]["code"] == "no_scheduler"
    assert failed["error"]["message"] == f"Nothing listens at {hosts.address}."
