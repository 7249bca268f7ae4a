"""Environments: `.venv/bin/python tests/bench/environments.py`, on a machine with nothing else to do.

The same requirements are built by us and by `python -m venv` with `pip install -r`, one after the other, with and
without what each has cached. The peer of a kernel's start is plain ipykernel in the same environment.

cold, warm    until an environment of pandas, scikit-learn and prophet is ready; answers of the index are kept for
              ten minutes as PyPI allows it, also where a mirror leaves its headers out
again         until one that exists already is found
kernel        until it answers its first request, against plain ipykernel of the same environment
disk          four environments that differ by one pin, and the cache, against one environment
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.building import built, timed
from tests.bench.table import Row, Table, median
from tests.fakes.indexes import keep_answers
from workspace_server.environments import room
from workspace_server.environments.build import Environment
from workspace_server.environments.provisioner import LAUNCHER
from workspace_server.environments.runtime import materialise
from workspace_server.kit.home import Home

WANTED = "pandas<3\nscikit-learn\nprophet\n"


class Benchmark:
    """A home of ours, the peer's folders beside it, and the table that is filled."""

    def __init__(self, folder: Path, rounds: int, with_peer: bool) -> None:
        self.folder = folder
        self.rounds = rounds
        self.with_peer = with_peer
        self.home = Home(folder / "home")
        self.home.prepare()
        self.table = Table("Environments", ("Atrium", "pip"))

    def build(self, name: str, wanted: str = WANTED) -> Environment:
        """The environment of a project of that name."""
        return built(self.home, name, wanted)

    def cold_and_warm(self) -> None:
        ours = timed(lambda: self.build("forecast"))
        theirs = timed(lambda: self._pip("pip-cold")) if self.with_peer else None
        self._against("cold", ours, theirs, 10)
        warm = []
        for _ in range(self.rounds):
            for known in (".memo", ".retired"):
                shutil.rmtree(self.home.environments / known, ignore_errors=True)
            environment = room._published(self.home)[0]
            environment.folder.rename(self.folder / f"gone-{len(warm)}")
            warm.append(timed(lambda: self.build("forecast")))
        theirs = timed(lambda: self._pip("pip-warm")) if self.with_peer else None
        self._against("warm", median(warm), theirs, 20)
        again = [timed(lambda: self.build("forecast")) for _ in range(self.rounds)]
        self.table.add(Row("again", "s", median(again)))

    def kernel(self) -> None:
        environment = self.build("forecast")
        plain = ["-m", "ipykernel_launcher"]
        for words in (plain, ["-c", LAUNCHER]):  # Until everything is compiled and in memory.
            asyncio.run(self._kernel(environment, words))
        rounds = [
            (asyncio.run(self._kernel(environment, ["-c", LAUNCHER])), asyncio.run(self._kernel(environment, plain)))
            for _ in range(self.rounds)
        ]
        ours, theirs = (median(times) for times in zip(*rounds, strict=True))
        self.table.add(Row("kernel ready", "s", ours, theirs))
        self.table.add(Row("kernel ready, against a plain one", "x", ours / theirs, goal=1.1))

    def disk(self) -> None:
        one = room.size(self.build("forecast"))
        for number, version in enumerate(("1.15.0", "1.16.0", "1.17.0")):
            self.build(f"other{number}", f"{WANTED}six=={version}\n")
        every = room.survey(self.home).total
        self.table.add(Row("disk: 4 environments and cache, against 1", "x", every / one, goal=1.2))

    def _against(self, name: str, ours: float, theirs: float | None, times: float) -> None:
        self.table.add(Row(name, "s", ours, theirs))
        if theirs is not None:
            self.table.add(Row(f"{name}, against pip", "x pip", ours / theirs, 1.0, goal=1 / times))

    def _pip(self, name: str) -> None:
        folder = self.folder / name
        (self.folder / "wanted.txt").write_text(WANTED)
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        clean["PIP_CACHE_DIR"] = str(self.folder / "pip-cache")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, env=clean)
        install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", self.folder / "wanted.txt"]
        subprocess.run([folder / "bin" / "python", *install, "ipykernel", "pyarrow", "deltalake", "duckdb"], check=True,
                       env=clean)  # fmt: skip
        shutil.rmtree(folder)

    async def _kernel(self, environment: Environment, words: list[str]) -> float:
        manager = AsyncKernelManager()
        manager._kernel_spec = KernelSpec(
            argv=[str(environment.python), *words, "-f", "{connection_file}"], display_name="", language="python"
        )
        began = time.perf_counter()
        await manager.start_kernel(env={**os.environ, "PYTHONPATH": str(materialise(self.home))})
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        took = time.perf_counter() - began
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true", help="without pip, which takes minutes")
    parser.add_argument("--only", nargs="*", choices=("cold_and_warm", "kernel", "disk"))
    arguments = parser.parse_args()
    for name in ("UV_CACHE_DIR", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.update(keep_answers(Path(folder, "settings")))
        benchmark = Benchmark(Path(folder), arguments.rounds, not arguments.no_peer)
        for name in arguments.only or ("cold_and_warm", "kernel", "disk"):
            getattr(benchmark, name)()
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    print(benchmark.table)
    return 1 if benchmark.table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
