"""What both kinds of cluster share: a state file renewed every second, a lease, and a clean end."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from workspace_ext.errors import ClusterError

Phase = Literal["starting", "running", "failed", "stopped"]

HEARTBEAT_SECONDS = 1.0


@dataclass
class State:
    """What a cluster says of itself. `workers` are those that are there, between `minimum` and `maximum`.

    `idle_since` is the time, in seconds since 1970, since which it has had nothing to do; None while it works.
    `resource` is what tasks on a scheduler with other workers as well have to ask for, `version` that of Spark.
    `dashboard` is where its own pages are, on the loopback interface; None while they are not there yet, "" where they
    will never be.
    """

    minimum: int
    maximum: int
    state: Phase = "starting"
    address: str | None = None
    dashboard: str | None = None
    workers: int = 0
    pid: int = 0
    message: str = ""
    time: str = ""
    idle_since: float | None = None
    resource: str = ""
    version: str = ""


class StateFile:
    """Writes the state atomically, at once when it changes and every second as a sign of life."""

    def __init__(self, path: Path, state: State) -> None:
        self.path = path
        self._state = state
        self._lock = threading.Lock()
        self._closed = threading.Event()
        state.pid = os.getpid()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.update()
        self._beat = threading.Thread(target=self._renew, name="state", daemon=True)
        self._beat.start()

    def update(self, **changes: object) -> None:
        """Change fields of the state and write them."""
        with self._lock:
            if self._closed.is_set():
                return
            for name, value in changes.items():
                setattr(self._state, name, value)
            self._write()

    def close(self, state: Phase, message: str = "") -> None:
        """Write the last word. Later updates are ignored."""
        self.update(state=state, message=message, workers=0, address=None, dashboard=None)
        with self._lock:
            self._closed.set()

    def _write(self) -> None:
        self._state.time = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        partial.write_text(json.dumps(asdict(self._state)))
        partial.replace(self.path)

    def _renew(self) -> None:
        while not self._closed.wait(HEARTBEAT_SECONDS):
            self.update()


@dataclass(frozen=True)
class Lease:
    """A file that whoever wants the cluster keeps touching; a cluster nobody wants ends by itself."""

    path: Path | None
    grace_seconds: float
    started: float

    def expired(self) -> bool:
        """Whether nobody has touched the lease for the grace period."""
        if self.path is None:
            return False
        try:
            renewed = self.path.stat().st_mtime
        except OSError:
            renewed = 0.0
        return time.time() - max(renewed, self.started) > self.grace_seconds


class Size:
    """A file beside the state, in which whoever owns the cluster asks for another number of workers."""

    def __init__(self, state: Path) -> None:
        self._path = state.with_name("size.json")
        self._seen = 0

    def wanted(self) -> tuple[int, int] | None:
        """The minimum and maximum, when they were asked for since the last call."""
        try:
            written = self._path.stat().st_mtime_ns
            if written == self._seen:
                return None
            told = json.loads(self._path.read_text())
            self._seen = written
            return int(told["minimum"]), int(told["maximum"])
        except (OSError, ValueError, KeyError):
            return None


@dataclass(frozen=True)
class Settings:
    """The command line of a cluster's process. So many `gpus` of `devices` are its workers', which it says to others in
    the folder `held`."""

    state: Path
    minimum: int
    maximum: int
    threads: int
    memory: str
    lease: Lease
    gpus: int = 0
    devices: tuple[str, ...] = ()
    held: Path | None = None


def parser(kind: str) -> argparse.ArgumentParser:
    """The command line that all kinds share."""
    made = argparse.ArgumentParser(prog=f"python -m workspace_ext.engines.{kind}")
    made.add_argument("--state", type=Path, required=True, help="file that says how the cluster is")
    made.add_argument("--minimum", type=int, default=1, help="workers that are always there")
    made.add_argument("--maximum", type=int, default=4, help="workers that there may be")
    made.add_argument("--threads", type=int, default=1, help="threads of each Dask worker")
    made.add_argument("--memory", default="", help="of each Dask worker or of the Spark server, such as 2GiB")
    made.add_argument("--gpus", type=int, default=0, help="GPUs, one for each Dask worker")
    made.add_argument("--devices", default="", help="the GPUs to choose from, as CUDA calls them, such as 0,1")
    made.add_argument("--held", type=Path, help="folder in which clusters hold GPUs")
    made.add_argument("--lease", type=Path, help="file that is touched while the cluster is wanted")
    made.add_argument("--grace", type=float, default=600.0, help="seconds without a touch before it ends")
    return made


def parse_settings(kind: str) -> Settings:
    """Read the command line; a wrong one ends the process with status 2 and says why."""
    told = parser(kind).parse_args()
    if not 0 <= told.minimum <= told.maximum or told.maximum < 1 or told.threads < 1:
        parser(kind).error("workers must satisfy 0 <= minimum <= maximum, maximum >= 1 and threads >= 1")
    if told.gpus and not told.maximum <= told.gpus <= len(told.devices.split(",")):
        parser(kind).error("each worker needs a GPU: maximum <= gpus <= the number of devices")
    return settings(told)


def settings(told: argparse.Namespace) -> Settings:
    """What was read, for the cluster."""
    return Settings(
        state=told.state.absolute(),
        minimum=told.minimum,
        maximum=told.maximum,
        threads=told.threads,
        memory=told.memory,
        lease=Lease(told.lease.absolute() if told.lease else None, told.grace, time.time()),
        gpus=told.gpus,
        devices=tuple(filter(None, told.devices.split(","))),
        held=told.held.absolute() if told.held else None,
    )


def explain(error: BaseException) -> str:
    """One line for a person, of an error that ended a cluster."""
    text = str(error).strip() or type(error).__name__
    said = text.splitlines()[0]
    return said if isinstance(error, ClusterError) else f"{type(error).__name__}: {said}"
