"""One run, in a process of its own: commit, environment, cluster, notebook, page.

The clock forks it; ``python -m workspace_server.jobs.run --home HOME --run ID`` is the same by hand.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import shutil
import traceback
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from sqlalchemy import update

from workspace_ext.contract.jobs import Run, RunError

from ..environments.build import LOCK, Environment, build_blocking
from ..environments.declaration import declare
from ..environments.provisioner import LAUNCHER
from ..environments.runtime import materialise, search_path
from ..environments.trust import Trust
from ..kit.clock import iso
from ..kit.errors import AtriumError
from ..kit.home import Home
from ..kit.storage import Storage
from ..projects.places import Places
from . import compute, pages, processes, provenance, workplace
from .production import Checkout, lease, release
from .store import STARTED, RunRow, as_run, finish
from .supervisor import Supervisor

NOTEBOOK = "notebook.ipynb"
# What belongs to the server's own Python, or to another kernel.
PRIVATE = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "JPY_", "JUPYTER_", "ATRIUM_")


def warm() -> None:
    """Import what every run needs."""
    importlib.import_module(f"{__package__}.execution")
    for talkative in ("papermill", "traitlets"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    importlib.import_module(f"{__package__}.rendering").warm()


class Runner:
    """Takes one run from ``preparing`` to its end."""

    def __init__(self, home: Home, storage: Storage, run: Run, supervisor: Supervisor, log: IO[str]) -> None:
        self._home = home
        self._storage = storage
        self._places = Places(home, storage)
        self._run = run
        self._supervisor = supervisor
        self._log = log
        self._folder = home.runs / run.id

    def work(self) -> None:
        """Do all of it. Raises what went wrong."""
        with ExitStack() as stack:
            checkout = lease(self._places, self._run.project, self._run.id)
            stack.callback(release, self._places, self._run.id)
            self._save(sha=checkout.sha, branch=checkout.branch, project_name=checkout.project_name)
            self.say(f"commit {checkout.sha[:7]} of {checkout.branch}")
            source = checkout.find(self._run.notebook)
            environment = self._environment(checkout, source)
            folder = self._folder / "work"
            workplace.make(checkout.path, folder)
            stack.callback(workplace.keep_new, checkout.path, folder, self._folder / "files")
            cluster = stack.enter_context(self._cluster(environment))
            self._execute(checkout, environment, folder, cluster)

    def _environment(self, checkout: Checkout, source: Path) -> Environment:
        cluster = self._run.cluster
        trusted = Trust(self._storage).of(self._run.project)
        self._gpus = compute.chosen(self._home, cluster.gpus) if cluster else None
        extras = compute.extras(cluster.kind, gpus=self._gpus) if cluster else ()
        declaration = declare(source.parent, checkout.path, extras, trusted)
        environment = build_blocking(
            self._home, declaration, lambda _phase, message, done, total: self.progress(counted(message, done, total)),
            cancelled=self._supervisor.stopped,
        )  # fmt: skip
        self._save(environment=environment.id)
        shutil.copyfile(environment.folder / LOCK, self._folder / LOCK)
        self.say(f"environment {environment.id}, {len(environment.packages)} packages")
        return environment

    def _cluster(self, environment: Environment) -> AbstractContextManager[str]:
        choice = self._run.cluster
        if choice is not None:
            self.say(f"starting {choice.minimum} to {choice.maximum} workers")
        return compute.started(
            choice, self._gpus, environment.python, self._folder / "cluster", materialise(self._home), self._run.id,
            self._supervisor.stopped,
        )  # fmt: skip

    def _execute(self, checkout: Checkout, environment: Environment, folder: Path, cluster: str) -> None:
        execution: Any = importlib.import_module(f"{__package__}.execution")
        notebook = folder / self._run.notebook
        executed = self._folder / NOTEBOOK
        execution.write(execution.read_notebook(notebook), self._folder / "source.ipynb")
        before = provenance.versions(self._home.tables_main)
        (self._folder / "tables.json").write_text(json.dumps(before))
        self._save(state="running")
        self.say("the notebook runs")
        try:
            execution.execute(
                self._folder / "source.ipynb", executed, notebook.parent,
                [str(environment.python), "-c", LAUNCHER, "-f", "{connection_file}"],
                self._variables(checkout, environment, cluster), dict(self._run.parameters), self._log, self.progress,
            )  # fmt: skip
        finally:
            tables = provenance.written(self._home.tables_main, self._run.id, before)
            self._save(tables=json.dumps([vars(table) for table in tables]))

    def _variables(self, checkout: Checkout, environment: Environment, cluster: str) -> dict[str, str]:
        told = {
            "PATH": search_path(environment.python),
            "PYTHONPATH": str(materialise(self._home)),
            "VIRTUAL_ENV": str(environment.folder),
            "ATRIUM_RUN": self._run.id,
            "ATRIUM_COMMIT": checkout.sha,
            "ATRIUM_PROJECT": checkout.project_name,
            "ATRIUM_BRANCH": checkout.branch,
            "ATRIUM_NOTEBOOK": f"projects/{checkout.project_name}/{checkout.branch}/{self._run.notebook}",
            "ATRIUM_TABLES": str(self._home.tables_main),
        }
        if cluster:
            told["ATRIUM_CLUSTER"] = cluster
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        return kept | told

    # What it says

    def say(self, text: str) -> None:
        """A line of the log, and what the run does now."""
        self._log.write(f"{iso()} {text}\n")
        self._log.flush()
        self._supervisor.message = text

    def progress(self, text: str) -> None:
        """What the run does now."""
        self._supervisor.message = text

    def _save(self, **columns: Any) -> None:
        with self._storage.session() as session:
            session.execute(
                update(RunRow).where(RunRow.id == self._run.id, RunRow.state.in_(STARTED)).values(**columns)
            )


def counted(message: str, done: int, total: int) -> str:
    """ "installing · 3 of 41"."""
    return f"{message} · {done} of {total}" if total else message


def main(home: Home, id: str) -> int:
    """Do the run ``id``; the exit status is 0 when it succeeded."""
    storage = Storage(home.database)
    with storage.session() as session:
        row = session.get_one(RunRow, id)
        if row.state != "preparing" or row.pid != os.getpid():
            return 2  # Cancelled meanwhile, or somebody else's.
        run, timeout = as_run(row), row.timeout
    os.environ[processes.VARIABLE] = id
    _first_to_go()
    supervisor = Supervisor(storage, id, timeout)
    folder = home.runs / id
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    error: RunError | None = None
    with (folder / "log.txt").open("a", encoding="utf-8", errors="replace") as log:
        runner = Runner(home, storage, run, supervisor, log)
        try:
            runner.work()
        except AtriumError as failure:
            error = getattr(failure, "error", None) or RunError(failure.message, failure.hint)
        except Exception as failure:
            error = RunError(f"{type(failure).__name__}: {failure}", "The log says more.", None, traceback.format_exc())
        processes.end_all(id)
        if supervisor.stopped.is_set():
            error = supervisor.failure()
            state = "cancelled" if error is None else "failed"
        else:
            state = "failed" if error else "succeeded"
        pages.write(folder)
        if error is not None:
            log.write(f"{iso()} {error.message}\n{error.traceback}\n")
        log.write(f"{iso()} {state}\n")
    supervisor.close()
    with storage.session() as session:
        finish(session, id, state, error)
    storage.close()
    return 0 if state == "succeeded" else 1


def _first_to_go() -> None:
    """When memory runs out, a run goes before the server does. Its kernel inherits this."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _by_hand() -> int:
    parser = argparse.ArgumentParser(prog="python -m workspace_server.jobs.run")
    parser.add_argument("--home", required=True)
    parser.add_argument("--run", required=True, help="a queued run")
    arguments = parser.parse_args()
    home = Home(arguments.home)
    storage = Storage(home.database)
    with storage.session() as session:
        session.execute(
            update(RunRow)
            .where(RunRow.id == arguments.run, RunRow.state == "queued")
            .values(state="preparing", pid=os.getpid(), process_started=processes.born(os.getpid()), started=iso())
        )
    storage.close()
    return main(home, arguments.run)


if __name__ == "__main__":
    raise SystemExit(_by_hand())
