"""Branches: opened, or begun from another one with its uncommitted edits."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from ..kit.errors import Conflict, NotFound
from . import git_worktrees
from .git_command import Git, Report
from .git_status import changes
from .git_worktrees import find, remove_tree, track


def open_branch(report: Report, repository: dict[str, Any], branch: str, folder: str) -> str:
    """The folder of the branch's worktree; made when it is not there, from the remote's branch if only that exists."""
    git = Git.of(repository)
    for tree, (_, name) in find(git.directory).items():
        if name == branch:
            return str(tree)
    local, remote = f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"
    made = False
    if not git.exists(local):
        if not git.exists(remote):
            raise NotFound("no_such_branch", f"There is no branch {branch!r}.", "Create it, or check the spelling.")
        git.run("update-ref", local, git.commit(remote), "")
        made = True
    try:
        _make(git, branch, Path(folder))
    except BaseException:
        if made:
            git.run("update-ref", "-d", local)
        raise
    track(git, branch)
    return folder


def create_branch(
    report: Report, repository: dict[str, Any], name: str, source: str, folder: str, carry: bool
) -> dict[str, Any]:
    """A new branch from where ``source`` stands, in a worktree of its own, with the source's uncommitted edits."""
    git = Git.of(repository)
    local = f"refs/heads/{name}"
    if git.exists(local) or git.exists(f"refs/remotes/origin/{name}"):
        raise Conflict("branch_exists", f"There is a branch {name!r} already.", "Switch to it, or choose another name.")
    start = git.commit(f"refs/heads/{source}") or git.commit(f"refs/remotes/origin/{source}")
    if not start:
        raise NotFound("no_such_branch", f"There is no branch {source!r} to begin from.", "Choose another one.")
    here = [git.within(tree, admin) for tree, (admin, branch) in find(git.directory).items() if branch == source]
    edits = changes(here[0]) if carry and here else []
    if any(edit.change == "conflicted" for edit in edits):
        raise Conflict("conflicts", f"{source!r} has conflicts that are not settled.", "Settle them, then try again.")
    git.run("update-ref", local, start, "")
    try:
        _make(git, name, Path(folder))
        carried = [edit.path for edit in edits if _copy(here[0].tree, Path(folder), edit.raw)]
    except BaseException:
        discard_branch(git, name, Path(folder))
        raise
    return {"carried": carried}


def discard_branch(git: Git, name: str, folder: Path) -> None:
    """Undo the making of a branch."""
    remove_tree(folder)
    git.run("worktree", "prune")
    git.attempt("update-ref", "-d", f"refs/heads/{name}", ok=(0, 1, 128))


def _make(git: Git, branch: str, folder: Path) -> None:
    if folder.exists():
        raise Conflict(
            "folder_in_the_way",
            f"The folder {folder.name!r} is there already, but not as the branch {branch!r}.",
            "Rename or remove it, then try again.",
        )
    git_worktrees.add(git, branch, folder)


def _copy(source: Path | None, target: Path, raw: bytes) -> bool:
    """Make ``raw`` (a path within the worktree) in ``target`` what it is in ``source``; false where it cannot be."""
    assert source is not None
    old, new = Path(os.fsdecode(bytes(source) + b"/" + raw)), Path(os.fsdecode(bytes(target) + b"/" + raw))
    try:
        mode = old.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        new.unlink(missing_ok=True)
        return True
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        return False
    new.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    shutil.copy2(old, new, follow_symlinks=False)
    return True
