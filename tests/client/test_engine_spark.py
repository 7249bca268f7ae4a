"""A real Spark Connect server from a real environment."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import grouping
from tests.client.engines import ROOT, Engine, build_environment, run_script, running
from tests.client.kernels import kernel
from workspace_ext.engines import java, spark
from workspace_ext.engines.requirements import KERNEL, SOURCE_BUILDS, SPARK
from workspace_server.clusters.extras import extras

# Spark is ready in ten seconds on two idle cores, and in two minutes on two that eight others want.
pytestmark = pytest.mark.timeout(900)

MANY_SALES = """
import os, sys, numpy as np, pandas as pd, workspace_ext as ws
days = pd.date_range("2024-01-01", periods=500)
sales = pd.DataFrame([(s, d, float(i % 7)) for s in ("Amsterdam", "New York", "San Francisco")
                      for i, d in enumerate(days)], columns=["store", "date", "units"])
ws.tables.write(sales, "sales")
ws.tables.write(sales, "sales_by_store", partition_by="store")
ws.tables.write(sales.head(0).astype({"store": "string"}), "no_sales")
broken = ws.tables.path("sales").parent / "broken" / "_delta_log"
broken.mkdir(parents=True)
(broken / "00000000000000000000.json").write_text("{}")
"""

PANDAS_API = (
    MANY_SALES
    + """
import pyspark.pandas as ps
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    spark = ws.cluster.spark()
assert [str(each.message).split(":")[0] for each in caught if "Spark does not show" in str(each.message)] == [
    "Spark does not show the table 'broken'"], caught
assert ws.cluster.spark() is spark
df = ps.read_table("sales")
assert len(df) == 1500 and len(ps.read_table("no_sales")) == 0
assert ps.read_table("sales_by_store").groupby("store")["units"].sum().to_dict() == \\
    df.groupby("store")["units"].sum().to_dict()

def forecast(frame):
    return pd.DataFrame({"store": [frame["store"].iloc[0]], "units": [frame["units"].mean()],
                         "python": [sys.executable], "pid": [os.getpid()]})

result = df.groupby("store").apply(forecast)
rows = result.to_pandas()
assert set(rows["python"]) == {sys.executable} and os.getpid() not in set(rows["pid"]), rows
print(ws.tables.write(result.reset_index(drop=True), "forecasts"))
assert len(ps.read_table("forecasts")) == 3
grouped = spark.table("sales").groupBy("store").applyInPandas(
    forecast, "store string, units double, python string, pid long")
print(ws.tables.write(grouped, "forecasts"))
assert len(ps.read_table("forecasts")) == 6, "the view shows what has been written since"
print(ws.sql("SELECT DISTINCT store, round(units, 1) AS units FROM forecasts ORDER BY store").to_dict("list"))

import threading
seen = []
thread = threading.Thread(target=lambda: seen.append(len(ps.range(5))))
thread.start(); thread.join()
assert seen == [5]
"""
)

OUTLIVED = """
import os, signal, time, workspace_ext as ws
spark = ws.cluster.spark()
os.kill(int(os.environ["SERVER"]), signal.SIGKILL)
for _ in range(300):
    try:
        ws.cluster.spark()
    except ws.ClusterError as error:
        print(error)
        break
    time.sleep(0.1)
print("left at", time.time())
"""

SLOW = """
import time
import workspace_ext as ws
def slow(frames):
    for frame in frames:
        time.sleep(1)
        yield frame
spark = ws.cluster.spark()
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("spark") / "environment"
    return build_environment(folder, [*KERNEL, *SPARK], "--no-binary", *SOURCE_BUILDS)


@pytest.fixture
def engine(python: Path, tmp_path: Path) -> Iterator[Engine]:
    with running(python, "spark", tmp_path / "cluster", "--maximum", "2") as engine:
        yield engine


def attached(engine: Engine) -> str:
    return json.dumps({"id": "c1", "kind": "spark", "address": engine.wait("running")["address"]})


@pytest.mark.parts
def test_the_pandas_api_reads_tables_and_runs_a_function_per_store(
    engine: Engine, python: Path, tmp_path: Path
) -> None:
    cluster = attached(engine)
    said = engine.state()
    assert (said["workers"], said["maximum"], said["pid"]) == (2, 2, engine.process.pid)
    assert re.fullmatch(r"sc://127\.0\.0\.1:\d+", said["address"])
    told = {"ATRIUM_TABLES": str(tmp_path / "tables"), "ATRIUM_CLUSTER": cluster}
    printed = run_script(python, PANDAS_API, tmp_path, **told)
    done = time.time()
    deadline = time.monotonic() + 60
    while (engine.state()["idle_since"] or 0) < done:
        assert time.monotonic() < deadline, engine.state()
        time.sleep(0.2)
    assert "forecasts: 3 rows written, version 0" in printed
    assert "forecasts: 3 rows written, version 1" in printed
    assert "['Amsterdam', 'New York', 'San Francisco'], 'units': [3.0, 3.0, 3.0]" in printed
    frame = """
frame, local = ws.cluster.spark().createDataFrame(sales), lambda frame: frame.toPandas()
import pyspark.pandas as ps
assert len(ws.cluster.apply(ps.DataFrame(sales), "store", lambda group: group[["units"]]).to_pandas()) == 5
"""
    program = grouping.BEGIN + frame + grouping.GROUPS
    grouping.check(run_script(python, program, tmp_path, ATRIUM_CLUSTER=cluster))
    assert engine.stop() == 0
    assert (engine.state()["state"], engine.state()["address"]) == ("stopped", None)
    assert engine.survivors() == []
    assert sorted(each.name for each in engine.folder.iterdir()) == ["engine.log", "spark.log", "state.json"]


