"""Branches: opened, or begun from another one with its uncommitted edits."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .status import changes
from .worktrees import add, find, free_folder, remove_tree, track


def open_branch(report: Report, repository: dict[str, Any], branch: str, below: str) -> str:
    """The folder of the branch's worktree; made below that folder when it is not there, from the remote's
    branch if only that exists."""
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
        folder = _place(git, Path(below), branch)
        add(git, branch, folder)
    except BaseException:
        if made:
            git.run("update-ref", "-d", local)
        raise
    track(git, branch)
    return str(folder)


def create_branch(
    report: Report, repository: dict[str, Any], name: str, source: str, below: str, carry: bool
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
    folder = _place(git, Path(below), name)
    git.run("update-ref", local, start, "")
    try:
        add(git, name, folder)
        carried = [edit.path for edit in edits if _copy(here[0].tree, folder, edit.raw)]
    except BaseException:
        discard_branch(git, name, folder)
        raise
    return {"carried": carried, "folder": str(folder)}


def discard_branch(git: Git, name: str, folder: Path) -> None:
    """Undo the making of a branch."""
    remove_tree(folder)
    git.run("worktree", "prune")
    git.attempt("update-ref", "-d", f"refs/heads/{name}", ok=(0, 1, 128))


def _place(git: Git, project: Path, branch: str) -> Path:
    """Where the worktree of a branch will be."""
    folder = free_folder(git, project, branch)
    if folder.exists():
        raise Conflict(
            "folder_in_the_way",
            f"The folder {folder.name!r} is there already, but not as the branch {branch!r}.",
            "Rename or remove it, then try again.",
        )
    return folder


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
