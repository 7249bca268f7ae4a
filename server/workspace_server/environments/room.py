"""Room on the disk: environments that were not used for longest go, those in use never.

Environments share their files with uv's and conda's cache and with each other, so that a file counts once. What a
cache alone holds goes first: as long as it is there, removing an environment frees nothing.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from workspace_ext.contract.environments import Collected, Kept, KeptEnvironment

from ..kit.clock import iso
from ..kit.errors import Conflict, NotFound
from ..kit.home import Home
from . import build, held
from .build import READY, Environment, discard, load, retire
from .conda import cache
from .uv import Uv

GIB = 2**30
LIMIT = "ATRIUM_ENVIRONMENTS_GIB"
DEFAULT = 40.0
QUIET = 600.0
QUIET_BY_HAND = 30.0

Files = dict[tuple[int, int], int]
"""Which file (device, inode) takes how many bytes."""


def limit() -> int:
    """Bytes that environments and the caches may take together."""
    try:
        return int(float(os.environ.get(LIMIT, DEFAULT)) * GIB)
    except ValueError:
        return int(DEFAULT * GIB)


def survey(home: Home) -> Kept:
    """What is there, the last used first. Looks at every file."""
    found, cached = _measured(home)
    rows = [
        KeptEnvironment(
            id, json.loads((one.folder / READY).read_text())["python"], len(one.packages), sum(files.values()),
            iso(datetime.fromtimestamp(held.used(home, id), UTC)), _is_held(home, id),
        )
        for id, (one, files) in found.items()
    ]  # fmt: skip
    rows.sort(key=lambda row: row.used, reverse=True)
    return Kept(rows, sum(cached.values()), _total(found, cached), limit())


def size(environment: Environment) -> int:
    """Bytes of its files, shared ones as well."""
    return sum(_files(environment.folder).values())


def inspect(home: Home) -> dict[str, list[str]]:
    """See that every environment is as it was published: the ids of those that are not, and are not served any more,
    each with the packages whose files were edited."""
    return {id: edited for id in _ids(home) if (edited := build.inspect(home, id)) is not None}


def collect(home: Home, most: int, uv: Uv, quiet: float = QUIET) -> Collected:
    """Make room until all of it takes ``most`` bytes, or only what is in use is left."""
    there, cached = _measured(home)
    before = total = _total(there, cached)
    removed: list[str] = []
    if total > most and cache.prune(home):
        there, cached = _measured(home)
        total = _total(there, cached)
    for further in ((), ("--ci",)):
        if total > most and uv.cache == home.cache / "uv":  # Another one is not for this workspace only.
            uv.run(["cache", "prune", *further])
            there, cached = _measured(home)
            total = _total(there, cached)
    for id in sorted(there, key=lambda id: held.used(home, id)):
        if total <= most:
            break
        if _remove(home, there[id][0], quiet):
            removed.append(id)
            del there[id]
            total = _total(there, cached)
    return Collected(removed, max(0, before - total), total)


def remove(home: Home, id: str) -> None:
    """Remove one by hand; it is built again when somebody needs it.

    Raises
    ------
    NotFound
        There is none.
    Conflict
        Something runs in it.
    """
    environment = load(home, id) if id.isalnum() else None
    if environment is None:
        raise NotFound("no_such_environment", f"There is no environment {id}.")
    if not _remove(home, environment, QUIET_BY_HAND):
        raise Conflict(
            "in_use",
            f"The environment {id} is in use.",
            "Shut down the kernels, clusters and runs in it, then wait half a minute.",
        )


def _remove(home: Home, environment: Environment, quiet: float) -> bool:
    with held.alone(home, environment.id, quiet) as alone:
        going = retire(home, environment) if alone else None
    if going is not None:
        discard(going)
    return going is not None


def _measured(home: Home) -> tuple[dict[str, tuple[Environment, Files]], Files]:
    """Every environment by its id with its files, and those of the caches."""
    cached = _files(home.cache / "uv") | _files(cache.folder(home))
    return {one.id: (one, _files(one.folder)) for one in _published(home)}, cached


def _total(there: dict[str, tuple[Environment, Files]], cached: Files) -> int:
    """Bytes of all of them; what several share counts once."""
    every = dict(cached)
    for _, files in there.values():
        every |= files
    return sum(every.values())


def _published(home: Home) -> list[Environment]:
    return [one for id in _ids(home) if (one := load(home, id)) is not None]


def _ids(home: Home) -> list[str]:
    return [path.name for path in home.environments.iterdir() if path.name.isalnum()]


def _is_held(home: Home, id: str) -> bool:
    with held.alone(home, id, 0.0) as alone:
        return not alone


def _files(folder: Path) -> Files:
    found: Files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                about = Path(parent, name).lstat()
            except OSError:
                continue
            found[about.st_dev, about.st_ino] = about.st_blocks * 512
    return found
