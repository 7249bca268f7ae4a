"""What the clock claims, with a time of day that does what it likes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from subprocess import PIPE

from sqlalchemy import func, select, update

from tests.server.jobs.conftest import Workshop, notebook
from workspace_ext.contract.jobs import CreateSchedule, RunQuery, UpdateSchedule
from workspace_server.jobs.clock import Clock
from workspace_server.jobs.store import Fire, RunRow, ScheduleRow, finish
from workspace_server.kit.clock import iso
from workspace_server.projects.store import ProjectRow


class Time:
    """A clock on the wall that a test moves."""

    def __init__(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def no_process(_id: str, _record: Callable[[int], None]) -> None:
    """Runs stay queued."""


class Wall:
    """A schedule and the clock that looks after it."""

    def __init__(self, shop: Workshop, now: str, cron: str, zone: str = "UTC") -> None:
        project = shop.publish({"report.ipynb": notebook("1")})
        wish = CreateSchedule(project=project, notebook="report.ipynb", cron=cron, time_zone=zone)
        self.shop = shop
        self.id = shop.jobs.create(wish, "ana").id
        self.time = Time(now)
        with shop.storage.session() as session:
            session.execute(update(ScheduleRow).values(since=iso(self.time.now)))
        self.restart()

    def restart(self) -> None:
        self.clock = Clock(self.shop.home, self.shop.storage, no_process, parallel=2, moment=self.time)

    def until(self, text: str, step: timedelta = timedelta(minutes=5), end_runs: bool = True) -> None:
        """Live until then, in steps, with runs that take no time."""
        end = datetime.fromisoformat(text).replace(tzinfo=UTC)
        while self.time.now <= end:
            self.clock.fire()
            if end_runs:
                self.end_runs()
            self.time.now += step

    def end_runs(self) -> None:
        with self.shop.storage.session() as session:
            for id in session.scalars(select(RunRow.id).where(RunRow.state == "queued")):
                finish(session, id, "succeeded", None)

    def fires(self, outcome: str = "run") -> list[str]:
        with self.shop.storage.session() as session:
            times = session.scalars(select(Fire.time).where(Fire.outcome == outcome).order_by(Fire.time))
            return [time[5:16] for time in times]


def test_it_fires_on_time(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20", "0 6 * * 1", "Europe/Berlin")
    wall.until("2026-12-08", timedelta(minutes=20))
    assert wall.fires() == ["11-23T05:00", "11-30T05:00", "12-07T05:00"]
    run = workshop.jobs.runs(RunQuery())[0]
    assert (run.due, run.commit, run.notebook) == ("2026-12-07T05:00:00.000+00:00", "", "report.ipynb")


def test_berlin_in_autumn_and_spring(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-10-24", "30 2 * * *", "Europe/Berlin")
    wall.until("2026-10-26 12:00")
    assert wall.fires() == ["10-24T00:30", "10-25T00:30", "10-26T01:30"]
    wall.time.now = datetime(2027, 3, 27, tzinfo=UTC)
    wall.until("2027-03-29 12:00")
    assert wall.fires()[-3:] == ["03-27T01:30", "03-28T01:00", "03-29T00:30"]


def test_after_three_days_away_one_run_for_the_latest(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 6 * * *")
    wall.until("2026-11-20 07:00")
    wall.time.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    wall.restart()
    wall.until("2026-11-23 10:00")
    assert wall.fires() == ["11-20T06:00", "11-23T06:00"]


def test_a_jump_forward_is_as_being_away(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "*/30 * * * *")
    wall.until("2026-11-20 01:00")
    wall.time.now += timedelta(days=3)
    wall.until("2026-11-23 02:00")
    assert wall.fires() == [
        "11-20T00:30", "11-20T01:00", "11-23T01:00", "11-23T01:30", "11-23T02:00",
    ]  # fmt: skip


def test_an_hour_back_repeats_nothing(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "*/30 * * * *")
    wall.until("2026-11-20 03:00")
    fired = wall.fires()
    wall.time.now -= timedelta(hours=1)
    wall.until("2026-11-20 03:05")
    assert wall.fires() == fired
    wall.until("2026-11-20 04:00")
    assert wall.fires() == [*fired, "11-20T03:30", "11-20T04:00"]


def test_an_hour_back_after_being_away_makes_nothing_up(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 * * * *")
    wall.time.now = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
    wall.clock.fire()
    assert wall.fires() == ["11-20T05:00"]
    wall.end_runs()
    wall.time.now -= timedelta(minutes=50)
    wall.until("2026-11-20 05:10")
    assert wall.fires() == ["11-20T05:00"]


def test_days_forward_by_mistake_and_back(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 6 * * *")
    wall.time.now = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    wall.clock.fire()
    wall.end_runs()
    wall.time.now = datetime(2026, 11, 20, 5, 59, 59, tzinfo=UTC)
    wall.until("2026-11-25 07:00", timedelta(minutes=1) - timedelta(seconds=1))
    assert wall.fires() == [f"11-{day}T06:00" for day in (20, 21, 22, 23, 24, 25)]


def test_one_at_a_time_and_the_excess_is_recorded(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 * * * *")
    wall.until("2026-11-20 03:30", end_runs=False)
    assert wall.fires() == ["11-20T01:00"]
    assert wall.fires("skipped") == ["11-20T02:00", "11-20T03:00"]
    skipped = workshop.jobs.schedule(wall.id).skipped
    assert [time[11:16] for time in skipped] == ["03:00", "02:00"]
    wall.end_runs()
    wall.until("2026-11-20 04:00")
    assert wall.fires() == ["11-20T01:00", "11-20T04:00"]


def test_a_pause_is_not_made_up_for(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 6 * * *")
    workshop.jobs.update(wall.id, UpdateSchedule(enabled=False))
    assert workshop.jobs.schedule(wall.id).next is None
    wall.until("2026-11-22 12:00", timedelta(hours=1))
    assert wall.fires() == []
    workshop.jobs.update(wall.id, UpdateSchedule(enabled=True))
    with workshop.storage.session() as session:
        session.execute(update(ScheduleRow).values(since=iso(wall.time.now)))
    wall.until("2026-11-23 12:00", timedelta(hours=1))
    assert wall.fires() == ["11-23T06:00"]


def test_schedules_of_an_archived_project_rest(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 6 * * *")
    project = workshop.jobs.schedule(wall.id).project
    with workshop.storage.session() as session:
        session.execute(update(ProjectRow).where(ProjectRow.id == project).values(archived=iso(wall.time.now)))
    shown = workshop.jobs.schedule(wall.id)
    assert (shown.enabled, shown.next, shown.paused) == (True, None, "its project is archived")
    wall.until("2026-11-22 12:00", timedelta(hours=1))
    assert wall.fires() == []
    with workshop.storage.session() as session:
        session.execute(update(ProjectRow).values(archived=None))
    workshop.jobs.resume_project(project)
    assert workshop.jobs.schedule(wall.id).next is not None
    with workshop.storage.session() as session:
        session.execute(update(ScheduleRow).values(since=iso(wall.time.now)))
    wall.until("2026-11-23 12:00", timedelta(hours=1))
    assert wall.fires() == ["11-23T06:00"]


def test_a_changed_time_counts_at_once(workshop: Workshop) -> None:
    wall = Wall(workshop, "2026-11-20 00:00", "0 6 * * *")
    wall.clock.fire()
    workshop.jobs.update(wall.id, UpdateSchedule(cron="0 4 * * *"))
    with workshop.storage.session() as session:
        session.execute(update(ScheduleRow).values(since=iso(wall.time.now)))
    wall.until("2026-11-20 12:00")
    assert wall.fires() == ["11-20T04:00"]


RACER = """
import sys
from pathlib import Path
from sqlalchemy import select
from workspace_server.jobs.store import ScheduleRow, claim, finish
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage

