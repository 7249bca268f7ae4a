"""Real kernels behind a real server: cells that wait for their environment, and everything that may go wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.labs import Lab, start_lab

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def _open(lab: Lab) -> Iterator[None]:
    yield
    lab.closed.unlink(missing_ok=True)
    lab.broken.unlink(missing_ok=True)
    for session in lab.server.request("GET", "api/sessions")[1]:
        lab.server.request("DELETE", f"api/sessions/{session['id']}")
    lab.until(lambda: not lab.kernels())


def test_cells_asked_for_during_a_build_run_once_and_in_order(lab: Lab) -> None:
    path = "scratch/ana/waits.ipynb"
    file = lab.notebook(path, "import os; seen = []", "seen.append(1); print(seen)", "seen.append(2); print(seen)")
    lab.closed.touch()
    first = lab.run(path, "c0", "c1", request_id="once")
    again = lab.run(path, "c0", "c1", request_id="once")
    second = lab.run(path, "c2")
    assert first["id"] == again["id"] == "once"
    assert [cell["state"] for cell in second["cells"]] == ["waiting"]
    time.sleep(3)
    queue = lab.queue(path)
    assert [cell["cell_id"] for cell in queue["cells"]] == ["c0", "c1", "c2"]
    assert "the base set" in queue["waiting"]["message"]
    assert queue["cells"][0]["person"] == "Ana"
    model = lab.server.request("GET", f"api/kernels/{queue['kernel_id']}")[1]
    assert model["execution_state"] == "starting"

    # Neither a restart nor an identical session disturbs them; interrupting forgets them.
    kernel = queue["kernel_id"]
    assert lab.server.request("POST", f"api/kernels/{kernel}/restart")[0] == 200
    body = {"path": "scratch/ana/8e5b", "name": "waits.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    assert {lab.server.request("POST", "api/sessions", body)[1]["kernel"]["id"] for _ in range(2)} == {kernel}
    assert len(lab.queue(path)["cells"]) == 3

    lab.closed.unlink()
    assert lab.end(second) == ["ok"]
    assert lab.end(first) == ["ok", "ok"]
    assert lab.saved(file) == [[], ["[1]\n"], ["[1, 2]\n"]]
    counts = [cell["execution_count"] for cell in json.loads(file.read_text())["cells"]]
    assert counts == [1, 2, 3]
    status = lab.server.api("GET", f"/documents/kernels/{kernel}")
    assert status["state"] == "started"
    assert (lab.server.home / "environments" / status["environment"]).is_dir()
    assert not list((lab.server.home / "work").rglob(".ipynb_checkpoints"))
    assert not list((lab.server.home / "work").rglob("*.db"))


def test_what_a_kernel_is_told_and_what_it_is_not(lab: Lab) -> None:
    path = "projects/shop/main/told.ipynb"
    lab.notebook(
        path, "import json, os, sys; print(json.dumps([dict(os.environ), sys.path, sys.prefix]))",
        "import helper; print(helper.VALUE)", requirements="six\n",
    )  # fmt: skip
    folder = lab.server.home / "work/projects/shop/main"
    (folder / "helper.py").write_text("VALUE = 41")
    (folder / "ipykernel_launcher.py").write_text("raise SystemExit('a repository ran by being opened')")
    assert lab.end(lab.run(path), 240) == ["ok", "ok"]
    shown = lab.saved(lab.server.home / "work" / path)
    told, search, prefix = json.loads(shown[0][0])
    assert shown[1] == ["41\n"]
    assert told["ATRIUM_NOTEBOOK"] == path
    assert told["ATRIUM_URL"] == lab.server.url.rstrip("/")
    assert told["ATRIUM_TOKEN"].startswith("kernel.")
    assert told["ATRIUM_TABLES"] == str(lab.server.home / "tables/main")
    assert told["PYTHONPATH"].startswith(str(lab.server.home / "runtime"))
    assert prefix.startswith(str(lab.server.home / "environments"))
    assert not [entry for entry in search if "/.venv/" in entry or entry.startswith(str(Path.cwd()))]
    assert "ATRIUM_UV" not in told


def test_a_failed_build_is_told_in_the_cells_and_can_be_retried(lab: Lab) -> None:
    path = "projects/broken/main/b.ipynb"
    file = lab.notebook(path, "print('ran')", "print('too')", requirements="no-such-package-of-ours==1\n")
    request = lab.run(path)
    assert lab.end(request) == ["error", "error"]
    message = lab.saved(file)[0][0]
    assert "no-such-package-of-ours" in message
    assert lab.saved(file)[1] == []
    assert lab.queue(path)["not_run"] == ["c0", "c1"]
    kernel = lab.queue(path)["kernel_id"]
    status = lab.server.api("GET", f"/documents/kernels/{kernel}")
    assert status["waiting"]["failed"]

    # A mended file is noticed by itself; the kernel is the same.
    (file.parent / "requirements.txt").write_text("six\n")
    lab.until(lambda: lab.server.api("GET", f"/documents/kernels/{kernel}")["state"] == "started", 240)
    assert lab.end(lab.run(path, "c0")) == ["ok"]
    assert lab.saved(file)[0] == ["ran\n"]
    assert lab.queue(path)["kernel_id"] == kernel

    # What fails for another reason is tried again by running again.
    other = "projects/broken/other/b.ipynb"
    file = lab.notebook(other, "print('ran')", requirements="six==1.16.0\n")
    lab.broken.touch()
    assert lab.end(lab.run(other)) == ["error"]
    lab.broken.unlink()
    assert lab.end(lab.run(other), 240) == ["ok"]
    assert lab.saved(file) == [["ran\n"]]


def test_errors_interrupts_restarts_and_deaths_end_cells_visibly(lab: Lab) -> None:
    path = "scratch/ana/ends.ipynb"
    long = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
    file = lab.notebook(path, "1/0", "print('never')", long, "", "print('fine')")

    request = lab.run(path, "c0", "c1", "c4")
    other = lab.run(path, "c4")
    assert lab.end(request, 240) == ["error", "cancelled", "cancelled"]
    assert lab.outcome(request)[0]["ename"] == "ZeroDivisionError"
    assert lab.end(other) == ["ok"]
    assert "ZeroDivisionError" in lab.saved(file)[0][0]
    assert lab.saved(file)[1] == []

    def started() -> dict[str, Any]:
        request = lab.run(path, "c2", "c4")
        lab.until(lambda: lab.outcome(request)[0]["state"] == "running" and lab.saved(file)[2] == ["begun\n"])
        return request

    kernel = lab.kernel(path)
    request = started()
    assert lab.server.request("POST", f"api/kernels/{kernel}/interrupt")[0] == 204
    assert lab.end(request) == ["error", "cancelled"]
    assert lab.outcome(request)[0]["ename"] == "KeyboardInterrupt"
    assert "interrupted" in lab.outcome(request)[1]["evalue"]

    request = started()
    assert lab.server.request("POST", f"api/kernels/{kernel}/restart")[0] == 200
    assert lab.end(request) == ["error", "cancelled"]
    assert lab.outcome(request)[0]["ename"] == "KernelRestarted"
    assert "restarted while this cell ran" in lab.saved(file)[2][-1]
    assert lab.end(lab.run(path, "c4")) == ["ok"]

    request = started()
    [process] = lab.kernels()
    process.kill()
    assert lab.end(request) == ["error", "cancelled"]
    assert lab.outcome(request)[0]["ename"] == "KernelDied"
    assert "died" in lab.saved(file)[2][-1]
    assert lab.end(lab.run(path, "c4")) == ["ok"]
    assert lab.queue(path)["kernel_id"] == kernel
    assert lab.queue(path)["cells"] == []


def test_a_kernel_without_work_stops_and_the_next_one_says_so(tmp_path: Path) -> None:
    with start_lab(tmp_path, ATRIUM_KERNEL_IDLE_HOURS="0.002") as lab:
        path = "scratch/ana/idle.ipynb"
        lab.notebook(path, "import time; time.sleep(8); kept = 1", "kept")
        # While a cell runs it has work.
        assert lab.end(lab.run(path, "c0")) == ["ok"]
        lab.until(lambda: not lab.server.request("GET", "api/kernels")[1])

        def status() -> dict[str, Any]:
            body = {"path": path, "name": "idle.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
            kernel = lab.server.request("POST", "api/sessions", body)[1]["kernel"]["id"]
            reply: dict[str, Any] = lab.server.api("GET", f"/documents/kernels/{kernel}")
            return reply

        assert status()["before"] == "The kernel stopped after 7 s without work. Its variables are gone."
        # Until somebody works in the new one.
        assert lab.end(lab.run(path, "c1")) == ["error"]
        assert status()["before"] == ""
        # Nobody is told of one that was shut down on purpose.
        for session in lab.server.request("GET", "api/sessions")[1]:
            lab.server.request("DELETE", f"api/sessions/{session['id']}")
        assert status()["before"] == ""


def test_shutting_down_a_kernel_that_waits_leaves_nothing(lab: Lab) -> None:
    path = "projects/left/main/l.ipynb"
    file = lab.notebook(path, "print(1)", requirements="six==1.15.0\n")
    lab.closed.touch()
    request = lab.run(path)
    kernel = lab.kernel(path)
    [session] = lab.server.request("GET", "api/sessions")[1]
    assert lab.server.request("POST", f"api/kernels/{kernel}/interrupt")[0] == 204
    assert lab.end(request) == ["cancelled"]
    request = lab.run(path)
    assert lab.server.request("DELETE", f"api/sessions/{session['id']}")[0] == 204
    assert lab.end(request) == ["cancelled"]
    assert lab.server.request("GET", f"api/kernels/{kernel}")[0] == 404
    lab.closed.unlink()
    time.sleep(3)
    assert lab.kernels() == []
    assert "shut down" in lab.saved(file)[0][0]
    assert lab.end(lab.run(path), 240) == ["ok"]


def test_much_output_and_displays_that_change(lab: Lab) -> None:
    path = "scratch/ana/shows.ipynb"
    file = lab.notebook(
        path,
        "from IPython.display import display, clear_output\nhandle = display('first', display_id=True)",
        "handle.update('second')\nfor n in range(3): print(n); clear_output(wait=True)\nprint('last')",
        "for n in range(200_000): print('x' * 100)",
        "import sys\nfor n in range(20): sys.stdout.write(f'\\r{n}'); sys.stdout.flush()",
        "import threading, time\nthreading.Timer(1.5, lambda: print('late')).start()\nprint('early')",
    )
    start = time.monotonic()
    assert lab.end(lab.run(path), 240) == ["ok"] * 5
    assert time.monotonic() - start < 120
    shown = lab.saved(file)
    assert shown[0] == ["'second'"]
    assert shown[1] == ["last\n"]
    assert 8_000_000 <= len(shown[2][0]) <= 8_300_000
    assert "left out" in "".join(shown[2])
    assert shown[3] == ["19"]
    lab.until(lambda: lab.saved(file)[4] == ["early\nlate\n"], 20)


def test_the_command_runs_a_notebook(lab: Lab) -> None:
    path = "scratch/ana/command.ipynb"
    file = lab.notebook(path, "print('by command')", "1/0")
    assert lab.command("run", path, "--cell", "c0").returncode == 0
    assert lab.saved(file)[0] == ["by command\n"]
    failed = lab.command("run", path, "--cell", "c1")
    assert failed.returncode == 1
    assert "ZeroDivisionError" in failed.stderr
    assert lab.command("queue", path, "--json").returncode == 0


def test_refusals(lab: Lab) -> None:
    path = "scratch/ana/refused.ipynb"
    lab.notebook(path, "1")
    status, reply = lab.server.request("POST", "atrium/api/documents/execute", {"notebook": "scratch/ana/none.ipynb"})
    assert (status, reply["code"]) == (404, "no_such_notebook")
    body = {"notebook": path, "cell_ids": ["zzz"]}
    status, reply = lab.server.request("POST", "atrium/api/documents/execute", body)
    assert (status, reply["code"]) == (422, "no_such_cell")
    assert lab.server.request("GET", "atrium/api/documents/requests/zzz")[0] == 404
    assert lab.server.request("POST", "atrium/api/documents/execute", body, person=None)[0] == 401
    url = "api/kernels/00000000-0000-0000-0000-000000000000/execute"
    status, reply = lab.server.request("POST", url, {"cells": []})
    assert (status, reply["code"]) == (422, "no_notebook")
