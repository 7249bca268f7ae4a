"""Clusters: `.venv/bin/python tests/bench/clusters.py`, on a machine with nothing else to do.

Beside Dask's own way to bring packages to workers (the PipInstall plugin), a plain worker, and the same code by hand.

packages   until four workers have packages that their environment lacked, in an environment that nobody has built and
           with packages that nobody has downloaded; and when there is one that has them. What it takes to import them,
           twice as long on two cores as all of ours, is the same for both and left out.
stall      how long the scheduler of a running cluster answers nobody meanwhile, at worst
switch     from one environment that exists to another, until a worker computes in it
spark      a new session's first Python query in another environment on a server that runs, against a server for it
join       until a worker that is started computes, against a plain one
forecast   a model for each of 500 series on Dask and on Spark by `ws.cluster.apply`, against the same by hand
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.building import built
from tests.bench.table import Row, Table, median
from tests.client.engines import Engine, build_environment, run_script, running, variables
from tests.fakes.indexes import keep_answers
from workspace_ext.engines.requirements import DASK, KERNEL, SOURCE_BUILDS, SPARK
from workspace_server.environments.build import Environment
from workspace_server.kit.home import Home

WANTED = ["scikit-learn", "prophet"]
WORKERS = 4
# In which two environments differ.
SIXES = ("1.16.0", "1.17.0")

# Ends when a task on each of four workers has found the packages.
COMPUTE = """
from distributed import Client

def found(names):
    from importlib.metadata import version
    from importlib.util import find_spec
    assert find_spec("prophet") and find_spec("sklearn")
    return [version(name) for name in names]

client = Client({address!r})
client.wait_for_workers({workers})
names = client.scheduler_info(n_workers=-1)["workers"]
tasks = [client.submit(found, {wanted!r}, workers=[name], pure=False) for name in names]
assert all(one == client.gather(tasks)[0] for one in client.gather(tasks))
"""

INSTALL = """
from distributed import Client, PipInstall
client = Client({address!r})
client.register_plugin(PipInstall({wanted!r}, pip_options=["-q", "--disable-pip-version-check"]))
"""

# How long a scheduler takes to answer, until standard input ends; the worst of it, in seconds.
PING = """
import select, sys, time
from distributed import Client
client = Client({address!r})
client.run_on_scheduler(lambda: None)
print("pinging", flush=True)
worst = 0.0
while not select.select([sys.stdin], [], [], 0.02)[0]:
    began = time.perf_counter()
    client.run_on_scheduler(lambda: None)
    worst = max(worst, time.perf_counter() - began)
print(worst)
"""

# A scheduler without workers, that ends with standard input.
SCHEDULER = """
import asyncio, sys
from distributed import Scheduler

