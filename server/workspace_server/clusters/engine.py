"""One cluster's process. Needs no event loop and no server, so that a run starts its own with the same code.

The process leads a group of its own: it survives the server, and stopping takes everything it started along. It is
found again by its pid and the moment it started, as a pid alone may be somebody else's by now.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from workspace_ext.contract.clusters import ClusterKind

from ..environments.runtime import search_path
from ..kit.errors import Failed

KEPT_VARIABLES = (
    "HOME", "LANG", "TZ", "TMPDIR", "USER", "LOGNAME", "JAVA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "REQUESTS_CA_BUNDLE",
)  # fmt: skip
STOP_SECONDS = 25.0
KILL_SECONDS = 5.0
GRACE = 600.0
TAIL = 4000


@dataclass(frozen=True)
class EngineState:
    """What the process says of itself."""

    state: str = "starting"
    address: str | None = None
    dashboard: str | None = None
    workers: int = 0
    message: str = ""
    minimum: int = 0
    maximum: int = 0
    idle_since: float | None = None
    resource: str = ""
    version: str = ""


@dataclass(frozen=True)
class Choice:
    """So many of the GPUs ``devices``, whose driver runs at most that CUDA (``cu12``, ``cu13``). Which of them others
    have they say in the folder ``held``."""

    count: int
    devices: tuple[str, ...]
    accelerator: str
    held: Path


@dataclass(frozen=True)
class Existing:
    """A scheduler, a gateway, a Spark server or hosts, and which of ``workspace_ext.engines`` looks after it; what
    nannies or hosts are told, and the lines by which the engine signs in there."""

    engine: str
    address: str
    told: dict[str, Any] | None = None
    sign_in: tuple[str, ...] = field(default=(), repr=False)


class EngineProcess:
    """A Dask or Spark cluster's process, running or not; ``folder`` holds its state, lease and log."""

    def __init__(self, folder: Path, pid: int, started: float) -> None:
        self.folder = folder
        self.pid = pid
        self._started = started
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls,
        python: Path,
        kind: ClusterKind,
        minimum: int,
        maximum: int,
        folder: Path,
        runtime: Path,
        *,
        memory: str = "",
        threads: int = 1,
        grace: float = GRACE,
        variables: dict[str, str] | None = None,
        existing: Existing | None = None,
        gpus: Choice | None = None,
    ) -> EngineProcess:
        """Start it and return at once.

        Parameters
        ----------
        python
            The environment's interpreter; it must hold :func:`workspace_server.clusters.service.extras`.
        minimum, maximum
            Workers; Spark always has the maximum.
        folder
            Its own; made if need be.
        runtime
            Where ``workspace_ext`` is imported from (``Environments.runtime()``).
        memory
            Of each Dask worker or the Spark server, such as ``2GiB``; "" for the engine's default.
        threads
            Of each Dask worker.
        grace
            Seconds after which it ends by itself unless :meth:`renew` is called now and then.
        variables
            Further environment variables of the workers.
        existing
            What is there already; nothing is started on this machine then but what looks after it.
        gpus
            One for each Dask worker; it fails where too few are free.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for old in ("state.json", "process.json", "size.json"):
            (folder / old).unlink(missing_ok=True)
        (folder / "lease").touch()
        module = existing.engine if existing else kind
        command = [
            str(python), "-m", f"workspace_ext.engines.{module}",
            "--state", str(folder / "state.json"),
            "--minimum", str(minimum), "--maximum", str(maximum),
            "--lease", str(folder / "lease"), "--grace", str(grace), "--threads", str(threads),
        ]  # fmt: skip
        if memory:
            command += ["--memory", memory]
        if gpus:
            command += ["--gpus", str(gpus.count), "--devices", ",".join(gpus.devices), "--held", str(gpus.held)]
        if existing:
            command += ["--address", existing.address]
        if existing and existing.told is not None:
            (folder / "told.json").write_text(json.dumps(existing.told))
            command += ["--told", str(folder / "told.json")]
        environment = {**variables_of(python, runtime), **(variables or {})}
        with (folder / "engine.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        # Somebody has to reap it, or it would stay a zombie that looks alive.
        threading.Thread(target=process.wait, daemon=True).start()
        started = 0.0
        with contextlib.suppress(psutil.Error):
            started = psutil.Process(process.pid).create_time()
        engine = cls(folder, process.pid, started)
        engine._process = process
        partial = folder / ".process.json"
        partial.write_text(json.dumps({"pid": process.pid, "started": started}))
        partial.replace(folder / "process.json")
        # Through a pipe nobody else reads it, neither among the processes nor on the disk. The last step: it takes more
        # than a pipe holds only when it is there.
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.write(lines(existing.sign_in if existing else ()))
            process.stdin.close()
        return engine

    @classmethod
    def adopt(cls, folder: Path) -> EngineProcess | None:
        """The process that was started there earlier, if it still runs."""
        try:
            told = json.loads((folder / "process.json").read_text())
            engine = cls(folder, int(told["pid"]), float(told["started"]))
        except (OSError, ValueError, KeyError):
            return None
        return engine if engine.alive() else None

    @staticmethod
    def security(folder: Path) -> dict[str, str]:
        """What a client of it needs beside its address; nothing but behind a gateway or on hosts."""
        try:
            return dict(json.loads((folder / "security.json").read_text()))
        except (OSError, ValueError):
            return {}

    def alive(self) -> bool:
        try:
            return self._is_ours() and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def _is_ours(self) -> bool:
        """Whether its number is its own still: it lives, or nobody has asked yet how it ended."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self._started) < 1
        except psutil.Error:
            return False

    def state(self) -> EngineState:
        """What it last said of itself."""
        try:
            told = json.loads((self.folder / "state.json").read_text())
        except (OSError, ValueError):
            return EngineState()
        return EngineState(
            told["state"], told.get("address"), told.get("dashboard"), told.get("workers", 0), told.get("message", ""),
            told.get("minimum", 0), told.get("maximum", 0), told.get("idle_since"),
            told.get("resource", ""), told.get("version", ""),
        )  # fmt: skip

    def renew(self) -> None:
        """It is still wanted."""
        (self.folder / "lease").touch()

    def resize(self, minimum: int, maximum: int) -> None:
        """Ask a Dask cluster to have between ``minimum`` and ``maximum`` workers; it says when it does."""
        partial = self.folder / ".size.json"
        partial.write_text(json.dumps({"minimum": minimum, "maximum": maximum}))
        partial.replace(self.folder / "size.json")

    def wait_running(self, timeout: float = 200.0) -> EngineState:
        """Its state once it takes work.

        Raises
        ------
        Failed
            It ended, or took longer than ``timeout`` seconds; with what it said.
        """
        deadline = time.monotonic() + timeout
        while True:
            alive = self.alive()
            state = self.state()
            if state.state == "running" and alive:
                return state
            if not alive:
                raise self.failure()
            if time.monotonic() > deadline:
                raise Failed(
                    "cluster_slow", f"The cluster did not start within {timeout:.0f} s.", "Look at its log, then retry."
                )
            time.sleep(0.1)

    def failure(self) -> Failed:
        """Why it is not running any more."""
        state = self.state()
        said = state.message if state.state == "failed" else ""
        # How it ended is known of what this server has started.
        number = -self._process.wait(KILL_SECONDS) if self._process and not said else 0
        said = said or (self.log().strip().splitlines() or [""])[-1]
        if number == signal.SIGKILL or not (number or said):
            return Failed(
                "cluster_failed",
                "The cluster was killed from outside, as happens where the machine runs out of memory.",
                "Restart it from the cluster chip; if it is killed again, give it fewer workers or each less memory.",
            )
        if number > 0:
            said = f"signal {number} ({signal.strsignal(number)})"
        return Failed("cluster_failed", f"The cluster ended: {said.rstrip('.')}.", "Restart it from the cluster chip.")

    def log(self) -> str:
        """The end of what it wrote."""
        text = ""
        for name in ("spark.log", "engine.log"):
            with contextlib.suppress(OSError), (self.folder / name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
                text += file.read().decode(errors="replace")
        return text[-TAIL:]

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End it with everything it started: kindly, then not. Returns when nothing is left."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            _until(lambda: not self.alive(), timeout)
        # A number that lives on as somebody else's pid is no longer this group's.
        if (self._is_ours() or not psutil.pid_exists(self.pid)) and _group(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            _until(lambda: not _group(self.pid), KILL_SECONDS)
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)
        (self.folder / "process.json").unlink(missing_ok=True)
        # Where it was killed. A gateway's says what is to be given back there.
        if "cluster" not in self.security(self.folder):
            (self.folder / "security.json").unlink(missing_ok=True)


def lines(sign_in: tuple[str, ...]) -> bytes:
    """What an engine that signs in somewhere reads."""
    return "".join(f"{line}\n" for line in sign_in).encode()


def variables_of(python: Path, runtime: Path) -> dict[str, str]:
    """The environment variables of a process of the environment's Python."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "PATH": search_path(python), "PYTHONPATH": str(runtime)}


def _group(leader: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _until(done: Callable[[], bool], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
