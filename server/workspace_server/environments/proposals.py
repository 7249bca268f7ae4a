"""What a change of a declaration comes to, before it is made; and making it."""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workspace_ext.contract.environments import PackageChange, Proposal

from ..kit.errors import AtriumError, Conflict, Invalid
from ..kit.home import Home
from . import editing, locking
from .declaration import Place, declare
from .editing import Edit
from .lock import Lock, resolve
from .locking import Written
from .trust import NOTHING, Trusted
from .uv import Uv


def propose(
    home: Home, place: Place, extras: Sequence[str], wanted: str, uv: Uv, trusted: Trusted = NOTHING
) -> Proposal:
    """What declaring ``wanted`` for a notebook comes to: it is resolved, and nothing is written.

    Raises
    ------
    Invalid
        ``wanted`` is no requirement, nothing can be declared there, or it cannot be met (``Unbuildable``, which names
        what excludes it).
    """
    folder, root = _project(place)
    change = editing.edit(folder, root, wanted)
    with tempfile.TemporaryDirectory(dir=home.cache, prefix="propose-") as name:
        changed = editing.overlay(folder, root, change, Path(name))
        if change.lock:
            (changed[1] / change.lock).write_text(locking.write_up(home, *changed, uv, extras, trusted).text)
        after = resolve(home, declare(*changed, extras, trusted), uv)
    try:
        before: Lock | None = resolve(home, declare(folder, root, extras, trusted), uv)
    except AtriumError:
        before = None  # The change is what mends it.
    old, new = ((text or "").splitlines(keepends=True) for text in (change.before, change.after))
    diff = "".join(difflib.unified_diff(old, new, change.file, change.file))
    return Proposal(change.file, diff, version_of(change), changes(before, after), change.lock)


def prepare(
    home: Home, place: Place, extras: Sequence[str], wanted: str, version: str, uv: Uv, trusted: Trusted = NOTHING
) -> list[tuple[Path, str]]:
    """The files that :func:`propose` told of, as they are to be written. Resolves, where a lock is among them.

    Raises
    ------
    Conflict
        The file has changed since.
    """
    folder, root = _project(place)
    change = editing.edit(folder, root, wanted)
    if version_of(change) != version:
        raise Conflict("file_changed", f"{change.file} has changed meanwhile.", "Look at the change again.")
    files = [(root / change.file, change.after)]
    if change.lock:
        with tempfile.TemporaryDirectory(dir=home.cache, prefix="propose-") as name:
            changed = editing.overlay(folder, root, change, Path(name))
            files.append((root / change.lock, locking.write_up(home, *changed, uv, extras, trusted).text))
    return files


def lock(home: Home, place: Place, extras: Sequence[str], uv: Uv, trusted: Trusted = NOTHING) -> Written:
    """See :func:`workspace_server.environments.locking.write_up`."""
    return locking.write_up(home, *_project(place), uv, extras, trusted)


def write(path: Path, text: str) -> None:
    """Put a file in the place of what is there, if anything is."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.atrium")
    try:
        partial.write_text(text)
        if path.exists():
            partial.chmod(path.stat().st_mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def version_of(change: Edit) -> str:
    """Of the file that a change starts from."""
    return hashlib.sha256(repr((change.file, change.before)).encode()).hexdigest()[:16]


def changes(before: Lock | None, after: Lock) -> list[PackageChange]:
    """Which pins differ; none where it is not known what was before."""
    if before is None:
        return []
    old, new = ({one.name: one.version for one in lock.packages} for lock in (before, after))
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return [PackageChange(name, old.get(name, ""), new.get(name, "")) for name in names]


def _project(place: Place) -> tuple[Path, Path]:
    if place.root is None:
        raise Invalid(
            "no_project", "This notebook is in no project, and uses the base set.",
            "Create a project for it: a project declares what its notebooks need.", "notebook",
        )  # fmt: skip
    return place.folder, place.root
