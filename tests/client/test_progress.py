"""What a cell shows while its cluster works, and what interrupting it ends there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.engines import Engine, build_environment, running
from tests.client.kernels import Kernel, kernel
from workspace_ext.engines.requirements import DASK, KERNEL
from workspace_ext.progress import Bar

SLOW = """
import time
def slow(number):
    time.sleep(0.2)
    return number
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Path:
    return build_environment(tmp_path_factory.mktemp("progress") / "environment", [*KERNEL, *DASK])


@pytest.fixture(scope="module")
def engine(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with running(python, "dask", tmp_path_factory.mktemp("engine"), "--minimum", "2", "--maximum", "2") as engine:
        engine.wait("running")
        yield engine


@pytest.fixture
def notebook(python: Path, engine: Engine, tmp_path: Path) -> Iterator[Kernel]:
    told = json.dumps({"id": "c1", "kind": "dask", "address": engine.wait("running")["address"]})
    with kernel(python, tmp_path, ATRIUM_CLUSTER=told) as started:
        yield started


@pytest.mark.parts
def test_a_cell_shows_how_far_its_cluster_is(notebook: Kernel) -> None:
    notebook.run(f"{SLOW}\nimport workspace_ext as ws\nclient = ws.cluster.dask()")
    assert notebook.texts == []
    notebook.run("futures = client.map(slow, range(20)); print(sum(client.gather(futures)))")
    assert "Dask: " in notebook.texts[0]
    assert " of 20 tasks, " in notebook.texts[0]
    assert notebook.texts[-1].startswith("Dask: 20 tasks in ")
    # One bar, kept up to date.
    assert [each["kind"] for each in notebook.shown].count("display_data") == 1

    # What is kept from before is not this cell's, what is short is not shown.
    notebook.run("one = client.submit(slow, 99).result()")
    assert notebook.texts == []
    notebook.run("more = client.map(slow, range(100, 112)); first = client.gather(more)[0]")
    assert notebook.texts[-1].startswith("Dask: 12 tasks in ")


@pytest.mark.parts
def test_interrupting_a_cell_ends_its_tasks_and_no_others(notebook: Kernel) -> None:
    notebook.run(
        f"{SLOW}\nimport workspace_ext as ws\nclient = ws.cluster.dask()\nearlier = client.map(slow, range(8))"
    )
    notebook.begin("mine = client.map(slow, range(1000, 2000)); client.gather(mine)")
    notebook.until(" of 10")
    notebook.interrupt()
    notebook.until("idle")
    assert "KeyboardInterrupt" in str(notebook.shown)
    assert any("Dask: failed at" in text or "Dask: stopped at" in text for text in notebook.texts)
    notebook.run(
        "while not all(future.cancelled() or future.done() for future in mine): time.sleep(0.05)\n"
        "print(sum(future.cancelled() for future in mine) > 900, sum(client.gather(earlier)))\n"
        "def left(dask_scheduler): return len([t for t in dask_scheduler.tasks if 'slow' in t])\n"
        "while client.run_on_scheduler(left) > 150: time.sleep(0.05)\n"
        "print('ended')"
    )
    assert "True 28" in str(notebook.shown)
    assert "ended" in str(notebook.shown)


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        (Bar("Dask", 3, 12, 4.2), "Dask: 3 of 12 tasks, 4 s"),
        (Bar("Spark", 12, 12, 600, "done"), "Spark: 12 tasks in 10 min"),
        (Bar("Dask", 1, 1, 2, "done"), "Dask: 1 task in 2 s"),
        (Bar("Dask", 3, 12, 4, "stopped at"), "Dask: stopped at 3 of 12 tasks, 4 s"),
    ],
)
def test_what_it_says(bar: Bar, expected: str) -> None:
    assert repr(bar) == expected
    assert expected in bar._repr_html_()
