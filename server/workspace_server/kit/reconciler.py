"""Desired against actual: a de-duplicating queue of keys, each reconciled by one task at a time, with backoff."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

FIRST, LAST = 0.5, 60.0


class Reconciler:
    """Calls ``reconcile(key)`` for every key added, never twice at once for one key.

    Parameters
    ----------
    name
        For the log.
    reconcile
        Makes the actual state of ``key`` more like the desired one. Returns the seconds after which to look again,
        or None. When it raises, the key is retried after 0.5 s, doubling up to a minute.
    """

    def __init__(self, name: str, reconcile: Callable[[str], Awaitable[float | None]]) -> None:
        self._name = name
        self._reconcile = reconcile
        self._wanted: set[str] = set()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}
        self._closed = False

    def add(self, key: str) -> None:
        """Look at ``key`` soon. Many calls before that are one. Call on the event loop."""
        if self._closed:
            return
        if timer := self._timers.pop(key, None):
            timer.cancel()
        if key in self._running:
            self._wanted.add(key)
            return
        self._running[key] = asyncio.create_task(self._run(key))

    async def close(self) -> None:
        """Stop looking; what is running is cancelled."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str) -> None:
        again: float | None = None
        try:
            again = await self._reconcile(key)
            self._failures.pop(key, None)
        except Exception:
            log.exception("%s: %s", self._name, key)
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            again = min(LAST, FIRST * 2 ** (failures - 1))
        finally:
            del self._running[key]
            if key in self._wanted:
                self._wanted.discard(key)
                self.add(key)
        if again is not None and key not in self._running and not self._closed:
            self._timers[key] = asyncio.get_running_loop().call_later(again, self.add, key)
