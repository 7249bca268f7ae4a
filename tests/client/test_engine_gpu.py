"""Dask workers with a GPU each, by the real dask-cuda; only NVIDIA's driver is not there, but what it would say."""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.engines import ROOT, Engine, build_environment, run_script, running, variables
from tests.fakes import gpus
from workspace_ext.engines.requirements import DASK, GPU

pytestmark = pytest.mark.parts

FAKES = f"{gpus.LIBRARIES}:{ROOT}"

# Each task says where it runs: the process, the GPUs that it sees, its own first, and from when to when it ran.
WHERE = """
import collections, json, os, signal, sys, time, workspace_ext as ws

def where(seconds):
    import os, time
    begun = time.time()
    time.sleep(seconds)
    return os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES", ""), begun, time.time()

client = ws.cluster.dask()

def spread(count, seconds=0.1, **options):
    return client.gather(client.map(where, [seconds] * count, pure=False, **options))
"""

# Two workers with two threads each, and one that somebody started beside them, without a GPU.
ROUTED = """
client.wait_for_workers(3)
gpu = spread(24, resources={"GPU": 1})
seen = {pid: devices for pid, devices, _, _ in gpu}
assert sorted(seen.values()) == ["1,2", "2,1"], seen
# However many threads a worker has, its GPU is of one task at a time.
for worker in seen:
    spans = sorted(each[2:] for each in gpu if each[0] == worker)
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:])), spans
everywhere = {pid: devices for pid, devices, _, _ in spread(60)}
assert set(everywhere) > set(seen), everywhere
assert [devices for pid, devices in everywhere.items() if pid not in seen] == [""]

# Who takes the place of a worker that was killed gets its GPU.
lost, devices = next(iter(seen.items()))
os.kill(lost, signal.SIGKILL)
deadline = time.monotonic() + 60
while True:
    now = {pid: found for pid, found, _, _ in spread(12, resources={"GPU": 1})}
    assert set(now.values()) <= {"1,2", "2,1"}, now
    if len(now) == 2 and lost not in now:
        break
    assert time.monotonic() < deadline, now
assert sorted(now.values()) == ["1,2", "2,1"], now
"""

UNMET = """
future = client.submit(where, 0, resources={"GPU": 1})
said, deadline = "", time.monotonic() + 30
while not said and time.monotonic() < deadline:
    time.sleep(0.1)
    with open(os.environ["STATE"]) as file:
        said = json.load(file)["message"]
print(said)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Path:
    return build_environment(tmp_path_factory.mktemp("gpu") / "environment", [*DASK, *GPU["cu13"]])


def attached(engine: Engine) -> str:
    return json.dumps({"id": "c1", "kind": "dask", "address": engine.wait("running")["address"]})


@contextlib.contextmanager
def held(folder: Path, device: str) -> Iterator[None]:
    """As another cluster holds it."""
    folder.mkdir()
    with (folder / device).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def options(folder: Path, minimum: int, wanted: int, devices: str) -> list[str]:
    size = ["--minimum", str(minimum), "--maximum", str(wanted), "--threads", "2"]
    return [*size, "--gpus", str(wanted), "--devices", devices, "--held", str(folder)]


def test_a_gpu_each_and_only_what_asks_for_one_is_bound_to_it(python: Path, tmp_path: Path) -> None:
    machine = gpus.driver(tmp_path, 3)
    told = options(tmp_path / "held", 2, 2, "0,1,2")
    with (
        held(tmp_path / "held", "0"),
        running(python, "dask", tmp_path / "cluster", *told, PYTHONPATH=FAKES, **machine) as engine,
    ):
        cluster = attached(engine)
        line = [python.parent / "dask", "worker", engine.state()["address"], "--no-dashboard"]
        plain = subprocess.Popen(
            [*line, "--preload", "workspace_ext.engines.membership"],
            cwd=tmp_path, env=variables(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            run_script(python, WHERE + ROUTED, tmp_path, ATRIUM_CLUSTER=cluster)
        finally:
            plain.terminate()
            plain.wait(30)
        Path(machine["ATRIUM_FAKE_GPUS"]).unlink()
        assert engine.wait("failed")["message"] == "GPU 1 does not answer: Driver Not Loaded"
        assert engine.process.wait(20) == 1


def test_a_worker_that_cannot_use_its_gpu_takes_no_task(python: Path, tmp_path: Path) -> None:
    machine = gpus.driver(tmp_path, 1)
    Path(machine["ATRIUM_FAKE_GPUS"] + ".broken").touch()
    told = options(tmp_path / "held", 1, 1, "0")
    with running(python, "dask", tmp_path / "cluster", *told, PYTHONPATH=FAKES, **machine) as engine:
        assert engine.wait("failed")["message"] == "GPU 0 cannot be used: CUDA_ERROR_NO_DEVICE"


def test_too_few_that_are_free(python: Path, tmp_path: Path) -> None:
    machine = gpus.driver(tmp_path, 2)
    told = options(tmp_path / "held", 1, 2, "0,1")
    with (
        held(tmp_path / "held", "1"),
        running(python, "dask", tmp_path / "cluster", *told, PYTHONPATH=FAKES, **machine) as engine,
    ):
        assert engine.wait("failed")["message"] == "Too few GPUs are free: 2 wanted, 1 of 2 free"


def test_a_cluster_without_says_that_a_task_waits_for_one(python: Path, tmp_path: Path) -> None:
    with running(python, "dask", tmp_path / "cluster", "--minimum", "1", "--maximum", "1") as engine:
        told = {"ATRIUM_CLUSTER": attached(engine), "STATE": str(tmp_path / "cluster" / "state.json")}
        assert (
            run_script(python, WHERE + UNMET, tmp_path, **told).strip() == "1 task waits for GPU, which no worker has"
        )
