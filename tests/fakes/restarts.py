"""A real server that dies without warning and comes back on the same home and port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .ports import free_port
from .servers import Server, start_server


class Mortal:
    """A workspace whose server can be killed. ``server`` is the one that runs now."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port
        self._begun: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def home(self) -> Path:
        return self.server.home

    @property
    def pid(self) -> int:
        return self.server.process.pid

    def kill(self) -> float:
        """kill -9 of the server, and of nothing else; when it happened (monotonic seconds)."""
        self.server.process.send_signal(signal.SIGKILL)
        died = time.monotonic()
        self.server.process.wait()
        return died

    def start(self, seconds: float = 60) -> None:
        """Start it again; returns as soon as it answers."""
        log = self.home.parent / "server.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "workspace_server", "up", "--home", str(self.home), "--port", str(self.port)],
                stdout=out, stderr=out, start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parent / "site")},
            )  # fmt: skip
        self._begun.append(process)
        address = self.home / "run" / "server.json"
        deadline = time.monotonic() + seconds
        while True:
            if process.poll() is not None:
                raise AssertionError(f"the server ended with {process.returncode}:\n{log.read_text()[-3000:]}")
            with contextlib.suppress(OSError, ValueError, KeyError):
                if json.loads(address.read_text())["url"] == self.url:
                    urllib.request.urlopen(self.url + "atrium/api/openapi.json", timeout=5).close()
                    break
            if time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.02)
        self.server = Server(self.url, self.home, process, self.server.tokens)

    def end(self) -> None:
        """End whatever was started here."""
        for process in self._begun:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def start_mortal(home: Path, *people: str) -> Iterator[Mortal]:
    """A workspace of Ana and Bo (and ``people``) on a port of its own."""
    port = free_port()
    with start_server(home, "--port", str(port), people=("ana", "bo", *people)) as server:
        mortal = Mortal(server, port)
        try:
            yield mortal
        finally:
            mortal.end()
