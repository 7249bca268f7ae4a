"""Whatever runs in an environment holds it: kernels, workers and what they start, without knowing of it.

A module in each environment takes a shared lock as its Python starts, which ends with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..kit.home import Home

FOLDER = ".leases"
MODULE = "_atrium_lease"
PROGRAM = f"""\
# Whatever runs in this environment holds it, so that it is not removed meanwhile.
import fcntl, os, sys
try:
    _folder, _id = os.path.split(sys.prefix)
    _lease = os.open(os.path.join(_folder, {FOLDER!r}, _id), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(_lease, fcntl.LOCK_SH)
    os.utime(_lease)
except OSError:
    pass
"""


def equip(site: Path, further: str = "") -> None:
    """Have every Python of the environment with these site-packages hold it, and run a ``further`` program then."""
    (site / f"{MODULE}.py").write_text(PROGRAM + further)
    (site / f"{MODULE}.pth").write_text(f"import {MODULE}\n")


def use(home: Home, id: str) -> None:
    """It is wanted now: when this returns it is gone already, or stays for a while."""
    with lease(home, id).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        os.utime(file.fileno())


def used(home: Home, id: str) -> float:
    """When it was wanted last, in seconds since 1970."""
    try:
        return lease(home, id).stat().st_mtime
    except OSError:
        return 0.0


@contextlib.contextmanager
def alone(home: Home, id: str, quiet: float) -> Iterator[bool]:
    """Whether nobody holds it nor has wanted it for ``quiet`` seconds; if so, nobody can until this ends."""
    with lease(home, id).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        # Between being asked for and the start of its Python nobody holds it.
        yield time.time() - os.fstat(file.fileno()).st_mtime >= quiet


def lease(home: Home, id: str) -> Path:
    """The file that is locked."""
    folder = home.environments / FOLDER
    folder.mkdir(exist_ok=True)
    return folder / id
