"""Which processes belong to a run, and their end.

A kernel is the leader of a session of its own and a run that was killed leaves orphans, so that neither groups nor
parents tell. What all of them have is ``ATRIUM_RUN`` in the environment they were started with.
"""

from __future__ import annotations

import contextlib
import os
import time

import psutil

VARIABLE = "ATRIUM_RUN"


def born(pid: int) -> float | None:
    """When the process began, which tells it from a later one of the same number; None when there is none."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def alive(pid: int | None, began: float | None) -> bool:
    """Whether it is still that very process."""
    if pid is None or began is None:
        return False
    found = born(pid)
    return found is not None and abs(found - began) < 1.0


def of_run(id: str) -> list[psutil.Process]:
    """Every process that was started for the run, but not the run's own."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(VARIABLE) == id and process.pid != os.getpid():
                found.append(process)
    return found


def end_all(id: str, grace: float = 2.0) -> None:
    """End what was started for the run: SIGTERM, SIGKILL after ``grace`` seconds, until nothing is left."""
    deadline = time.monotonic() + grace + 3.0
    asked = False
    while (processes := of_run(id)) and time.monotonic() < deadline:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.kill() if asked else process.terminate()
        psutil.wait_procs(processes, timeout=0.5 if asked else grace)
        asked = True


def kill(pid: int | None, began: float | None) -> None:
    """SIGKILL that very process."""
    if pid is not None and alive(pid, began):
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()
