"""What the jobs room can do: schedules, and the runs they or people ask for."""

from __future__ import annotations

import contextlib
import itertools
import json
import keyword
import os
import posixpath
from collections.abc import Callable, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from workspace_ext.contract.jobs import (
    CreateSchedule,
    ParameterValue,
    PreviewSchedule,
    Run,
    RunBar,
    RunLog,
    RunQuery,
    Schedule,
    ScheduleCluster,
    SchedulePreview,
    ScheduleQuery,
    StartRun,
    UpdateSchedule,
)

from ..clusters.limits import check_gpus
from ..kit.clock import iso, now, parse
from ..kit.errors import Conflict, Invalid, NotFound
from ..kit.events import Events
from ..kit.home import Home
from ..kit.storage import Storage
from ..projects.places import Places
from . import cron, pages
from .production import current, lease, release
from .store import ACTIVE, Fire, RunRow, ScheduleRow, active_run, as_run, cluster_of, pack, queue

BARS = 20
SKIPPED = 5
MOST_RUNS = 500
MOST_WORKERS = 64
LONGEST = 7 * 24 * 3600
LONGEST_LOG = 2**20


class Jobs:
    """The jobs room. Called in threads; what happens by itself happens in the clock's process."""

    def __init__(self, home: Home, storage: Storage, events: Events, places: Places) -> None:
        self._home = home
        self._storage = storage
        self._events = events
        self._places = places

    # Schedules

    def schedules(self, query: ScheduleQuery) -> list[Schedule]:
        """All of them, or those of a project or notebook, by name."""
        wanted = select(ScheduleRow).order_by(ScheduleRow.name, ScheduleRow.created)
        if query.project:
            wanted = wanted.where(ScheduleRow.project == query.project)
        if query.notebook:
            wanted = wanted.where(ScheduleRow.notebook == query.notebook)
        asleep = self._places.asleep()
        with self._storage.session() as session:
            return [_schedule(session, row, asleep) for row in session.scalars(wanted)]

    def schedule(self, id: str) -> Schedule:
        asleep = self._places.asleep()
        with self._storage.session() as session:
            return _schedule(session, _get(session, id), asleep)

    def project_of(self, id: str) -> str:
        """The project (its id) of a schedule or a run; empty when there is no such one."""
        with self._storage.session() as session:
            row = session.get(ScheduleRow, id) or session.get(RunRow, id)
            return row.project if row is not None else ""

    def create(self, wish: CreateSchedule, by: str) -> Schedule:
        """Make a schedule, and its first run when that was asked for.

        Raises
        ------
        Invalid
            Names the field: cron, time_zone, notebook, parameters, cluster, timeout.
        """
        cron.check(wish.cron, wish.time_zone)
        notebook = _relative(wish.notebook)
        _check(wish.parameters, wish.cluster, wish.timeout)
        checkout = current(self._places, wish.project)
        checkout.find(notebook)
        with self._storage.session() as session:
            row = ScheduleRow(
                name=wish.name.strip() or Path(notebook).stem, project=wish.project,
                project_name=checkout.project_name, branch=checkout.branch, notebook=notebook,
                cron=" ".join(wish.cron.split()), time_zone=wish.time_zone, cluster=pack(wish.cluster),
                parameters=json.dumps(wish.parameters), timeout=wish.timeout, notify=wish.notify, enabled=True,
                since=iso(), created=iso(), created_by=by,
            )  # fmt: skip
            session.add(row)
            session.flush()
            run = queue(session, row, None, by) if wish.run_now else None
            made = _schedule(session, row)
        if run is not None:
            self._queued(run)
        self._events.publish("jobs", made.id, "created")
        return made

    def update(self, id: str, change: UpdateSchedule) -> Schedule:
        """Change a schedule. A run that goes on is left as it is."""
        with self._storage.session() as session:
            row = _get(session, id)
            cron.check(change.cron or row.cron, change.time_zone or row.time_zone)
            _check(change.parameters or {}, change.cluster, change.timeout or row.timeout)
            if change.notebook is not None:
                row.notebook = _relative(change.notebook)
                current(self._places, row.project).find(row.notebook)
            timing = (row.cron, row.time_zone, row.enabled)
            row.name = (change.name or "").strip() or row.name
            row.cron = " ".join((change.cron or row.cron).split())
            row.time_zone = change.time_zone or row.time_zone
            row.timeout = change.timeout or row.timeout
            if change.cluster is not None or change.no_cluster:
                row.cluster = pack(None if change.no_cluster else change.cluster)
            if change.parameters is not None:
                row.parameters = json.dumps(change.parameters)
            if change.notify is not None:
                row.notify = change.notify
            if change.enabled is not None:
                row.enabled = change.enabled
            if timing != (row.cron, row.time_zone, row.enabled):
                row.since = iso()  # What was due before is not made up for.
            session.flush()
            changed = _schedule(session, row)
        self._events.publish("jobs", id, "updated")
        return changed

    def delete(self, id: str) -> None:
        """Forget the schedule. Its runs stay, without it."""
        with self._storage.session() as session:
            session.delete(_get(session, id))
        self._events.publish("jobs", id, "deleted")

    def discard_project(self, project: str) -> None:
        """Forget the schedules of a project that has gone. Its runs stay."""
        for schedule in self.schedules(ScheduleQuery(project=project)):
            self.delete(schedule.id)

    def resume_project(self, project: str) -> None:
        """The project rested, and its schedules with it: what was due meanwhile is not made up for."""
        with self._storage.session() as session:
            session.execute(update(ScheduleRow).where(ScheduleRow.project == project).values(since=iso()))
        self._events.publish("jobs", project, "updated")

    def preview(self, wish: PreviewSchedule) -> SchedulePreview:
        """When it would run next, and what."""
        cron.check(wish.cron, wish.time_zone)
        fires = list(itertools.islice(cron.after(wish.cron, wish.time_zone, now()), 3))
        shown = SchedulePreview(
            cron.words(wish.cron), [iso(fire) for fire in fires], [cron.spoken(fire, wish.time_zone) for fire in fires]
        )
        if not wish.project:
            return shown
        checkout = current(self._places, wish.project)
        if wish.notebook:
            checkout.find(_relative(wish.notebook))
        return replace(shown, branch=checkout.branch, commit=checkout.sha)

    def run_now(self, id: str, by: str) -> Run:
        """Queue a run of the schedule.

        Raises
        ------
        Conflict
            One goes on.
        """
        with self._storage.session() as session:
            row = _get(session, id)
            # Taken first, so that two people who ask at once get one run.
            session.execute(update(ScheduleRow).where(ScheduleRow.id == id).values(name=row.name))
            if (active := active_run(session, id)) is not None:
                raise Conflict(
                    "already_running", f"{row.name} runs already ({active.message or active.state}).",
                    "Wait for it to end, or cancel it.",
                )  # fmt: skip
            run = queue(session, row, None, by)
        return self._queued(run)

    # Runs

    def runs(self, query: RunQuery) -> list[Run]:
        """Newest first."""
        wanted = select(RunRow).order_by(RunRow.queued.desc()).limit(max(1, min(query.limit, MOST_RUNS)))
        for column, value in (
            (RunRow.schedule, query.schedule), (RunRow.project, query.project), (RunRow.notebook, query.notebook),
        ):  # fmt: skip
            if value:
                wanted = wanted.where(column == value)
        with self._storage.session() as session:
            return [as_run(row) for row in session.scalars(wanted)]

    def run(self, id: str) -> Run:
        with self._storage.session() as session:
            row = session.get(RunRow, id)
            if row is None:
                raise NotFound("no_such_run", f"There is no run {id}.")
            return as_run(row)

    def start(self, wish: StartRun, by: str) -> Run:
        """Queue one run of a notebook of the followed branch."""
        notebook = _relative(wish.notebook)
        _check(wish.parameters, wish.cluster, wish.timeout)
        checkout = current(self._places, wish.project)
        checkout.find(notebook)
        with self._storage.session() as session:
            row = RunRow(
                name=Path(notebook).stem, project=wish.project, project_name=checkout.project_name,
                branch=checkout.branch, notebook=notebook, cluster=pack(wish.cluster),
                parameters=json.dumps(wish.parameters), timeout=wish.timeout, notify=True, created_by=by,
            )  # fmt: skip
            session.add(row)
        return self._queued(row)

    def _queued(self, row: RunRow) -> Run:
        """Fix the commit that the run will run, and say that there is a run."""
        with contextlib.suppress(Conflict):  # Then the run says why it cannot be.
            lease(self._places, row.project, row.id)
        self._events.publish("runs", row.id, "queued")
        return as_run(row)

    def cancel(self, id: str) -> Run:
        """Ask the run to end. It has its terminal state a few seconds later; one that has not begun, at once."""
        run = self.run(id)
        with self._storage.session() as session:
            session.execute(
                update(RunRow)
                .where(RunRow.id == id, RunRow.state.in_(ACTIVE))
                .values(cancelling=True, message="stopping")
            )
            if run.state == "queued":
                release(self._places, id)
                session.execute(
                    update(RunRow)
                    .where(RunRow.id == id, RunRow.state == "queued")
                    .values(state="cancelled", ended=iso(), message="")
                )
        self._events.publish("runs", id, "cancelling")
        return self.run(id)

    def latest(self, project: str, notebook: str, before: str | None = None) -> Run | None:
        """The last run of the notebook that succeeded; ``before``: earlier than this time."""
        wanted = select(RunRow).where(
            RunRow.project == project, RunRow.notebook == notebook, RunRow.state == "succeeded"
        )
        if before is not None:
            wanted = wanted.where(RunRow.queued < before)
        with self._storage.session() as session:
            row = session.scalar(wanted.order_by(RunRow.queued.desc()).limit(1))
            return as_run(row) if row else None

    # What a run has left

    def executed(self, id: str) -> Path:
        """The executed notebook; while the run goes on, the cells until now.

        Raises
        ------
        NotFound
            No cell has run.
        """
        path = self._home.runs / self.run(id).id / pages.NOTEBOOK
        if not path.exists():
            raise NotFound("no_notebook", "No cell of this run has been executed.", "Its log says why.")
        return path

    def log(self, id: str, tail: int) -> RunLog:
        """The end of the run's log, at most ``tail`` bytes."""
        tail = max(1, min(tail, LONGEST_LOG))
        try:
            with (self._home.runs / self.run(id).id / "log.txt").open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - tail))
                return RunLog(file.read().decode(errors="replace"), size > tail)
        except FileNotFoundError:
            return RunLog("", False)

    def page(self, id: str, theme: str = "light", header: bool = True) -> str:
        """The executed notebook as a page on which nothing can run, with what there is to know above it."""
        run = self.run(id)
        page = pages.notebook(self._home.runs / id, run.state not in ACTIVE)
        if not header:
            return page
        before = self.latest(run.project, run.notebook, run.queued)
        return pages.with_header(page, run, before, self._home.runs, theme)

    # What the server itself does now and then

    def untold(self) -> list[Run]:
        """Runs that go on, and those whose end nobody has been told."""
        with self._storage.session() as session:
            return [as_run(row) for row in session.scalars(select(RunRow).where(RunRow.told.is_(False)))]

    def tell(self, run: Run, listener: Callable[[Run], None]) -> None:
        """Tell ``listener`` of a run that has ended, and never again."""
        try:
            listener(run)
        finally:
            with self._storage.session() as session:
                session.execute(update(RunRow).where(RunRow.id == run.id).values(told=True))


