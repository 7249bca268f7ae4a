"""Real runs: the clock, a fork, uv, papermill, a kernel."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.server.jobs.conftest import Workshop, notebook
from workspace_ext.cli.jobs import cluster_choice
from workspace_ext.contract.jobs import CreateSchedule, RunTable, ScheduleCluster
from workspace_server.jobs import processes
from workspace_server.jobs.clock import PATIENCE, wanted
from workspace_server.jobs.keeper import clock_runs
from workspace_server.kit.errors import Conflict, NotFound

pytestmark = pytest.mark.parts

FOREVER = "import time\nwhile True:\n    time.sleep(0.1)"


def cells(shop: Workshop, id: str) -> list[Any]:
    executed = json.loads(shop.jobs.executed(id).read_text())
    return [cell for cell in executed["cells"] if cell["cell_type"] == "code"]


def printed(cell: Any) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def test_a_run_with_parameters_a_plot_and_files(works: Workshop) -> None:
    evil = "\"); import os; os.mkdir('/tmp/broken-out') #"
    id = works.start(
        "# Weekly",
        "parameters:n = 1\nwho = ''",
        "print(n, who)",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2, n]);",
        "from pathlib import Path\nPath('out.csv').write_text(Path('data/rows.csv').read_text() + '3,4')\n"
        "Path('data/rows.csv').write_text('spoiled')",
        parameters={"n": 5, "who": evil},
        name="Weekly report",
    )
    run = works.ended(id)
    assert run.state == "succeeded", (run.error, works.log(id))
    assert (run.name, run.project_name, run.branch, run.error) == ("Weekly report", "reports", "main", None)
    assert len(run.commit) == 40
    assert printed(cells(works, id)[2]) == f"5 {evil}\n"
    assert not Path("/tmp/broken-out").exists()
    folder = works.home.runs / id
    assert (folder / "files" / "out.csv").read_text() == "a,b\n1,2\n3,4"
    assert (works.home.production / run.commit / "data" / "rows.csv").read_text() == "a,b\n1,2\n"
    assert not (folder / "work").exists()
    assert "pandas==" in (folder / "requirements.lock").read_text()
    assert f"5 {evil}" in works.log(id)
    page = works.jobs.page(id)
    assert "data:image/png;base64," in page
    assert run.commit[:7] in page
    assert "Weekly report" in page
    assert works.jobs.latest("reports", "report.ipynb") == run
    assert [bar.state for bar in works.jobs.schedule(run.schedule or "").recent] == ["succeeded"]


def test_a_notebook_that_raises(works: Workshop) -> None:
    id = works.start("print('before')", "frame = {}\nframe['sales']", "print('after')")
    run = works.ended(id)
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.message == "Cell 2 raised KeyError: 'sales'"
    assert run.error.cell == 2
    assert "frame['sales']" in run.error.traceback
    first, second, third = cells(works, id)
    assert printed(first) == "before\n"
    assert second["outputs"][0]["ename"] == "KeyError"
    assert third["outputs"] == []
    page = works.jobs.page(id)
    assert "Cell 2 raised KeyError" in page
    with pytest.raises(NotFound):
        works.jobs.run("no-such-run")


def test_nobody_is_asked_for_input(works: Workshop) -> None:
    run = works.ended(works.start("input('name? ')"))
    assert run.state == "failed"
    assert run.error is not None
    assert "StdinNotImplementedError" in run.error.message


def test_an_endless_loop_that_will_not_be_stopped(works: Workshop) -> None:
    """A kernel that ignores SIGTERM, with a grandchild in a session of its own."""
    id = works.start(
        "print('kept')",
        "import signal, subprocess, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)",
        FOREVER,
    )
    works.until(lambda: works.jobs.run(id).message == "cell 3 of 3", 180)
    assert len(processes.of_run(id)) == 2
    with pytest.raises(Conflict):
        works.jobs.run_now(works.jobs.run(id).schedule or "", "bo")
    began = time.monotonic()
    works.jobs.cancel(id)
    run = works.ended(id, 30)
    assert time.monotonic() - began < 30
    assert (run.state, run.error) == ("cancelled", None)
    assert printed(cells(works, id)[0]) == "kept\n"


def test_the_run_is_killed(works: Workshop) -> None:
    id = works.start("print('kept')", FOREVER)
    works.until(lambda: works.jobs.run(id).message == "cell 2 of 2", 180)
    os.kill(works.running(id), signal.SIGKILL)
    run = works.ended(id, 30)
    assert run.state == "lost"
    assert run.error is not None
    assert "killed" in run.error.message
    assert printed(cells(works, id)[0]) == "kept\n"
    assert "kept" in works.jobs.page(id)


def test_the_kernel_is_killed(works: Workshop) -> None:
    id = works.start("print('kept')", FOREVER)
    works.until(lambda: works.jobs.run(id).message == "cell 2 of 2", 180)
    (kernel,) = processes.of_run(id)
    kernel.kill()
    run = works.ended(id, 30)
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.message == "The kernel died in cell 2: it was killed, or memory ran out."
    assert printed(cells(works, id)[0]) == "kept\n"


def test_the_time_limit_is_of_the_whole_run(works: Workshop) -> None:
    id = works.start(FOREVER, timeout=8)
    run = works.ended(id, 60)
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.message == "It was stopped after 8 s, its time limit."


def test_a_run_that_stands_still(works: Workshop) -> None:
    id = works.start(FOREVER)
    os.kill(works.running(id), signal.SIGSTOP)
    run = works.ended(id, 60)
    assert run.state == "lost"
    assert run.error is not None
    assert "no sign of life" in run.error.message


def test_tables_that_a_run_wrote(works: Workshop) -> None:
    write = "import pandas as pd, workspace_ext as ws\nws.tables.write(pd.DataFrame({'n': [1, 2]}), 'numbers')"
    schedule = works.schedule(write, write)
    first = works.ended(works.jobs.run_now(schedule, "ana").id)
    assert first.state == "succeeded", (first.error, works.log(first.id))
    assert first.tables == [RunTable("numbers", 0), RunTable("numbers", 1)]
    second = works.ended(works.jobs.run_now(schedule, "ana").id)
    assert second.tables == [RunTable("numbers", 2), RunTable("numbers", 3)]
    page = works.jobs.page(second.id)
    assert "Why did this number change?" in page
    assert "table numbers" in page


def test_a_cluster_of_its_own(works: Workshop) -> None:
    cluster = ScheduleCluster("dask", 1, 2)
    source = "import workspace_ext as ws\nprint(ws.cluster.dask().submit(lambda n: n + 1, 41).result())"
    run = works.ended(works.start(source, cluster=cluster))
    assert run.state == "succeeded", (run.error, works.log(run.id))
    assert printed(cells(works, run.id)[0]) == "42\n"
    assert run.cluster == cluster


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="has a driver")
def test_a_run_that_wants_gpus_fails_where_there_are_none(works: Workshop) -> None:
    wanted = cluster_choice("dask:2:gpu")
    assert wanted == ScheduleCluster("dask", 2, 2, 2)
    run = works.ended(works.start("1", cluster=wanted))
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.message.startswith("No NVIDIA GPU is found on ")
    assert run.environment == "", "none was built for it"


def test_the_commit_is_that_of_the_moment(works: Workshop) -> None:
    schedule = works.schedule("print('first')")
    id = works.jobs.run_now(schedule, "ana").id
    works.publish({"report.ipynb": notebook("print('second')")})
    run = works.ended(id)
    assert printed(cells(works, id)[0]) == "first\n"
    later = works.ended(works.jobs.run_now(schedule, "ana").id)
    assert printed(cells(works, later.id)[0]) == "second\n"
    assert run.commit != later.commit


def test_a_notebook_that_has_gone(works: Workshop) -> None:
    schedule = works.schedule("1")
    works.publish({"other.ipynb": notebook("1")})
    run = works.ended(works.jobs.run_now(schedule, "ana").id)
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.message == f"There is no report.ipynb on main ({run.commit[:7]}) of reports."
    assert "No cell has run" in works.jobs.page(run.id)


def test_an_environment_that_cannot_be(works: Workshop) -> None:
    files = {"report.ipynb": notebook("1"), "requirements.txt": "no-such-package-of-ours==1\n"}
    wish = CreateSchedule(project=works.publish(files), notebook="report.ipynb", cron="0 0 1 1 *", time_zone="UTC")
    run = works.ended(works.jobs.run_now(works.jobs.create(wish, "ana").id, "ana").id)
    assert run.state == "failed"
    assert run.error is not None
    assert "no-such-package-of-ours" in run.error.message


def test_the_clock_is_killed(works: Workshop) -> None:
    """The run does not notice; the next clock adopts it."""
    id = works.start("import time\ntime.sleep(4)\nprint('there')")
    works.running(id)
    clock = works.clocks[-1]
    clock.kill()
    clock.wait()
    assert not clock_runs(works.home)
    works.clock()
    works.until(lambda: clock_runs(works.home), 30)
    run = works.ended(id)
    assert run.state == "succeeded", (run.error, works.log(id))
    assert printed(cells(works, id)[0]) == "there\n"


def test_a_clock_that_nobody_wants_goes_when_its_runs_have_ended(works: Workshop) -> None:
    id = works.start("import time\ntime.sleep(3)")
    works.running(id)
    lease = works.home.run / "clock.wanted"
    assert wanted(lease, 0)
    os.utime(lease, (time.time() - PATIENCE - 1,) * 2)
    assert not wanted(lease, 0)
    assert wanted(lease, time.time()), "a new clock waits for its server to come back"
    lease.unlink()
    assert works.clocks[-1].wait(60) == 0
    assert works.jobs.run(id).state == "succeeded"
    works.clock()


def test_a_second_clock_leaves_at_once(works: Workshop) -> None:
    works.until(lambda: clock_runs(works.home), 30)
    assert works.clock().wait(60) == 0
    assert clock_runs(works.home)
