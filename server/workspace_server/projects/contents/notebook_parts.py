"""A notebook with some of its changes, as one commits or discards them: by cell, and everything else as one part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from workspace_ext.contract.projects import CellDiff, Rest

from ...kit.notebooks.cell_order import new_id
from .notebook_diff import REST, Cell, cell_diff, named, source_of
from .notebook_merge import Notebook, as_file, of_type

Pair = tuple[str, int | None, int | None]


class NotebookChange:
    """How one notebook became another.

    Attributes
    ----------
    cells
        Those that differ, each with its name as a ``part``.
    rest
        What has changed beyond them.
    """

    def __init__(self, old: Notebook, new: Notebook) -> None:
        self._old, self._new = old, new
        self._pairs = list(named(old["cells"], new["cells"]))
        diffs = {name: cell_diff(old["cells"], new["cells"], i, j) for name, i, j in self._pairs}
        self.cells: list[CellDiff] = [replace(diff, part=name) for name, diff in diffs.items() if diff is not None]
        self._changed = {cell.part for cell in self.cells}
        self.rest = list(self._rest())

    @property
    def parts(self) -> list[str]:
        """What can be chosen of it, in the order of the new notebook."""
        return [cell.part for cell in self.cells] + ([REST] if self.rest else [])

    def compose(self, chosen: Collection[str]) -> bytes:
        """The old notebook with what is chosen of the changes, as a file; always a valid notebook."""
        before, after = self._old["cells"], self._new["cells"]
        rest = REST in chosen
        minor = max(_minor(self._old), _minor(self._new)) if before or rest else _minor(self._new)
        cells: list[Cell] = []
        taken: set[str] = set()
        for name, i, j in self._pairs if rest else self._in_old_order():
            new = name in chosen if name in self._changed else rest
            if (j if new else i) is None:
                continue
            cell = of_type(after[j] if new and j is not None else before[i or 0])
            if minor >= 5:
                # Where the format has ids only now, the cells get those that they have in the new notebook.
                id = str(cell.get("id") or (after[j].get("id") if j is not None else "") or "")
                cell["id"] = id if id and id not in taken else new_id({**cell, "source": source_of(cell)}, taken)
                taken.add(cell["id"])
            else:
                cell.pop("id", None)
            cells.append(cell)
        metadata = _held(self._new if rest or not before else self._old, "metadata")
        return as_file({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor})

    def _rest(self) -> Iterator[Rest]:
        old, new = self._old["cells"], self._new["cells"]
        kept = [i for _, i, j in self._pairs if i is not None and j is not None]
        same = [
            (old[i], new[j])
            for name, i, j in self._pairs
            if i is not None and j is not None and name not in self._changed
        ]
        if kept != sorted(kept):
            yield "order"
        if any(_held(a, key) != _held(b, key) for a, b in same for key in ("metadata", "attachments")):
            yield "metadata"
        if _held(self._old, "metadata") != _held(self._new, "metadata") or _minor(self._old) != _minor(self._new):
            yield "settings"
        if any(a.get("execution_count") != b.get("execution_count") for a, b in same):
            yield "counts"

    def _in_old_order(self) -> Iterator[Pair]:
        """The cells where they were, the new ones each after the one that it follows in the new notebook."""
        following: defaultdict[int | None, list[Pair]] = defaultdict(list)
        last: int | None = None
        for pair in self._pairs:
            if pair[1] is None:
                following[last].append(pair)
            elif pair[2] is not None:
                last = pair[1]
        yield from following[None]
        for pair in sorted((pair for pair in self._pairs if pair[1] is not None), key=lambda pair: pair[1] or 0):
            yield pair
            if pair[2] is not None:
                yield from following[pair[1]]


def _held(of: dict[str, Any], key: str) -> dict[str, Any]:
    held = of.get(key)
    return held if isinstance(held, dict) else {}


def _minor(notebook: Notebook) -> int:
    minor = notebook.get("nbformat_minor", 0)
    return minor if isinstance(minor, int) else 0
