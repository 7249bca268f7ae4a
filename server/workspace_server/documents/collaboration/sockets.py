"""Tornado's WebSocket, for connections on which very many very small messages come and go."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketProtocol13

BINARY = 0x82
"""The first byte of a whole binary message (RFC 6455, 5.2)."""
AT_ONCE = 65_536


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


def _framed(content: bytes) -> bytes:
    """A message as a server sends it: unmasked, in one frame."""
    size = len(content)
    if size < 126:
        return struct.pack("!BB", BINARY, size) + content
    if size < 65536:
        return struct.pack("!BBH", BINARY, 126, size) + content
    return struct.pack("!BBQ", BINARY, 127, size) + content
