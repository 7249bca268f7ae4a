"""Differences as plain data: notebooks by cell, texts as unified diffs, the rest only named."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Any

from workspace_ext.contract.projects import CellDiff, Change, FileDiff, Rest

from ...kit.errors import NotFound
from ..contents.hunks import hunks
from ..contents.notebook_diff import count_lines, notebook_diff
from ..contents.notebook_merge import parse
from ..contents.notebook_parts import NotebookChange
from .command import Git, Report
from .pointers import pointer
from .status import Edit, edit_of, head_blob, on_disk
from .stripping import stripped
from .worktrees import bound

LARGEST_TEXT = 300_000
LARGEST_NOTEBOOK = 50 * 2**20


def worktree_diff(report: Report, repository: dict[str, Any], branch: str, path: str) -> dict[str, Any]:
    """One changed file of a worktree against its last commit."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    edit = edit_of(git, path)
    if edit is None:
        raise NotFound("not_changed", f"{path} is as the last commit has it.", "Look at the list of changes again.")
    old, new = head_blob(git, edit.raw), on_disk(git.tree, edit.raw)
    found = file_diff(git, path, edit.raw, edit.change, old, new, against_head(edit))
    return asdict(found if has_parts(git, edit) else replace(found, parts=[]))


_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "-U3")


def against_head(edit: Edit) -> list[str]:
    """How git tells the difference of a changed file; empty for one that it does not know."""
    return ["diff", *_PLAIN, "HEAD", "--", os.fsdecode(edit.raw)] if edit.change != "untracked" else []


def has_parts(git: Git, edit: Edit) -> bool:
    """Whether some of a changed file can be chosen: not of one that is gone, in conflict, or (now or before) a link."""
    assert git.tree is not None
    path = git.tree / os.fsdecode(edit.raw)
    return edit.change in ("modified", "added", "untracked") and path.is_file() and not path.is_symlink()


def notebook_change(git: Git, raw: bytes, old: bytes, new: bytes) -> NotebookChange | None:
    """How a notebook changed, in what commits hold of it; None where one side is none, or they are too large."""
    if not raw.endswith(b".ipynb") or len(old) + len(new) > LARGEST_NOTEBOOK:
        return None
    before, after = parse(old), parse(new)
    if before is None or after is None:
        return None
    return NotebookChange(*map(stripped, (before, after))) if git.strip_outputs else NotebookChange(before, after)


def commits_diff(git: Git, old: str, new: str, raw: bytes, change: Change) -> FileDiff:
    """One file between two commits."""
    path = raw.decode(errors="backslashreplace")
    text = ["diff", *_PLAIN, old, new, "--", os.fsdecode(raw)]
    # What is in commits already is shown whole.
    whole = replace(git, strip_outputs=False)
    return file_diff(whole, path, raw, change, head_blob(git, raw, old), head_blob(git, raw, new), text)


def file_diff(git: Git, path: str, raw: bytes, change: Change, old: bytes, new: bytes, text: list[str]) -> FileDiff:
    """``text``: how git would tell the difference; empty for a file that git does not know."""
    if (points := pointer(new) or pointer(old)) is not None:
        return FileDiff(path, "lfs", change, size=len(new) if new and pointer(new) is None else points.size)
    if (notebook := notebook_change(git, raw, old, new)) is not None:
        return _notebook(path, change, notebook.cells, notebook.parts, notebook.rest)
    if raw.endswith(b".ipynb") and len(old) + len(new) <= LARGEST_NOTEBOOK:
        # Not quite a notebook, but with cells.
        cells = notebook_diff(old, new)
        if cells is not None:
            return _notebook(path, change, cells, [], [])
    if b"\0" in old[:8000] or b"\0" in new[:8000]:
        return FileDiff(path, "binary", change)
    if len(old) + len(new) > LARGEST_TEXT:
        return FileDiff(path, "large", change)
    parts: list[str] = []
    if text:
        told = git.run(*text)
        parts = [hunk.part for hunk in hunks(told)]
        said = told.decode(errors="replace")
        start = said.find("@@ ")
        said = said[start:] if start >= 0 else ""
    else:
        said = "\n".join("+" + line for line in new.decode(errors="replace").splitlines())
    added, removed = count_lines(said)
    return FileDiff(path, "text", change, text=said.rstrip("\n"), added=added, removed=removed, parts=parts)


def _notebook(path: str, change: Change, cells: list[CellDiff], parts: list[str], rest: list[Rest]) -> FileDiff:
    added, removed = count_lines("\n".join(cell.diff for cell in cells))
    outputs = sum(cell.outputs for cell in cells)
    return FileDiff(path, "notebook", change, cells, "", added, removed, outputs, parts, rest)
