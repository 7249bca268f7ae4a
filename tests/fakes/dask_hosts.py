"""A Dask scheduler and workers that somebody else runs: each host a process group with a home of its own, and nothing
shared but the package cache, which stands for an index nearby."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
from uv import find_uv_bin

from tests.fakes.homes import kill_all_of, processes_of
from tests.fakes.ports import free_port

# What such a scheduler runs on: no package of any project.
PACKAGES = ("distributed>=2025.1",)

START_SECONDS = 60.0

# Of the package index that a host which is cut off does not reach.
PASSWORD = "hunter2"

# In the variables of what serves an environment on a host.
STARTED = "ATRIUM_RESOURCE"


def make_base(folder: Path) -> Path:
    """The interpreter of an environment that holds Dask only."""
    python = folder / "bin" / "python"
    subprocess.run([find_uv_bin(), "venv", "-q", folder, "--python", sys.executable], check=True)
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
    return python


class DaskHosts:
    """Start with :meth:`start`; hosts come and go; :meth:`close` ends all. ``python`` is :func:`make_base`'s."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        self.python = python
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._groups: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """The scheduler. Returns when it takes connections."""
        self.folder.mkdir()
        port = self.address.rpartition(":")[2]
        self._spawn("scheduler", "dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        deadline = time.monotonic() + START_SECONDS
        while "Scheduler at:" not in self.log("scheduler"):
            assert time.monotonic() < deadline, self.log("scheduler")
            time.sleep(0.1)

    def add(self, name: str, *options: str, uv: bool = True, gate: bool = False, cut: bool = False) -> None:
        """A host with one worker of two threads and its nanny, or what ``options`` say. With a ``gate`` its uv waits
        before it installs, until that is opened; ``cut`` see :meth:`cut`."""
        if gate or cut:
            self.cut(name, "gate" if gate else "cut")
        path = self._shim(self.folder / name) if uv else os.defpath
        self._spawn(
            name, "dask_worker", self.address, "--name", name, "--nthreads", "2", "--no-dashboard",
            "--local-directory", str(self.folder / name / "scratch"), *options, PATH=path,
        )  # fmt: skip

    def cut(self, name: str, what: str = "cut") -> None:
        """From now on it reaches no package index, and has none of its packages yet."""
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / name / what).touch()

    def open(self, name: str, what: str = "gate") -> None:
        """Open its gate, or let it reach the index again."""
        (self.folder / name / what).unlink()

    def _shim(self, home: Path) -> str:
        """The search path with a uv of its own, which says when it waits."""
        home.mkdir(exist_ok=True)
        shim = home / "uv"
        shim.write_text(
            "#!/bin/sh\n"
            f'case "$*" in *sync*) while [ -e {home}/gate ]; do touch {home}/waits; sleep 0.1; done\n'
            f"if [ -e {home}/cut ]; then export UV_HTTP_RETRIES=0\n"
            f'set -- "$@" --no-cache --default-index http://ana:{PASSWORD}@127.0.0.1:9/simple; fi;; esac\n'
            f'exec {find_uv_bin()} "$@"\n'
        )
        shim.chmod(0o755)
        return f"{home}{os.pathsep}{os.environ['PATH']}"

    def environments(self, name: str) -> list[str]:
        """Those that a host holds whole."""
        return [ready.parent.name for ready in (self.folder / name / ".cache" / "atrium").glob("*/.ready")]

    def forget(self, name: str, keep: str) -> None:
        """All environments that it holds but that one go."""
        for other in set(self.environments(name)) - {keep}:
            shutil.rmtree(self.folder / name / ".cache" / "atrium" / other)

    def log(self, name: str) -> str:
        """What a host's process wrote."""
        return (self.folder / name / "log").read_text()

    def processes(self, name: str) -> list[psutil.Process]:
        """Everything that runs on a host, in whatever process group."""
        return processes_of(self.folder / name)

    def bound(self, name: str, command: str) -> dict[int, str]:
        """The environments' processes on a host with that in their command line: which resource each offers."""
        found = {}
        for process in self.processes(name):
            with contextlib.suppress(psutil.Error):
                if STARTED in process.environ() and command in " ".join(process.cmdline()):
                    found[process.pid] = process.environ()[STARTED]
        return found

    def kill(self, name: str) -> None:
        """As a machine that loses its power."""
        kill_all_of(self.folder / name)
        self._groups.pop(name).wait()

    def close(self) -> None:
        """End everything."""
        for name in list(self._groups):
            self.kill(name)

    def send(self, name: str, number: int) -> None:
        """A signal to all of it. Stopped it is as a machine that is cut off: nothing goes in or out."""
        for process in self.processes(name):
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def waits(self, name: str) -> bool:
        """Whether it is in the middle of a build, at its gate."""
        return (self.folder / name / "waits").exists()

    def _spawn(self, name: str, command: str, *options: str, **variables: str) -> None:
        home = self.folder / name
        home.mkdir(exist_ok=True)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "UV_PYTHON_DOWNLOADS": "never", "HOME": str(home), **variables}
        environment.pop("XDG_CACHE_HOME", None)
        with (home / "log").open("ab") as log:
            self._groups[name] = subprocess.Popen(
                [self.python, "-m", f"distributed.cli.{command}", *options],
                cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
