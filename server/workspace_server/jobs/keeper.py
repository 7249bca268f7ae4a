"""What the server does for jobs by itself: keep the home's clock going, and pass on what the runs' processes write."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import logging
import subprocess
import sys

from workspace_ext.contract.jobs import Run

from ..kit.events import Event, Events
from ..kit.home import Home
from .ports import RunListener
from .service import Jobs
from .store import ACTIVE

PAUSE = 0.5
IDLE = 1.0
"""Seconds between two looks at the runs while none goes on."""
LOOK = 4
"""Pauses between two looks at the clock."""

log = logging.getLogger(__name__)


class Keeper:
    """Started and stopped with the server; the clock and the runs live on."""

    def __init__(self, home: Home, jobs: Jobs, events: Events) -> None:
        self._home = home
        self._jobs = jobs
        self._events = events
        self._listeners: list[RunListener] = []
        self._seen: dict[str, tuple[str, str]] = {}
        self._clock: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    def listen(self, listener: RunListener) -> None:
        """Have ``listener`` told of every run that has ended."""
        self._listeners.append(listener)

    async def start(self) -> None:
        self._events.on(self._changed)
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """The clock goes once no run is left; a server that comes back before adopts it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            (self._home.run / "clock.wanted").unlink(missing_ok=True)

    def _changed(self, event: Event) -> None:
        if (event.room, event.action) == ("projects", "deleted"):
            asyncio.get_running_loop().run_in_executor(None, self._jobs.discard_project, event.id)

    async def _keep(self) -> None:
        for turn in itertools.count():
            try:
                if turn % LOOK == 0:
                    await asyncio.to_thread(self._look)
                await self._pass_on()
            except Exception:
                log.exception("jobs")
            await asyncio.sleep(PAUSE if self._seen else IDLE)

    def _look(self) -> None:
        """Say that the clock is wanted, and start one when there is none."""
        (self._home.run / "clock.wanted").touch()
        starting = self._clock is not None and self._clock.poll() is None
        if starting or clock_runs(self._home):
            return
        with (self._home.run / "clock.log").open("ab") as output:
            self._clock = subprocess.Popen(
                [sys.executable, "-m", "workspace_server.jobs.clock", "--home", str(self._home.path)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self._home.path, start_new_session=True,
            )  # fmt: skip

    async def _pass_on(self) -> None:
        runs = await asyncio.to_thread(self._jobs.untold)
        seen = {run.id: (run.state, run.message) for run in runs}
        for run in runs:
            if self._seen.get(run.id) != seen[run.id]:
                self._events.publish("runs", run.id, run.state)
            if run.state not in ACTIVE:
                await asyncio.to_thread(self._jobs.tell, run, self._tell)
        self._seen = {run.id: seen[run.id] for run in runs if run.state in ACTIVE}

    def _tell(self, run: Run) -> None:
        for listener in self._listeners:
            try:
                listener.finished(run)
            except Exception:
                log.exception("after run %s", run.id)


def clock_runs(home: Home) -> bool:
    """Whether a clock holds the home's lock."""
    with (home.run / "clock.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