async def main():
    async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        print(scheduler.address, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""

# A cluster of plain workers, that ends with standard input.
PLAIN = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers={workers}, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""

# Seconds of a new session's first Python query.
SESSION = """
import sys, time, workspace_ext as ws
import pandas, pyspark.sql.connect.session

def where(frames):
    for frame in frames:
        yield frame.assign(prefix=sys.prefix)

began = time.perf_counter()
rows = ws.cluster.spark().range(0, 4, 1, 1).mapInPandas(where, "id long, prefix string").collect()
assert {row.prefix for row in rows} == {sys.prefix}
print(time.perf_counter() - began)
"""

# Holt's linear trend over a grid of smoothing factors: a few hundredths of a second for each series.
SERIES = """
import json, os, time
import numpy as np, pandas as pd, workspace_ext as ws

rng = np.random.default_rng(1)
stores = np.repeat([f"store {n:03}" for n in range(SERIES)], 120)
series = pd.DataFrame({"store": stores, "units": rng.normal(100, 9, len(stores))})

def forecast(group):
    values = group["units"].to_numpy()
    best = (float("inf"), 0.0, 0.0)
    for alpha in np.linspace(0.05, 0.95, 12):
        for beta in np.linspace(0.05, 0.95, 12):
            level, trend, error = values[0], 0.0, 0.0
            for value in values[1:]:
                miss = value - level - trend
                error += miss * miss
                level, trend = level + trend + alpha * miss, trend + alpha * beta * miss
            best = min(best, (error, level, trend))
    days = np.arange(14)
    return pd.DataFrame({"store": group["store"].iloc[0], "day": days, "units": best[1] + best[2] * (days + 1)})

like = pd.DataFrame({"store": ["a"], "day": [1], "units": [1.0]})

def by_hand_on_dask():
    client = ws.cluster.dask()
    groups = [group for _, group in series.groupby("store")]
    return pd.concat(client.gather(client.map(forecast, groups, pure=False)), ignore_index=True)

def by_hand_on_spark():
    frame = ws.cluster.spark().createDataFrame(series)
    return frame.groupBy("store").applyInPandas(forecast, "store string, day long, units double").toPandas()

def timed(work):
    began = time.perf_counter()
    assert len(work()) == SERIES * 14
    return time.perf_counter() - began

ours = lambda: ws.cluster.apply(series, "store", forecast, like=like)
theirs = by_hand_on_KIND
for work in (ours, theirs):
    work()
rounds = []
for number in range(ROUNDS):
    # Each is the first one in every other round.
    both = [(0, ours), (1, theirs)][:: 1 if number % 2 else -1]
    took = {place: timed(work) for place, work in both}
    rounds.append((took[0], took[1]))
print(json.dumps(rounds))
"""


class Benchmark:
    """A home of ours, the peer's folders beside it, and the table that is filled."""

    def __init__(self, folder: Path, rounds: int, series: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.series = series
        self.home = Home(folder / "home")
        self.home.prepare()
        self.table = Table("Clusters", ("Atrium", "peer"))
        self._pythons: dict[str, Path] = {}
        self._made = 0

    # Rows

    def packages(self) -> None:
        # What lacks them: downloaded before the clock runs, as it is for the peer.
        self._environment("before", [*KERNEL, *DASK])
        ours = self._with_packages()
        theirs = [self._pip_install(cache) for cache in ("cold", "warm")]
        there = [self._with_packages() for _ in range(self.rounds)]
        name = f"packages on {WORKERS} workers"
        note = "ours starts the cluster as well"
        self._against(f"{name}, new", ours, theirs[0], 1 / 3, note)
        self._against(f"{name}, that exist", median(there), theirs[1], 1 / 10, f"{note}; pip has them in its cache")

    def stall(self) -> None:
        """The cluster that runs while another environment is built and started beside it, as a restart does."""
        with self._engine(self._python(*DASK)) as engine, self._ping(engine) as ours:
            environment = self._environment("beside", [*KERNEL, *DASK, *WANTED, "six"])
            with self._computing(environment.python):
                pass
        theirs: list[float] = []
        self._pip_install("stall", theirs)
        note = "PipInstall runs on the scheduler, too"
        self.table.add(Row("scheduler answers nobody, at worst", "s", ours[0], theirs[0], goal=0.5, note=note))

    def switch(self) -> None:
        pythons = [self._environment(name, [*KERNEL, *DASK, f"six=={name}"]).python for name in SIXES]
        took = []
        for number in range(self.rounds + 1):
            with self._engine(pythons[number % 2], 1) as engine:
                engine.wait("running")
                began = time.monotonic()
                with self._engine(pythons[1 - number % 2], 1) as other:
                    self._one_task(pythons[1 - number % 2], other.wait("running")["address"])
                    took.append(time.monotonic() - began)
        self.table.add(Row("switch to an environment that exists", "s", median(took[1:]), goal=3.0))

    def spark(self) -> None:
        """A server of each environment in turn, and then the other one on it: its first session, and a later one."""
        pythons = [self._environment(f"spark {name}", [*KERNEL, *SPARK, f"six=={name}"]).python for name in SIXES]
        rounds = []
        for number in range(self.rounds + 1):
            own, other = pythons[number % 2], pythons[1 - number % 2]
            began = time.monotonic()
            with running(own, "spark", self._folder() / "cluster", "--maximum", "2") as engine:
                address = engine.wait("running")["address"]
                server = time.monotonic() - began + self._session(own, address)
                rounds.append((server, self._session(other, address), self._session(other, address)))
        server, first, later = (median(times) for times in zip(*rounds[1:], strict=True))
        name = "Spark, switch to an environment that exists"
        self.table.add(Row(name, "s", first, server, note="peer: a new server for it"))
        self.table.add(Row(f"{name}, against a new server", "x", first / server, 1.0, goal=0.7))
        self.table.add(Row(f"{name}, once more", "s", later, server))
        self.table.add(Row(f"{name}, once more, against a new server", "x", later / server, 1.0, goal=0.1))

    def join(self) -> None:
        python = self._environment("1.17.0", [*KERNEL, *DASK, "six==1.17.0"]).python
        rounds = []
        with self._engine(python, 1) as engine, program(python, SCHEDULER) as plain:
            own = ["--preload", "workspace_ext.engines.membership"]
            address = engine.wait("running")["address"]
            for _ in range(self.rounds + 1):
                rounds.append((self._join(python, address, own), self._join(python, plain, [])))
        ours, theirs = (median(times) for times in zip(*rounds[1:], strict=True))
        self.table.add(Row("a worker joins", "s", ours, theirs))
        self.table.add(Row("a worker joins, against a plain one", "x", ours / theirs, 1.0, goal=2.0))

    def forecast(self) -> None:
        for kind, requirements in (("dask", DASK), ("spark", SPARK)):
            python = self._python(*requirements)
            folder = self._folder()
            with running(python, kind, folder / "cluster", "--minimum", "2", "--maximum", "2") as engine:
                address = engine.wait("running")["address"]
                told = json.dumps({"id": "c1", "kind": kind, "address": address})
                program = SERIES.replace("SERIES", str(self.series)).replace("ROUNDS", str(self.rounds))
                printed = run_script(python, program.replace("KIND", kind), folder, ATRIUM_CLUSTER=told)
            rounds = json.loads(printed.splitlines()[-1])
            ours, theirs = (median(times) for times in zip(*rounds, strict=True))
            name = f"{self.series} series on {kind.capitalize()}"
            self.table.add(Row(name, "s", ours, theirs))
            # How far a round by hand is from the median of all of them.
            noise = median([abs(one[1] / theirs - 1) for one in rounds])
            note = f"2 % beyond the noise, which is {noise:.1%}"
            self.table.add(Row(f"{name}, against by hand", "x", ours / theirs, 1.0, goal=1.02 + noise, note=note))

    # Helpers

    def _against(self, name: str, ours: float, theirs: float, goal: float, note: str) -> None:
        self.table.add(Row(name, "s", ours, theirs, note=note))
        self.table.add(Row(f"{name}, against PipInstall", "x", ours / theirs, 1.0, goal=goal))

    def _environment(self, name: str, wanted: list[str]) -> Environment:
        return built(self.home, re.sub(r"\W", "-", name), "\n".join(wanted) + "\n")

    def _python(self, *wanted: str) -> Path:
        """Of a plain environment, made when it is asked for first."""
        key = " ".join(wanted)
        if key not in self._pythons:
            options = ["--no-binary", *SOURCE_BUILDS] if any("pyspark" in one for one in wanted) else []
            self._pythons[key] = build_environment(self._folder() / "plain", [*KERNEL, *wanted], *options)
        return self._pythons[key]

    def _folder(self) -> Path:
        self._made += 1
        folder = self.folder / f"part-{self._made}"
        folder.mkdir()
        return folder

    @contextlib.contextmanager
    def _engine(self, python: Path, minimum: int = WORKERS, maximum: int = 0) -> Iterator[Engine]:
        size = ["--minimum", str(minimum), "--maximum", str(maximum or minimum), "--threads", "1"]
        with running(python, "dask", self._folder() / "cluster", *size) as engine:
            yield engine

    def _with_packages(self) -> float:
        """Seconds until each worker of a cluster of ours, which is started for it, has found the packages."""
        began = time.monotonic()
        with self._computing(self._environment("cold", [*KERNEL, *DASK, *WANTED]).python):
            return time.monotonic() - began

    @contextlib.contextmanager
    def _computing(self, python: Path) -> Iterator[None]:
        """A cluster of ours, of which each worker has found the packages."""
        with self._engine(python) as engine:
            address = engine.wait("running")["address"]
            run_script(python, COMPUTE.format(address=address, workers=WORKERS, wanted=WANTED), self.folder)
            yield

    def _pip_install(self, cache: str, stalls: list[float] | None = None) -> float:
        """Seconds that the plugin takes on plain workers that run; how long their scheduler was silent goes into
        ``stalls``."""
        folder = self._folder()
        python = folder / "plain" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", folder / "plain"], check=True, env=variables())
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        kept = {"PIP_CACHE_DIR": str(self.folder / "pip-cache")}
        subprocess.run([*pip, *DASK], check=True, env=variables(**kept))
        if cache == "cold":
            # What it downloads for this row it has for the next one.
            shutil.rmtree(self.folder / "pip-cache", ignore_errors=True)
        with program(python, PLAIN.format(workers=WORKERS), **kept) as address:
            pinging = self._ping_at(python, address) if stalls is not None else contextlib.nullcontext([0.0])
            with pinging as worst:
                began = time.monotonic()
                run_script(python, INSTALL.format(address=address, wanted=WANTED), folder, **kept)
                run_script(python, COMPUTE.format(address=address, workers=WORKERS, wanted=WANTED), folder, **kept)
                took = time.monotonic() - began
        if stalls is not None:
            stalls.append(worst[0])
        return took

    def _ping(self, engine: Engine) -> Any:
        return self._ping_at(self._python(*DASK), engine.wait("running")["address"])

    @contextlib.contextmanager
    def _ping_at(self, python: Path, address: str) -> Iterator[list[float]]:
        worst: list[float] = []
        process = subprocess.Popen(
            [python, "-c", PING.format(address=address)], env=variables(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        yield worst
        said, _ = process.communicate("\n", timeout=120)
        worst.append(float(said))

    def _session(self, python: Path, address: str) -> float:
        told = json.dumps({"id": "c1", "kind": "spark", "address": address})
        return float(run_script(python, SESSION, self._folder(), ATRIUM_CLUSTER=told))

    def _join(self, python: Path, address: str, more: list[str]) -> float:
        """Seconds from a worker's start until it has computed."""
        began = time.monotonic()
        line = [python, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", *more]
        line += ["--name", "joins"]
        process = subprocess.Popen(
            line, env=variables(), cwd=self._folder(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._one_task(python, address, "joins")
            return time.monotonic() - began
        finally:
            process.terminate()
            process.wait(60)

    def _one_task(self, python: Path, address: str, worker: str = "") -> None:
        task = f"submit(int, 1, workers={[worker] if worker else None!r})"
        run_script(python, f"from distributed import Client\nClient({address!r}).{task}.result()", self.folder)


@contextlib.contextmanager
def program(python: Path, text: str, **more: str) -> Iterator[str]:
    """A program that runs until its standard input ends. Yields the first line that it prints."""
    # From a file: what starts workers by starting Python again has to find itself.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "program.py")
        file.write_text(text)
        process = subprocess.Popen(
            [python, file], env=variables(**more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(1800, process.kill)
        watch.start()
        try:
            yield process.stdout.readline().strip()
        finally:
            watch.cancel()
            process.stdin.close()
            process.wait(60)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    rows = ("packages", "stall", "switch", "spark", "join", "forecast")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=rows)
    arguments = parser.parse_args()
    for name in ("UV_CACHE_DIR", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="atrium-bench-", ignore_cleanup_errors=True) as folder:
        os.environ.update(keep_answers(Path(folder, "settings")))
        benchmark = Benchmark(Path(folder), arguments.rounds, arguments.series)
        for name in arguments.only or rows:
            print(f"{name} ...", flush=True)
            getattr(benchmark, name)()
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    print(benchmark.table)
    return 1 if benchmark.table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
