"""Long things a person started: progress, cancel, outcome. One list for all rooms, shown where the person is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from workspace_ext.contract.operations import Operation, WireError

from .clock import iso
from .errors import AtriumError, NotFound
from .events import Events
from .storage import new_id

KEPT = 200
log = logging.getLogger(__name__)


class Handle:
    """What a running operation reports through."""

    def __init__(self, operations: Operations, id: str) -> None:
        self._operations = operations
        self.id = id

    def report(self, message: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is (``total`` 0: unknown). Call on the event loop."""
        self._operations.update(self.id, message=message, done=done, total=total)


Run = Callable[[Handle], Awaitable[Any]]


class Operations:
    """Starts, follows and cancels operations. Lives in memory: what must outlive the server belongs to a room."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._operations: dict[str, Operation] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, kind: str, title: str, run: Run, owner: str = "", subject: str = "") -> Operation:
        """Begin ``run`` in the background.

        Parameters
        ----------
        kind
            ``room.verb``, for example ``projects.clone``.
        title
            What the person reads: "Clone forecast".
        run
            Given a :class:`Handle`; what it returns (JSON) becomes ``result``. It is cancelled by ``CancelledError``
            and must leave nothing half-made.
        owner, subject
            The caller's id, and the id of the thing it is about.
        """
        operation = Operation(
            id=new_id(), kind=kind, title=title, state="running", message="", done=0, total=0,
            started=iso(), ended=None, owner=owner, subject=subject, error=None, result=None,
        )  # fmt: skip
        self._operations[operation.id] = operation
        self._forget()
        self._tasks[operation.id] = asyncio.create_task(self._run(operation.id, run))
        self._events.publish("operations", operation.id, "started")
        return operation

    def get(self, id: str) -> Operation:
        try:
            return self._operations[id]
        except KeyError:
            raise NotFound("no_such_operation", f"There is no operation {id}.", "It may have ended long ago.") from None

    def list(self, subject: str | None = None) -> list[Operation]:
        """Newest first; only those about ``subject`` when it is given."""
        found = [one for one in self._operations.values() if subject is None or one.subject == subject]
        return found[::-1]

    async def cancel(self, id: str) -> Operation:
        """Stop it and wait until it has cleaned up after itself."""
        self.get(id)
        if (task := self._tasks.get(id)) is not None:
            task.cancel()
            await asyncio.wait([task])
        return self.get(id)

    async def wait(self, id: str) -> Operation:
        """The operation once it has ended."""
        if (task := self._tasks.get(id)) is not None:
            await asyncio.wait([task])
        return self.get(id)

    async def close(self) -> None:
        """Cancel everything, when the server stops."""
        await asyncio.gather(*(self.cancel(id) for id in list(self._tasks)))

    def update(self, id: str, **changes: Any) -> None:
        self._operations[id] = replace(self._operations[id], **changes)
        self._events.publish("operations", id, self._operations[id].state)

    async def _run(self, id: str, run: Run) -> None:
        try:
            result = await run(Handle(self, id))
        except asyncio.CancelledError:
            self.update(id, state="cancelled", message="Cancelled", ended=iso())
        except AtriumError as error:
            self.update(id, state="failed", ended=iso(), error=WireError(error.code, error.message, error.hint))
        except Exception as error:
            log.exception("operation %s failed", id)
            wire = WireError("unexpected", f"{type(error).__name__}: {error}", "The server's log has the details.")
            self.update(id, state="failed", ended=iso(), error=wire)
        else:
            self.update(id, state="succeeded", ended=iso(), result=result)
        finally:
            self._tasks.pop(id, None)

    def _forget(self) -> None:
        ended = [id for id, one in self._operations.items() if one.state != "running"]
        for id in ended[: max(0, len(self._operations) - KEPT)]:
            del self._operations[id]
