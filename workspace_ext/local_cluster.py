"""A cluster on this machine for a process outside Atrium: the same engines, gone when the process is."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from workspace_ext.errors import ClusterError

START_SECONDS = 300.0
RENEW_SECONDS = 20.0
GRACE_SECONDS = 90.0

_addresses: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}


def address(kind: str) -> str:
    """The address of this process's own cluster of that kind, started if there is none.

    Raises:
        ClusterError: It does not start.
    """
    if kind in _addresses and _addresses[kind][1].poll() is None:
        return _addresses[kind][0]
    folder = Path(tempfile.mkdtemp(prefix=f"atrium-{kind}-"))
    process = _start(kind, folder)
    atexit.register(_stop, process, folder)
    _addresses[kind] = (_wait(folder / "state.json", process), process)
    threading.Thread(target=_renew, args=(folder / "lease", process), daemon=True).start()
    return _addresses[kind][0]


def _start(kind: str, folder: Path) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", f"workspace_ext.engines.{kind}", "--state", str(folder / "state.json")]
    line += ["--minimum", "1", "--maximum", str(os.cpu_count() or 1)]
    line += ["--lease", str(folder / "lease"), "--grace", str(GRACE_SECONDS)]
    here = str(Path(__file__).parent.parent)
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            line,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Interrupting a cell must not end the cluster.
            start_new_session=True,
        )


def _wait(state: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        said = json.loads(state.read_text()) if state.exists() else {}
        if said.get("state") == "running":
            return str(said["address"])
        if process.poll() is not None:
            raise ClusterError(f"The local cluster did not start: {said.get('message') or 'see its log'}.")
        time.sleep(0.1)
    raise ClusterError(f"The local cluster was not ready within {START_SECONDS:.0f} s.", f"Its log: {state.parent}.")


def _renew(lease: Path, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and lease.parent.is_dir():
        lease.touch()
        time.sleep(RENEW_SECONDS)


def _stop(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)
