"""A home with a published project, without a server."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workspace_ext.contract.jobs import CreateSchedule, Run
from workspace_server.jobs import processes
from workspace_server.jobs.keeper import clock_runs
from workspace_server.jobs.service import Jobs
from workspace_server.jobs.store import ACTIVE, RunRow
from workspace_server.kit.clock import iso
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage
from workspace_server.projects.places import Places
from workspace_server.projects.store import ProjectRow


def notebook(*sources: str) -> str:
    """The text of a notebook; a source that begins with ``#`` and a blank is Markdown, ``parameters:`` tags a cell."""
    cells = []
    for source in sources:
        if source.startswith("# "):
            cells.append(new_markdown_cell(source))
        else:
            cell = new_code_cell(source.removeprefix("parameters:"))
            cell.metadata["tags"] = ["parameters"] if source.startswith("parameters:") else []
            cells.append(cell)
    return str(nbformat.writes(new_notebook(cells=cells)))


@dataclass
class Workshop:
    """A home and what the server would have of it; ``clocks`` are the processes started here."""

    home: Home
    storage: Storage
    jobs: Jobs
    clocks: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def publish(self, files: dict[str, str], name: str = "reports") -> str:
        """Make ``files`` what the followed branch of the project is. Returns the project's id."""
        sha = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        checkout = self.home.production / sha
        for path, text in files.items():
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_text(text)
            (checkout / path).chmod(0o444)
        with self.storage.session() as session:
            row = session.get(ProjectRow, name) or ProjectRow(
                id=name, name=name, url="https://example.org/reports.git", default_branch="main",
                followed_branch="main", created=iso(),
            )  # fmt: skip
            row.production_sha, row.production_branch, row.production_published = sha, "main", iso()
            session.add(row)
        return name

    def schedule(self, *sources: str, **wish: Any) -> str:
        """The id of a yearly schedule on a notebook of these cells."""
        project = self.publish({"report.ipynb": notebook(*sources), "data/rows.csv": "a,b\n1,2\n"})
        given = {"cron": "0 0 1 1 *", "time_zone": "UTC", **wish}
        return self.jobs.create(CreateSchedule(project=project, notebook="report.ipynb", **given), "ana").id

    def start(self, *sources: str, **wish: Any) -> str:
        """The id of a queued run of a notebook of these cells."""
        return self.jobs.run_now(self.schedule(*sources, **wish), "ana").id

    def clock(self) -> subprocess.Popen[bytes]:
        """A real clock on this home."""
        (self.home.run / "clock.wanted").touch()
        with (self.home.run / "clock.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "workspace_server.jobs.clock", "--home", str(self.home.path)],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.clocks.append(process)
        return process

    def until(self, what: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := what()):
            log = self.home.run / "clock.log"
            assert time.monotonic() < deadline, log.read_text()[-2000:] if log.exists() else "nothing happened"
            time.sleep(0.05)
        return found

    def ended(self, id: str, seconds: float = 180) -> Run:
        """The run once it has ended and nothing of it is left."""
        self.until(lambda: self.jobs.run(id).state not in ACTIVE, seconds)
        self.until(lambda: not processes.of_run(id), 10)
        return self.jobs.run(id)

    def running(self, id: str) -> int:
        """The pid of the run's process, once its first cell runs."""
        self.until(lambda: self.jobs.run(id).message.startswith("cell "), 180)
        with self.storage.session() as session:
            return int(session.get_one(RunRow, id).pid or 0)

    def log(self, id: str) -> str:
        return self.jobs.log(id, 100_000).text


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """A home without a clock."""
    with _workshop(tmp_path / "home") as shop:
        yield shop


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A home whose clock runs, for all tests of a file, so that its environment is built once."""
    with _workshop(tmp_path_factory.mktemp("works") / "home") as shop:
        shop.clock()
        yield shop


@contextlib.contextmanager
def _workshop(path: Path) -> Iterator[Workshop]:
    home = Home(path)
    home.prepare()
    storage = Storage(home.database)
    storage.migrate()
    shop = Workshop(home, storage, Jobs(home, storage, Events(), Places(home, storage)))
    yield shop
    for run in shop.jobs.untold():
        if run.state in ACTIVE:
            shop.jobs.cancel(run.id)
    for process in shop.clocks:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(20)
    for run in shop.jobs.untold():
        processes.end_all(run.id)
    assert not clock_runs(home)
    storage.close()
    _unlock(home.path)


def _unlock(folder: Path) -> None:
    """Environments are read-only; pytest has to be able to remove them."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
