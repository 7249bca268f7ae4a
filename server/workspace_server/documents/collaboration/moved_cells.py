"""Cells that somebody moves while others type in them.

Yjs has no moving: a cell is deleted, and made again elsewhere as whoever moves it sees it. What they had not seen yet,
because it was typed a moment ago or while they were offline, would go with the cell that was deleted. The room knows
what that said, and puts it into the new one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Map, Text

from ...kit.notebooks.text_merge import common, distance, hunks, merge_both
from .live_cells import keep_in_step
from .text_edits import apply

log = logging.getLogger(__name__)

PAST = 200
"""Texts of a cell that are remembered; one a tick, while somebody types in it."""
PAST_SIZE = 500_000
"""Characters that these may have together."""
LEFT = 16
"""Of the last so many who went offline it is remembered what they had seen."""


@dataclass
class _Known:
    """``past`` and ``left``: what it said before ``text``, and when somebody left, the oldest first; ``source`` is
    where it says so, None until that is looked up; ``stale``: it may say something else by now."""

    id: str = ""
    text: str = ""
    source: Text | None = None
    stale: bool = True
    past: deque[str] = field(default_factory=lambda: deque(maxlen=PAST))
    left: deque[str] = field(default_factory=lambda: deque(maxlen=LEFT))


class MovedCells:
    """Watches the cells of one notebook, on the event loop.

    Call :meth:`before` and :meth:`after` around each transaction of what clients have sent.

    Parameters
    ----------
    earlier
        What a cell (by its id) said at the last saves.
    """

    def __init__(self, notebook: YNotebook, earlier: Callable[[str], Awaitable[list[str]]]) -> None:
        self._notebook = notebook
        self._earlier = earlier
        self._cells = [_Known() for _ in notebook.ycells]
        self._changed: set[int] = set(range(len(self._cells)))
        self._gone: list[_Known] = []
        self._rearranged = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription = notebook.ycells.observe_deep(self._on_change)

    def close(self) -> None:
        """Stop watching."""
        self._notebook.ycells.unobserve(self._subscription)

    def before(self) -> None:
        """Know what each cell says: it may be the last moment to ask."""
        if self._rearranged:
            self._changed = {index for index, known in enumerate(self._cells) if known.stale}
        if self._changed:
            with self._notebook.ydoc.transaction():
                for index in self._changed:
                    known = self._cells[index]
                    if known.source is not None:
                        self._note(known, str(known.source))
                    else:
                        self._look_up(known, self._notebook.ycells[index])
        self._changed.clear()
        self._gone.clear()
        self._rearranged = False

    def _look_up(self, known: _Known, cell: Any) -> None:
        id, text = _read(cell)
        self._note(known, text)
        source = cell.get("source") if isinstance(cell, Map) else None
        known.id, known.source = id, source if isinstance(source, Text) else None

    @staticmethod
    def _note(known: _Known, text: str) -> None:
        if known.id and known.text != text:
            known.past.append(known.text)
            while len(known.past) * len(text) > PAST_SIZE:
                known.past.popleft()
        known.text, known.stale = text, False

    def left(self) -> None:
        """Somebody went offline. What they move there, they move as it is now."""
        self.before()
        for known in self._cells:
            if not known.left or known.left[-1] != known.text:
                known.left.append(known.text)

    def after(self, late: bool) -> None:
        """Give each cell that was moved what only the old one had.

        Parameters
        ----------
        late
            Whether somebody did it offline and had not seen all of the document.
        """
        gone = {known.id: known for known in self._gone if known.id}
        if not gone:
            return
        for index, known in enumerate(self._cells):
            if known.id:
                continue
            cell = self._notebook.ycells[index]
            if (old := gone.get(_read(cell)[0])) is not None:
                known.id, known.text, known.past, known.left = old.id, old.text, old.past, old.left
                self._compare(cell.get("source"), old, late)

    def _compare(self, shared: Any, old: _Known, late: bool) -> None:
        if not isinstance(shared, Text) or (now := str(shared)) == old.text:
            return
        if now in old.past or now in old.left:
            rescue(shared, now, old.text)
            return
        task = asyncio.get_running_loop().create_task(self._look_back(shared, now, old, late))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_back(self, shared: Text, now: str, old: _Known, late: bool) -> None:
        """Whoever moved the cell has changed it too, or had not heard of it for long: what it is most like is what they
        had seen of it."""
        try:
            seen = [old.text, *reversed(old.past), *reversed(old.left), *await self._earlier(old.id)]
            nearest = min(seen, key=lambda text: distance(hunks(text, now)))
            if late or nearest != old.text:
                # What it lacks of that, they may have deleted, or not have seen: it stays.
                rescue(shared, common(nearest, now), old.text)
        except Exception:
            # Somebody may have deleted the cell meanwhile.
            log.warning("cell %s was moved by somebody who had not seen all of it", old.id, exc_info=True)

    def _on_change(self, events: list[Any]) -> None:
        # The places in the paths of deeper events are those after the cells were inserted and deleted.
        for event in sorted(events, key=lambda event: len(event.path)):
            if not event.path:
                self._rearranged = True
                self._gone += keep_in_step(self._cells, event.delta, _Known)
            elif len(event.path) == 1 or event.path[1] == "source":
                index = int(event.path[0])
                if index < len(self._cells):
                    known = self._cells[index]
                    known.stale = True
                    if len(event.path) == 1:
                        # The cell itself: its id or its source may be another.
                        known.source = None
                    self._changed.add(index)


def _read(cell: Any) -> tuple[str, str]:
    """Id and source; empty where a browser has put there what is no cell."""
    if not isinstance(cell, Map):
        return "", ""
    return str(cell.get("id") or ""), str(cell.get("source") or "")


def rescue(shared: Text, base: str, lost: str) -> bool:
    """Bring into a cell what somebody made of ``base`` in the cell that it was before: there it became ``lost``.

    Returns
    -------
    Whether anything was missing.
    """
    now = str(shared)
    edits = merge_both(base, now, lost)
    apply(shared, now, edits)
    return bool(edits)
