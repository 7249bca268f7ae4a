"""Notebooks compared by cell: aligned by id, else by source. Sources are diffed, outputs only counted."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from workspace_ext.contract.projects import CellDiff

Cell = dict[str, Any]
SIMILAR = 0.5
# Beyond this many characters a similarity would cost more than it tells.
COMPARABLE = 20_000
REST = "rest"
"""No cell's name: the part of a change that everything is in which is no cell's source or outputs."""


def cells_of(content: bytes) -> list[Cell] | None:
    """The cells of a notebook (format 4); None when it is none, an empty list for an absent file."""
    if not content.strip():
        return []
    try:
        cells = json.loads(content)["cells"]
        return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def notebook_diff(old: bytes, new: bytes) -> list[CellDiff] | None:
    """The cells that differ, in the order of the new notebook; None where one side is no notebook."""
    before, after = cells_of(old), cells_of(new)
    if before is None or after is None:
        return None
    diffs = (cell_diff(before, after, i, j) for i, j in paired(before, after))
    return [diff for diff in diffs if diff is not None]


def named(before: list[Cell], after: list[Cell]) -> Iterator[tuple[str, int | None, int | None]]:
    """What is :func:`paired`, each under a name of its own: the cell's id or, without one, a digest of what it says."""
    used = Counter([REST])
    for i, j in paired(before, after):
        old, new = before[i] if i is not None else {}, after[j] if j is not None else {}
        name = str(new.get("id") or old.get("id") or "")
        if not name:
            said = f"{source_of(old)}\0{source_of(new)}".encode("utf-8", "surrogatepass")
            name = hashlib.sha256(said).hexdigest()[:16]
        used[name] += 1
        yield name if used[name] == 1 else f"{name}~{used[name]}", i, j


def paired(before: list[Cell], after: list[Cell], strict: bool = False) -> list[tuple[int | None, int | None]]:
    """The cells of both in one order, that of ``after``, by their positions from 0 (before, after); None where a cell
    is only in the other. ``strict``: one that has an id is only ever the same as one with this id."""
    partner = {j: i for i, j in _align(before, after, strict)}
    gone = iter(sorted(set(range(len(before))) - set(partner.values())))
    pairs: list[tuple[int | None, int | None]] = []
    upcoming = next(gone, None)
    last = -1
    for j in range(len(after)):
        i = partner.get(j)
        if i is not None:
            last = max(last, i)
        while upcoming is not None and upcoming < last:
            pairs.append((upcoming, None))
            upcoming = next(gone, None)
        pairs.append((i, j))
    while upcoming is not None:
        pairs.append((upcoming, None))
        upcoming = next(gone, None)
    return pairs


def cell_diff(before: list[Cell], after: list[Cell], i: int | None, j: int | None) -> CellDiff | None:
    """How one of :func:`paired` differs; None if it does not."""
    old, new = before[i] if i is not None else None, after[j] if j is not None else None
    same = old is not None and new is not None and (source_of(old), _kind(old)) == (source_of(new), _kind(new))
    if same and not _outputs(old or {}, new or {}):
        return None
    return _one(j if j is not None else i or 0, old, new)


def notebook_counts(old: bytes, new: bytes) -> tuple[int, int, int] | None:
    """(cells whose source changed, lines added, lines removed) of a notebook; None where it is none."""
    diffs = notebook_diff(old, new)
    if diffs is None:
        return None
    changed = [diff for diff in diffs if diff.diff or diff.change != "modified"]
    return len(changed), *count_lines("\n".join(diff.diff for diff in diffs))


def count_lines(unified: str) -> tuple[int, int]:
    """Added and removed lines of a unified diff without a header."""
    lines = unified.splitlines()
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def _align(before: list[Cell], after: list[Cell], strict: bool = False) -> list[tuple[int, int]]:
    by_id: dict[str, int] = {}
    for i, cell in enumerate(before):
        if identity := cell.get("id"):
            by_id.setdefault(str(identity), i)
    pairs = []
    for j, cell in enumerate(after):
        identity = str(cell.get("id") or "")
        if identity in by_id:
            pairs.append((by_id.pop(identity), j))
    old, new = {i for i, _ in pairs}, {j for _, j in pairs}
    left = [i for i, cell in enumerate(before) if i not in old and not (strict and cell.get("id"))]
    right = [j for j, cell in enumerate(after) if j not in new and not (strict and cell.get("id"))]
    matcher = difflib.SequenceMatcher(
        None, [source_of(before[i]) for i in left], [source_of(after[j]) for j in right], autojunk=False
    )
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            pairs += zip(left[i1:i2], right[j1:j2], strict=True)
        elif tag == "replace":
            pairs += [
                (i, j)
                for i, j in zip(left[i1:i2], right[j1:j2], strict=False)
                if _kind(before[i]) == _kind(after[j]) and _similar(source_of(before[i]), source_of(after[j]))
            ]
    return pairs


def _similar(old: str, new: str) -> bool:
    if len(old) + len(new) > COMPARABLE:
        return True
    return difflib.SequenceMatcher(None, old, new, autojunk=False).quick_ratio() >= SIMILAR


def _one(index: int, old: Cell | None, new: Cell | None) -> CellDiff:
    cell = new if new is not None else old
    assert cell is not None
    before, after = source_of(old or {}).splitlines(), source_of(new or {}).splitlines()
    lines = list(difflib.unified_diff(before, after, n=3, lineterm=""))[2:]
    if old is None or new is None:
        # All of it: the header would only repeat the number of lines.
        lines = [("+" if old is None else "-") + line for line in (after or before)]
    return CellDiff(
        index=index + 1,
        id=str(cell.get("id") or ""),
        kind=_kind(cell),
        change="added" if old is None else "removed" if new is None else "modified",
        diff="\n".join(lines),
        outputs=_outputs(old or {}, new or {}),
        old_id=str(old["id"]) if old and new and old.get("id") and old["id"] != new.get("id") else "",
    )


def source_of(cell: Cell) -> str:
    """What is typed in a cell."""
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _kind(cell: Cell) -> str:
    return str(cell.get("cell_type", "code"))


def _outputs(old: Cell, new: Cell) -> int:
    """How many outputs differ, by hash."""
    before, after = _hashes(old), _hashes(new)
    return len([one for one in after if one not in before]) + max(0, len(before) - len(after))


def _hashes(cell: Cell) -> list[str]:
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return []
    return [
        hashlib.sha256(
            json.dumps({k: v for k, v in output.items() if k != "execution_count"}, sort_keys=True).encode()
        ).hexdigest()
        for output in outputs
        if isinstance(output, dict)
    ]