storage = Storage(Home(Path(sys.argv[1])).database)
with storage.session() as session:
    schedule = session.scalars(select(ScheduleRow)).one()
print("ready", flush=True)
sys.stdin.readline()
for minute in range(250):
    with storage.session() as session:
        if run := claim(session, schedule, f"2026-11-20T{minute // 60:02}:{minute % 60:02}:00.000+00:00"):
            finish(session, run.id, "succeeded", None)
storage.close()
"""


def test_four_clocks_claim_each_fire_once(workshop: Workshop) -> None:
    Wall(workshop, "2026-11-20 00:00", "* * * * *")
    workshop.storage.close()
    line = [sys.executable, "-c", RACER, str(workshop.home.path)]
    with contextlib.ExitStack() as stack:
        racers = [
            stack.enter_context(subprocess.Popen(line, text=True, stdin=PIPE, stdout=PIPE, stderr=PIPE))
            for _ in range(4)
        ]
        for racer in racers:
            assert racer.stdin
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n", racer.communicate()
        for racer in racers:
            print("go", file=racer.stdin, flush=True)
        for racer in racers:
            _, said = racer.communicate(timeout=120)
            assert racer.returncode == 0, said
    with workshop.storage.session() as session:
        assert session.scalar(select(func.count()).select_from(Fire)) == 250
        assert session.scalar(select(func.count()).select_from(Fire).where(Fire.outcome == "run")) == 250
        assert session.scalar(select(func.count()).select_from(RunRow)) == 250
