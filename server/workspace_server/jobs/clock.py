"""The clock: fires schedules, starts runs, and sees that each comes to an end. One a home, beside the server.

``python -m workspace_server.jobs.clock --home HOME``. Runs must outlive the server's restarts, so that neither is a
child of it: the clock is a session of its own, and each run another. A server that stops tells the clock to go as soon
as no run is left; a server that was killed is waited for (:data:`PATIENCE`).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from workspace_ext.contract.jobs import RunError

from ..kit.clock import iso, now, parse
from ..kit.errors import AtriumError
from ..kit.home import Home
from ..kit.storage import Storage
from ..projects.places import Places
from . import cron, processes
from .production import holders, lease, release
from .store import ACTIVE, STARTED, Fire, RunRow, ScheduleRow, claim, finish, forget_fires

PAUSE = 0.25
PATIENCE = 15 * 60.0
SILENCE = 25.0
"""Seconds without a heartbeat after which a run that seems to live is ended."""
GRACE = 15.0
"""Seconds that a run has to end itself after SIGTERM, or after its deadline."""
SETTLED = 100_000_000
"""Nanoseconds after which the time of a file is surely another."""
ON_TIME = timedelta(seconds=60)

Spawn = Callable[[str, Callable[[int], None]], None]
"""``spawn(run, record)``: start the run's process, call ``record(pid)`` before it does anything."""

log = logging.getLogger(__name__)


@dataclass
class Watched:
    """What this clock has seen of a run, by its own monotonic time, which stands still while the machine sleeps."""

    heartbeat: int
    since: float
    asked: float | None = None


