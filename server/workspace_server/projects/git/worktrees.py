"""Worktrees: one folder per branch, made beside their place and moved there, so that half of one is never seen."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from ...kit.errors import NotFound
from ..names import folder_of
from .command import Git
from .cone import choose, chosen

# In a worktree's part of the git directory while a pull writes files; see git/integrate.py.
NOTE = "atrium-integrating.json"


def find(directory: Path) -> dict[Path, tuple[Path, str]]:
    """Folder -> (its part of the git directory, branch) of every worktree that is there; reads a few small files.

    The branch is empty where the head is detached.
    """
    found = {}
    for admin in sorted((directory / "worktrees").glob("*")):
        try:
            tree = Path((admin / "gitdir").read_text().strip()).parent
            head = (admin / "HEAD").read_text().strip()
        except OSError:
            continue
        if tree.is_dir():
            branch = head.removeprefix("ref: refs/heads/")
            found[tree] = (admin, branch if branch != head else "")
    return found


def bound(git: Git, branch: str) -> Git:
    """``git`` in the worktree of ``branch``.

    Raises
    ------
    NotFound
        The branch has no worktree.
    """
    for tree, (admin, name) in find(git.directory).items():
        if name == branch:
            return git.within(tree, admin)
    raise NotFound("no_worktree", f"The branch {branch!r} is not checked out here.", "Switch to it first.")


def free_folder(git: Git, project: Path, branch: str, there: bool = False) -> Path:
    """Where in the project's folder a worktree of the branch can be. That of its name may be another branch's, which
    had this name before; ``there``: whatever is there is passed over."""
    trees = find(git.directory)
    folder, number = project / folder_of(branch), 1
    while folder in trees or (there and folder.exists()):
        number += 1
        folder = project / f"{folder_of(branch)}~{number}"
    return folder


def add(git: Git, branch: str, folder: Path, final: tuple[Path, Path] | None = None, detached: bool = False) -> None:
    """Check ``branch`` out into ``folder`` (absolute, absent or empty).

    ``final``: where the git directory and the folder will have been moved to once everything is ready. ``detached``:
    ``branch`` is a commit. Then others are not pruned, which may lie in the trash with the branch around them.
    """
    if not detached:
        git.run("worktree", "prune")
    making = git.directory.parent / f".making-{uuid4().hex[:12]}" / folder.name
    making.parent.mkdir()
    try:
        folders = chosen(git.directory)
        how = [*(["--detach"] if detached else []), *(["--no-checkout"] if folders is not None else [])]
        git.run("worktree", "add", "--quiet", *how, "--", str(making), branch)
        admin = find(git.directory)[making][0]
        if folders is not None:
            choose(admin, folders)
            git.within(making, admin).run("read-tree", "-m", "-u", "HEAD")
        directory, place = final or (git.directory, folder)
        (making / ".git").write_text(f"gitdir: {directory / 'worktrees' / admin.name}\n")
        (admin / "gitdir").write_text(f"{place / '.git'}\n")
        folder.parent.mkdir(parents=True, exist_ok=True)
        making.rename(folder)
    finally:
        remove_tree(making.parent)


def track(git: Git, branch: str) -> None:
    """Let git in a terminal know where the branch comes from."""
    git.run("config", f"branch.{branch}.remote", "origin")
    git.run("config", f"branch.{branch}.merge", f"refs/heads/{branch}")


def remove_tree(path: Path) -> None:
    """Remove a folder whatever its permissions; nothing happens when it is not there."""
    # A git process whose parent was killed may still be writing into it for a moment.
    for _ in range(50):
        if not path.is_dir() or path.is_symlink():
            return
        for folder, _, _ in os.walk(path):
            with suppress(FileNotFoundError):
                Path(folder).chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            time.sleep(0.1)
    shutil.rmtree(path)
