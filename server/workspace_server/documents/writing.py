"""Writes what running cells show into their document, at a rate that browsers and the journal can take."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from jupyter_ydoc import YNotebook

from ..kit.notebooks.notebook_json import BLOB
from . import cells
from .collaboration import live_cells
from .collaboration.blobs import Blobs, is_large
from .connection import Execution
from .outputs import Shown

log = logging.getLogger(__name__)

EVERY = 0.25
"""Seconds between two writes."""
SLOWEST = 4.0
RATE = 250_000
"""Characters a second on average, while something floods."""
BURST = 1_000_000
"""Characters that may be written before the rate counts."""
QUIET = 3.0
"""Seconds after which a cell that has ended, but whose threads still wrote, is taken to be done."""
TRIES = 3


class OutputWriter:
    """Of one notebook. On the event loop; large outputs are stored in threads before the document shows them.

    Parameters
    ----------
    notebook
        The live document; None while it is closed.
    is_latest
        Whether no later run of the same cell has begun, whose outputs are the ones to show.
    """

    def __init__(
        self, notebook: Callable[[], YNotebook | None], is_latest: Callable[[Execution], bool], blobs: Blobs
    ) -> None:
        self._notebook = notebook
        self._is_latest = is_latest
        self._blobs = blobs
        self._dirty: set[Execution] = set()
        self._late: set[Execution] = set()
        self._unsettled: set[Execution] = set()
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._wrote = 0.0
        self._debt = 0.0

    def changed(self, execution: Execution) -> None:
        """A cell has shown something, which is written soon."""
        self._dirty.add(execution)
        self._unsettled.add(execution)
        if execution.ended:
            self._late.add(execution)
        self._later()

    async def settle(self, execution: Execution) -> None:
        """Write all that a cell has shown, now: it has ended. Long texts are kept beside the document."""
        execution.ended = True
        for some in (self._dirty, self._late, self._unsettled):
            some.discard(execution)
        await self._write(execution, live=False)
        # The next cell is not to be slow because of this one.
        self._debt = 0.0

    async def close(self) -> None:
        """Write what is left."""
        for handle in (self._timer, self._end):
            if handle is not None:
                handle.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for execution in list(self._unsettled):
            await self.settle(execution)

    def _later(self) -> None:
        if self._timer is not None or (self._task is not None and not self._task.done()):
            return
        since = time.monotonic() - self._wrote
        owed = max(0.0, self._debt - RATE * since - BURST) / RATE
        wait = max(0.02, EVERY - since, min(owed, SLOWEST))
        self._timer = asyncio.get_running_loop().call_later(wait, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._task = asyncio.create_task(self._write_dirty())

    async def _write_dirty(self) -> None:
        try:
            dirty, self._dirty = self._dirty, set()
            for execution in dirty:
                await self._write(execution, live=True)
        except Exception:
            log.exception("outputs could not be written")
        finally:
            self._task = None
        if self._dirty:
            self._later()
        if self._late:
            if self._end is not None:
                self._end.cancel()
            self._end = asyncio.get_running_loop().call_later(QUIET, self._settle_late)

    def _settle_late(self) -> None:
        self._end = None
        if self._task is None:
            self._task = asyncio.create_task(self._write_late())

    async def _write_late(self) -> None:
        try:
            for execution in list(self._late):
                await self.settle(execution)
        except Exception:
            log.exception("late outputs could not be written")
        finally:
            self._task = None
        if self._dirty:
            self._later()

    async def _write(self, execution: Execution, live: bool) -> None:
        outputs = execution.outputs
        async with self._lock:
            for _ in range(TRIES):
                if outputs.changed_from is None and (live or not outputs.are_long):
                    return
                # What comes while large outputs are stored is written the next time.
                changed = outputs.take(whole=not live)
                await self._shrink(changed.items)
                notebook = self._notebook()
                # What an earlier run shows late has no place any more.
                if notebook is None or not self._is_latest(execution):
                    return
                items = [item.output for item in changed.items]
                cost = cells.write_outputs(notebook, execution.cell_id, items, changed.start, execution.written)
                if cost is not None:
                    execution.written = changed.start + len(items)
                    self._paid(cost)
                    return
                if live_cells.find(notebook, execution.cell_id) is None:
                    return
                outputs.changed_from = 0

    async def _shrink(self, items: list[Shown]) -> None:
        """Put placeholders for what is large; what they stand for is stored, and no longer in memory."""
        if large := [item for item in items if is_large(item.output)]:
            placeholders = await asyncio.to_thread(lambda: [self._blobs.shrink(item.output) for item in large])
            for item, placeholder in zip(large, placeholders, strict=True):
                item.output = placeholder
                self._paid(placeholder["data"][BLOB]["size"])

    def _paid(self, cost: float) -> None:
        now = time.monotonic()
        self._debt = max(0.0, self._debt - RATE * (now - self._wrote)) + cost
        self._wrote = now
