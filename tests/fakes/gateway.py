"""A real Dask Gateway: its own server and proxy, with workers on this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from uv import find_uv_bin

from tests.fakes.dask_hosts import PACKAGES
from tests.fakes.ports import free_port
from workspace_ext.engines.gateway_api import Gateway

USER, PASSWORD = "ana", "hunter2/with:odd@letters"

START_SECONDS = 60.0


def make_gateway(folder: Path) -> Path:
    """The interpreter of an environment that holds a gateway and Dask, and nothing of any project."""
    python = folder / "bin" / "python"
    subprocess.run([find_uv_bin(), "venv", "-q", folder, "--python", sys.executable], check=True)
    packages = [*PACKAGES, "dask-gateway", "dask-gateway-server[local]"]
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", python, *packages], check=True)
    return python


class RunningGateway(Gateway):
    """Also what the workspace has no need to ask."""

    def names(self) -> list[str]:
        """Of the clusters that run or start."""
        return list(self._ask("GET", "/clusters/"))


@contextlib.contextmanager
def running_gateway(folder: Path, python: Path) -> Iterator[RunningGateway]:
    """One that runs until the ``with`` ends, as Ana."""
    folder.mkdir()
    ports = free_port(), free_port()
    address = f"http://127.0.0.1:{ports[0]}"
    settings = folder / "settings.py"
    dask = str(python.with_name("dask"))
    settings.write_text(
        'c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"\n'
        'c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"\n'
        f"c.SimpleAuthenticator.password = {PASSWORD!r}\n"
        f'c.Proxy.address = "127.0.0.1:{ports[0]}"\nc.DaskGateway.address = "127.0.0.1:{ports[1]}"\n'
        f"c.UnsafeLocalBackend.clusters_directory = {str(folder)!r}\n"
        f"c.UnsafeLocalBackend.inherited_environment = {[*os.environ, 'UV_PYTHON_DOWNLOADS']!r}\n"
        f'c.ClusterConfig.scheduler_cmd = [{dask!r}, "scheduler"]\n'
        f'c.ClusterConfig.worker_cmd = [{dask!r}, "worker"]\n'
        "c.ClusterConfig.adaptive_period = 0.5\n"
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path, "HOME": str(folder), "UV_PYTHON_DOWNLOADS": "never"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "dask_gateway_server", "-f", settings],
            cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    gateway = RunningGateway(address, USER, PASSWORD)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(address):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()  # noqa: PT018
            time.sleep(0.2)
        yield gateway
    finally:
        for name in gateway.names():
            gateway.stop(name)
        process.terminate()
        process.wait(30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
