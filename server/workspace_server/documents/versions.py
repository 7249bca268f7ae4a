"""Two versions of a document: how they differ, and what a document becomes that goes back to one. Plain data."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from workspace_ext.contract.documents import CellChange

from ..projects.contents.notebook_diff import Cell, cell_diff, count_lines, paired, source_of
from .collaboration.points import Content
from .errors import NoSuchCell

# Written by browsers and kernels as they see fit, without anybody's doing.
OF_MACHINES = ("trusted", "kernelspec", "language_info")


@dataclass(frozen=True)
class Comparison:
    """See :class:`workspace_ext.contract.documents.PointDiff`."""

    cells: list[CellChange] = field(default_factory=list)
    text: str = ""
    settings: bool = False
    added: int = 0
    removed: int = 0
    outputs: int = 0

    @property
    def same(self) -> bool:
        quiet = all(cell.change == "same" and not (cell.outputs or cell.moved or cell.settings) for cell in self.cells)
        return quiet and not self.text and not self.settings


def compare(old: Content, new: Content) -> Comparison:
    """How ``new`` differs from ``old``."""
    if isinstance(old, str) or isinstance(new, str):
        return _compare_texts(as_text(old), as_text(new))
    before, after = old["cells"], new["cells"]
    pairs = paired(before, after, strict=True)
    moved = _moved(pairs)
    cells = [_change(before, after, i, j, (i, j) in moved) for i, j in pairs]
    added, removed = count_lines("\n".join(cell.diff for cell in cells))
    settings = _metadata(old) != _metadata(new)
    return Comparison(cells, "", settings, added, removed, sum(cell.outputs for cell in cells))


def as_text(content: Content) -> str:
    """The text itself; of a notebook that has become another kind of file, what was typed."""
    if isinstance(content, str):
        return content
    return "\n\n".join(source_of(cell) for cell in content["cells"])


def _compare_texts(old: str, new: str) -> Comparison:
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=3, lineterm=""))[2:]
    text = "\n".join(lines)
    if not text and old != new:
        text = "@@ line ends @@\n-" + _ends(old) + "\n+" + _ends(new)
    added, removed = count_lines(text)
    return Comparison(text=text, added=added, removed=removed)


def _ends(text: str) -> str:
    crlf = text.count("\r\n")
    last = "" if text.endswith(("\n", "\r")) else ", none at the end"
    return f"{crlf} lines end in CRLF, {text.count(chr(10)) - crlf} in LF{last}"


def _change(before: list[Cell], after: list[Cell], i: int | None, j: int | None, moved: bool) -> CellChange:
    if i is None or j is None:
        diff = cell_diff(before, after, i, j)
        assert diff is not None
        return CellChange(diff.id, diff.kind, diff.change, i, j, diff=diff.diff)
    old, new = _alike(before[i], after[j]), _alike(after[j], before[i])
    id, kind = str(new.get("id") or ""), str(new.get("cell_type", "code"))
    settings = _settings(old) != _settings(new)
    diff = cell_diff([old], [new], 0, 0)
    outputs = diff.outputs if diff is not None else 0
    if source_of(old) == source_of(new) and old.get("cell_type") == new.get("cell_type"):
        return CellChange(id, kind, "same", i, j, source_of(new), "", outputs, moved, settings)
    assert diff is not None
    return CellChange(id, kind, "modified", i, j, "", diff.diff, outputs, moved, settings)


def _alike(cell: Cell, other: Cell) -> Cell:
    """With the other's outputs where this one's were not kept."""
    if "outputs" in cell or "outputs" not in other:
        return cell
    return {**cell, "outputs": other["outputs"]}


def _settings(cell: Cell) -> dict[str, Any]:
    return {"metadata": _metadata(cell), "attachments": cell.get("attachments") or {}}


def _metadata(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.get("metadata", {}).items() if key not in OF_MACHINES}


def _moved(pairs: list[tuple[int | None, int | None]]) -> set[tuple[int | None, int | None]]:
    """Those in both whose order changed: all but a longest run that kept it."""
    both = [(i, j) for i, j in pairs if i is not None and j is not None]
    ends: list[int] = []
    lengths = []
    for i, _ in both:
        place = bisect_left(ends, i)
        ends[place : place + 1] = [i]
        lengths.append(place + 1)
    moved: set[tuple[int | None, int | None]] = set(both)
    wanted = len(ends)
    for pair, length in zip(reversed(both), reversed(lengths), strict=True):
        if length == wanted:
            moved.discard(pair)
            wanted -= 1
    return moved


def going_back(point: Content, present: Content) -> Content:
    """What the document becomes: the point, with today's outputs below sources that are the same where the point has
    none."""
    if isinstance(point, str) or isinstance(present, str):
        return point
    today = {
        i: present["cells"][j] for i, j in paired(point["cells"], present["cells"], strict=True) if None not in (i, j)
    }
    return {**point, "cells": [_complete(cell, today.get(i)) for i, cell in enumerate(point["cells"])]}


def with_cell(point: Content, present: Content, position: int) -> Content:
    """The present with one cell as the point has it, where it is now, or else after the one that it came after.

    Raises
    ------
    NoSuchCell
    """
    if isinstance(point, str) or isinstance(present, str) or not 0 <= position < len(point["cells"]):
        raise NoSuchCell(position)
    partner = {
        i: j for i, j in paired(point["cells"], present["cells"], strict=True) if i is not None and j is not None
    }
    cells = list(present["cells"])
    if (at := partner.get(position)) is not None:
        cells[at] = {**_complete(point["cells"][position], cells[at]), **_identity(cells[at])}
    else:
        above = next((partner[i] for i in range(position - 1, -1, -1) if i in partner), -1)
        cells.insert(above + 1, _complete(point["cells"][position], None))
    return {**present, "cells": cells}


def _identity(cell: Cell) -> dict[str, Any]:
    return {"id": cell["id"]} if "id" in cell else {}


def _complete(cell: Cell, today: Cell | None) -> Cell:
    """A cell with all that its kind has, where its outputs were not kept."""
    if cell.get("cell_type") != "code" or "outputs" in cell:
        return cell
    if today is not None and source_of(today) == source_of(cell) and "outputs" in today:
        return {**cell, "outputs": today["outputs"], "execution_count": today.get("execution_count")}
    return {**cell, "outputs": [], "execution_count": None}
