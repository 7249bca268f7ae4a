"""Credentials on a real server, over REST and the command. The secret is looked for wherever it could come out."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from tests.fakes.remotes import Guard, Remote, allow, git, slow_http
from tests.fakes.servers import Server, start_server

pytestmark = pytest.mark.parts

TOKEN, SERVICE = "ghp_AnasOwn/Token+1", "glpat-ServiceToken3"
FORMS = [form.encode() for token in (TOKEN, SERVICE) for form in (token, quote(token, safe=""), token.split("/")[-1])]


def test_the_secret_is_nowhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote", files={"big.txt": os.urandom(500_000).hex(), "a.ipynb": "{}"})
    guard = Guard({"ana": TOKEN, "robot": SERVICE})
    with slow_http(tmp_path / "remote", 4, guard) as base:
        git(remote.path, "config", "http.receivepack", "true")
        url = f"{base}/forecast.git"
        allow(home, url)
        with start_server(home, ATRIUM_POLL_SECONDS="1") as server, listening(server) as events:
            said = _story(server, url, guard)
            seen = [*said, *events]
        log = (tmp_path / "server.log").read_bytes()
    assert seen
    assert_absent("replies and events", "\n".join(seen).encode())
    assert_absent("the log", log)
    for path in home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert_absent(str(path), path.read_bytes())
    assert set(guard.let_in) == {"ana", "robot"}


def _story(server: Server, url: str, guard: Guard) -> list[str]:
    """Everything that the server said meanwhile."""
    said: list[str] = []

    def ask(method: str, path: str, body: Any = None, person: str = "ana") -> tuple[int, Any]:
        status, reply = server.request(method, f"atrium/api{path}", body, person=person)
        said.append(json.dumps(reply))
        return status, reply

    status, _ = ask("PUT", "/credentials", {"host": url, "kind": "token", "secret": TOKEN})
    assert status == 422
    status, reply = ask("PUT", "/credentials", {"host": url, "kind": "tokens", "secret": TOKEN, "user": "ana"})
    assert (status, reply["field"]) == (422, "kind")
    status, kept = ask("PUT", "/credentials", {"host": url, "kind": "token", "secret": TOKEN, "user": "ana"})
    assert status == 200
    assert set(kept) == {"id", "host", "kind", "user", "label", "fingerprint", "created", "last_used"}
    assert ask("POST", f"/credentials/{kept['id']}/test", {"url": url})[1]["branches"] == 1
    assert ask("POST", f"/credentials/{kept['id']}/test", {"url": url}, person="bo")[0] == 404
    assert ask("GET", "/credentials", person="bo")[1] == {"credentials": []}
    assert ask("DELETE", f"/credentials/{kept['id']}", person="bo")[0] == 404

    operation = ask("POST", "/projects", {"url": url})[1]
    lent, running = False, []
    while operation["state"] == "running":
        running.extend(processes(server))
        deadline = time.monotonic() + 0.1
        while time.monotonic() < deadline:
            for path in (server.home / "run" / "sign-ins").rglob("token"):
                # What is looked for is what git has, for a moment.
                with contextlib.suppress(FileNotFoundError):
                    lent = lent or any(form in path.read_bytes() for form in FORMS)
            time.sleep(0.002)
        operation = ask("GET", f"/operations/{operation['id']}")[1]
    assert operation["state"] == "succeeded", operation
    assert lent, "nothing was looked at while git had it"
    assert any("remote-http" in one for one in running), "nor was git"
    said.extend(running)
    id = operation["result"]["project"]

    deadline = time.monotonic() + 60
    while (found := ask("GET", f"/projects/{id}")[1])["problem"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert found["problem"]["code"] == "authentication_needed"
    service = f"/projects/{id}/credential"
    assert ask("GET", service)[1]["credential"] is None
    wish = {"kind": "token", "secret": SERVICE, "user": "robot"}
    assert ask("PUT", service, wish, person="bo")[0] == 403
    assert ask("PUT", service, wish)[1]["credential"]["user"] == "robot"
    while ask("GET", f"/projects/{id}")[1]["production"] is None:
        assert time.monotonic() < deadline
        said.extend(processes(server))

    before = guard.let_in["ana"]
    pulled = server.wait(ask("POST", f"/projects/{id}/branches/main/pull", {})[1])
    assert pulled["state"] == "succeeded", pulled
    assert guard.let_in["ana"] > before
    failed = server.wait(ask("POST", f"/projects/{id}/branches/main/pull", {}, person="bo")[1])
    assert failed["error"]["code"] == "authentication_needed"

    status, failed = ask("POST", f"/projects/{id}/branches/main/push", person="bo")
    assert status == 202
    said.append(json.dumps(server.wait(failed)))
    guard.tokens["ana"] = "renewed"
    done = server.wait(ask("POST", f"/projects/{id}/branches/main/push")[1])
    said.append(json.dumps(done))
    assert done["error"]["code"] == "authentication_refused"
    guard.tokens["ana"] = TOKEN
    said.append(json.dumps(server.api("GET", "/openapi.json")))
    said.append(json.dumps(server.api("GET", "/operations")))
    _command(server, url, said)
    assert ask("DELETE", service)[0] == 204
    return said


def _command(server: Server, url: str, said: list[str]) -> None:
    def atrium(*arguments: str, given: str = "") -> Any:
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from workspace_ext.cli import main; sys.exit(main())", "projects",
             "credentials", *arguments, "--json", "--home", str(server.home)],
            env={**os.environ, "ATRIUM_TOKEN": server.tokens["ana"]}, capture_output=True, text=True, input=given,
        )  # fmt: skip
        said.append(done.stdout + done.stderr)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    (kept,) = atrium("list")
    atrium("delete", kept["host"])
    assert atrium("list") == []
    assert atrium("add", url, "--user", "ana", "--label", "laptop", given=TOKEN + "\n")["label"] == "laptop"
    assert atrium("test", url)["default"] == "main"
    assert [one["user"] for one in atrium("list", "--project", "forecast")] == ["robot"]


def processes(server: Server) -> list[str]:
    """Arguments and environments of everything that the server started, as anybody of its account can read them."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(server.process.pid).children(recursive=True):
            for name in ("cmdline", "environ"):
                with suppress(OSError):
                    found.append(Path(f"/proc/{process.pid}/{name}").read_bytes().decode(errors="replace"))
    return found


