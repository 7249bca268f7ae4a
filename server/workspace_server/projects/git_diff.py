"""Differences as plain data: notebooks by cell, texts as unified diffs, the rest only named."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.projects import Change, FileDiff

from ..kit.errors import NotFound
from .git_command import Git, Report
from .git_status import changes, head_blob, on_disk
from .git_worktrees import bound
from .notebook_diff import count_lines, notebook_diff

LARGEST_TEXT = 300_000
LARGEST_NOTEBOOK = 50 * 2**20


def worktree_diff(report: Report, repository: dict[str, Any], branch: str, path: str) -> dict[str, Any]:
    """One changed file of a worktree against its last commit."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    edit = next((edit for edit in changes(git) if edit.path == path), None)
    if edit is None:
        raise NotFound("not_changed", f"{path} is as the last commit has it.", "Look at the list of changes again.")
    old, new = head_blob(git, edit.raw), on_disk(git.tree, edit.raw)
    text = ["diff", *_PLAIN, "HEAD", "--", os.fsdecode(edit.raw)] if edit.change != "untracked" else []
    return asdict(file_diff(git, path, edit.raw, edit.change, old, new, text))


_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "-U3")


def commits_diff(git: Git, old: str, new: str, raw: bytes, change: Change) -> FileDiff:
    """One file between two commits."""
    path = raw.decode(errors="backslashreplace")
    text = ["diff", *_PLAIN, old, new, "--", os.fsdecode(raw)]
    return file_diff(git, path, raw, change, head_blob(git, raw, old), head_blob(git, raw, new), text)


def file_diff(git: Git, path: str, raw: bytes, change: Change, old: bytes, new: bytes, text: list[str]) -> FileDiff:
    """``text``: how git would tell the difference; empty for a file that git does not know."""
    if raw.endswith(b".ipynb") and len(old) + len(new) <= LARGEST_NOTEBOOK:
        cells = notebook_diff(old, new)
        if cells is not None:
            added, removed = count_lines("\n".join(cell.diff for cell in cells))
            outputs = sum(cell.outputs for cell in cells)
            return FileDiff(path, "notebook", change, cells, "", added, removed, outputs)
    if b"\0" in old[:8000] or b"\0" in new[:8000]:
        return FileDiff(path, "binary", change)
    if len(old) + len(new) > LARGEST_TEXT:
        return FileDiff(path, "large", change)
    if text:
        said = git.run(*text).decode(errors="replace")
        start = said.find("@@ ")
        said = said[start:] if start >= 0 else ""
    else:
        said = "\n".join("+" + line for line in new.decode(errors="replace").splitlines())
    added, removed = count_lines(said)
    return FileDiff(path, "text", change, text=said.rstrip("\n"), added=added, removed=removed)
