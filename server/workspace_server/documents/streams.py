"""What a cell has printed: all of it up to a limit, and the first and last parts for those who look on. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

KEPT = 8_000_000
"""Characters of output that one run of a cell may leave in the notebook's file."""
LONG = 250_000
"""Characters of a stream from which on a document holds its first and last parts only."""
PART = 100_000
"""Characters of each of these two parts."""
PART_LINES = 1000
"""Lines of each of them: browsers lay out every line, however short."""
TAIL_WHILE_RUNNING = 4000
"""Characters of the last part while it changes several times a second."""
LINE = 100_000
"""Characters of a line that can still be overwritten."""

_BACKSPACES = re.compile("(\b+)")


class Stream:
    """The text of one stream (``stdout``) as a terminal would show it, in pieces: floods come in thousands of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept = 0
        self._finished = 0
        self._pieces: list[str] = []
        self._beyond: deque[str] = deque()
        self._beyond_size = self._left_out = 0
        self._line = ""
        self._returned = False
        self._first = ""
        self._shown: str | None = None

    @property
    def is_long(self) -> bool:
        """Whether a document holds its first and last parts only."""
        return self._size > LONG

    @property
    def _size(self) -> int:
        return self.kept + self._left_out + self._beyond_size

    def write(self, text: str, room: int) -> None:
        r"""Add what was printed; ``\r`` and ``\b`` go back within the last line.

        Parameters
        ----------
        room
            How many characters of this stream may be kept in all. Of what comes later, only the end is.
        """
        self._shown = None
        if self._returned or "\r" in text or "\b" in text:
            now, self._returned = write(self._line, text, self._returned)
        else:
            now = self._line + text
        end = len(now) if len(now) > LINE else now.rfind("\n") + 1
        finished, line = now[:end], now[end:]
        if finished:
            self._finish(finished, max(0, room - len(line)))
        self._line = line
        self.kept = self._finished + len(line)

    def text(self) -> str:
        """All that is kept."""
        note: tuple[str, ...] = ()
        if self._left_out:
            kept = f"Atrium keeps the first {KEPT / 1e6:.0f} MB of a cell's output"
            note = (f"\n[{kept}; here {_size(self._left_out)} are left out.]\n",)
        return "".join((*self._pieces, *note, *self._beyond, self._line))

    def shown(self) -> str:
        """What a document holds of it while it grows: all, or the first and the last part."""
        if self._shown is None:
            self._shown = self._abridged() if self.is_long else self.text()
        return self._shown

    def _abridged(self) -> str:
        if not self._first:
            self._first = first_part("".join(_take(self._pieces, PART)) or self._line)
        last = last_part(self._end(TAIL_WHILE_RUNNING) + self._line, TAIL_WHILE_RUNNING)
        return abridged(self._first, last, self._size)

    def _finish(self, text: str, room: int) -> None:
        fits = max(0, room - self._finished)
        if not self._beyond and fits:
            self._pieces.append(text[:fits])
            self._finished += min(fits, len(text))
            text = text[fits:]
        if not text:
            return
        self._left_out += max(0, len(text) - PART)
        self._beyond.append(text[-PART:])
        self._beyond_size += len(self._beyond[-1])
        while self._beyond_size - len(self._beyond[0]) > PART:
            gone = len(self._beyond.popleft())
            self._beyond_size -= gone
            self._left_out += gone

    def _end(self, size: int) -> str:
        pieces: Iterable[str] = reversed(self._beyond) if self._beyond else reversed(self._pieces)
        return "".join(reversed(_take(pieces, size)))[-size:]


def _take(pieces: Iterable[str], size: int) -> list[str]:
    taken, total = [], 0
    for piece in pieces:
        taken.append(piece)
        total += len(piece)
        if total >= size:
            break
    return taken


def first_part(text: str) -> str:
    """The beginning of a long text: whole lines where they are not too long."""
    text = text[:PART]
    lines = list(islice(re.finditer("\n", text), PART_LINES))
    end = lines[-1].end() if lines else 0
    return text[:end] if end > PART // 2 or len(lines) == PART_LINES else text


def last_part(text: str, size: int = PART) -> str:
    """The end of a long text."""
    text = text[-size:]
    at = len(text)
    for _ in range(PART_LINES + 1):
        if (before := text.rfind("\n", 0, at)) < 0:
            # The first line is cut: it goes, unless it is most of what there is.
            newline = text.find("\n")
            return text[newline + 1 :] if 0 <= newline < len(text) // 2 else text
        at = before
    return text[at + 1 :]


def abridged(first: str, last: str, size: int) -> str:
    """The two parts of a text of ``size`` characters, and between them how much is left out."""
    left_out = _size(max(0, size - len(first) - len(last)))
    return f"{first.removesuffix(chr(10))}\n[… {left_out} more …]\n{last}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


def write(before: str, text: str, returned: bool = False) -> tuple[str, bool]:
    r"""``text`` written to a terminal that shows ``before``: ``\r`` goes back to the line's start, ``\b`` one back.

    Parameters
    ----------
    returned
        Whether the cursor was left at the line's start.

    Returns
    -------
    The terminal's text, and whether the cursor is at the line's start now.
    """
    text = ("\r" + text if returned else text).replace("\r\n", "\n")
    if "\r" not in text and "\b" not in text:
        return before + text, False
    kept, newline, line = before.rpartition("\n")
    returned = text.endswith("\r")
    lines = [_overwrite(one) for one in (line + text.removesuffix("\r")).split("\n")]
    return kept + newline + "\n".join(lines), returned


def _overwrite(line: str) -> str:
    shown = ""
    # From the last one, which hides what those before it wrote.
    for part in reversed(line.split("\r")):
        if len(part) > len(shown):
            shown += (_erase(part) if "\b" in part else part)[len(shown) :]
    return shown


def _erase(text: str) -> str:
    kept = ""
    for piece in _BACKSPACES.split(text):
        kept = kept[: -len(piece)] if piece.startswith("\b") else kept + piece
    return kept


def stream_output(name: str, text: str) -> dict[str, Any]:
    """A stream as nbformat has it."""
    return {"output_type": "stream", "name": name, "text": text}
