"""A thread in each run's process: gives signs of life, keeps the time limit, and ends everything when asked."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Literal

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from workspace_ext.contract.jobs import RunError

from ..kit.storage import Storage
from . import processes
from .store import STARTED, RunRow, finish

PAUSE = 0.2
BEAT = 2.0
GRACE = 8.0

Reason = Literal["", "cancelled", "timeout"]
log = logging.getLogger(__name__)


class Supervisor:
    """Start it in the main thread.

    Parameters
    ----------
    timeout
        Seconds that the whole run may take.

    Attributes
    ----------
    stopped
        Set when the run shall end; ``reason`` says why.
    message
        What the run does now. Set it as often as you like.
    """

    def __init__(self, storage: Storage, id: str, timeout: float) -> None:
        self.reason: Reason = ""
        self.stopped = threading.Event()
        self.message = ""
        self._storage = storage
        self._id = id
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._asked = threading.Event()
        self._done = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._asked.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The run has ended by itself."""
        self._done.set()
        self._thread.join()

    def failure(self) -> RunError | None:
        """What a run that was stopped says of itself; None after a cancellation."""
        if self.reason != "timeout":
            return None
        return RunError(
            f"It was stopped after {spoken(self._timeout)}, its time limit.",
            "Raise the limit of the schedule, or give it a larger cluster.",
        )

    def _run(self) -> None:
        beaten, said = 0.0, ""
        while not self._done.wait(PAUSE):
            if self._asked.is_set():
                self._stop("timeout" if time.monotonic() > self._deadline else "cancelled")
                return
            if time.monotonic() > self._deadline:
                self._stop("timeout")
                return
            if time.monotonic() - beaten > BEAT or said != self.message:
                beaten, said = time.monotonic(), self.message
                self._beat(said)

    def _beat(self, message: str) -> None:
        change = update(RunRow).where(RunRow.id == self._id, RunRow.state.in_(STARTED))
        try:
            with self._storage.session() as session:
                session.execute(change.values(heartbeat=RunRow.heartbeat + 1, message=message))
        except SQLAlchemyError:
            log.exception("no sign of life could be given")

    def _stop(self, reason: Reason) -> None:
        """End what was started; the main thread then finds its kernel dead. If it does not, end it too."""
        self.reason = reason
        self.stopped.set()
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            processes.end_all(self._id)
            if self._done.wait(0.5):
                return
        with self._storage.session() as session:
            finish(session, self._id, "cancelled" if reason == "cancelled" else "failed", self.failure())
        os._exit(1)


def spoken(seconds: float) -> str:
    """ "90 s", "15 min", "6 h"."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
