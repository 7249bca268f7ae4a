"""Worktrees whose head is a commit: where they were before, the way back, a branch made where they are."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workspace_ext.contract.detached import Detached

from ...kit.errors import Conflict, NotFound
from ..contents.conflicts import Choices
from .command import Git, Report
from .commit import keep_backup
from .integrate import perform, planned, recover
from .status import changes, commits
from .worktrees import find

# Git's own notes, in a worktree's part of the git directory, of what somebody has begun in a terminal.
_BUSY = {"rebase-merge": "rebase", "rebase-apply": "rebase", "BISECT_LOG": "bisection"}


def listed(report: Report, repository: dict[str, Any], work: str) -> list[dict[str, Any]]:
    """Every ``Detached``."""
    git = Git.of(repository)
    trees = find(git.directory)
    there = {branch for _, branch in trees.values()}
    found = []
    for tree, (admin, branch) in trees.items():
        if branch or not tree.is_relative_to(work):
            continue
        inside = git.within(tree, admin)
        head, was = inside.commit("HEAD"), _was(git, admin)
        found.append(
            Detached(
                tree.relative_to(work).as_posix(), was, head, commits(git, head, 1)[0].summary, _loose(git, head),
                len(changes(inside)), was in there, _busy(admin),
            )
        )  # fmt: skip
    return [asdict(one) for one in found]


def back(report: Report, repository: dict[str, Any], at: str) -> dict[str, str]:
    """Put a worktree back on its branch, with what is not committed: ``{branch, backup}``. A backup keeps the commit
    that it was on.

    Raises
    ------
    Conflict
        Its branch is elsewhere or gone, or has what was edited otherwise.
    """
    git = _at(repository, at)
    assert git.admin is not None
    recover(git)
    branch = _was(git, git.admin)
    goal = git.commit(f"refs/heads/{branch}") if branch else ""
    if not goal:
        raise Conflict("branch_gone", "The branch that it was on is not there any more.", "Create a branch here.")
    if any(name == branch for _, name in find(git.directory).values()):
        raise Conflict("branch_elsewhere", f"{branch!r} is in another folder by now.", "Create a branch here.")
    head = git.commit("HEAD")
    note, left = planned(git, head, goal, Choices(()))
    if left:
        paths = ", ".join(dict.fromkeys(one.path for one in left))
        raise Conflict(
            "conflicts", f"{branch!r} has {paths} otherwise than it was edited here.",
            "Create a branch here and commit; then merge the two.",
        )  # fmt: skip
    backup = keep_backup(git, note.before)
    perform(git, note)
    git.run("symbolic-ref", "-m", f"atrium: back to {branch}", "HEAD", f"refs/heads/{branch}")
    return {"branch": branch, "backup": backup}


def branch_here(report: Report, repository: dict[str, Any], at: str, name: str) -> None:
    """A new branch where a worktree is; no file changes."""
    git = _at(repository, at)
    if git.exists(f"refs/heads/{name}") or git.exists(f"refs/remotes/origin/{name}"):
        raise Conflict("branch_exists", f"There is a branch {name!r} already.", "Choose another name.", "name")
    git.run("update-ref", f"refs/heads/{name}", git.commit("HEAD"), "")
    git.run("symbolic-ref", "-m", f"atrium: begin {name}", "HEAD", f"refs/heads/{name}")


def _at(repository: dict[str, Any], tree: str) -> Git:
    git = Git.of(repository)
    admin, branch = find(git.directory).get(Path(tree), (None, ""))
    if admin is None or branch:
        raise NotFound("not_detached", "This folder is on a branch, or not there any more.", "Look again.")
    if busy := _busy(admin):
        raise Conflict(
            "terminal_busy", f"A {busy} is going on there in a terminal.", f"Finish it there, or git {busy} --abort."
        )
    return git.within(Path(tree), admin)


def _busy(admin: Path) -> str:
    return next((what for name, what in _BUSY.items() if (admin / name).exists()), "")


def _was(git: Git, admin: Path) -> str:
    """The branch that the worktree was on last, of git's own log."""
    try:
        lines = (admin / "logs" / "HEAD").read_text(errors="surrogateescape").splitlines()
    except OSError:
        lines = []
    for line in reversed(lines):
        match = re.search(r"\tcheckout: moving from (\S+) to \S+$", line)
        if match and git.exists(f"refs/heads/{match[1]}"):
            return match[1]
    return ""


def _loose(git: Git, head: str) -> int:
    return int(git.text("rev-list", "--count", head, "--not", "--branches", "--remotes", "--tags"))
