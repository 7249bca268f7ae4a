"""The folder in which a run's notebook works: a copy of the commit, so that writing beside oneself is possible."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".ipython", ".git"}


def make(checkout: Path, folder: Path) -> None:
    """Copy the checkout to ``folder``, writable. Production stays as it is whatever the notebook does."""
    shutil.copytree(checkout, folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT), copy_function=_copy)
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)


def keep_new(checkout: Path, folder: Path, kept: Path) -> list[str]:
    """Move what the notebook made or changed to ``kept`` and drop the rest. Returns the paths of what was kept."""
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if LEFT_OUT & set(relative.parts) or path.is_symlink() or not path.is_file():
            continue
        if not _same(path, checkout / relative):
            target = kept / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            found.append(relative.as_posix())
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _copy(source: str, target: str) -> str:
    shutil.copy2(source, target)
    Path(target).chmod(Path(source).stat().st_mode | 0o600)
    return target


def _same(path: Path, original: Path) -> bool:
    try:
        old, new = original.stat(), path.stat()
    except OSError:
        return False
    return (old.st_size, old.st_mtime_ns) == (new.st_size, new.st_mtime_ns)
