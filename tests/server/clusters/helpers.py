"""A project with a notebook, and what its cluster and its kernel say."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tests.client.kernels import Kernel, kernel
from tests.fakes.servers import Server
from tests.fakes.ssh_hosts import SshHost
from workspace_server.access.service import Access
from workspace_server.environments.runtime import materialise
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage
from workspace_server.projects.credentials import known_hosts

T = TypeVar("T")

NOTEBOOK = "projects/forecast/main/forecast.ipynb"

# What a notebook does on Spark: which six its tasks find, in which environment.
WHERE = """
import json, workspace_ext as ws
def where(frames):
    import os, six, sys
    for frame in frames:
        yield frame.assign(six=six.__version__, environment=os.path.basename(sys.prefix))
"""
ASK = """
rows = ws.cluster.spark().range(4).mapInPandas(where, "id long, six string, environment string").collect()
print(json.dumps(sorted({(row.six, row.environment) for row in rows})))
"""


def make_project(home: Path, *lines: str, branch: str = "main", project: str = "forecast") -> None:
    folder = home / "work" / "projects" / project / branch
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
    (folder / f"{project}.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')


def refusal(server: Server, kind: str, address: str) -> tuple[int, str, str]:
    """How what is at an address is refused: the status, the code, and the field or the message."""
    status, told = server.request(
        "POST", "atrium/api/clusters", {"notebook": NOTEBOOK, "kind": kind, "address": address}
    )
    return status, told.get("code"), told.get("field") or told.get("message")


def until(true: Callable[[], T], otherwise: Callable[[], object], seconds: float = 120) -> T:
    """Wait for that, and return it, or fail and say what is there instead."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)
    return found


def wait_for(server: Server, id: str, *states: str, seconds: float = 200) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        cluster: dict[str, Any] = server.api("GET", f"/clusters/{id}")
        if cluster["state"] in states:
            return cluster
        assert cluster["state"] != "failed", cluster
        assert time.monotonic() < deadline, f"{cluster}\n{server.log()[-2000:]}"
        time.sleep(0.2)


def ask(server: Server, notebook: str) -> tuple[int, Any]:
    """What the notebook's kernel is told."""
    authorised = f"token {kernel_token(server, notebook)}"
    return server.request("GET", "atrium/api/kernel/cluster", person=None, Authorization=authorised)


def kernel_token(server: Server, notebook: str) -> str:
    home = Home(server.home)
    storage = Storage(home.database)
    try:
        return Access(home, storage, Events()).kernel_token(notebook)
    finally:
        storage.close()


def prebuilt(server: Server, notebook: str, seconds: float = 200) -> dict[str, Any]:
    """The notebook's environment, once it is built."""
    server.api("POST", "/environments/prebuild", {"notebook": notebook})
    deadline = time.monotonic() + seconds
    while (found := dict(server.api("GET", f"/environments?notebook={notebook}")))["state"] != "ready":
        assert found["state"] != "failed", found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


@contextlib.contextmanager
def notebook_kernel(server: Server, notebook: str) -> Iterator[Kernel]:
    """A kernel as the notebook has it, in the environment that it declares now."""
    python = server.home / "environments" / prebuilt(server, notebook)["id"] / "bin" / "python"
    folder = (server.home / "work" / notebook).parent
    token = kernel_token(server, notebook)
    with kernel(python, folder, ATRIUM_URL=server.url, ATRIUM_TOKEN=token) as running:
        yield running


def address_of(hosts: Sequence[SshHost]) -> str:
    """Of a cluster on these hosts."""
    return "ssh://" + ",".join(one.url.removeprefix("ssh://") for one in hosts)


def trusted(server: Server, hosts: Sequence[SshHost], key: Path) -> None:
    """The home trusts the hosts, and Ana keeps the key for them."""
    for host in hosts:
        known_hosts.trust(server.home / "settings", known_hosts.scan(host.server.host))
        keep = {"host": host.url, "kind": "ssh_key", "user": "", "secret": key.read_text()}
        server.api("PUT", "/credentials", keep)


def group(home: Path, id: str) -> list[int]:
    leader = json.loads((home / "clusters" / id / "process.json").read_text())["pid"]
    return members(leader)


def members(leader: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, ProcessLookupError):
            continue
    return found


def in_environment(server: Server, notebook: str, program: str, *arguments: str) -> str:
    """What ``program`` prints in the notebook's environment."""
    environment = server.api("GET", f"/environments?notebook={notebook}")
    python = server.home / "environments" / environment["id"] / "bin" / "python"
    runtime = materialise(Home(server.home))
    done = subprocess.run(
        [python, "-c", program, *arguments], env={"PATH": os.environ["PATH"], "PYTHONPATH": str(runtime)},
        cwd=server.home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def printed(notebook: Kernel, source: str) -> str:
    """What a cell prints; in how many pieces that comes is the kernel's."""
    shown = notebook.run(source)
    assert not [each for each in shown if each["kind"] == "error"], shown
    return "".join(each["text"] for each in shown if each.get("name") == "stdout")


def where(notebook: Kernel) -> tuple[str, str]:
    """The version and the environment that the tasks of a notebook find."""
    [found] = json.loads(printed(notebook, ASK))
    return found[0], found[1]


@contextlib.contextmanager
def listener(said: bytes) -> Iterator[str]:
    """Something that says that to whoever connects, and stays. Yields its address."""
    with contextlib.ExitStack() as kept, serving(lambda caller: kept.enter_context(caller).sendall(said)) as port:
        yield f"tcp://127.0.0.1:{port}"


@contextlib.contextmanager
def serving(greet: Callable[[socket.socket], None]) -> Iterator[int]:
    """Have whoever connects greeted, one after the other. Yields the port."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                greet(there.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as there:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(there.getsockname()[1])
        finally:
            there.shutdown(socket.SHUT_RDWR)
            thread.join()


def listeners(server: Server, id: str) -> set[tuple[str, int]]:
    """Where the processes of a cluster listen."""
    said = [one for pid in group(server.home, id) for one in psutil.Process(pid).net_connections("tcp")]
    return {(one.laddr[0].removeprefix("::ffff:"), one.laddr[1]) for one in said if one.status == psutil.CONN_LISTEN}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_given: Any) -> None:
        return None


def look(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """What a frame gets, which has no cookie and no token: status, headers and body."""
    request = urllib.request.Request(server.url + path, headers=headers)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=60) as reply:
            return reply.status, dict(reply.headers), reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def watched(server: Server, id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (reply := server.request("POST", f"atrium/api/clusters/{id}/watch"))[1].get("code") == "pages_starting":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert reply[0] == 200, reply
    told: dict[str, Any] = reply[1]
    return told
