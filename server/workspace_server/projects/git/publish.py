"""A commit as a read-only folder: made aside, made read-only, synced, then renamed into place."""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...kit.errors import Failed
from .command import Git, Report
from .history import PUBLISHED
from .lfs import fill, stored
from .status import wire_path
from .submodules import unfilled
from .worktrees import remove_tree

TEMPORARY = ".tmp-"
# A file takes about 2 ms. Beyond this many, the whole file system at once is quicker, although it then waits for what
# others are writing (an environment being built) as well.
ONE_BY_ONE = 500


def publish(
    report: Report, repository: dict[str, Any], sha: str, production: str, submodules: list[str] | None = None
) -> str:
    """``<production>/<sha>`` holding exactly that commit's files, without `.git`. Nothing happens if it is there.

    ``submodules``: the paths of those that were fetched; they come into a folder that is there as well, whole.
    """
    git = Git.of(repository)
    final = Path(production) / sha
    if not git.commit(sha):
        raise Failed("no_such_commit", f"The commit {sha[:7]} is not here.", "It is fetched with the next look.")
    git.run("update-ref", f"{PUBLISHED}/{sha}", sha)
    if final.is_dir():
        _add_submodules(git, sha, final, submodules or [])
        return str(final)
    making = Path(production) / f"{TEMPORARY}{uuid4().hex[:12]}"
    making.mkdir(mode=0o700)
    index = git.directory / f"{making.name}.index"
    try:
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(making)}
        git.run("read-tree", "--end-of-options", sha, env=env)
        git.within(making, None).run("checkout-index", "--all", "--force", env=env)
        _with_large_files(git.within(making, None), sha)
        for link, module in unfilled(git, sha, making, submodules or []):
            _check_out(module, link.commit, making / link.path, index)
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


def _check_out(git: Git, commit: str, folder: Path, index: Path) -> None:
    index.unlink(missing_ok=True)
    env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(folder)}
    git.run("read-tree", "--end-of-options", commit, env=env)
    git.within(folder, None).run("checkout-index", "--all", "--force", env=env)


def _add_submodules(git: Git, sha: str, final: Path, paths: list[str]) -> None:
    """Submodules that were let in after the commit was published: their commits are part of it, so that nobody who
    works there sees anything else than before, but more."""
    for link, module in unfilled(git, sha, final, paths):
        folder = final / link.path
        making = final.parent / f"{TEMPORARY}{uuid4().hex[:12]}"
        making.mkdir(mode=0o700)
        index = git.directory / f"{making.name}.index"
        try:
            _check_out(module, link.commit, making, index)
            _seal(making)
            folder.parent.chmod(0o755)
            try:
                making.rename(folder)
            finally:
                folder.parent.chmod(0o555)
            _sync(folder.parent)
        finally:
            index.unlink(missing_ok=True)
            remove_tree(making)


def _with_large_files(git: Git, sha: str) -> None:
    """What is stored in LFS, which was fetched before."""
    for raw, one in stored(git, sha).items():
        if not fill(git, raw, one):
            raise Failed("lfs_missing", f"{wire_path(raw)} is stored in Git LFS, and not here.", "Look again.")


def _seal(folder: Path) -> None:
    """Take away every right to write, children first, and have it all on the disk."""
    sealed = []
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o555 if path.stat().st_mode & stat.S_IXUSR else 0o444)
                sealed.append(path)
        Path(place).chmod(0o555)
        sealed.append(Path(place))
    if len(sealed) <= ONE_BY_ONE:
        for path in sealed:
            _sync(path, os.fsync)
    else:
        _sync(folder, _sync_file_system)


def _sync(path: Path, how: Callable[[int], None] = os.fsync) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        how(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")
