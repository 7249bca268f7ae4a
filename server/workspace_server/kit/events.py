"""Thin events: what changed, never its content. Browsers refetch through authorised REST."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """``{room, id, version, action}``; ``id`` is that of the changed thing, ``version`` only ever grows."""

    room: str
    id: str
    version: int
    action: str

    def wire(self) -> dict[str, Any]:
        return asdict(self)


class Events:
    """Publish from any thread; listen in the process (``on``) or through a queue (``queue``)."""

    def __init__(self) -> None:
        self._versions = itertools.count(1)
        self._queues: set[asyncio.Queue[Event]] = set()
        self._listeners: list[Callable[[Event], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop on which listeners and streams live."""
        self._loop = loop

    def publish(self, room: str, id: str, action: str) -> Event:
        """Say that the thing ``id`` of ``room`` has changed. Safe from any thread; never blocks."""
        event = Event(room, id, next(self._versions), action)
        if self._loop is None or self._loop.is_closed():
            return event
        try:
            inside = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            inside = False
        if inside:
            self._deliver(event)
        else:
            self._loop.call_soon_threadsafe(self._deliver, event)
        return event

    def on(self, listener: Callable[[Event], None]) -> None:
        """Call ``listener`` on the loop for every event, for as long as the server lives."""
        self._listeners.append(listener)

    @property
    def heard(self) -> bool:
        """Whether anybody listens to a stream just now."""
        return bool(self._queues)

    @contextmanager
    def queue(self) -> Iterator[asyncio.Queue[Event]]:
        """A queue that receives every event while the ``with`` lasts (bounded: a stuck reader misses the oldest)."""
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def _deliver(self, event: Event) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)
        for listener in self._listeners:
            listener(event)
