"""What changes a worktree's history or files: commit, discard, restore. Built from git's own plumbing, so that no hook,
no signing program and no editor has a say, and what others have staged stays as it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..kit.clock import now
from ..kit.errors import Conflict, Invalid, NotFound
from .git_command import Git, Report
from .git_status import Edit, changes, commits, on_disk, wire_path
from .git_trees import commit_tree, differences, own_index, remove_file
from .git_worktrees import bound

BACKUPS = "refs/backup/"
# Read from what git is given: too many, and too odd, for arguments.
PATHS = ("--pathspec-from-file=-", "--pathspec-file-nul")


def commit(report: Report, repository: dict[str, Any], branch: str, paths: list[str], message: str) -> dict[str, Any]:
    """Commit the named changed files as the repository's author; the new commit."""
    git = bound(Git.of(repository), branch)
    edits = chosen(git, paths)
    if any(edit.change == "conflicted" for edit in edits):
        raise Conflict("conflicts", "Some of these files have conflicts.", "Settle them, then commit.")
    head = git.commit("HEAD")
    tree = tree_of(git, head, edits)
    if tree == git.text("rev-parse", f"{head}^{{tree}}"):
        raise Conflict("nothing_to_commit", "These files are as the last commit has them.", "Change something first.")
    made = commit_tree(git, tree, message, head)
    git.run("update-ref", "-m", f"commit: {message.splitlines()[0]}", "HEAD", made, head)
    match_index(git, edits)
    return asdict(commits(git, made, 1)[0])


def discard(report: Report, repository: dict[str, Any], branch: str, paths: list[str]) -> dict[str, Any]:
    """Put the named files back to the last commit; a backup commit keeps what they were."""
    git = bound(Git.of(repository), branch)
    edits = chosen(git, paths)
    head = git.commit("HEAD")
    tree = tree_of(git, head, edits)
    backup = keep_backup(git, commit_tree(git, tree, "Discarded\n", head))
    _put_back(git, edits)
    return {"paths": [edit.path for edit in edits], "backup": backup}


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


def backed_up(report: Report, repository: dict[str, Any], backup: str) -> list[str]:
    """The paths that a backup would bring back."""
    git = Git.of(repository)
    kept = find_backup(git, backup)
    return [os.fsdecode(one.raw) for one in differences(git, f"{kept}^", kept)]


def restore(report: Report, repository: dict[str, Any], branch: str, backup: str) -> dict[str, Any]:
    """Undo a discard: the files as they were before it."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    kept = find_backup(git, backup)
    changed = differences(git, f"{kept}^", kept)
    if back := [one.raw for one in changed if one.change != "deleted"]:
        git.run("restore", f"--source={kept}", "--worktree", *PATHS, given=b"\0".join(back))
    for one in changed:
        if one.change == "deleted":
            (git.tree / os.fsdecode(one.raw)).unlink(missing_ok=True)
    return {"paths": [wire_path(one.raw) for one in changed]}


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


def chosen(git: Git, paths: Sequence[str]) -> list[Edit]:
    """The changed files that ``paths`` name; nothing that is not in the status can be named."""
    there = {edit.path: edit for edit in changes(git)}
    if missing := [path for path in paths if path not in there]:
        raise Conflict(
            "not_changed", f"{', '.join(missing[:3])} is not among the changed files any more.", "Look again."
        )
    if not paths:
        raise Invalid("no_files", "No file is chosen.", "Tick at least one.", "paths")
    return [there[path] for path in dict.fromkeys(paths)]


def tree_of(git: Git, head: str, edits: Sequence[Edit]) -> str:
    """The tree of ``head`` with ``edits`` as the worktree has them, made in an index of its own."""
    with own_index(git, head) as index:
        git.run("add", "--all", "--force", *PATHS, env=index, given=b"\0".join(edit.raw for edit in edits))
        return git.text("write-tree", env=index)


def _put_back(git: Git, edits: Sequence[Edit]) -> None:
    assert git.tree is not None
    known = {edit.raw for edit in edits if _in_head(git, edit.raw)}
    if known:
        git.run("checkout", "--quiet", "HEAD", *PATHS, given=b"\0".join(known))
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
