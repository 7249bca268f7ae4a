"""Throws changes of a worktree away, and brings them back: like a pull, beneath open documents, whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...kit.errors import NotFound
from ..contents.file_merge import Version
from .command import Git, Report
from .commit import find_backup, match_index
from .diff import has_parts, notebook_change
from .integrate import Note, perform, recover, replace_files
from .stage import choose, with_parts
from .status import Edit, head_blob, wire_path
from .trees import differences, entry_of, store, version_on_disk
from .worktrees import bound

DISCARDED = "Discarded"


def discard(
    report: Report, repository: dict[str, Any], branch: str, paths: list[str], partial: dict[str, list[str]]
) -> dict[str, Any]:
    """Put the named files back to the last commit, and of others the named parts. A backup keeps what they were."""
    committing = bound(Git.of(repository), branch)
    # Where commits are made without outputs, cells that are not discarded keep those that they have here.
    git = replace(committing, strip_outputs=False)
    assert git.tree is not None
    recover(git)
    chosen = choose(git, paths, partial)
    head = git.commit("HEAD")
    before: dict[bytes, tuple[str, str]] = {}
    after: dict[bytes, tuple[str, str]] = {}
    for edit in chosen.edits:
        there = version_on_disk(git.tree, edit.raw)
        if there is not None and there.content is None:
            continue
        before[edit.raw] = store(git, there)
        if parts := chosen.partial.get(edit) or _beyond_outputs(committing, edit, there):
            after[edit.raw] = store(git, with_parts(git, edit, parts, without=True))
        else:
            after[edit.raw] = entry_of(git, head, edit.raw)
    backup = replace_files(git, before, after, DISCARDED)
    match_index(git, chosen.edits)
    return {"paths": [edit.path for edit in chosen.edits], "backup": backup}


def _beyond_outputs(git: Git, edit: Edit, there: Version | None) -> list[str]:
    """All that changed in a notebook, where outputs are not among it; else nothing."""
    if not git.strip_outputs or edit.change != "modified" or there is None or not has_parts(git, edit):
        return []
    notebook = notebook_change(git, edit.raw, head_blob(git, edit.raw), there.content or b"")
    return notebook.parts if notebook is not None else []


def restore(report: Report, repository: dict[str, Any], branch: str, backup: str) -> list[str]:
    """Undo a discard: what was thrown away is there again, and what was written since stays. The paths concerned."""
    git = bound(Git.of(repository), branch)
    recover(git)
    kept = find_backup(git, backup)
    title, *parents = git.text("show", "--no-patch", "--format=%s %P", kept).split(" ")
    if title != DISCARDED:
        raise NotFound("no_such_backup", f"{backup!r} is no backup of a discard.", "A pull is undone by itself.")
    head, left = git.commit("HEAD"), parents[1]
    perform(git, Note(head, head, left, kept))
    return [wire_path(one.raw) for one in differences(git, left, kept)]