class Clock:
    """One tick at a time.

    Parameters
    ----------
    moment, monotonic
        The time of day, aware, in UTC; and seconds that only grow.
    parallel
        How many runs may go on at once; the others stay queued.
    """

    def __init__(
        self,
        home: Home,
        storage: Storage,
        spawn: Spawn,
        parallel: int,
        moment: Callable[[], datetime] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._places = Places(home, storage)
        self._spawn = spawn
        self._parallel = parallel
        self._moment = moment
        self._monotonic = monotonic
        self._next: dict[tuple[str, str], datetime | None] = {}
        self._before: datetime | None = None
        self._watched: dict[str, Watched] = {}
        self._files = (home.database, home.database.with_name(home.database.name + "-wal"))
        self._state: list[int] = []
        self._left = 0

    def tick(self) -> int:
        """Do what is due. Returns how many runs have not ended."""
        if self._idle():
            return 0
        self.fire()
        self.start()
        self._left = self.watch()
        return self._left

    def _idle(self) -> bool:
        """Whether nothing has been written since the last tick, and no time has come. Costs two looks at files."""
        state = [path.stat().st_mtime_ns if path.exists() else 0 for path in self._files]
        # The time of a file is coarse: two writes may share it.
        fresh = time.time_ns() - max(state) < SETTLED
        changed, self._state = fresh or state != self._state, state
        moment = self._moment()
        back = self._before is not None and moment < self._before
        due = any(fire is not None and fire <= moment for fire in self._next.values())
        return bool(state[0]) and not (changed or back or due or self._left)

    def fire(self) -> None:
        """Claim the fires that are due; of those missed, the latest only."""
        moment = self._moment()
        if self._before is not None and moment < self._before:
            self._next.clear()  # The clock was set back.
        self._before = moment
        with self._storage.session() as session:
            enabled = session.scalars(select(ScheduleRow).where(ScheduleRow.enabled)).all()
        asleep = self._places.asleep() if enabled else set()
        schedules = [one for one in enabled if one.project not in asleep]
        known = {(one.id, one.since) for one in schedules}
        self._next = {key: fire for key, fire in self._next.items() if key in known}
        for schedule in schedules:
            key = (schedule.id, schedule.since)
            if key in self._next and ((soon := self._next[key]) is None or soon > moment):
                continue
            try:
                self._look(schedule, moment)
                self._next[key] = next(cron.after(schedule.cron, schedule.time_zone, moment), None)
            except Exception:
                log.exception("schedule %s cannot be fired", schedule.id)
                self._next[key] = None  # Until it is changed.

    def _look(self, schedule: ScheduleRow, moment: datetime) -> None:
        fire = cron.latest(schedule.cron, schedule.time_zone, parse(schedule.since), moment)
        if fire is None:
            return
        with self._storage.session() as session:
            last = session.scalar(
                select(Fire.time).where(Fire.schedule == schedule.id).order_by(Fire.time.desc()).limit(1)
            )
        # A later one was claimed: this clock was set back, or forward by mistake. Nothing is made up for then.
        if last is not None and last > iso(fire) and moment - fire > ON_TIME:
            return
        if last == iso(fire):
            return
        with self._storage.session() as session:
            run = claim(session, schedule, iso(fire))
            forget_fires(session, schedule.id)
        if run is not None:
            with contextlib.suppress(AtriumError):  # Then the run says why it cannot be.
                lease(self._places, run.project, run.id)
            log.info("%s: %s is due, run %s", iso(fire), schedule.name, run.id)

    def start(self) -> None:
        """Start queued runs, in their order, as many as may go on at once."""
        with self._storage.session() as session:
            runs = list(session.scalars(select(RunRow).where(RunRow.state.in_(ACTIVE)).order_by(RunRow.queued)))
        going = sum(run.state != "queued" for run in runs)
        for run in runs:
            if run.state != "queued":
                continue
            if run.cancelling:
                self._end(run, "cancelled", None)
            elif going < self._parallel:
                going += 1
                self._spawn(run.id, lambda pid, id=run.id: self._record(id, pid))  # type: ignore[misc]

    def _record(self, id: str, pid: int) -> None:
        with self._storage.session() as session:
            session.execute(
                update(RunRow)
                .where(RunRow.id == id, RunRow.state == "queued")
                .values(state="preparing", pid=pid, process_started=processes.born(pid), started=iso(self._moment()))
            )

    def watch(self) -> int:
        """Pass on cancellations, and give runs whose process has gone or is stuck their terminal state."""
        with self._storage.session() as session:
            runs = list(session.scalars(select(RunRow).where(RunRow.state.in_(ACTIVE))))
        started = [run for run in runs if run.state in STARTED]
        self._watched = {run.id: self._watched[run.id] for run in started if run.id in self._watched}
        for run in started:
            self._watch(run)
        return len(runs)

    def _watch(self, run: RunRow) -> None:
        monotonic = self._monotonic()
        seen = self._watched.setdefault(run.id, Watched(run.heartbeat, monotonic))
        if run.pid is None or not processes.alive(run.pid, run.process_started):
            self._bury(run, "The process of this run ended without a word: it was killed, or memory ran out.")
            return
        if run.heartbeat != seen.heartbeat:
            seen.heartbeat, seen.since = run.heartbeat, monotonic
        overdue = run.started is not None and self._moment() - parse(run.started) > timedelta(
            seconds=run.timeout + GRACE
        )
        if seen.asked is None and (run.cancelling or overdue):
            seen.asked = monotonic
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.pid, signal.SIGTERM)
        elif seen.asked is not None and monotonic - seen.asked > GRACE:
            self._bury(run, "It did not end when it was asked to, and was killed.")
        elif monotonic - seen.since > SILENCE:
            self._bury(run, f"It gave no sign of life for {SILENCE:.0f} s, and was ended.")

    def _bury(self, run: RunRow, why: str) -> None:
        processes.kill(run.pid, run.process_started)
        processes.end_all(run.id)
        state = "cancelled" if run.cancelling else "lost"
        error = None if run.cancelling else RunError(why, "The cells that had run are kept. Run it again.")
        log.warning("run %s: %s", run.id, why)
        self._end(run, state, error)

    def _end(self, run: RunRow, state: str, error: RunError | None) -> None:
        with self._storage.session() as session:
            finish(session, run.id, state, error)
        release(self._places, run.id)

    def is_used(self) -> bool:
        """Whether there is a schedule or a run that wants to be on time."""
        with self._storage.session() as session:
            queued = session.scalar(select(RunRow.id).where(RunRow.state == "queued").limit(1))
            return queued is not None or session.scalar(select(ScheduleRow.id).limit(1)) is not None

    def release_dead(self) -> None:
        """Let go of the commits of runs that ended while no clock ran."""
        with self._storage.session() as session:
            active = set(session.scalars(select(RunRow.id).where(RunRow.state.in_(ACTIVE))))
        for run in holders(self._places):
            if run not in active:
                release(self._places, run)


def acquire(home: Home, wait: float = 2.0) -> IO[str] | None:
    """The lock of the home's one clock, or None when another has it."""
    file = (home.run / "clock.lock").open("a+")
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except OSError:
            if time.monotonic() > deadline:
                file.close()
                return None
            time.sleep(0.1)


def wanted(path: Path, began: float) -> bool:
    """Whether the server that touches ``path`` is there, or may come back soon."""
    try:
        touched = path.stat().st_mtime
    except OSError:
        return False
    return time.time() - max(touched, began) < PATIENCE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workspace_server.jobs.clock")
    parser.add_argument("--home", required=True)
    home = Home(parser.parse_args().home)
    lock = acquire(home)
    if lock is None:
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lease = home.run / "clock.wanted"
    (home.run / "clock.json").write_text(json.dumps({"pid": os.getpid(), "began": processes.born(os.getpid())}))

    # Late, so that the second clock of a home costs nothing.
    from .spawner import Spawner

    storage = Storage(home.database)
    spawner = Spawner(home, storage, lock)
    clock = Clock(home, storage, spawner, parallel=max(2, os.cpu_count() or 2))
    clock.release_dead()
    if clock.is_used():
        spawner.warm()
    began = time.time()
    log.info("the clock of %s runs", home.path)
    while not stopping and home.database.exists():
        pause = PAUSE
        try:
            left = clock.tick()
            if not left and not wanted(lease, began):
                break
        except SQLAlchemyError:
            log.exception("the database does not answer")
            pause = 5.0
        time.sleep(pause)
    log.info("the clock ends")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
