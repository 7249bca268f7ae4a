"""A real server to test against (nothing in it is fake but its people)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from workspace_server.access.service import Access
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage

PASSWORD = "correct horse"


@dataclass
class Server:
    """A running workspace. ``tokens`` holds an API token of each person."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    tokens: dict[str, str] = field(default_factory=dict)

    def request(
        self, method: str, path: str, body: Any = None, *, person: str | None = "ana", **headers: str
    ) -> tuple[int, Any]:
        """Status and decoded reply of ``path`` (below the server's base URL)."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
        )
        if person is not None:
            request.add_header("Authorization", f"token {self.tokens[person]}")
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                status, content = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, error.read()
        try:
            return status, json.loads(content) if content else None
        except ValueError:
            return status, content.decode()

    def api(self, method: str, path: str, body: Any = None, *, person: str | None = "ana") -> Any:
        """The reply of an Atrium route; fails the test with what the server said unless it succeeded."""
        status, reply = self.request(method, "atrium/api" + path, body, person=person)
        assert status < 300, f"{method} {path}: {status} {reply}\n{self.log()[-3000:]}"
        return reply

    def wait(self, operation: dict[str, Any], seconds: float = 300) -> dict[str, Any]:
        """The operation once it has ended."""
        deadline = time.monotonic() + seconds
        while operation["state"] == "running":
            assert time.monotonic() < deadline, f"still running: {operation}"
            time.sleep(0.1)
            operation = self.api("GET", f"/operations/{operation['id']}")
        return operation

    def log(self) -> str:
        return (self.home.parent / "server.log").read_text()


@contextlib.contextmanager
def start_server(
    home: Path,
    *arguments: str,
    people: tuple[str, ...] = ("ana", "bo"),
    keep_clusters: bool = False,
    **environment: str,
) -> Iterator[Server]:
    """Run `atrium up` on ``home`` until the ``with`` ends; everything it started is dead afterwards."""
    atrium = [sys.executable, "-m", "workspace_server"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "site"), **environment}
    tokens = add_people(home, *people)
    address = home / "run" / "server.json"
    address.unlink(missing_ok=True)
    with (home.parent / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*atrium, "up", "--home", str(home), "--port", "0", *arguments],
            stdout=log, stderr=log, env=env, start_new_session=True,
        )  # fmt: skip
    try:
        yield Server(_wait_for(address, process, home.parent / "server.log"), home, process, tokens)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if not keep_clusters:
            _end_clusters(home)


def add_people(home: Path, *names: str) -> dict[str, str]:
    """Add who is not there yet, as `atrium users add` does, and give each a new API token."""
    place = Home(home)
    place.prepare()
    storage = Storage(place.database)
    try:
        storage.migrate()
        access = Access(place, storage, Events())
        access.load()
        there = {person.name for person in access.people()}
        for name in names:
            if name not in there:
                access.add(name, PASSWORD)
        return {name: access.add_token(access.by_name(name)) for name in names}
    finally:
        storage.close()


def _end_clusters(home: Path) -> None:
    """Clusters outlive their server by design, but not their test."""
    for told in home.glob("clusters/*/process.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            group = int(json.loads(told.read_text())["pid"])
            for process in psutil.process_iter():
                with contextlib.suppress(psutil.Error, ProcessLookupError):
                    # The number may be somebody else's by now.
                    if os.getpgid(process.pid) == group and str(home) in f"{process.environ()}{process.cmdline()}":
                        process.kill()


def _wait_for(address: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(OSError, ValueError, KeyError):
            url = str(json.loads(address.read_text())["url"])
            with urllib.request.urlopen(url + "atrium/api/openapi.json", timeout=5):
                return url
        time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")
