"""What was downloaded of conda's packages, whose files the environments share: nothing goes beneath who installs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from ...kit.home import Home
from ..progress import Report
from ..uv import Uv

AGAIN = 0.2


def folder(home: Home) -> Path:
    """Where it stays, on the file system of the environments."""
    return home.cache / "conda"


@contextlib.contextmanager
def used(home: Home, uv: Uv, report: Report) -> Iterator[None]:
    """Nothing of it is removed meanwhile; what cannot be relied on has gone."""
    if _spoiled(home).exists():
        while not _emptied(home):
            uv.check()
            report("waiting", "waiting for other builds with packages of conda", 0, 0)
            time.sleep(AGAIN)
    with _lock(home, fcntl.LOCK_SH):
        yield


def forget(home: Home) -> None:
    """A file of it was edited, of which conda does not say: nobody installs from it any more."""
    folder(home).mkdir(exist_ok=True)
    _spoiled(home).touch()
    _emptied(home)


def prune(home: Home) -> bool:
    """Remove the packages that no environment shares, unless something is being installed; whether there were any."""
    removed = False
    with contextlib.suppress(BlockingIOError), _lock(home, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for package in sorted((folder(home) / "pkgs").glob("*/")):
            files = (Path(parent, name) for parent, _, names in os.walk(package) for name in names)
            if not any(os.lstat(file).st_nlink > 1 for file in files):
                shutil.rmtree(package, ignore_errors=True)
                removed = True
    return removed


def _emptied(home: Home) -> bool:
    try:
        with _lock(home, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder(home) / "pkgs", ignore_errors=True)
            _spoiled(home).unlink(missing_ok=True)
    except BlockingIOError:
        return False
    return True


def _spoiled(home: Home) -> Path:
    return folder(home) / ".spoiled"


@contextlib.contextmanager
def _lock(home: Home, how: int) -> Iterator[None]:
    folder(home).mkdir(exist_ok=True)
    with (folder(home) / ".lock").open("a") as file:
        fcntl.flock(file, how)
        yield