@pytest.mark.parts
def test_a_cell_shows_how_far_spark_is_and_interrupting_it_ends_its_tasks(
    engine: Engine, python: Path, tmp_path: Path
) -> None:
    with kernel(python, tmp_path, ATRIUM_CLUSTER=attached(engine)) as notebook:
        notebook.run(SLOW)
        notebook.run("print(spark.range(0, 6, 1, 6).mapInPandas(slow, 'id long').count())")
        assert "6\n" in [each.get("text") for each in notebook.shown]
        assert re.match(r"Spark: \d+ tasks in \d+ s", notebook.texts[-1])
        assert any(" of 6 tasks, " in text or " of 7 tasks, " in text for text in notebook.texts)
        notebook.begin("spark.range(0, 2000, 1, 2000).mapInPandas(slow, 'id long').count()")
        notebook.until(" of 200")
        interrupted = time.time()
        notebook.interrupt()
        notebook.until("idle")
        assert notebook.texts[-1].startswith("Spark: stopped at ")
        deadline = time.monotonic() + 120
        while (engine.state()["idle_since"] or 0) < interrupted:
            assert time.monotonic() < deadline, engine.state()
            time.sleep(0.2)
        notebook.run("print('again', spark.range(3).count())")
        assert "again 3" in str(notebook.shown)


@pytest.mark.parts
def test_a_server_that_dies_is_a_failed_cluster_and_the_notebook_goes_on(
    engine: Engine, python: Path, tmp_path: Path
) -> None:
    cluster = attached(engine)
    [server] = [each for each in engine.family() if "java" in each.name()]
    printed = run_script(python, OUTLIVED, tmp_path, ATRIUM_CLUSTER=cluster, SERVER=str(server.pid))
    assert "does not answer.\nIt may have stopped" in printed
    assert time.time() - float(printed.split()[-1]) < 10
    assert "Spark ended by itself" in engine.wait("failed", seconds=20)["message"]
    assert engine.process.wait(20) == 1


@pytest.mark.parts
@pytest.mark.parametrize("group", [True, False])
def test_a_killed_cluster_leaves_nothing(engine: Engine, group: bool) -> None:
    engine.wait("running")
    assert engine.runs("java")
    assert engine.runs("python")
    engine.kill(group)
    assert engine.survivors() == []


@pytest.mark.parts
def test_it_can_be_stopped_while_it_starts(engine: Engine) -> None:
    engine.wait("starting")
    while not engine.runs("java"):
        time.sleep(0.02)
    assert engine.stop() == 0
    assert engine.state()["message"] == "Stopped while starting"
    assert engine.survivors() == []


@pytest.mark.parts
def test_a_cluster_that_nobody_wants_ends(python: Path, tmp_path: Path) -> None:
    lease = tmp_path / "lease"
    with running(python, "spark", tmp_path / "c", "--maximum", "1", "--lease", str(lease), "--grace", "1") as engine:
        assert engine.wait("stopped")["message"] == "Nobody used it"
        assert engine.process.wait(20) == 0


@pytest.mark.parts
def test_it_runs_on_the_java_that_its_environment_brings(python: Path, tmp_path: Path) -> None:
    brought = tmp_path / "brought"
    line = ["uv", "pip", "install", "--quiet", "--python", str(python), "--target", str(brought), java.FROM_PYPI]
    subprocess.run(line, check=True)
    told = {"JAVA_HOME": str(tmp_path / "none"), "PYTHONPATH": f"{ROOT}:{brought}"}
    with running(python, "spark", tmp_path / "cluster", "--maximum", "1", **told) as engine:
        engine.wait("running")
        [server] = [each for each in engine.family() if "java" in each.name()]
        assert Path(server.exe()).is_relative_to(brought)
        assert engine.stop() == 0


@pytest.mark.parts
def test_without_java_the_message_says_how_to_get_it(python: Path, tmp_path: Path) -> None:
    with running(python, "spark", tmp_path / "cluster", JAVA_HOME=str(tmp_path)) as engine:
        said = engine.wait("failed")
        assert "Spark needs Java 17 or newer" in said["message"]
        assert "openjdk-17-jre-headless" in said["message"]


@pytest.mark.parametrize(
    ("said", "old"), [('JAVA_VERSION="17.0.15"\n', False), ('JAVA_VERSION="1.8.0_402"\n', True), ("", False)]
)
def test_a_java_that_is_too_old_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, old: bool) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    if said:
        (tmp_path / "release").write_text(said)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.of_machine() == ("" if old else str(program))
    assert extras("spark")[len(SPARK) :] == ((java.FROM_PYPI,) if old else ())
    # Who only talks to a server needs none.
    assert extras("spark", there=True) == tuple(SPARK)


@pytest.mark.parametrize(
    ("text", "expected"), [("2GiB", "2048m"), ("1.5 GB", "1536m"), ("700m", "700m"), ("100MiB", "512m")]
)
def test_sizes_are_spelled_for_spark(text: str, expected: str) -> None:
    assert spark.spark_memory(text) == expected


def test_what_is_no_size_says_so() -> None:
    with pytest.raises(spark.StartError, match="is not a size"):
        spark.spark_memory("plenty")
