"""What a kernel publishes, read as fast as it comes: ZMQ drops what does not fit into its queue, the newest first."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import zmq
from jupyter_client.session import DELIM, Session

log = logging.getLogger(__name__)

QUEUED = 20_000
"""Messages that may wait in ZMQ's queue, however large they are."""
WAITING = 64_000_000
"""Bytes that may wait beyond that queue, which is emptied into memory at each turn."""
AT_ONCE = 0.004
"""Seconds after which the event loop gets its turn."""
LARGE = 500_000
"""Bytes of a message that is decoded in a thread."""

Message = dict[str, Any]


class Publications:
    """Iterates over the messages of a kernel's iopub channel, for ever.

    Parameters
    ----------
    socket
        An asynchronous SUB socket that is connected to it. It connects anew, so what is published meanwhile is missed,
        and nobody else may read from it once this is iterated over.
    session
        Whose key signs the messages.
    """

    def __init__(self, socket: Any, session: Session) -> None:
        self._socket = socket
        self._session = session
        # One message is a few microseconds' work, of which asyncio's way to it would be many times as much.
        self._now: zmq.Socket[bytes] = zmq.Socket.shadow(socket)
        self._waiting: deque[list[bytes]] = deque()
        self._size = 0
        # It counts from the next connection on.
        address = socket.last_endpoint
        socket.disconnect(address)
        socket.rcvhwm = QUEUED
        socket.connect(address)

    async def __aiter__(self) -> AsyncIterator[Message]:
        while True:
            if not self._waiting:
                await self._socket.poll(1000)
            self._receive()
            turn = time.monotonic() + AT_ONCE
            while self._waiting and time.monotonic() < turn:
                frames = self._waiting.popleft()
                self._size -= (size := sum(map(len, frames)))
                large = size > LARGE
                message = await asyncio.to_thread(self._decode, frames) if large else self._decode(frames)
                if message is not None:
                    yield message
            await asyncio.sleep(0)

    def _receive(self) -> None:
        with contextlib.suppress(zmq.Again):
            while self._size < WAITING:
                frames = self._now.recv_multipart(zmq.NOBLOCK)
                self._waiting.append(frames)
                self._size += sum(map(len, frames))

    def _decode(self, frames: list[bytes]) -> Message | None:
        """Without what ``Session.deserialize`` does beyond that, which takes longer than all the rest: dates, buffers,
        and a history against repetition."""
        try:
            signature, *parts = frames[frames.index(DELIM) + 1 :][:5]
            if self._session.auth is not None and not hmac.compare_digest(self._session.sign(parts), signature):
                raise ValueError("its signature is wrong")
            header, parent, _, content = map(json.loads, parts)
        except ValueError as problem:
            log.error("a message of a kernel cannot be read: %s", problem)
            return None
        return {"msg_type": header["msg_type"], "header": header, "parent_header": parent, "content": content}
