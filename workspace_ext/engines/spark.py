"""A Spark Connect server in a process, from the environment's own pyspark, on this machine only.

    ENV/bin/python -m workspace_ext.engines.spark --state FILE --maximum 4

It says "running" when a first query has gone through a Python worker of this very interpreter. Its log lies beside
the state file. It ends cleanly on SIGTERM, or by itself when nobody has touched its lease for the grace period.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

from workspace_ext.engines import java
from workspace_ext.engines.process import Settings, State, StateFile, explain, parse_settings
from workspace_ext.engines.spark_pages import Pages

START_SECONDS = 300.0
CLOSE_SECONDS = 15.0
DEFAULT_MEMORY = "1g"

# What the server remembers of the past.
KEPT_JOBS = 200

# Tasks of a shuffle for each core. More than one, so that a handful of groups rarely share a task.
SHUFFLE_TASKS_PER_CORE = 4

# The server must not outlive this process, however it ends: the kernel kills it when its parent has gone.
DIE_WITH_PARENT = """
import ctypes, os, signal, sys
libc = ctypes.CDLL(None)
if hasattr(libc, "prctl"):
    libc.prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class StartError(Exception):
    """Spark cannot start here; the text is for a person."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def package(name: str) -> Path:
    """The folder of a package of the environment. That of pyspark holds the server as well.

    Raises:
        StartError: It has none of that name.
    """
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise StartError(f"This environment has no {name}. Attach the cluster again to add it.")
    return Path(found.origin).parent


def make_home(folder: Path) -> Path:
    """The server's home in that folder: links to what pyspark holds, without the archives from which workers import.

    Python compiles what it imports from an archive each time, half a second in the first query of every session. Under
    the archives' names are folders with the packages that they were made of.

    Raises:
        StartError: Without pyspark.
    """
    home, source = folder / "home", package("pyspark")
    # Of a cluster that was killed, with other links.
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in ("bin", "jars"):
        (home / name).symlink_to(source / name)
    for archive in (source / "python" / "lib").glob("*.zip"):
        name = re.split(r"\W", archive.name)[0]
        unpacked = home / "python" / "lib" / archive.name
        unpacked.mkdir(parents=True)
        (unpacked / name).symlink_to(package(name))
    return home


def spark_memory(text: str) -> str:
    """Spark's spelling of a size such as "2GiB" or "1.5 GB", in mebibytes."""
    match = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)i?b?\s*", text.lower())
    if not match:
        raise StartError(f"{text!r} is not a size. Write it like 2GiB.")
    exponent = {"": -2, "k": -1, "m": 0, "g": 1, "t": 2}[match[2]]
    return f"{max(512, int(float(match[1]) * 1024**exponent))}m"


def command(settings: Settings, home: Path, port: int, pages: int) -> list[str]:
    """The command line of the server, which takes sessions at `port` and tells of its jobs at `pages`."""
    folder = settings.state.parent
    options = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.connect.session.manager.defaultSessionTimeout": "24h",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": folder / "scratch",
        "spark.log.level": "WARN",
        # Spark would join small groups into one task: right for rows, wrong for a model per group.
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.sql.execution.pyspark.python": sys.executable,
        "spark.sql.shuffle.partitions": settings.maximum * SHUFFLE_TASKS_PER_CORE,
        "spark.sql.warehouse.dir": folder / "scratch" / "warehouse",
        "spark.ui.killEnabled": "false",
        "spark.ui.port": pages,
        "spark.ui.retainedJobs": KEPT_JOBS,
        "spark.ui.retainedStages": KEPT_JOBS,
        "spark.ui.showConsoleProgress": "false",
    }
    memory = spark_memory(settings.memory) if settings.memory else DEFAULT_MEMORY
    line = [str(home / "bin" / "spark-submit"), "--master", f"local[{settings.maximum}]"]
    line += ["--name", "Atrium", "--driver-memory", memory]
    for name, value in options.items():
        line += ["--conf", f"{name}={value}"]
    return [*line, "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]


def environment(home: Path, folder: Path) -> dict[str, str]:
    """The server's environment variables: this Python, this machine, no other Spark. `folder` is for its Java.

    Raises:
        StartError: Without Java.
    """
    if (found := java.variables(folder)) is None:
        raise StartError(
            f"Spark needs Java {java.OLDEST} or newer, and there is none on this machine. Restart the cluster "
            "to have one added to its environment, or install one: apt-get install openjdk-17-jre-headless."
        )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    return {
        **kept,
        **found,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }


class Server:
    """The server's process, and the child that warms it."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.state.parent
        scratch = folder / "scratch"
        home = make_home(scratch)
        self.log = folder / "spark.log"
        port, pages = free_port(), free_port()
        self.address = f"sc://127.0.0.1:{port}"
        self.pages = Pages(f"http://127.0.0.1:{pages}")
        with self.log.open("wb") as log:
            self._variables = environment(home, scratch)
            self.process = self._spawn(command(settings, home, port, pages), log.fileno(), scratch)
            self.warmer = self._spawn(
                [sys.executable, "-m", "workspace_ext.engines.warm", self.address], log.fileno(), folder
            )

    def _spawn(self, line: list[str], log: int, folder: Path) -> subprocess.Popen[bytes]:
        guard = [sys.executable, "-c", DIE_WITH_PARENT, str(os.getpid())]
        return subprocess.Popen(
            [*guard, *line],
            env=self._variables,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def ready(self) -> bool:
        """Whether the first query has run.

        Raises:
            StartError: The server or the first query has failed.
        """
        if self.process.poll() is not None:
            raise StartError(f"Spark ended by itself: {self.last_words()}")
        status = self.warmer.poll()
        if status not in (None, 0):
            raise StartError(f"Spark answers no query: {self.last_words()}")
        return status == 0

    def last_words(self) -> str:
        """The last line of the log that says something, and where to read the rest."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8000))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
        telling = [line for line in lines if "Exception" in line or "Error" in line] or [line for line in lines if line]
        return f"{telling[-1][:300] if telling else 'it said nothing'} (log: {self.log})"

    def close(self) -> None:
        """End everything, kindly first."""
        for process in (self.warmer, self.process):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self.warmer, self.process):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CLOSE_SECONDS)
            if process.poll() is None:
                process.kill()
                process.wait()


def watch(server: Server, settings: Settings, file: StateFile, stop: threading.Event) -> str:
    """Report until the server shall end. Returns why."""
    deadline = time.monotonic() + START_SECONDS
    while not server.ready():
        if stop.wait(0.1):
            return "Stopped while starting"
        if settings.lease.expired():
            return "Nobody used it"
        if time.monotonic() > deadline:
            raise StartError(f"Spark was not ready within {START_SECONDS:.0f} s: {server.last_words()}")
    file.update(
        state="running",
        address=server.address,
        dashboard=server.pages.address,
        workers=settings.maximum,
        version=version("pyspark"),
    )
    while not stop.wait(1.0):
        server.ready()
        file.update(idle_since=server.pages.idle_since())
        if settings.lease.expired():
            return "Nobody used it"
    return "Stopped"


def main() -> int:
    """Start, report and end one server."""
    settings = parse_settings("spark")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    file = StateFile(settings.state, State(settings.minimum, settings.maximum))
    server = None
    try:
        server = Server(settings)
        reason = watch(server, settings, file, stop)
    except Exception as error:
        file.close("failed", str(error) if isinstance(error, StartError) else explain(error))
        return 1
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(settings.state.parent / "scratch", ignore_errors=True)
    file.close("stopped", reason)
    return 0


if __name__ == "__main__":
    sys.exit(main())
