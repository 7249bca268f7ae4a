"""Building an environment: beside the others, checked, then published whole under its lock's hash, for ever.

Nothing here needs an event loop, and a lock file per environment makes it safe between processes, so that a run's
process builds with the same code as the server.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import BuildPhase, EnvironmentDetail, Package

from ..kit.clock import iso
from ..kit.errors import Failed, NotFound
from ..kit.home import Home
from . import held
from . import lock as locks
from .compile import compile_in_background
from .declaration import PLATFORM, Declaration
from .explain import explain
from .lock import Lock
from .pythons import interpreter
from .uv import Uv

READY = ".ready"
LOCK = "requirements.lock"
STALE_PREFIX = ".building-"


@dataclass(frozen=True)
class Environment:
    """A published environment: ``folder`` is read-only and named by ``id``."""

    id: str
    folder: Path
    packages: tuple[Package, ...]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"


Report = Callable[[BuildPhase, str, int, int], None]
"""``report(phase, message, done, total)``; ``total`` 0: unknown. Called from the building thread."""


def silent(_phase: BuildPhase, _message: str, _done: int, _total: int) -> None:
    """A report to nobody."""


def find(home: Home, declaration: Declaration) -> Environment | None:
    """The environment that the declaration was built into before, if it is there."""
    known = locks.remembered(home, declaration)
    return load(home, known.id) if known else None


def take(home: Home, declaration: Declaration) -> Environment | None:
    """The same for whoever is about to run something in it: it stays for some minutes at least."""
    if (known := locks.remembered(home, declaration)) is None:
        return None
    held.use(home, known.id)
    return load(home, known.id)


def load(home: Home, id: str) -> Environment | None:
    """The published environment of that id."""
    folder = home.environments / id
    try:
        ready = json.loads((folder / READY).read_text())
    except (OSError, ValueError):
        return None
    return Environment(id, folder, tuple(Package(*pair) for pair in ready["packages"]))


def describe(home: Home, id: str) -> EnvironmentDetail:
    """Everything that is known of a published environment."""
    environment = load(home, id) if id.isalnum() else None
    if environment is None:
        raise NotFound("no_such_environment", f"There is no environment {id}.")
    ready = json.loads((environment.folder / READY).read_text())
    return EnvironmentDetail(
        id, ready["python"], ready["platform"], ready["built"], ready["seconds"],
        list(environment.packages), (environment.folder / LOCK).read_text(),
    )  # fmt: skip


def build_blocking(
    home: Home,
    declaration: Declaration,
    report: Report = silent,
    uv: str | None = None,
    cancelled: threading.Event | None = None,
) -> Environment:
    """The environment that ``declaration`` asks for, built unless it is there.

    Raises
    ------
    AtriumError
        One clear message; nothing half-made stays.
    """
    if (ready := take(home, declaration)) is not None:
        return ready
    runner = Uv(home, uv, cancelled)
    report("resolving", f"resolving {declaration.source or 'the base set'}", 0, 0)
    lock = locks.resolve(home, declaration, runner)
    with _held(home, lock.id, runner, report):
        held.use(home, lock.id)
        return load(home, lock.id) or _build(home, declaration, lock, runner, report)


def restore(home: Home, id: str, uv: str | None = None) -> Environment:
    """The environment of that id, built again from its own lock if it made room for others.

    Raises
    ------
    NotFound
        There never was one.
    """
    held.use(home, id)
    if (there := load(home, id)) is not None:
        return there
    try:
        kept = json.loads(_retired(home, id).read_text())
    except (OSError, ValueError):
        raise NotFound("no_such_environment", f"There is no environment {id}.") from None
    # Nothing is resolved any more, so that it need not be known what was asked for.
    declaration = Declaration(home.environments, (), "", "", "", python=kept["python"])
    runner = Uv(home, uv)
    with _held(home, id, runner, silent):
        return load(home, id) or _build(home, declaration, Lock(id, kept["lock"]), runner, silent)


def retire(home: Home, environment: Environment) -> Path:
    """Unpublish an environment, which nobody may hold: the folder that remains to be discarded, by a sweep if not
    here. Its lock is kept, for :func:`restore`."""
    path = _retired(home, environment.id)
    path.parent.mkdir(exist_ok=True)
    ready = json.loads((environment.folder / READY).read_text())
    partial = path.with_suffix(".partial")
    python = ".".join(ready["python"].split(".")[:2])
    partial.write_text(json.dumps({"python": python, "lock": (environment.folder / LOCK).read_text()}))
    partial.replace(path)
    going = home.environments / f"{STALE_PREFIX}{environment.id}-{uuid4().hex[:8]}"
    environment.folder.rename(going)
    return going


def _retired(home: Home, id: str) -> Path:
    return home.environments / ".retired" / f"{id}.json"


def sweep(home: Home) -> None:
    """Remove what builds left that were killed. Builds that still run hold their lock and are left alone."""
    for folder in home.environments.glob(f"{STALE_PREFIX}*"):
        id = folder.name.removeprefix(STALE_PREFIX).partition("-")[0]
        with _lock_file(home, id).open("a") as file, contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            discard(folder)
    for folder in home.cache.glob("resolve-*"):
        if time.time() - folder.stat().st_mtime > 3600:
            shutil.rmtree(folder, ignore_errors=True)


def _lock_file(home: Home, id: str) -> Path:
    folder = home.environments / ".locks"
    folder.mkdir(exist_ok=True)
    return folder / id


@contextlib.contextmanager
def _held(home: Home, id: str, uv: Uv, report: Report) -> Iterator[None]:
    with _lock_file(home, id).open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                uv.check()
                report("waiting", "waiting for another build of the same environment", 0, 0)
                time.sleep(0.2)
        yield


def _build(home: Home, declaration: Declaration, lock: Lock, uv: Uv, report: Report) -> Environment:
    started = time.monotonic()
    folder = home.environments / f"{STALE_PREFIX}{lock.id}-{uuid4().hex[:8]}"
    packages = lock.packages
    try:
        status, said = uv.run(
            ["venv", folder, "--relocatable", "--no-project", "--quiet", "--python", interpreter(declaration.python)]
        )
        if status != 0:
            raise explain(declaration, said)
        (folder / LOCK).write_text(lock.text)
        progress = _Progress(folder, packages, report)
        status, said = uv.run(
            [
                "pip", "sync", folder / LOCK, "--require-hashes", "--python", folder / "bin" / "python",
                *locks.WHEELS_ONLY,
            ],
            progress.line,
            progress.tick,
        )  # fmt: skip
        if status != 0:
            raise explain(declaration, said)
        report("checking", f"checking {len(packages)} packages", 0, 0)
        check(folder, packages)
        uv.check()
        report("publishing", "publishing", 0, 0)
        held.equip(site_packages(folder))
        ready = {
            "packages": [(one.name, one.version) for one in packages],
            "python": version_of(folder),
            "platform": PLATFORM,
            "built": iso(),
            "seconds": round(time.monotonic() - started, 2),
        }
        (folder / READY).write_text(json.dumps(ready))
        return _publish(home, lock.id, folder, tuple(packages))
    except OSError as error:
        raise Failed(
            "disk", f"The environment cannot be written: {error.strerror or error}.", "Is the disk full?"
        ) from error
    finally:
        discard(folder)


class _Progress:
    """Counts what has arrived in the folder, and names what is being fetched."""

    def __init__(self, folder: Path, packages: list[Package], report: Report) -> None:
        self._site = site_packages(folder)
        self._total = len(packages)
        self._report = report
        self._fetching: list[str] = []
        self._arrived: list[str] = []
        self._said = ("", 0)

    def line(self, line: str) -> None:
        if line.startswith("Downloading "):
            self._fetching.append(line.removeprefix("Downloading "))
        elif line.startswith(("Downloaded ", "Building ", "Built ")):
            verb, name = line.split()[:2]
            name = name.partition("==")[0]
            self._fetching = [one for one in self._fetching if one.split()[0] != name]
            if verb == "Building":
                self._fetching.append(f"{name} (building)")

    def tick(self) -> None:
        there = {one.name.partition("-")[0] for one in self._site.glob("*.dist-info")}
        self._arrived += sorted(there.difference(self._arrived))
        done = min(len(self._arrived), self._total)
        if done:
            phase: BuildPhase = "installing"
            message = f"installing {self._arrived[-1]} ({done} of {self._total})"
        else:
            phase = "downloading"
            message = f"downloading {self._fetching[0]}" if self._fetching else f"preparing {self._total} packages"
        if (message, done) != self._said:
            self._said = (message, done)
            self._report(phase, message, done, self._total)


def version_of(folder: Path) -> str:
    """An environment's version of Python in full."""
    said = re.search(r"^version_info\s*=\s*(\S+)", (folder / "pyvenv.cfg").read_text(), re.MULTILINE)
    return said[1] if said else ""


