"""A WebSocket client as lean as a load generator needs one, and free to misbehave. RFC 6455."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from collections.abc import Callable
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_HEAD_END = b"\r\n\r\n"


class Refused(Exception):
    """The server did not switch protocols. ``status`` is what it said instead (0: it hung up)."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(f"{status}: {told[:300]}")
        self.status = status


class Socket(asyncio.Protocol):
    """One connection. ``on_message`` gets every message as bytes, on the event loop, in order."""

    def __init__(self, on_message: Callable[[bytes], None]) -> None:
        self._on_message = on_message
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._told = (1006, "")
        self._begun = False
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, url: str, on_message: Callable[[bytes], None], headers: dict[str, str] | None = None) -> Socket:
        """Connect to ``url`` (http or ws).

        Raises
        ------
        Refused
            The server answered with something else than a WebSocket.
        OSError
            Nobody listens there.
        """
        parts = urlsplit(url)
        port = parts.port or 80
        socket = cls(on_message)
        await asyncio.get_running_loop().create_connection(lambda: socket, parts.hostname or "", port)
        lines = [
            f"GET {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1",
            f"Host: {parts.hostname}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        assert socket._transport is not None
        socket._transport.write("\r\n".join(lines).encode() + _HEAD_END)
        try:
            await socket._opened
        except BaseException:
            socket.abort()
            raise
        # Not before the caller has the socket: the server's first messages may have come with its answer.
        asyncio.get_running_loop().call_soon(socket._begin)
        return socket

    @property
    def alive(self) -> bool:
        """Whether a message may still arrive at the server."""
        return not self.closed.done()

    @property
    def unsent(self) -> int:
        """Bytes that the server has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def send(self, message: bytes, kind: int = BINARY) -> None:
        """Send one message; nothing happens on a closed connection, as in a browser."""
        if not self.alive or self._transport is None:
            return
        size = len(message)
        if size < 126:
            head = bytes((0x80 | kind, 0x80 | size))
        elif size < 65536:
            head = bytes((0x80 | kind, 0xFE)) + size.to_bytes(2, "big")
        else:
            head = bytes((0x80 | kind, 0xFF)) + size.to_bytes(8, "big")
        # Masked with zeros: every server takes it, and it spares this machine the work.
        self._transport.write(head + b"\0\0\0\0" + message)

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, framed or not."""
        if self._transport is not None:
            self._transport.write(data)

    def listen(self, on_message: Callable[[bytes], None]) -> None:
        """Have somebody else get the messages from now on."""
        self._on_message = on_message

    async def close(self, code: int = 1000) -> None:
        """Say goodbye and wait until the server has hung up."""
        self.send(code.to_bytes(2, "big"), CLOSE)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.closed), 5)
        self.abort()
        await self.closed

    def abort(self) -> None:
        """Hang up without a word, as a laptop does whose lid is closed."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(Refused(0, str(error or "the connection was closed")))
        if not self.closed.done():
            self.closed.set_result(self._told)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._opened.done() or self._handshake():
            self._frames()

    def _begin(self) -> None:
        self._begun = True
        self._frames()

    def _handshake(self) -> bool:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return False
        head = self._buffer[:end].decode("latin-1")
        status = int(head.split(" ", 2)[1])
        if status != 101:
            self._opened.set_exception(Refused(status, self._buffer[end:].decode("utf-8", "replace")))
            return False
        del self._buffer[: end + len(_HEAD_END)]
        self._opened.set_result(None)
        return True

    def _frames(self) -> None:
        buffer, start, available = self._buffer, 0, len(self._buffer)
        while self._begun and available - start >= 2:
            size, begin = buffer[start + 1], start + 2
            if size == 126:
                size, begin = int.from_bytes(buffer[begin : begin + 2], "big"), begin + 2
            elif size == 127:
                size, begin = int.from_bytes(buffer[begin : begin + 8], "big"), begin + 8
            if available < begin + size:
                break
            self._frame(buffer[start], bytes(buffer[begin : begin + size]))
            start = begin + size
        del buffer[:start]

    def _frame(self, first: int, payload: bytes) -> None:
        kind = first & 0x0F
        if kind == PING:
            self.send(payload, PONG)
        elif kind == CLOSE:
            code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            self._told = (code, payload[2:].decode("utf-8", "replace"))
            self.send(payload[:2], CLOSE)
            if self._transport is not None:
                self._transport.close()
        elif kind != PONG:
            self._parts.append(payload)
            if first & 0x80:
                message, self._parts = b"".join(self._parts), []
                self._on_message(message)
