"""Real kernels of viewers: empty namespaces, one at a time, ended when they should be."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.dashboards.notebooks import CHOICES, notebook
from workspace_server.dashboards.errors import Busy, CellFailed, TooSlow
from workspace_server.dashboards.kernels import MOST_WAITING, Kernels, Launch, Result, Work
from workspace_server.dashboards.slices import Cell, Slices
from workspace_server.kit.home import Home

pytestmark = pytest.mark.parts

LAUNCH = Launch(Path(sys.executable), Path("/tmp"), {"ATRIUM_TABLES_READONLY": "1", "PATH": os.environ["PATH"]})


@pytest.fixture
async def kernels(tmp_path: Path) -> AsyncIterator[Kernels]:
    home = Home(tmp_path / "home")
    home.prepare()
    kernels = Kernels(home)
    await kernels.start()
    yield kernels
    await kernels.close()
    assert list(home.run.glob("viewer-*")) == []


async def run(kernels: Kernels, *cells: str, **values: object) -> Result:
    numbered = [(str(i), source) for i, source in enumerate(cells)]
    return await kernels.run("d", LAUNCH, Work(numbered, frozenset(id for id, _ in numbered), values))


def said(result: Result) -> list[str]:
    return [
        "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)
        for outputs in result.outputs.values()
    ]


async def test_one_kernel_for_all_with_an_empty_namespace_each_time(kernels: Kernels) -> None:
    assert kernels.alive() == []
    pick = 'import workspace_ext as ws\nstore = ws.widgets.dropdown("store", ["a", "b"])'
    first = await run(kernels, pick, "x = 1", "import os\nstore, os.getpid()", store="b")
    second = await run(kernels, pick, "'x' in globals()", "import os\nstore, os.getpid()", store="a")
    assert said(first)[2].startswith("('b'")
    assert said(second)[1:][0] == "False"
    assert said(second)[2].startswith("('a'")
    assert said(first)[2].split()[1] == said(second)[2].split()[1]
    assert kernels.alive() == ["d"]
    # A table cannot be written from here, whatever the analysis thought.
    with pytest.raises(CellFailed, match="Tables can only be read here"):
        await run(kernels, "import pandas, workspace_ext as ws\nws.tables.write(pandas.DataFrame({'a': [1]}), 'x')")


async def test_trouble_ends_with_a_message_and_the_next_answer_comes(kernels: Kernels) -> None:
    with pytest.raises(CellFailed, match="KeyError: 'x'"):
        await run(kernels, "{}['x']")
    with pytest.raises(CellFailed, match="died"):
        await run(kernels, "import os\nos._exit(1)")
    assert kernels.alive() == []
    with pytest.raises(CellFailed, match="StdinNotImplementedError"):
        await run(kernels, "input()")
    assert said(await run(kernels, "1 + 1")) == ["2"]
    kernels._timeout = 1.0
    with pytest.raises(TooSlow):
        await run(kernels, "while True: pass")
    assert kernels.alive() == []
    kernels._timeout = 60.0
    assert said(await run(kernels, "print('a')\nprint('b')")) == ["a\nb\n"]


async def test_a_crowd_waits_in_a_line_that_has_an_end(kernels: Kernels) -> None:
    await run(kernels, "1")
    asked = [asyncio.create_task(run(kernels, "import time\ntime.sleep(0.05)\n1")) for _ in range(MOST_WAITING + 5)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, Busy) for each in done) == 5
    assert sum(isinstance(each, Result) for each in done) == MOST_WAITING


async def test_idle_kernels_end_and_dead_ones_are_replaced(kernels: Kernels) -> None:
    pid = int(said(await run(kernels, "import os\nos.getpid()"))[0])
    os.kill(pid, signal.SIGKILL)
    assert said(await run(kernels, "2")) == ["2"]
    await kernels.close()
    kernels._idle = 0.2
    await kernels.start()
    await run(kernels, "3")
    for _ in range(100):
        if not kernels.alive():
            break
        await asyncio.sleep(0.05)
    assert kernels.alive() == []


async def test_displays_are_collected_as_a_notebook_shows_them(kernels: Kernels) -> None:
    result = await run(
        kernels,
        "from IPython.display import display, clear_output\nprint('gone')\nclear_output(wait=True)\nprint('kept')",
        "h = display('a', display_id=True)\nh.update('b')",
        "import pandas as pd, workspace_ext\npd.DataFrame({'a': [1]})",
    )
    assert said(result)[0] == "kept\n"
    assert result.outputs["1"][0]["data"]["text/plain"] == "'b'"
    assert result.outputs["2"][0]["data"]["application/vnd.atrium.table+json"]["rows"] == [[1]]


@pytest.mark.parametrize("seed", [3, 12, 29, 41])
async def test_slices_equal_fresh_runs_in_a_real_kernel(kernels: Kernels, seed: int) -> None:
    cells = [source.replace("%time ", "") for source in notebook(seed)]
    everything = [(str(i), source) for i, source in enumerate(cells)]
    ids = frozenset(id for id, _ in everything)
    try:
        fresh = {
            region: await kernels.run("d", LAUNCH, Work(everything, ids, {"region": region})) for region in CHOICES
        }
    except CellFailed:
        pytest.skip("a notebook that fails makes no snapshot")
    snapshot = fresh[CHOICES[0]].outputs
    graph = Slices(
        [Cell(id, source, bool(snapshot[id]), ("region",) if id == "1" else ()) for id, source in everything]
    )
    part = graph.of(["region"])
    for region in CHOICES[1:]:
        work = Work([each for each in everything if each[0] in part.run], frozenset(part.show), {"region": region})
        again = await kernels.run("d", LAUNCH, work)
        for id in ids - {"1"}:
            expected = [output.get("data") for output in fresh[region].outputs[id]]
            answer = again.outputs[id] if id in part.show else snapshot[id]
            assert [output.get("data") for output in answer] == expected, (seed, id, cells)
