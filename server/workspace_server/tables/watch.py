"""Tells browsers that a kernel has written a table: a look at the logs' times now and then, while somebody listens."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from ..kit.events import Events
from .service import Tables

SECONDS = 2.0
log = logging.getLogger(__name__)


def changes(before: dict[str, int], after: dict[str, int]) -> dict[str, str]:
    """What to say of each table that differs: its path and ``written`` or ``removed``."""
    written = {path: "written" for path, changed in after.items() if before.get(path) != changed}
    return {**written, **{path: "removed" for path in before if path not in after}}


class Watch:
    """Publishes events of the room ``tables``; their id is the table's name."""

    def __init__(self, tables: Tables, events: Events, seconds: float = SECONDS) -> None:
        self._tables = tables
        self._events = events
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        seen = await asyncio.to_thread(self._tables.logs)
        while True:
            await asyncio.sleep(self._seconds)
            if not self._events.heard:
                continue
            try:
                now = await asyncio.to_thread(self._tables.logs)
            except OSError:
                log.exception("the tables' folder cannot be read")
                continue
            for path, action in changes(seen, now).items():
                self._events.publish("tables", path.rpartition("/")[2], action)
            seen = now
