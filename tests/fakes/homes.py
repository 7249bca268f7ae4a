"""Machines that are none: what belongs to one is what runs with its home."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil


def processes_of(home: Path) -> list[psutil.Process]:
    """Everything that runs there, in whatever process group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill_all_of(home: Path) -> None:
    """As a machine that loses its power."""
    while there := processes_of(home):
        for process in there:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.1)
