"""Which cell is which, and where each one belongs, when two sides have changed a notebook."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from hashlib import blake2b
from itertools import pairwise

from .bases import Base, BaseCell
from .text_merge import matches, rising

_SIMILAR = 0.5
_LOOKED_AHEAD = 20
_COMPARED = 20_000
"""Characters; longer sources are compared by their beginnings."""


def new_id(cell: BaseCell | Mapping[str, object], taken: Collection[str]) -> str:
    """An id for a cell that has none of its own: the same content gets the same one."""
    source, kind = (cell.source, cell.type) if isinstance(cell, BaseCell) else (cell["source"], cell["cell_type"])
    for number in range(len(taken) + 1):
        id = blake2b(f"{kind}\0{number}\0{source}".encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        if id not in taken:
            return id
    raise AssertionError("more numbers than ids")


def identify(base: Base, theirs: Base, room: Collection[str]) -> list[str]:
    """The ids by which the workspace knows the cells of a file, in the file's order.

    A cell keeps the id of the file if that means anything here. Otherwise (formats without ids, tools that give new
    ones) it is found by its content, then, without ids, by what it resembles at its place.
    """
    known = {cell.id: cell for cell in base.cells}
    ids: list[str | None] = [None] * len(theirs.cells)
    own = [cell.id if theirs.has_ids else "" for cell in theirs.cells]
    if theirs.has_ids and base.has_ids:
        used: set[str] = set()
        for index, id in enumerate(own):
            if id and id not in used and (id in known or id in room):
                ids[index] = id
                used.add(id)
    meant = any(ids)
    found = set(ids)
    free = [cell for cell in base.cells if cell.id not in found]
    left = [index for index, id in enumerate(ids) if id is None]
    for at, index in list(_same(free, [theirs.cells[index] for index in left], blank=not meant)):
        ids[left[index]] = free[at].id
    if not meant:
        for index, id in list(_alike(base.cells, theirs.cells, ids)):
            ids[index] = id
    taken = {*known, *room, *own, *(id for id in ids if id)} - {""}
    used = {id for id in ids if id}
    for index, cell in enumerate(theirs.cells):
        if not ids[index]:
            # An id that was deleted here must not come back for another cell.
            id = own[index] if own[index] and own[index] not in used | set(known) else new_id(cell, taken)
            ids[index] = id
            used.add(id)
            taken.add(id)
    return [id for id in ids if id]


def _same(free: Sequence[BaseCell], cells: Sequence[BaseCell], blank: bool) -> Iterator[tuple[int, int]]:
    """Pairs of cells with the same content: in order as far as possible, then wherever they are."""
    before, now = ([(cell.type, cell.source) for cell in some] for some in (free, cells))
    found = set()
    done = set()
    for i, j, length in matches(before, now):
        for offset in range(length):
            if blank or cells[j + offset].source.strip():
                found.add(i + offset)
                done.add(j + offset)
                yield i + offset, j + offset
    where: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
    for index, key in enumerate(before):
        if index not in found:
            where[key].append(index)
    for index, key in enumerate(now):
        if index not in done and where[key] and key[1].strip():
            yield where[key].popleft(), index


def _alike(
    before: Sequence[BaseCell], cells: Sequence[BaseCell], ids: Sequence[str | None]
) -> Iterator[tuple[int, str]]:
    """Cells between the same neighbours that resemble each other, or stand alone there."""
    place = {cell.id: index for index, cell in enumerate(before)}
    used = {id for id in ids if id}
    found = [(index, place[id]) for index, id in enumerate(ids) if id in place]
    fixed = [(-1, -1), *(found[number] for number in rising([at for _, at in found])), (len(cells), len(before))]
    for (index, at), (next_index, next_at) in pairwise(fixed):
        left = [number for number in range(index + 1, next_index) if ids[number] is None]
        gap = [cell for cell in before[at + 1 : next_at] if cell.id not in used]
        alone = len(left) == len(gap) == 1
        for number in left:
            for skipped, cell in enumerate(gap[:_LOOKED_AHEAD]):
                if cell.type == cells[number].type and (alone or _resemble(cell.source, cells[number].source)):
                    yield number, cell.id
                    gap = gap[skipped + 1 :]
                    break


def _resemble(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one[:_COMPARED].split(), other[:_COMPARED].split(), autojunk=False)
    return matcher.real_quick_ratio() >= _SIMILAR and matcher.ratio() >= _SIMILAR


def moved(before: Sequence[str], after: Sequence[str], heavy: Collection[str] = ()) -> set[str]:
    """The fewest ids whose moves make ``before`` into ``after``, of those that both have.

    Parameters
    ----------
    heavy
        Ids that had better stay: a cell that moves is made anew, and cursors in it are lost.
    """
    place = {id: index for index, id in enumerate(before)}
    common = [id for id in after if id in place]
    # The heaviest rising subsequence: weights[k] is the most that ends at or before the place ends[k].
    ends: list[int] = []
    weights: list[int] = []
    links: list[tuple[str, object] | None] = []
    for id in common:
        at = bisect_left(ends, place[id])
        link = links[at - 1] if at else None
        weight = (weights[at - 1] if at else 0) + (1000 if id in heavy else 1)
        stop = at
        while stop < len(ends) and weights[stop] <= weight:
            stop += 1
        ends[at:stop] = [place[id]]
        weights[at:stop] = [weight]
        links[at:stop] = [(id, link)]
    kept = set()
    node = links[-1] if links else None
    while node is not None:
        kept.add(node[0])
        node = node[1]  # type: ignore[assignment]
    return set(common) - kept


def arrange(
    base: Sequence[str], room: Sequence[str], theirs: Sequence[str], heavy: Collection[str]
) -> tuple[list[str], list[str]]:
    """The order of all cells after a merge, and which of the room's have to move.

    Parameters
    ----------
    room
        The ids of the cells that stay in the room.
    theirs
        The ids of the cells of the file that are in the result, in the file's order.
    heavy
        See :func:`moved`.
    """
    here, there, old = set(room), set(theirs), set(base)
    moves = moved(base, theirs, heavy) & here - moved(base, room)
    order = list(room)
    carried = []
    before: str | None = None
    for id in theirs:
        if id not in here:
            _put(order, id, before, old | there)
        elif id in moves:
            at = order.index(id)
            above = next((other for other in reversed(order[:at]) if other in there), None)
            if above != before:
                order.pop(at)
                _put(order, id, before, old | there)
                carried.append(id)
        before = id
    return order, carried


def _put(order: list[str], id: str, after: str | None, known: Collection[str]) -> None:
    """Below ``after`` and what has just been added there in the room."""
    if after is None:
        order.insert(0, id)
        return
    at = order.index(after) + 1
    while at < len(order) and order[at] not in known:
        at += 1
    order.insert(at, id)
