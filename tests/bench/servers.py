"""The servers that are compared: ours, and Jupyter Server with a peer's extension, each on its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psutil
import uv

from tests.fakes.ports import free_port
from tests.fakes.restarts import Mortal, start_mortal

PEER = "jupyter-collaboration"
PEER_VERSION = "5.0.4"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "atrium-bench"


class Bench(Protocol):
    """A server with one person in it, to be measured."""

    url: str
    token: str
    folder: Path
    """Where files are written to be opened as :meth:`path` says."""

    @property
    def pid(self) -> int: ...
    def path(self, name: str) -> str: ...
    def kill(self) -> float: ...
    def start(self) -> None: ...


class Ours:
    """`atrium up`."""

    def __init__(self, mortal: Mortal) -> None:
        self._mortal = mortal
        self.url, self.token = mortal.url, mortal.server.tokens["ana"]
        self.home = mortal.home
        self.folder = mortal.home / "work/projects/shop/main"
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        return self._mortal.pid

    def path(self, name: str) -> str:
        return f"projects/shop/main/{name}"

    def kill(self) -> float:
        return self._mortal.kill()

    def start(self) -> None:
        self._mortal.start()


class Peer:
    """`jupyter server` with the extension of a package (``name==version``), as it comes."""

    def __init__(self, folder: Path, package: str = f"{PEER}=={PEER_VERSION}") -> None:
        self._package = package
        self.folder = folder / "work"
        self.folder.mkdir(parents=True)
        self._config = folder / "config"
        self._log = folder / "server.log"
        self.token = secrets.token_hex(16)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def path(self, name: str) -> str:
        return name

    def kill(self) -> float:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        died = time.monotonic()
        self._process.wait()
        return died

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The reply of one of its routes."""
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=300) as reply:
            return json.load(reply)

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
        environment |= {
            "JUPYTER_TOKEN": self.token, "JUPYTER_CONFIG_DIR": str(self._config),
            "JUPYTER_DATA_DIR": str(self._config / "data"), "JUPYTER_RUNTIME_DIR": str(self._config / "run"),
        }  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [peer_python(self._package), "-m", "jupyter_server", f"--ServerApp.port={self._port}",
                 "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.folder}",
                 "--ServerApp.open_browser=False", "--allow-root"],
                cwd=self.folder.parent, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError, ValueError):
                request = urllib.request.Request(
                    self.url + "api/status", headers={"Authorization": f"token {self.token}"}
                )
                with urllib.request.urlopen(request, timeout=5) as reply:
                    json.load(reply)
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._package} did not start:\n{self._log.read_text()[-3000:]}")
            time.sleep(0.02)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


def peer_python(package: str) -> str:
    """The Python of the environment with the peer in it, made when it is asked for first."""
    place = CACHE / package.replace("==", "-")
    python = place / "bin" / "python"
    done = place / "complete"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        tool = uv.find_uv_bin()
        subprocess.run([tool, "venv", "-q", "--python", "3.11", str(place)], check=True)
        subprocess.run([tool, "pip", "install", "-q", "--python", str(python), package], check=True)
        done.touch()
    return str(python)


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[Ours]:
    """Our server on a home below ``folder``."""
    with start_mortal(folder / "home") as mortal:
        yield Ours(mortal)


@contextlib.contextmanager
def peer(folder: Path, package: str = f"{PEER}=={PEER_VERSION}") -> Iterator[Peer]:
    """The peer's server on a folder of its own below ``folder``."""
    server = Peer(folder / "peer", package)
    try:
        server.start()
        yield server
    finally:
        server.end()


def cpu(pid: int) -> float:
    """Seconds that the process and its children have computed."""
    total = 0.0
    for process in _tree(pid):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def memory(pid: int) -> int:
    """Bytes that the process itself keeps in memory."""
    return int(psutil.Process(pid).memory_info().rss)


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def write_notebook(file: Path, cells: list[dict[str, Any]]) -> int:
    """A notebook as Jupyter writes it; its size in bytes."""
    file.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n")
    return file.stat().st_size


def code_cell(number: int, source: str = "", outputs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source, "execution_count": None,
        "outputs": outputs or [],
    }  # fmt: skip
