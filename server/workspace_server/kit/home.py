"""The one folder in which a workspace lives."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from .errors import Conflict


class Home:
    """Paths below ``--home``. The folders are made by :meth:`prepare`, private to the account.

    Parameters
    ----------
    path
        The data folder; ``~`` is expanded. Default of the command is ``~/.atrium``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser().resolve()
        self.work = self.path / "work"
        self.projects = self.work / "projects"
        self.scratch = self.work / "scratch"
        self.git = self.path / "git"
        self.remotes = self.path / "remotes"
        self.production = self.path / "production"
        self.environments = self.path / "environments"
        self.runs = self.path / "runs"
        self.tables = self.path / "tables"
        self.tables_main = self.tables / "main"
        self.tables_branches = self.tables / "branches"
        self.clusters = self.path / "clusters"
        self.runtime = self.path / "runtime"
        self.secrets = self.path / "secrets"
        self.settings = self.path / "settings"
        self.journal = self.path / "journal"
        self.checkpoints = self.path / "checkpoints"
        self.run = self.path / "run"
        self.database = self.path / "atrium.db"
        self.cache = self.path / "cache"
        self.trash = self.path / "trash"
        self._lock: IO[str] | None = None

    def prepare(self) -> None:
        """Make every folder (mode 0700 for the home itself)."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (
            self.projects, self.scratch, self.git, self.remotes, self.production, self.environments, self.runs,
            self.tables_main, self.tables_branches, self.clusters, self.runtime, self.secrets,
            self.settings, self.journal, self.checkpoints, self.run, self.cache, self.trash,
        ):  # fmt: skip
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def acquire(self) -> None:
        """Take the home for this server, until the process ends.

        Raises
        ------
        Conflict
            Another server holds it.
        """
        lock = (self.path / "server.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            lock.close()
            raise Conflict(
                "home_in_use",
                f"Another Atrium server ({holder}) already uses {self.path}.",
                "Stop it first, or give this one a folder of its own with --home.",
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        """Let another server have the home."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
