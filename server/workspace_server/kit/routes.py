"""The routes of the kit itself: the description, the event stream, operations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from workspace_ext.contract.operations import Operation, OperationList

from .events import Events
from .http import Content, Request, Route
from .operations import Operations

HEARTBEAT = 20.0


@dataclass(frozen=True)
class OperationQuery:
    """Only operations about ``subject``."""

    subject: str | None = None


def routes(events: Events, operations: Operations, describe: Callable[[], dict[str, Any]]) -> list[Route]:
    async def stream(_: Request) -> AsyncIterator[bytes]:
        """Server-sent events `{room, id, version, action}`; refetch what you show."""
        return _stream(events)

    def one(request: Request) -> Operation:
        """A long operation: how far it is, or how it ended."""
        return operations.get(request.path["id"])

    def listed(request: Request) -> OperationList:
        """Recent operations, newest first."""
        return OperationList(operations.list(request.query.subject))

    async def cancel(request: Request) -> Operation:
        """Stop an operation; answers once it has cleaned up."""
        return await operations.cancel(request.path["id"])

    def document(_: Request) -> Content:
        """This description."""
        return Content(json.dumps(describe()).encode(), "application/json")

    return [
        Route("GET", "/openapi.json", "public: describes the interface, holds no data", document),
        Route("GET", "/events", "events:read", stream),
        Route("GET", "/operations", "operations:read", listed, query=OperationQuery, reply=OperationList),
        Route("GET", "/operations/{id}", "operations:read", one, reply=Operation),
        Route("POST", "/operations/{id}/cancel", "operations:cancel", cancel, reply=Operation),
    ]


async def _stream(events: Events) -> AsyncIterator[bytes]:
    with events.queue() as queue:
        yield b": hello\n\n"
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), HEARTBEAT)
            except TimeoutError:
                yield b": still here\n\n"
            else:
                yield f"data: {json.dumps(event.wire())}\n\n".encode()