def assert_absent(where: str, content: bytes) -> None:
    for form in FORMS:
        assert form not in content, f"{form.decode()} is in {where}"


@contextmanager
def listening(server: Server) -> Iterator[list[str]]:
    """The server's events."""
    heard: list[str] = []
    request = urllib.request.Request(
        f"{server.url}atrium/api/events", headers={"Authorization": f"token {server.tokens['bo']}"}
    )
    stream = urllib.request.urlopen(request, timeout=60)

    def read() -> None:
        with suppress(OSError, ValueError, AttributeError):
            heard.extend(line.decode() for line in stream)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        stream.close()
        thread.join(5)


def test_killed_in_the_middle_nothing_is_left(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Remote(tmp_path / "remote", files={"big.txt": os.urandom(2_000_000).hex()})
    with slow_http(tmp_path / "remote", 30, Guard({"ana": TOKEN})) as base:
        url = f"{base}/forecast.git"
        allow(home, url)
        folder = home / "run" / "sign-ins"

        def cloning(server: Server) -> dict[str, Any]:
            operation: dict[str, Any] = server.api("POST", "/projects", {"url": url})
            deadline = time.monotonic() + 30
            while "Receiving" not in server.api("GET", f"/operations/{operation['id']}")["message"]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert TOKEN.encode() not in b"".join(path.read_bytes() for path in home.glob("atrium.db*"))
            assert list(folder.iterdir())
            return operation

        with start_server(home) as server:
            server.api("PUT", "/credentials", {"host": url, "kind": "token", "secret": TOKEN, "user": "ana"})
            operation = cloning(server)
            # The worker dies: the server takes back what it had.
            for process in psutil.Process(server.process.pid).children():
                if "workspace_server.kit.worker" in process.cmdline():
                    process.kill()
            assert server.wait(operation)["error"]["code"] == "worker_died"
            assert list(folder.iterdir()) == []
            # The server dies: the next one does.
            cloning(server)
            server.process.kill()
            server.process.wait()
            assert list(folder.iterdir())
        with start_server(home) as server:
            assert not folder.exists()
            assert len(server.api("GET", "/credentials")["credentials"]) == 1
            assert list((home / "git").iterdir()) == []
