"""A server with a home of its own, for the check: started, and ended with everything it began."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from uv import find_uv_bin

from ..kit.home import Home

PASSWORD = "only on this machine, only now"


def person(home: Home, name: str) -> str:
    """Add somebody; their API token."""
    atrium = [sys.executable, "-m", "workspace_server", "users"]
    where = ["--home", str(home.path)]
    add = [*atrium, "add", name, "--password-stdin", *where]
    subprocess.run(add, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL)
    return subprocess.run([*atrium, "token", name, *where], check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def server(home: Home) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run `atrium up` on ``home`` until the ``with`` ends; the process and its address."""
    log = home.path.parent / "server.log"
    # The account's own cache of packages: a second check downloads nothing.
    cache = subprocess.run([find_uv_bin(), "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "workspace_server", "up", "--home", str(home.path), "--port", "0"],
            stdout=output, stderr=output, start_new_session=True, env={"UV_CACHE_DIR": cache, **os.environ},
        )  # fmt: skip
    address = home.run / "server.json"
    try:
        deadline = time.monotonic() + 120
        while not address.exists() or not address.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The server did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield process, json.loads(address.read_text())["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        end_all(home)


def end_all(home: Home) -> None:
    """Kill whatever still works on ``home``: clusters, the clock and runs outlive their server on purpose."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and any(str(home.path) in argument for argument in process.cmdline()):
                process.kill()


def remove(folder: Path) -> None:
    """Environments and checkouts are read-only; take them away all the same."""
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
