"""Clusters on hosts over SSH, with a real sshd for each: of one environment, for whoever has the certificate, and gone
with their connection."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.servers import start_server
from tests.fakes.ssh_hosts import SshHost, ssh_host
from tests.fakes.ssh_server import new_key
from tests.server.clusters.helpers import (
    NOTEBOOK,
    address_of,
    ask,
    group,
    in_environment,
    listeners,
    look,
    make_project,
    trusted,
    until,
    wait_for,
    watched,
)

WORK = """
import json, os, sys, time
import six
os.environ["ATRIUM_CLUSTER"] = {told!r}
from workspace_ext import cluster
client = cluster.dask()
client.wait_for_workers(1, timeout=90)

def where():
    return six.__version__, os.path.basename(sys.prefix), os.environ["HOME"]

print(json.dumps(sorted(client.run(where).values())))
"""


@pytest.fixture
def hosts(tmp_path: Path, package_cache: Path) -> Iterator[list[SshHost]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(ssh_host(tmp_path / f"host{number}", number)) for number in (1, 2)]


@pytest.mark.parts
def test_hosts_that_cannot_be_used_are_told_at_once(hosts: list[SshHost], tmp_path: Path) -> None:
    with start_server(tmp_path / "home") as server:
        make_project(server.home, "six==1.17.0")
        one, two = hosts

        def refused(address: str = "") -> tuple[int, str, str]:
            wanted = {"notebook": NOTEBOOK, "kind": "dask", "address": address or address_of(hosts)}
            status, told = server.request("POST", "atrium/api/clusters", wanted)
            return status, told["code"], told["message"]

        assert refused("ssh://10.0.0.1")[:2] == (422, "invalid_address")
        status, code, message = refused("ssh://ana:hunter2@10.0.0.1")
        assert (status, code) == (422, "invalid_address")
        assert "hunter2" not in message
        nothing = f"ana keeps nothing to sign in with at {one.server.host}."
        assert refused() == (409, "no_sign_in", nothing)

        mine = new_key(tmp_path / "mine")
        one.server.allow(mine)
        keep = {"kind": "ssh_key", "user": "", "secret": mine.read_text()}
        for host in hosts:
            server.api("PUT", "/credentials", {**keep, "host": host.url})
        untrusted = "its key is not trusted here: the operator adds it, `atrium trust-host {0}`"
        said = "; ".join(f"{each.server.host}: {untrusted.format(each.server.host)}" for each in hosts)
        assert refused() == (409, "host_refuses", f"{said}.")

        trusted(server, hosts, mine)
        one.lose_uv()
        assert refused() == (
            409,
            "host_refuses",
            f"{one.server.host}: it has no uv, which builds the environment; install it there: pip install uv; "
            f"{two.server.host}: it does not let you in with the SSH key that you keep for it.",
        )
        assert server.api("GET", "/clusters")["clusters"] == []


@pytest.mark.parts
def test_a_cluster_on_hosts(hosts: list[SshHost], tmp_path: Path) -> None:
    one, two = hosts
    key = new_key(tmp_path / "mine")
    home = tmp_path / "home"
    for host in hosts:
        host.server.allow(key)
    with start_server(home, keep_clusters=True) as server:
        make_project(home, "six==1.17.0")
        trusted(server, hosts, key)
        wanted = {"notebook": NOTEBOOK, "kind": "dask", "address": address_of(hosts)}
        id = server.api("POST", "/clusters", wanted)["cluster"]["id"]

        def told() -> Any:
            return server.api("GET", f"/clusters/{id}")

        def work() -> Any:
            """Which versions the workers of each host find, in the environment that the notebook declares."""
            status, said = ask(server, NOTEBOOK)
            environment = server.api("GET", f"/environments?notebook={NOTEBOOK}")["id"]
            assert (status, said["environment"]) == (200, environment), said
            found = json.loads(in_environment(server, NOTEBOOK, WORK.format(told=json.dumps(said))))
            assert all(name == environment for _, name, _ in found), found
            return sorted({(version, at) for version, _, at in found})

        def serves_everywhere(version: str) -> None:
            until(lambda: told()["workers"] == 2, told)
            assert work() == [(version, str(one.home)), (version, str(two.home))]

        wait_for(server, id, "running")
        serves_everywhere("1.17.0")
        assert server.request("POST", f"atrium/api/clusters/{id}/scale", {"minimum": 1, "maximum": 2})[0] == 409

        # Its pages are watched like those of a cluster beside the server.
        pages = watched(server, id)["url"]
        assert look(server, f"{pages}status".removeprefix("/"))[0] == 200

        # Nobody else is let in.
        _, said = ask(server, NOTEBOOK)
        machine, _, port = said["address"].removeprefix("tls://").rpartition(":")
        assert {number for at, number in listeners(server, id) if at != "127.0.0.1"} == {int(port)}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            pytest.raises(ssl.SSLError, match="certificate"),
            socket.create_connection((machine, int(port)), 20) as plain,
            context.wrap_socket(plain) as stranger,
        ):
            stranger.recv(1)

        # A host loses its power: it serves again when it is back.
        before = set(one.processes("spawn_main"))
        one.kill()
        until(lambda: one.processes("spawn_main") and before.isdisjoint(one.processes("spawn_main")), told)
        serves_everywhere("1.17.0")

    # The next server finds it.
    with start_server(home) as server:
        until(lambda: told()["state"] == "running", server.log)
        serves_everywhere("1.17.0")

        # Other requirements, which one of the hosts cannot have: the other one serves alone, and it is said why.
        (home / "work" / NOTEBOOK).with_name("requirements.txt").write_text("six==1.16.0\n")
        two.lose_uv()
        server.api("POST", f"/clusters/{id}/restart", {"notebook": NOTEBOOK})
        without = f"{two.server.host}: it has no uv, which builds the environment; install it there: pip install uv"
        until(lambda: without in told()["message"] and told()["state"] == "running", told)
        assert {version for version, _ in work()} == {"1.16.0"}
        two.find_uv()
        serves_everywhere("1.16.0")
        assert len(one.environments()) == 2

        # Whoever looks after it is killed: nothing runs on, here or there.
        engine = group(home, id)[0]
        below = psutil.Process(engine).children(recursive=True)
        os.kill(engine, signal.SIGKILL)
        wait_for(server, id, "failed")
        until(lambda: not (one.processes() or two.processes()), lambda: (one.processes(), two.processes()))
        until(lambda: not any(each.is_running() for each in below), lambda: below, 30)
        server.api("POST", f"/clusters/{id}/restart", {})
        wait_for(server, id, "running")
        serves_everywhere("1.16.0")

        # A notebook shuts it down, as Dask lets it.
        ended = WORK.partition("def where")[0].format(told=json.dumps(ask(server, NOTEBOOK)[1])) + "client.shutdown()"
        in_environment(server, NOTEBOOK, ended)
        assert "The scheduler is clos" in wait_for(server, id, "failed")["error"]["message"]
        server.api("POST", f"/clusters/{id}/restart", {})
        wait_for(server, id, "running")
        server.api("POST", f"/clusters/{id}/stop")
        wait_for(server, id, "stopped")
        assert one.processes() == two.processes() == []
        assert one.left() == two.left() == []

        # The key is nowhere.
        secret = key.read_text().splitlines()[2].encode()
        for file in (path for path in home.rglob("*") if path.is_file() and not path.is_symlink()):
            assert secret not in file.read_bytes(), file
        assert not (home / "clusters" / id / "security.json").exists()
