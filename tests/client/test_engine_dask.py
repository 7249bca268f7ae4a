"""A real Dask cluster from a real environment."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path

import pytest

from tests.client import apart, grouping
from tests.client.engines import Engine, build_environment, run_script, running
from workspace_ext.engines.requirements import DASK, KERNEL

pytestmark = pytest.mark.parts

FORECAST = """
import os, sys, time, pandas as pd, workspace_ext as ws

client = ws.cluster.dask()
assert ws.cluster.dask() is client
ws.tables.write(pd.DataFrame({"store": ["a", "a", "b", "c"], "units": [1, 3, 5, 7]}), "sales")
groups = dict(list(ws.tables.read("sales").groupby("store")))

begun = os.path.abspath("begun")
os.mkdir(begun)

def forecast(store, frame):
    # Until another worker has come for what waits.
    open(os.path.join(begun, str(os.getpid())), "w").close()
    deadline = time.monotonic() + 120
    while len(os.listdir(begun)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    return store, float(frame["units"].mean()), sys.executable, os.getpid()

rows = client.gather(client.map(forecast, list(groups), list(groups.values())))
frame = pd.DataFrame(rows, columns=["store", "units", "python", "pid"])
assert set(frame["python"]) == {sys.executable}, frame
assert os.getpid() not in set(frame["pid"])

import dask.dataframe as dd
print(ws.tables.write(dd.from_pandas(frame.drop(columns="pid"), npartitions=2), "forecasts"))
print(ws.sql("SELECT store, units FROM forecasts ORDER BY store").to_dict("list"))
print("pids", frame["pid"].nunique())
"""


WORKING = """
import json, os, time, workspace_ext as ws

def idle():
    with open(os.environ["STATE"]) as file:
        return json.load(file)["idle_since"]

def until(wanted):
    for _ in range(600):
        if (idle() is not None) is wanted:
            return
        time.sleep(0.1)
    raise SystemExit(f"never {wanted}")

client = ws.cluster.dask()
until(True)
release = os.environ["RELEASE"]

def work(path):
    while not os.path.exists(path):
        time.sleep(0.1)

future = client.submit(work, release)
until(False)
open(release, "w").close()
future.result()
until(True)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Path:
    return build_environment(tmp_path_factory.mktemp("dask") / "environment", [*KERNEL, *DASK])


def attached(engine: Engine) -> str:
    said = engine.wait("running")
    return json.dumps({"id": "c1", "kind": "dask", "address": said["address"]})


def test_a_function_per_store_runs_on_workers_that_come_and_go(python: Path, tmp_path: Path) -> None:
    with running(python, "dask", tmp_path / "cluster", "--minimum", "1", "--maximum", "3") as engine:
        cluster = attached(engine)
        said = engine.state()
        assert (said["workers"], said["minimum"], said["maximum"]) == (1, 1, 3)
        assert said["pid"] == engine.process.pid
        assert said["address"].startswith("tcp://127.0.0.1:")
        told = {"ATRIUM_TABLES": str(tmp_path / "tables"), "ATRIUM_CLUSTER": cluster}
        printed = run_script(python, FORECAST, tmp_path, **told)
        assert "forecasts: 3 rows written, version 0" in printed
        assert "{'store': ['a', 'b', 'c'], 'units': [2.0, 5.0, 7.0]}" in printed
        # Three tasks brought more than the one worker that was there.
        assert "pids 1" not in printed
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", engine.state()["dashboard"])
        assert engine.stop() == 0
        said = engine.state()
        assert (said["state"], said["message"], said["workers"], said["address"]) == ("stopped", "Stopped", 0, None)
        assert engine.survivors() == []


def test_a_function_for_each_group(python: Path, tmp_path: Path) -> None:
    frame = """
import dask.dataframe as dd
frame, local = dd.from_pandas(sales, npartitions=3), lambda frame: frame.compute()
"""
    with running(python, "dask", tmp_path / "cluster", "--minimum", "2", "--maximum", "2") as engine:
        program = grouping.BEGIN + frame + grouping.GROUPS
        grouping.check(run_script(python, program, tmp_path, ATRIUM_CLUSTER=attached(engine)))


def test_work_of_one_name_is_each_environments_own(python: Path, tmp_path: Path) -> None:
    """Where two share a scheduler: Dask would answer one with what the other has computed."""
    assert run_script(python, apart.PROGRAM, tmp_path).splitlines()[-1] == apart.PRINTED


def test_it_tells_since_when_it_has_had_nothing_to_do(python: Path, tmp_path: Path) -> None:
    with running(python, "dask", tmp_path / "cluster", "--minimum", "1", "--maximum", "1") as engine:
        told = {"STATE": str(tmp_path / "cluster" / "state.json"), "RELEASE": str(tmp_path / "release")}
        run_script(python, WORKING, tmp_path, ATRIUM_CLUSTER=attached(engine), **told)


def test_a_sign_of_life_every_second(python: Path, tmp_path: Path) -> None:
    with running(python, "dask", tmp_path, "--minimum", "0", "--maximum", "1") as engine:
        engine.wait("running")
        times = set()
        for _ in range(40):
            times.add(engine.state()["time"])
            time.sleep(0.1)
        assert len(times) >= 3


@pytest.mark.parametrize("group", [True, False])
def test_a_killed_cluster_leaves_nothing(python: Path, tmp_path: Path, group: bool) -> None:
    with running(python, "dask", tmp_path, "--minimum", "2", "--maximum", "2") as engine:
        engine.wait("running")
        assert engine.remember() >= 2
        engine.kill(group)
        assert engine.survivors() == []


RANDOM = """
import os
import numpy.random
from workspace_ext.engines import fork_server

def drawn(child):
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, child().encode())
        os._exit(0)
    os.wait()
    return os.read(read, 99).decode()

number = lambda: str(numpy.random.random())
print(drawn(number) != drawn(number), drawn(lambda: str(drawn(number) == number())))
"""


def test_forked_workers_draw_random_numbers_of_their_own(python: Path, tmp_path: Path) -> None:
    """And what a worker itself forks goes on with the worker's, as everywhere."""
    assert run_script(python, RANDOM, tmp_path) == "True True\n"


def test_it_can_be_stopped_while_it_starts(python: Path, tmp_path: Path) -> None:
    with running(python, "dask", tmp_path, "--minimum", "2", "--maximum", "2") as engine:
        engine.wait("starting")
        while not engine.remember():
            time.sleep(0.01)
        assert engine.stop() == 0
        assert engine.state()["state"] == "stopped"
        assert engine.survivors() == []


def test_a_cluster_that_nobody_wants_ends(python: Path, tmp_path: Path) -> None:
    lease = tmp_path / "lease"
    lease.touch()
    no_longer_wanted = threading.Event()

    def renew() -> None:
        while not no_longer_wanted.wait(0.3):
            os.utime(lease)

    threading.Thread(target=renew, daemon=True).start()
    with running(python, "dask", tmp_path / "c", "--maximum", "1", "--lease", str(lease), "--grace", "6") as engine:
        engine.wait("running")
        time.sleep(8)
        assert engine.state()["state"] == "running"
        no_longer_wanted.set()
        said = engine.wait("stopped", seconds=60)
        assert said["message"] == "Nobody used it"
        assert engine.process.wait(10) == 0


def test_a_cluster_that_is_gone_is_named(python: Path, tmp_path: Path) -> None:
    script = """
import workspace_ext as ws
try:
    ws.cluster.dask()
except ws.ClusterError as error:
    print(error)
"""
    cluster = json.dumps({"id": "c1", "kind": "dask", "address": "tcp://127.0.0.1:9"})
    printed = run_script(python, script, tmp_path, ATRIUM_CLUSTER=cluster)
    assert "The Dask cluster at tcp://127.0.0.1:9 does not answer.\nIt may have stopped" in printed


def test_outside_a_workspace_a_script_gets_workers_of_its_own(python: Path, tmp_path: Path) -> None:
    script = """
import os, workspace_ext as ws
client = ws.cluster.dask()
assert client.submit(os.getpid).result() not in (os.getpid(), os.getppid())
assert ws.cluster.dask() is client
print("pid", ws.local_cluster._addresses["dask"][1].pid)
"""
    printed = run_script(python, script, tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int(printed.split()[-1]), 0)


def test_an_environment_without_dask_fails_with_the_reason(tmp_path: Path) -> None:
    plain = build_environment(tmp_path / "environment", ["packaging"])
    with running(plain, "dask", tmp_path / "cluster") as engine:
        said = engine.wait("failed")
        assert "This environment has no Dask: No module named 'distributed'" in said["message"]
        assert engine.process.wait(10) == 1
    with running(plain, "spark", tmp_path / "spark") as engine:
        assert "This environment has no pyspark" in engine.wait("failed")["message"]
