"""A commit as a read-only folder: made aside, made read-only, synced, then renamed into place."""

from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..kit.errors import Failed
from .git_command import Git, Report
from .git_worktrees import remove_tree

TEMPORARY = ".tmp-"


def publish(report: Report, repository: dict[str, Any], sha: str, production: str) -> str:
    """``<production>/<sha>`` holding exactly that commit's files, without `.git`. Nothing happens if it is there."""
    git = Git.of(repository)
    final = Path(production) / sha
    if final.is_dir():
        return str(final)
    if not git.commit(sha):
        raise Failed("no_such_commit", f"The commit {sha[:7]} is not here.", "It is fetched with the next look.")
    making = Path(production) / f"{TEMPORARY}{uuid4().hex[:12]}"
    making.mkdir(mode=0o700)
    index = git.directory / f"{making.name}.index"
    try:
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(making)}
        git.run("read-tree", "--end-of-options", sha, env=env)
        git.within(making, None).run("checkout-index", "--all", "--force", env=env)
        _seal(making)
        try:
            making.rename(final)
        except OSError:
            if not final.is_dir():
                raise
        _sync(Path(production))
    finally:
        index.unlink(missing_ok=True)
        remove_tree(making)
    return str(final)


def _seal(folder: Path) -> None:
    """Take away every right to write, children first."""
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o555 if path.stat().st_mode & stat.S_IXUSR else 0o444)
        Path(place).chmod(0o555)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Have the file system that holds ``folder`` written to the disk: one call instead of one per file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)
