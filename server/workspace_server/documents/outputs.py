"""What a running cell has shown so far: kernel messages in, nbformat outputs out. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

LARGEST = 8_000_000
"""Bytes of output that one run of a cell may leave in the notebook."""

Output = dict[str, Any]
_BACKSPACE = re.compile(r"[^\n\b]\x08")


class Outputs:
    """The outputs of one run of a cell.

    Attributes
    ----------
    items
        nbformat outputs; contiguous text of one stream is one output.
    changed_from
        Index of the first output that has changed since :meth:`flushed`, None if none has.
    """

    def __init__(self) -> None:
        self.items: list[Output] = []
        self.changed_from: int | None = None
        self._size = 0
        self._full = False
        self._clear_next = False
        self._returned = False
        self._displays: dict[str, list[int]] = {}

    def flushed(self) -> None:
        """Everything up to now has been written."""
        self.changed_from = None

    def apply(self, kind: str, content: dict[str, Any]) -> None:
        """Take one message of the kernel's iopub channel; kinds that show nothing are ignored."""
        if kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self._clear()
            return
        if kind == "update_display_data":
            self.update(content)
            return
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return
        if self._clear_next:
            self._clear_next = False
            self._clear()
        if self._full and kind != "error":
            return
        if kind == "stream":
            self._stream(content["name"], content["text"])
        else:
            self._add(kind, content)

    def update(self, content: dict[str, Any]) -> bool:
        """Replace what was displayed under the message's display id. False if nothing here was."""
        indexes = self._displays.get(_display_id(content), [])
        for index in indexes:
            self.items[index] |= {"data": content["data"], "metadata": content.get("metadata", {})}
            self._touch(index)
        return bool(indexes)

    def _add(self, kind: str, content: dict[str, Any]) -> None:
        names = {
            "display_data": ("data", "metadata"),
            "execute_result": ("data", "metadata", "execution_count"),
            "error": ("ename", "evalue", "traceback"),
        }[kind]
        output = {"output_type": kind, **{name: content[name] for name in names if name in content}}
        size = len(json.dumps(output, default=str))
        if kind != "error" and self._size + size > LARGEST:
            self._leave_out()
            return
        self._size += size
        self._returned = False
        self.items.append(output)
        self._touch(len(self.items) - 1)
        if id := _display_id(content):
            self._displays.setdefault(id, []).append(len(self.items) - 1)

    def _stream(self, name: str, text: str, beyond: int = 0) -> None:
        last = self.items[-1] if self.items else None
        if last is None or last["output_type"] != "stream" or last["name"] != name:
            last = {"output_type": "stream", "name": name, "text": ""}
            self._returned = False
        # A progress bar rewrites its line for hours and must not be taken for a flood.
        rewritten, self._returned = write(last["text"], text, self._returned)
        size = len(rewritten) - len(last["text"])
        if self._size + size > LARGEST + beyond:
            self._leave_out()
            return
        self._size += size
        last["text"] = rewritten
        if not self.items or self.items[-1] is not last:
            self.items.append(last)
        self._touch(len(self.items) - 1)

    def _leave_out(self) -> None:
        note = f"\n[Atrium keeps the first {LARGEST // 1_000_000} MB of a cell's output; the rest is left out.]\n"
        self._stream("stderr", note, LARGEST)
        self._full = True

    def _clear(self) -> None:
        self.items = []
        self._displays = {}
        self._size = 0
        self._full = False
        self._returned = False
        self.changed_from = 0

    def _touch(self, index: int) -> None:
        self.changed_from = index if self.changed_from is None else min(index, self.changed_from)


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
    for part in line.split("\r"):
        while (erased := _BACKSPACE.sub("", part)) != part:
            part = erased
        part = part.lstrip("\b")
        shown = part + shown[len(part) :]
    return shown


def _display_id(content: dict[str, Any]) -> str:
    return str((content.get("transient") or {}).get("display_id") or "")


def error(name: str, message: str, hint: str = "") -> Output:
    """An error of ours as a cell shows it."""
    lines = [f"\x1b[31m{name}\x1b[39m: {message}", *([hint] if hint else [])]
    return {"output_type": "error", "ename": name, "evalue": f"{message} {hint}".strip(), "traceback": lines}
