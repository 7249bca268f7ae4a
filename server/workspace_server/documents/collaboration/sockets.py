"""Tornado's WebSocket, for connections on which very many very small messages come and go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import struct
from collections.abc import Callable
from typing import Any

from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketProtocol13

log = logging.getLogger(__name__)

BINARY = 0x82
"""The first byte of a whole binary message (RFC 6455, 5.2)."""
AT_ONCE = 65_536
PAUSE = 0.024
"""Seconds between two looks at what a crowd has sent."""


class Socket(WebSocketProtocol13):
    """Reads and writes in fewer steps than Tornado's own; what is read and written is the same."""

    _ahead = b""

    async def _read_bytes(self, n: int) -> bytes:
        """Tornado asks for a frame in three pieces. It waits for each, and while some of a frame is left in its buffer
        it does not listen to the socket, which it so registers anew for each frame."""
        if len(self._ahead) < n:
            await self._read_ahead(n)
        data, self._ahead = self._ahead[:n], self._ahead[n:]
        self._wire_bytes_in += n
        return data

    async def _read_ahead(self, n: int) -> None:
        pieces, size = [self._ahead], len(self._ahead)
        while size < n:
            pieces.append(await self.stream.read_bytes(AT_ONCE, partial=True))
            size += len(pieces[-1])
        self._ahead = b"".join(pieces)

    def put(self, *messages: bytes) -> int:
        """Send binary messages, in one piece. Never waits; what the other end does not read is kept.

        Not by ``write_message``, which starts a task for each; and where nothing waits, not through the stream, which
        makes a future of each write.

        Returns
        -------
        int
            Bytes that the other end has not read yet.
        """
        data = b"".join(map(_framed, messages))
        stream: Any = self.stream
        sent = 0
        if not stream._write_buffer:
            try:
                sent = stream.write_to_fd(data)
            except OSError:
                sent = 0  # The stream meets it again, and closes.
        if sent < len(data):
            with contextlib.suppress(StreamClosedError):
                stream.write(memoryview(data)[sent:])
        return len(stream._write_buffer)


class Gathering:
    """Stands in for Tornado's loop for some connections: where many send at any moment, it looks now and then at what
    all of them have sent. To wake up for each message takes longer than to receive it.

    A first message is received at once. All on the event loop.

    Parameters
    ----------
    crowd
        With fewer connections every message is received at once.
    """

    def __init__(self, crowd: int) -> None:
        self._crowd = crowd
        self._epoll = select.epoll()
        self._handlers: dict[int, tuple[Any, Callable[[Any, int], None]]] = {}
        self._io_loop = IOLoop.current()
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._epoll.fileno(), self._woken)

    def adopt(self, stream: Any) -> None:
        """Look after a stream (``tornado.iostream.IOStream``) from now on."""
        if stream.closed():
            return
        state = stream._state
        if state is not None:
            stream.io_loop.remove_handler(stream.fileno())
        stream.io_loop = self
        if state is not None:
            self.add_handler(stream.fileno(), stream._handle_events, state)

    def close(self) -> None:
        """Look no more. Nobody reads from the connections that are left."""
        if self._pause is not None:
            self._pause.cancel()
        self._handlers.clear()
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    # What a stream asks of its loop

    def add_handler(self, fd: Any, handler: Callable[[Any, int], None], events: int) -> None:
        if not self._epoll.closed:
            self._epoll.register(fd, events)
            self._handlers[fd.fileno()] = fd, handler

    def update_handler(self, fd: Any, events: int) -> None:
        if fd.fileno() in self._handlers:
            self._epoll.modify(fd, events)

    def remove_handler(self, fd: Any) -> None:
        if self._handlers.pop(fd.fileno(), None) is not None:
            self._epoll.unregister(fd)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._io_loop, name)

    # Looking

    def _woken(self) -> None:
        if self._look() and len(self._handlers) >= self._crowd:
            self._loop.remove_reader(self._epoll.fileno())
            self._pause = self._loop.call_later(PAUSE, self._again)

    def _again(self) -> None:
        if self._look():
            self._pause = self._loop.call_later(PAUSE, self._again)
        else:
            self._pause = None
            self._loop.add_reader(self._epoll.fileno(), self._woken)

    def _look(self) -> bool:
        found = self._epoll.poll(0)
        for number, events in found:
            # Whoever was handled before it may have closed it.
            if (known := self._handlers.get(number)) is not None:
                try:
                    known[1](known[0], events)
                except Exception:
                    log.exception("a connection broke")
        return bool(found)


def _framed(content: bytes) -> bytes:
    """A message as a server sends it: unmasked, in one frame."""
    size = len(content)
    if size < 126:
        return struct.pack("!BB", BINARY, size) + content
    if size < 65536:
        return struct.pack("!BBH", BINARY, 126, size) + content
    return struct.pack("!BBQ", BINARY, 127, size) + content
