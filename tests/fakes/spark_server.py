"""A Spark Connect server that somebody else runs, with executors of its own: nothing of ours is there, and nothing
shared but the package cache, which stands for an index nearby."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from uv import find_uv_bin

from tests.client.engines import UV_CONFIGURATION
from tests.fakes.homes import kill_all_of
from tests.fakes.ports import free_port
from workspace_server.clusters.greeting import HELLO

START_SECONDS = 120.0
MAIN = "org.apache.spark.sql.connect.service.SparkConnectServer"


def make_base(folder: Path) -> Path:
    """The folder of a pyspark that has nothing beside it."""
    uv = find_uv_bin()
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", folder, "--python", sys.executable], check=True)
    line = [uv, "pip", "install", "-q", "--python", python, "--only-binary", ":all:", "--no-binary", "pyspark"]
    subprocess.run([*line, "pyspark==4.3.*"], check=True, cwd=UV_CONFIGURATION)
    return next(folder.glob("lib/python*")) / "site-packages" / "pyspark"


class SparkServer:
    """Two executors of one core each. Start with :meth:`start`; :meth:`close` ends it."""

    def __init__(self, folder: Path, spark: Path) -> None:
        self.folder = folder
        self._spark = spark
        self.port, self._pages = free_port(), free_port()
        self.address = f"sc://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it takes connections."""
        home, commands = self.folder / "home", self.folder / "commands"
        home.mkdir(parents=True)
        commands.mkdir()
        self.find_uv()
        python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        (commands / python).symlink_to(Path(sys.base_prefix, "bin", python).resolve())
        told = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": self.port,
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": self.folder / "scratch",
            "spark.log.level": "WARN",
            "spark.ui.port": self._pages,
        }
        line = [str(self._spark / "bin" / "spark-submit"), "--master", "local-cluster[2,1,1024]"]
        line += [word for name, value in told.items() for word in ("--conf", f"{name}={value}")]
        ours = ("ATRIUM_", "PYSPARK_", "PYTHON", "SPARK_", "VIRTUAL_ENV", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        # Whatever has a uv beside it is left out: that of its own goes when a test says so.
        path = [one for one in os.environ["PATH"].split(os.pathsep) if not Path(one, "uv").exists()]
        environment = {
            **kept, "HOME": str(home), "PATH": os.pathsep.join([str(commands), *path]), "SPARK_HOME": str(self._spark),
            "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(self.folder / "work"),
            "UV_PYTHON_DOWNLOADS": "never",
        }  # fmt: skip
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*line, "--class", MAIN, "spark-internal"],
                cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def environments(self) -> list[str]:
        """Those that it holds whole."""
        return sorted(ready.parent.name for ready in (self.folder / "home" / ".cache" / "atrium").glob("*/.ready"))

    def find_uv(self) -> None:
        """It has one again."""
        (self.folder / "commands" / "uv").symlink_to(find_uv_bin())

    def lose_uv(self) -> None:
        """As a machine that never had one."""
        (self.folder / "commands" / "uv").unlink()

    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text(errors="replace")

    def close(self) -> None:
        """End everything, without a word."""
        if self._process is None:
            return
        kill_all_of(self.folder / "home")
        self._process.wait()
        shutil.rmtree(self.folder / "work", ignore_errors=True)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as there:
            # It says so at once to whoever speaks HTTP/2. That it takes connections says less: it does before it is
            # ready for them.
            there.sendall(HELLO)
            return bool(there.recv(1))
        return False
