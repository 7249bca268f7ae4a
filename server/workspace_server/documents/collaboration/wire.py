"""Frames of the y-protocols, as y-websocket sends them: variable-length integers and length-prefixed bytes."""

from __future__ import annotations

import json
from typing import Any

SYNC, AWARENESS, RAW, QUERY_AWARENESS = 0, 1, 2, 3
STEP1, STEP2, UPDATE = 0, 1, 2
NOTHING = b"\x00\x00"
"""An update without content."""
LARGEST = 2**53
"""JavaScript's largest exact integer, and so the largest that a client can mean."""


class Malformed(ValueError):
    """Bytes that are no frame."""


class Reader:
    """Reads one frame from its start."""

    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._frame)

    def uint(self) -> int:
        """
        Raises
        ------
        Malformed
            The frame ends early, or the number is larger than a client can mean.
        """
        value = shift = 0
        while self._at < len(self._frame):
            byte = self._frame[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if value > LARGEST:
                raise Malformed("a number that is too large")
            if byte < 0x80:
                return value
            shift += 7
        raise Malformed("a number without an end")

    def bytes(self) -> bytes:
        """
        Raises
        ------
        Malformed
            Fewer bytes are left than announced.
        """
        length = self.uint()
        found = self._frame[self._at : self._at + length]
        if len(found) < length:
            raise Malformed("fewer bytes than announced")
        self._at += length
        return found

    def text(self) -> str:
        """
        Raises
        ------
        Malformed
            No text in UTF-8.
        """
        try:
            return self.bytes().decode()
        except UnicodeDecodeError as error:
            raise Malformed(str(error)) from None


def state(vector: bytes) -> dict[int, int]:
    """A state vector: how many changes of each client are known.

    Raises
    ------
    Malformed
    """
    reader = Reader(vector)
    return {reader.uint(): reader.uint() for _ in range(reader.uint())}


def lacks(theirs: bytes, ours: bytes) -> bool:
    """Whether one state vector knows less than another.

    Raises
    ------
    Malformed
    """
    known = state(theirs)
    return any(known.get(client, 0) < clock for client, clock in state(ours).items())


def uint(value: int) -> bytes:
    """``value`` (not negative) as a variable-length integer."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(0x80 | value & 0x7F)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def prefixed(content: bytes) -> bytes:
    """``content`` behind its length."""
    return uint(len(content)) + content


def step1(state: bytes) -> bytes:
    """Ask for what a document with that state vector lacks."""
    return bytes((SYNC, STEP1)) + prefixed(state)


def step2(update: bytes) -> bytes:
    """The answer to :func:`step1`."""
    return bytes((SYNC, STEP2)) + prefixed(update)


def update(content: bytes) -> bytes:
    """A change of the document."""
    return bytes((SYNC, UPDATE)) + prefixed(content)


def awareness(states: list[tuple[int, int, str]]) -> bytes:
    """Who is there: client id, clock and state (JSON) of each."""
    content = bytearray(uint(len(states)))
    for client_id, clock, state in states:
        content += uint(client_id) + uint(clock) + prefixed(state.encode())
    return bytes((AWARENESS,)) + prefixed(bytes(content))


def read_awareness(content: bytes) -> list[tuple[int, int, str]]:
    """The reverse of :func:`awareness`, without the frame's head.

    Raises
    ------
    Malformed
    """
    reader = Reader(content)
    count = reader.uint()
    if count > len(content):
        raise Malformed("more states than bytes")
    return [(reader.uint(), reader.uint(), reader.text()) for _ in range(count)]


def raw(message: dict[str, Any]) -> bytes:
    """A message of the server's own, in JSON."""
    return bytes((RAW,)) + prefixed(json.dumps(message).encode())