def _get(session: Any, id: str) -> ScheduleRow:
    row: ScheduleRow | None = session.get(ScheduleRow, id)
    if row is None:
        raise NotFound("no_such_schedule", f"There is no schedule {id}.", "It may have been deleted meanwhile.")
    return row


def _schedule(session: Any, row: ScheduleRow, asleep: Set[str] = frozenset()) -> Schedule:
    """``asleep``: projects that are archived."""
    runs = session.scalars(
        select(RunRow).where(RunRow.schedule == row.id).order_by(RunRow.queued.desc()).limit(BARS)
    ).all()
    skipped = session.scalars(
        select(Fire.time)
        .where(Fire.schedule == row.id, Fire.outcome == "skipped")
        .order_by(Fire.time.desc())
        .limit(SKIPPED)
    ).all()
    upcoming = next(cron.after(row.cron, row.time_zone, now()), None) if row.enabled else None
    paused = "its project is archived" if row.project in asleep else ""
    return Schedule(
        id=row.id, name=row.name, project=row.project, project_name=row.project_name, notebook=row.notebook,
        branch=row.branch, cron=row.cron, time_zone=row.time_zone, words=cron.words(row.cron),
        next=iso(upcoming) if upcoming and not paused else None, cluster=cluster_of(row),
        parameters=json.loads(row.parameters), timeout=row.timeout, notify=row.notify, enabled=row.enabled,
        created=row.created, created_by=row.created_by,
        recent=[_bar(as_run(run)) for run in reversed(runs)], skipped=list(skipped), paused=paused,
    )  # fmt: skip


