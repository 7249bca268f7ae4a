"""Runs as forks of the clock: what takes a second to import is there already."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import traceback
from collections.abc import Callable
from typing import IO

from ..kit.home import Home
from ..kit.storage import Storage
from .run import main, warm

log = logging.getLogger(__name__)


class Spawner:
    """Starts runs. Call it from a process of one thread that holds no connection to the database."""

    def __init__(self, home: Home, storage: Storage, lock: IO[str]) -> None:
        self._home = home
        self._storage = storage
        self._lock = lock
        self._warm = False
        # Nobody asks how a run's process ended: it says so itself, in the database.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    def warm(self) -> None:
        """Import what a run needs, once."""
        if not self._warm:
            self._warm = True
            warm()

    def __call__(self, id: str, record: Callable[[int], None]) -> None:
        self.warm()
        # SQLite's locks belong to the process: a connection must never be closed in another one than opened it.
        self._storage.close()
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._child(id, ready, go)
        os.close(ready)
        try:
            record(pid)
            with contextlib.suppress(BrokenPipeError):
                os.write(go, b".")
        finally:
            os.close(go)

    def _child(self, id: str, ready: int, go: int) -> None:
        status = 1
        try:
            os.close(go)
            os.setsid()
            self._lock.close()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            # Without the word the clock has died: then the database knows whether this is the run's process.
            os.read(ready, 1)
            os.close(ready)
            folder = self._home.runs / id
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            output = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for descriptor, target in ((nothing, 0), (output, 1), (output, 2)):
                os.dup2(descriptor, target)
            status = main(self._home, id)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