def site_packages(folder: Path) -> Path:
    """Where an environment's packages are."""
    return next(folder.glob("lib/python*")) / "site-packages"


def check(folder: Path, packages: list[Package]) -> None:
    """Every package of the lock is there, and every file that each says it has.

    Raises
    ------
    Failed
        Something is missing, whatever the installer's exit status was.
    """
    site = site_packages(folder)
    found = {}
    for record in site.glob("*.dist-info/RECORD"):
        name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
        found[canonicalize_name(name)] = version
        with record.open(newline="") as lines:
            for row in csv.reader(lines):
                if row and not row[0].endswith(".pyc") and not (site / row[0]).exists():
                    raise Failed("incomplete", f"{name} was not installed whole: {row[0]} is missing.", "Retry.")
    missing = [one.name for one in packages if canonicalize_name(one.name) not in found]
    if missing:
        raise Failed("incomplete", f"These were not installed: {', '.join(missing)}.", "Retry.")


def _publish(home: Home, id: str, folder: Path, packages: tuple[Package, ...]) -> Environment:
    target = home.environments / id
    if target.exists():  # It has no .ready, or it would have been taken: somebody broke it by hand.
        broken = folder.with_name(f"{folder.name}-broken")
        target.rename(broken)
        discard(broken)
    subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
    folder.rename(target)
    environment = Environment(id, target, packages)
    compile_in_background(environment.python, site_packages(target))
    return environment


def discard(folder: Path) -> None:
    """Remove a folder that may be read-only, or not there."""
    for parent, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(parent).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