def _bar(run: Run) -> RunBar:
    start = parse(run.started or run.queued)
    seconds = ((parse(run.ended) if run.ended else now()) - start).total_seconds() if run.started else 0.0
    return RunBar(run.id, run.state, run.started or run.queued, round(max(0.0, seconds), 1))


def _relative(notebook: str) -> str:
    """A notebook's path within its project, as git spells it."""
    path = posixpath.normpath(notebook.strip().lstrip("/"))
    if path.startswith("..") or "\0" in path or not path.endswith(".ipynb"):
        raise Invalid(
            "invalid_notebook", f"{notebook!r} is not the path of a notebook in its project.",
            "Give it from the project's top folder, such as reports/weekly.ipynb.", "notebook",
        )  # fmt: skip
    return path


def _check(parameters: dict[str, ParameterValue], cluster: ScheduleCluster | None, timeout: int) -> None:
    for name in parameters:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise Invalid(
                "invalid_parameter", f"{name!r} cannot be the name of a parameter.",
                "Use the name of a variable of the notebook.", "parameters",
            )  # fmt: skip
    if cluster is not None and not 0 <= cluster.minimum <= max(1, cluster.maximum) <= MOST_WORKERS:
        raise Invalid(
            "invalid_cluster", f"{cluster.minimum} to {cluster.maximum} workers are not possible.",
            f"Choose 1 to {MOST_WORKERS}, the lower number first.", "cluster",
        )  # fmt: skip
    if cluster is not None:
        check_gpus(cluster.gpus, cluster.maximum, cluster.kind)
    if not 1 <= timeout <= LONGEST:
        raise Invalid("invalid_timeout", "The time limit is between 1 second and 7 days.", "", "timeout")
