"""Building an environment: beside the others, checked, then published whole under its lock's hash, for ever.

Nothing here needs an event loop, and a lock file per environment makes it safe between processes, so that a run's
process builds with the same code as the server.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import re
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from workspace_ext.contract.environments import EnvironmentDetail, Package

from ..kit.clock import iso
from ..kit.errors import AtriumError, Failed, NotFound
from ..kit.home import Home
from . import held, records, seal
from . import lock as locks
from .compile import compile_in_background
from .conda import activation, cache
from .conda import packages as conda
from .conda.relocation import settle
from .declaration import PLATFORM, Declaration
from .errors import full
from .explain import explain
from .lock import Lock
from .progress import Progress, Report, silent
from .pythons import interpreter
from .records import site_packages
from .uv import Uv

log = logging.getLogger(__name__)

INSTALL = 3600.0
"""Seconds that downloading and installing may take, whatever the package index does."""
READY = ".ready"
LOCK = "requirements.lock"
PINNED = "pip.lock"
"""What of the lock uv installs, where conda installs as well."""
SPOILED = ".spoiled"
CHANGED = "changed"
"""Stands where the ``glance`` of an environment would, once that was found not to be as published."""
STALE_PREFIX = ".building-"


@dataclass(frozen=True)
class Environment:
    """A published environment: ``folder`` is read-only and named by ``id``. ``distributions`` are its packages by the
    names that Python and PyPI know, which those of conda may not have in ``packages``."""

    id: str
    folder: Path
    packages: tuple[Package, ...]
    distributions: tuple[Package, ...] = ()

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"


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
    """The published environment of that id, unless it is seen to have been changed since."""
    folder = home.environments / id
    try:
        ready = json.loads((folder / READY).read_text())
        if ready["glance"] != seal.glance(site_packages(folder)):
            return None
    except (OSError, ValueError, LookupError):
        return None
    names = ready.get("distributions", {})
    return Environment(
        id, folder, tuple(Package(*pair) for pair in ready["packages"]), tuple(Package(*pair) for pair in names.items())
    )


def inspect(home: Home, id: str) -> list[str] | None:
    """None if it is file by file as it was published; else the packages whose files were edited (none of them where
    files came or went). It is served no more then, and goes when nothing runs in it; it is built again for whoever
    needs it. Looks at every file."""
    folder = home.environments / id
    try:
        ready = json.loads((folder / READY).read_text())
    except (OSError, ValueError):
        return []
    if ready.get("whole") == seal.whole(folder):
        return None
    names = _distrust(home, id)
    log.warning("The environment %s was changed after it was published, and is not used any more.", id)
    with held.alone(home, id, 0.0) as alone:
        if alone:
            going = retire(home, Environment(id, folder, ()))
        else:
            _write_ready(folder, ready | {"glance": CHANGED})
    if alone:
        discard(going)
    return names


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
    try:
        if (ready := take(home, declaration)) is not None:
            return ready
        runner = Uv(home, uv, cancelled)
        report("resolving", f"resolving {declaration.source or 'the base set'}", 0, 0)
        lock = locks.resolve(home, declaration, runner, report)
        with _held(home, lock.id, runner, report):
            held.use(home, lock.id)
            return load(home, lock.id) or _build(home, declaration, lock, runner, report)
    except OSError as error:
        raise _unwritten(error) from error


def _unwritten(error: OSError) -> AtriumError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full()
    return Failed("disk", f"The environment cannot be written: {error.strerror or error}.", "Mend that, then retry.")


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
        if (home.environments / lock.id).exists():  # It would have been taken, had nobody changed it.
            _distrust(home, lock.id)
        _forget_spoiled(home, uv)
        if lock.conda:
            conda.link(home, lock.conda, folder, home.environments / lock.id, uv, report)
        else:
            _venv(declaration, folder, uv)
        (folder / LOCK).write_text(lock.text)
        _install(declaration, folder, lock, uv, report)
        if lock.conda:
            settle(folder, home.environments / lock.id)
        report("checking", f"checking {len(packages)} packages", 0, 0)
        records.check(site_packages(folder), lock.pinned)
        uv.check()
        report("publishing", "publishing", 0, 0)
        held.equip(site_packages(folder), activation.PROGRAM if lock.conda else "")
        ready = {
            "packages": [(one.name, one.version) for one in packages],
            "distributions": records.distributions(site_packages(folder)),
            "python": version_of(folder),
            "platform": PLATFORM,
            "built": iso(),
            "seconds": round(time.monotonic() - started, 2),
            "glance": seal.glance(site_packages(folder)),
            "whole": seal.whole(folder),
        }
        (folder / READY).write_text(json.dumps(ready))
        return _publish(home, lock.id, folder)
    finally:
        discard(folder)


def _venv(declaration: Declaration, folder: Path, uv: Uv) -> None:
    status, said = uv.run(
        ["venv", folder, "--relocatable", "--no-project", "--quiet", "--python", interpreter(declaration.python)]
    )
    if status != 0:
        raise explain(declaration, said)


def _distrust(home: Home, id: str) -> list[str]:
    """Note whose files were edited in a changed environment, and name them: by hard links they are the same in uv's
    cache. That of conda has no such names: it goes as a whole."""
    if is_conda(home.environments / id):
        cache.forget(home)
    names = records.spoiled(site_packages(home.environments / id))
    with (home.environments / SPOILED).open("a") as file:
        file.writelines(f"{name}\n" for name in names)
    return names


def _forget_spoiled(home: Home, uv: Uv) -> None:
    """Have uv fetch anew what was noted."""
    noted = home.environments / SPOILED
    if noted.exists() and (names := set(noted.read_text().split())):
        uv.run(["cache", "clean", *sorted(names)], within=INSTALL)
    noted.unlink(missing_ok=True)


def _install(declaration: Declaration, folder: Path, lock: Lock, uv: Uv, report: Report) -> None:
    if not lock.pinned:
        return
    progress = Progress(site_packages(folder), lock.pinned, report)
    # Beside conda's packages: what makes an environment hold the lock's and no others would remove those.
    pinned = folder / (PINNED if lock.conda else LOCK)
    pinned.write_text(lock.pip)
    how = ["install", "--no-deps", "--break-system-packages", "-r"] if lock.conda else ["sync"]
    line: list[str | Path] = [
        "pip", *how, pinned, "--require-hashes", "--python", folder / "bin" / "python", *locks.WHEELS_ONLY,
    ]  # fmt: skip
    # Beside conda's packages it is their Python that uv asks, which runs what they have it run as it starts.
    confined = lock.runs_code or bool(lock.conda)
    # What uv has it need not ask about: the lock says which file it is. It installs all of it or nothing.
    offline = [*line, "--offline"]
    if not lock.runs_code and uv.run(offline, progress.line, progress.tick, confined=confined)[0] == 0:
        return
    status, said = uv.run(line, progress.line, progress.tick, INSTALL, confined=confined)
    if status != 0:
        raise explain(declaration, said)


def is_conda(folder: Path) -> bool:
    """Whether an environment's Python, and more of it, is conda's."""
    return (folder / "conda-meta").is_dir()


def version_of(folder: Path) -> str:
    """An environment's version of Python in full."""
    if is_conda(folder):
        return next(folder.glob("conda-meta/python-[0-9]*.json")).name.split("-")[1]
    said = re.search(r"^version_info\s*=\s*(\S+)", (folder / "pyvenv.cfg").read_text(), re.MULTILINE)
    return said[1] if said else ""


def _publish(home: Home, id: str, folder: Path) -> Environment:
    target, broken = home.environments / id, folder.with_name(f"{folder.name}-broken")
    subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
    if target.exists():  # What runs in it goes on in the new one, and misses it for a moment only.
        target.rename(broken)
    folder.rename(target)
    discard(broken)
    environment = load(home, id)
    assert environment is not None
    compile_in_background(environment.python, site_packages(target))
    return environment


def _write_ready(folder: Path, ready: dict[str, Any]) -> None:
    """Anew, in a folder that is read-only."""
    mode = folder.stat().st_mode
    folder.chmod(mode | stat.S_IWUSR)
    try:
        partial = folder / f"{READY}.{os.getpid()}"
        partial.write_text(json.dumps(ready))
        partial.replace(folder / READY)
    finally:
        folder.chmod(mode)


def discard(folder: Path) -> None:
    """Remove a folder that may be read-only, or not there."""
    for parent, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(parent).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
