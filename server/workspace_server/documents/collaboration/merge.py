"""Bringing what was written to a file beneath a live document into it.

Three versions are merged: what the file held at some save (the base), what the document holds, and what the file holds
now. Nothing that either side wrote is lost: where both changed the same words, both versions stay and people are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jupyter_ydoc import YNotebook
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Text

from ...kit.notebooks.bases import Base, BaseCell, Content, same
from ...kit.notebooks.cell_order import identify
from ...kit.notebooks.text_merge import common, distance, hunks, merge_marked
from .merged import ORIGIN, Conflict, Merged, count
from .notebook_merge import NotebookMerge
from .text_edits import apply

PUT_BACK_AFTER = 5.0
"""Seconds that a save must have been outdated: who writes what was read a moment ago has just changed nothing."""

__all__ = ["ORIGIN", "Base", "Conflict", "Merged", "merge"]


def merge(
    document: YBaseDoc,
    bases: Sequence[Base],
    theirs: Content,
    *,
    room: Base | None = None,
    disk: Base | None = None,
) -> Merged:
    """Bring ``theirs`` into ``document``, as one transaction of the origin :data:`ORIGIN`, or none.

    Parameters
    ----------
    bases
        Recent saves, newest first. Whoever wrote the file may have read it some saves ago: the one that it differs
        least from is what it was made from. If the file is exactly a save that was not the last one for some seconds,
        it was put back on purpose (``git checkout``).
    theirs
        What the file holds now: see ``notebook_file.parse``; large outputs as they are in the document.
    room, disk
        ``Base.of`` the document's content as it is now, and of ``theirs``, where the caller has them: that saves
        reading all outputs here (``NotebookWriter.base`` has the first, a thread can make the second).
    """
    disk = disk or Base.of(theirs)
    base, restored = choose(bases, disk)
    if isinstance(document, YNotebook):
        assert isinstance(theirs, dict)
        merged = NotebookMerge(document, base, theirs, disk, room, bases).run()
    else:
        assert isinstance(theirs, str)
        merged = replace(_merge_text(document, base, theirs), base=disk)
    if restored and merged.changed:
        summary = f"The file on disk was put back to an earlier version. {merged.summary}"
        return replace(merged, summary=summary, restored=True)
    return merged


def choose(bases: Sequence[Base], disk: Base) -> tuple[Base | None, bool]:
    """The save that the file was made from, and whether the file was put back to an earlier one."""
    if not bases:
        return None, False
    differences = [_difference(base, disk) for base in bases]
    fewest = min(differences)
    if fewest == 0 and differences[0] != 0 and disk.at - bases[differences.index(0) - 1].at > PUT_BACK_AFTER:
        return bases[0], True
    nearest = [base for base, difference in zip(bases, differences, strict=True) if difference == fewest]
    if len(nearest) == 1 or fewest == 0:
        return nearest[0], False
    return min(nearest, key=lambda base: _distance(base, disk)), False


def _difference(base: Base, disk: Base) -> int:
    """How many cells differ; of texts, characters."""
    if base.text is not None or disk.text is not None:
        return distance(hunks(base.text or "", disk.text or ""))
    others = int(not same(base.metadata, disk.metadata)) + int(base.nbformat_minor != disk.nbformat_minor)
    ids = {cell.id for cell in disk.cells} if base.has_ids and disk.has_ids else set()
    cells = {cell.id: cell for cell in base.cells}
    if not ids & cells.keys():
        before, now = (Counter(_key(cell) for cell in side.cells) for side in (base, disk))
        found = (before - now).total() + (now - before).total()
        in_order = [_key(cell) for cell in base.cells] == [_key(cell) for cell in disk.cells]
        return found + others + int(not found and not in_order)
    found = sum(cells.get(cell.id) != cell for cell in disk.cells) + len(cells.keys() - ids)
    in_order = [cell.id for cell in base.cells if cell.id in ids] == [
        cell.id for cell in disk.cells if cell.id in cells
    ]
    return found + others + int(not in_order)


def _key(cell: BaseCell) -> tuple[str, str, str, int | None]:
    return cell.type, cell.source, *cell.run


def _distance(base: Base, disk: Base) -> int:
    """How much the texts of the cells differ."""
    cells = {cell.id: cell.source for cell in base.cells}
    pairs = zip(identify(base, disk, ()), disk.cells, strict=True)
    return sum(distance(hunks(cells.get(id, ""), cell.source)) for id, cell in pairs)


def _merge_text(document: Any, base: Base | None, theirs: str) -> Merged:
    shared = document.ydoc.get("source", type=Text)
    ours = str(shared)
    # Without a save to compare with: what both have, so that nothing of either is dropped.
    before = base.text if base is not None and base.text is not None else common(ours, theirs, words=False)
    merged = merge_marked(before, ours, theirs)
    if not merged.edits:
        return Merged()
    with document.ydoc.transaction(origin=ORIGIN):
        apply(shared, ours, merged.edits)
    conflicts = []
    for clash in merged.clashes:
        line = ours.count("\n", 0, clash.ours_start) + 1
        message = (
            f"The lines from line {line} were changed here and on disk: both versions are there, between markers "
            "<<<<<<< and >>>>>>>. Keep what you want and delete the markers."
        )
        conflicts.append(Conflict("text", None, None, message))
    others = len(merged.edits) - 2 * len(conflicts)
    told = []
    if others:
        told.append("Changes on disk were taken over.")
    if conflicts:
        told.append(f"{count(len(conflicts), 'conflict')}: {conflicts[0].message}")
    return Merged(True, conflicts, " ".join(told))
