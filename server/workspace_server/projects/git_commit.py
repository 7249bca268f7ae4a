"""What changes a worktree's history or files: commit, discard, restore. Built from git's own plumbing, so that no hook,
no signing program and no editor has a say, and what others have staged stays as it is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..kit.clock import now
from ..kit.errors import Conflict, Invalid, NotFound
from .git_command import Git, Report
from .git_status import Edit, changes, commits, on_disk
from .git_worktrees import bound

BACKUPS = "refs/backup/"


def commit(report: Report, repository: dict[str, Any], branch: str, paths: list[str], message: str) -> dict[str, Any]:
    """Commit the named changed files as the repository's author; the new commit."""
    git = bound(Git.of(repository), branch)
    edits = _chosen(git, paths)
    if any(edit.change == "conflicted" for edit in edits):
        raise Conflict("conflicts", "Some of these files have conflicts.", "Settle them, then commit.")
    head = git.commit("HEAD")
    tree = _tree_with(git, head, edits)
    if tree == git.text("rev-parse", f"{head}^{{tree}}"):
        raise Conflict("nothing_to_commit", "These files are as the last commit has them.", "Change something first.")
    with _file(message.encode()) as text:
        made = git.text("commit-tree", "-p", head, "-F", text, tree)
    git.run("update-ref", "-m", f"commit: {message.splitlines()[0]}", "HEAD", made, head)
    _match_index(git, edits)
    return asdict(commits(git, made, 1)[0])


def discard(report: Report, repository: dict[str, Any], branch: str, paths: list[str]) -> dict[str, Any]:
    """Put the named files back to the last commit; a backup commit keeps what they were."""
    git = bound(Git.of(repository), branch)
    edits = _chosen(git, paths)
    head = git.commit("HEAD")
    tree = _tree_with(git, head, edits)
    with _file(b"Discarded\n") as text:
        backup = git.text("commit-tree", "-p", head, "-F", text, tree)
    ref = f"{BACKUPS}{now():%Y%m%dT%H%M%S%f}"
    git.run("update-ref", ref, backup, "")
    _put_back(git, edits)
    return {"paths": [edit.path for edit in edits], "backup": ref.removeprefix(BACKUPS)}


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
    kept = _backup(git, backup)
    return [path for _, path in _differences(git, f"{kept}^", kept)]


def restore(report: Report, repository: dict[str, Any], branch: str, backup: str) -> dict[str, Any]:
    """Undo a discard: the files as they were before it."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    kept = _backup(git, backup)
    differences = _differences(git, f"{kept}^", kept)
    back = [path for change, path in differences if change != "D"]
    if back:
        with _file(b"\0".join(map(os.fsencode, back))) as listed:
            git.run(
                "restore", f"--source={kept}", "--worktree", f"--pathspec-from-file={listed}", "--pathspec-file-nul"
            )
    for change, path in differences:
        if change == "D":
            (git.tree / path).unlink(missing_ok=True)
    return {
        "paths": [path.encode(errors="surrogateescape").decode(errors="backslashreplace") for _, path in differences]
    }


def _backup(git: Git, backup: str) -> str:
    kept = git.commit(BACKUPS + backup) if backup.isalnum() else ""
    if not kept:
        raise NotFound(
            "no_such_backup", f"There is no backup {backup!r}.", "The discard may have been undone long ago."
        )
    return kept


def _differences(git: Git, old: str, new: str) -> list[tuple[str, str]]:
    fields = git.text("diff-tree", "-r", "-z", "--no-renames", "--name-status", old, new).split("\0")
    return list(zip(fields[::2], fields[1::2], strict=False))


def _chosen(git: Git, paths: Sequence[str]) -> list[Edit]:
    """The changed files that ``paths`` name; nothing that is not in the status can be named."""
    there = {edit.path: edit for edit in changes(git)}
    if missing := [path for path in paths if path not in there]:
        raise Conflict(
            "not_changed", f"{', '.join(missing[:3])} is not among the changed files any more.", "Look again."
        )
    if not paths:
        raise Invalid("no_files", "No file is chosen.", "Tick at least one.", "paths")
    return [there[path] for path in dict.fromkeys(paths)]


def _tree_with(git: Git, head: str, edits: Sequence[Edit]) -> str:
    """The tree of ``head`` with ``edits`` as the worktree has them, made in an index of its own."""
    assert git.admin is not None
    with tempfile.TemporaryDirectory(dir=git.admin, prefix="index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", head, env=index)
        with _file(b"\0".join(edit.raw for edit in edits)) as listed:
            git.run("add", "--all", "--force", f"--pathspec-from-file={listed}", "--pathspec-file-nul", env=index)
        return git.text("write-tree", env=index)


def _put_back(git: Git, edits: Sequence[Edit]) -> None:
    assert git.tree is not None
    known = {edit.raw for edit in edits if _in_head(git, edit.raw)}
    if known:
        with _file(b"\0".join(known)) as listed:
            git.run("checkout", "--quiet", "HEAD", f"--pathspec-from-file={listed}", "--pathspec-file-nul")
    fresh = [edit for edit in edits if edit.raw not in known]
    for edit in fresh:
        path = git.tree / os.fsdecode(edit.raw)
        path.unlink(missing_ok=True)
        for parent in path.relative_to(git.tree).parents[:-1]:
            try:
                (git.tree / parent).rmdir()
            except OSError:
                break
    _match_index(git, fresh)


def _in_head(git: Git, raw: bytes) -> bool:
    return git.attempt("cat-file", "-e", f"HEAD:{os.fsdecode(raw)}", ok=(0, 1, 128))[0] == 0


def _match_index(git: Git, edits: Sequence[Edit]) -> None:
    """Make the worktree's index agree with HEAD for these files; the rest of it is somebody's own."""
    if edits:
        with _file(b"\0".join(edit.raw for edit in edits)) as listed:
            git.run("reset", "--quiet", f"--pathspec-from-file={listed}", "--pathspec-file-nul")


@contextmanager
def _file(content: bytes) -> Iterator[str]:
    """A file for what is too long, or too odd, for an argument."""
    with tempfile.NamedTemporaryFile(prefix="atrium-") as file:
        file.write(content)
        file.flush()
        yield file.name
