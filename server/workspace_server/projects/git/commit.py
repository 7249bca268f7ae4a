"""What changes a worktree's history: commits, and the backups of what is undone. Built from git's own plumbing, so that
no hook, no signing program and no editor has a say, and what others have staged stays as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...kit.clock import now
from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .lfs import refuse
from .stage import PATHS, choose, staged
from .status import Edit, changes, commits, on_disk
from .trees import commit_tree, remove_file
from .worktrees import bound

BACKUPS = "refs/backup/"


def commit(
    report: Report,
    repository: dict[str, Any],
    branch: str,
    paths: list[str],
    message: str,
    partial: dict[str, list[str]],
) -> dict[str, Any]:
    """Commit the named changed files, and of others the named parts, as the repository's author; the new commit."""
    git = bound(Git.of(repository), branch)
    chosen = choose(git, paths, partial)
    if any(edit.change == "conflicted" for edit in chosen.edits):
        raise Conflict("conflicts", "Some of these files have conflicts.", "Settle them, then commit.")
    refuse(git, chosen)
    head = git.commit("HEAD")
    tree = staged(git, head, chosen)
    if tree == git.text("rev-parse", f"{head}^{{tree}}"):
        raise Conflict("nothing_to_commit", "These files are as the last commit has them.", "Change something first.")
    made = commit_tree(git, tree, message, head)
    git.run("update-ref", "-m", f"commit: {message.splitlines()[0]}", "HEAD", made, head)
    match_index(git, chosen.edits)
    return asdict(commits(git, made, 1)[0])


def committed_at(report: Report, repository: dict[str, Any], branch: str, paths: list[str]) -> dict[str, int]:
    """When these files were committed last on a branch, in seconds since 1970."""
    git = Git.of(repository)
    found = {}
    for path in paths:
        said = git.text(
            "log", "--max-count=1", "--no-show-signature", "--format=%ct", f"refs/heads/{branch}", "--", path
        )
        if said:
            found[path] = int(said)
    return found


def put_back(
    report: Report, repository: dict[str, Any], branch: str, paths: list[str], copied_to: str
) -> dict[str, Any]:
    """Put files back to the last commit that were carried to another worktree, unless they have changed since."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    tree, copies = git.tree, Path(copied_to)
    chosen = set(paths)
    edits = [
        edit for edit in changes(git) if edit.path in chosen and on_disk(tree, edit.raw) == on_disk(copies, edit.raw)
    ]
    _put_back(git, edits)
    return {"paths": [edit.path for edit in edits]}


def keep_backup(git: Git, commit: str) -> str:
    """Keep a commit under a name of its own: the name."""
    name = f"{now():%Y%m%dT%H%M%S%f}"
    git.run("update-ref", f"{BACKUPS}{name}", commit, "")
    return name


def find_backup(git: Git, name: str) -> str:
    """The commit that was kept under a name.

    Raises
    ------
    NotFound
    """
    kept = git.commit(BACKUPS + name) if name.isalnum() else ""
    if not kept:
        raise NotFound("no_such_backup", f"There is no backup {name!r}.", "It may have been undone already.")
    return kept


def _put_back(git: Git, edits: Sequence[Edit]) -> None:
    assert git.tree is not None
    known = {edit.raw for edit in edits if _in_head(git, edit.raw)}
    if known:
        git.run("checkout", "--quiet", "--ignore-skip-worktree-bits", "HEAD", *PATHS, given=b"\0".join(known))
    fresh = [edit for edit in edits if edit.raw not in known]
    for edit in fresh:
        remove_file(git.tree, edit.raw)
    match_index(git, fresh)


def _in_head(git: Git, raw: bytes) -> bool:
    return git.attempt("cat-file", "-e", f"HEAD:{os.fsdecode(raw)}", ok=(0, 1, 128))[0] == 0


def match_index(git: Git, edits: Sequence[Edit]) -> None:
    """Make the worktree's index agree with HEAD for these files; the rest of it is somebody's own."""
    if edits:
        git.run("reset", "--quiet", *PATHS, given=b"\0".join(edit.raw for edit in edits))
