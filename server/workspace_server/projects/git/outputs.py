"""What one changed cell showed before and shows now: asked for by itself, as outputs can be large."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.committing import CellOutputs

from ...kit.errors import NotFound, TooLarge
from ..contents.notebook_diff import Cell, cells_of, named
from .command import Git, Report
from .status import edit_of, head_blob, on_disk
from .worktrees import bound

LARGEST = 20 * 2**20


def cell_outputs(report: Report, repository: dict[str, Any], branch: str, path: str, part: str) -> dict[str, Any]:
    """``CellOutputs`` of a change of a notebook in a worktree, named as its difference names it."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    edit = edit_of(git, path)
    if edit is not None:
        before, after = cells_of(head_blob(git, edit.raw)) or [], cells_of(on_disk(git.tree, edit.raw)) or []
        for name, i, j in named(before, after):
            if name == part:
                found = CellOutputs(_outputs(before, i), _outputs(after, j))
                size = len(json.dumps(asdict(found)))
                if size > LARGEST:
                    raise TooLarge(
                        "large_outputs", f"These outputs are {size / 2**20:.0f} MB.", "Open the notebook to see them."
                    )
                return asdict(found)
    raise NotFound("not_changed", f"{path} has no such change any more.", "Look at it again.")


def _outputs(cells: list[Cell], at: int | None) -> list[dict[str, Any]]:
    outputs = cells[at].get("outputs") if at is not None else None
    return [output for output in outputs if isinstance(output, dict)] if isinstance(outputs, list) else []
