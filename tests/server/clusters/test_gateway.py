"""Clusters that a real Dask Gateway makes: of one environment, reached through its proxy, given back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.gateway import PASSWORD, USER, RunningGateway, make_gateway, running_gateway
from tests.fakes.servers import start_server
from tests.server.clusters.helpers import NOTEBOOK, ask, group, in_environment, make_project, until, wait_for

WORK = """
import json, os, sys, time
import six
os.environ["ATRIUM_CLUSTER"] = {told!r}
from workspace_ext import cluster
client = cluster.dask()
client.wait_for_workers({workers}, timeout=90)

def where(i):
    time.sleep(0.05)
    return six.__version__, os.path.basename(sys.prefix)

print(json.dumps(sorted(set(client.gather(client.map(where, range(20)))))))
"""


# A cluster that nobody says of that it is wanted. Prints its name.
FORSAKEN = """
import asyncio, sys
import cloudpickle
from workspace_ext.engines import existing, gateway, lease

async def main():
    name, client, _ = await gateway.start(gateway.Gateway(*sys.argv[1:]))
    plugin = existing.Text(lease, "LeasePlugin", {"resource": "atrium-x", "grace": 1.0})
    await client.scheduler.register_scheduler_plugin(plugin=cloudpickle.dumps(plugin), name="lease", idempotent=True)
    print(name)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder / "runs", make_gateway(folder / "base")) as running:
        yield running


@pytest.mark.parts
def test_a_cluster_of_a_gateway(gateway: RunningGateway, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with start_server(home, keep_clusters=True) as server:
        make_project(home, "six==1.17.0")
        (home / "settings" / "allowed-remotes.json").write_text(json.dumps([gateway.address]))
        wanted = {"notebook": NOTEBOOK, "kind": "dask", "address": gateway.address, "minimum": 1, "maximum": 2}

        def refused() -> tuple[int, Any]:
            status, told = server.request("POST", "atrium/api/clusters", wanted)
            return status, told.get("code")

        # Whoever makes it signs in with what they keep for its host.
        assert refused() == (409, "no_sign_in")
        keep = {"host": gateway.address, "kind": "token", "user": USER, "secret": "wrong"}
        server.api("PUT", "/credentials", keep)
        assert refused() == (409, "gateway_refuses")
        server.api("PUT", "/credentials", {**keep, "secret": PASSWORD})
        id = server.api("POST", "/clusters", wanted)["cluster"]["id"]
        running = wait_for(server, id, "running")
        assert running["workers"] == 1
        assert len(gateway.names()) == 1

        def work(workers: int) -> Any:
            status, told = ask(server, NOTEBOOK)
            environment = server.api("GET", f"/environments?notebook={NOTEBOOK}")["id"]
            assert (status, told["environment"]) == (200, environment)
            found = json.loads(in_environment(server, NOTEBOOK, WORK.format(told=json.dumps(told), workers=workers)))
            return [[version, name == environment] for version, name in found]

        assert work(1) == [["1.17.0", True]]
        forsaken = in_environment(server, NOTEBOOK, FORSAKEN, gateway.address, USER, PASSWORD)
        until(lambda: forsaken not in gateway.names(), gateway.names)
        server.api("POST", f"/clusters/{id}/scale", {"minimum": 2, "maximum": 2})
        until(
            lambda: server.api("GET", f"/clusters/{id}")["workers"] == 2, lambda: server.api("GET", f"/clusters/{id}")
        )
        assert work(2) == [["1.17.0", True]]

    # The next server finds it.
    with start_server(home) as server:
        until(lambda: server.api("GET", f"/clusters/{id}")["state"] == "running", server.log)
        assert work(2) == [["1.17.0", True]]

        # Other requirements: it is another cluster there, of other workers, and the one before is given back.
        (home / "work" / NOTEBOOK).with_name("requirements.txt").write_text("six==1.16.0\n")
        server.api("POST", f"/clusters/{id}/restart", {"notebook": NOTEBOOK})
        assert work(2) == [["1.16.0", True]]
        until(lambda: len(gateway.names()) == 1, gateway.names)

        # Whoever looks after it is killed: the next one gives back what it left.
        os.kill(group(home, id)[0], signal.SIGKILL)
        wait_for(server, id, "failed")
        server.api("POST", f"/clusters/{id}/restart", {})
        wait_for(server, id, "running")
        until(lambda: len(gateway.names()) == 1, gateway.names)
        server.api("POST", f"/clusters/{id}/stop")
        wait_for(server, id, "stopped")
        until(lambda: gateway.names() == [], gateway.names)

        # The password is nowhere.
        for file in (path for path in home.rglob("*") if path.is_file() and not path.is_symlink()):
            assert PASSWORD.encode() not in file.read_bytes(), file
        assert PASSWORD not in server.log()
