"""What a running cell has shown so far: kernel messages in, nbformat outputs out. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .collaboration.blobs import LARGE
from .streams import KEPT, Stream, stream_output

Output = dict[str, Any]

MOST = 1000
"""Outputs of one run: browsers take milliseconds for each."""
BESIDE = 100_000_000
"""Characters of such outputs that one run may leave."""


@dataclass(eq=False)
class Shown:
    """One output; whoever stores a large one puts its placeholder here. ``size`` is that of the whole."""

    output: Output
    size: int


@dataclass(frozen=True)
class Written:
    """What a document has to hold now: outputs from index ``start`` on, those before are as they were."""

    start: int
    items: list[Shown]


class Outputs:
    """The outputs of one run of a cell.

    Attributes
    ----------
    changed_from
        Index of the first output that has changed since :meth:`take` or :meth:`flushed`, None if none has.
    """

    def __init__(self) -> None:
        self.changed_from: int | None = None
        self._items: list[Shown | Stream] = []
        self._whole: dict[Stream, Shown] = {}
        self._size = self._beside = 0
        self._full = False
        self._clear_next = False
        self._displays: dict[str, list[int]] = {}

    @property
    def items(self) -> list[Output]:
        """All of them as nbformat has them; of long streams the first and the last part."""
        return [self._now(item, False).output for item in self._items]

    @property
    def are_long(self) -> bool:
        """Whether a stream is shown in part, because it was still growing when it was taken."""
        return any(isinstance(item, Stream) and item.is_long and item not in self._whole for item in self._items)

    def flushed(self) -> None:
        """Everything up to now has been written."""
        self.changed_from = None

    def take(self, whole: bool = False) -> Written:
        """What has changed since this was called before.

        Parameters
        ----------
        whole
            Long streams as well, which have to be made placeholders; otherwise their first and last parts.
        """
        start = self.changed_from if self.changed_from is not None else len(self._items)
        if whole:
            news = (at for at, item in enumerate(self._items) if isinstance(item, Stream) and item.is_long)
            start = min(start, *(at for at in news if self._items[at] not in self._whole), len(self._items))
        self.changed_from = None
        return Written(start, [self._now(item, whole) for item in self._items[start:]])

    def _now(self, item: Shown | Stream, whole: bool) -> Shown:
        if isinstance(item, Shown):
            return item
        if item in self._whole:
            return self._whole[item]
        if whole and item.is_long:
            text = item.text()
            return self._whole.setdefault(item, Shown(stream_output(item.name, text), len(text)))
        shown = item.shown()
        return Shown(stream_output(item.name, shown), len(shown))

    def apply(self, kind: str, content: dict[str, Any]) -> None:
        """Take one message of the kernel's iopub channel; kinds that show nothing are ignored."""
        if kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self.clear()
            return
        if kind == "update_display_data":
            self.update(content)
            return
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return
        if self._clear_next:
            self._clear_next = False
            self.clear()
        if kind == "stream":
            self._print(content["name"], content["text"])
        else:
            self._add(kind, content)

    def update(self, content: dict[str, Any]) -> bool:
        """Replace what was displayed under the message's display id. False if nothing here was."""
        indexes = self._displays.get(_display_id(content), [])
        for index in indexes:
            before = self._items[index]
            assert isinstance(before, Shown)
            now = _shown(before.output | {"data": content["data"], "metadata": content.get("metadata", {})})
            self._count(before, -1)
            self._count(now)
            self._items[index] = now
            self._touch(index)
        return bool(indexes)

    def clear(self) -> None:
        self._items = []
        self._whole = {}
        self._displays = {}
        self._size = self._beside = 0
        self._full = False
        self.changed_from = 0

    def _add(self, kind: str, content: dict[str, Any]) -> None:
        names = {
            "display_data": ("data", "metadata"),
            "execute_result": ("data", "metadata", "execution_count"),
            "error": ("ename", "evalue", "traceback"),
        }[kind]
        item = _shown({"output_type": kind, **{name: content[name] for name in names if name in content}})
        if kind != "error":
            if self._full:
                return
            self._count(item)
            if len(self._items) >= MOST or self._size > KEPT or self._beside > BESIDE:
                self._count(item, -1)
                self._full = True
                self._print("stderr", "\n[Atrium keeps no more outputs of this run; the others are left out.]\n")
                return
        self._items.append(item)
        self._touch(len(self._items) - 1)
        if id := _display_id(content):
            self._displays.setdefault(id, []).append(len(self._items) - 1)

    def _print(self, name: str, text: str) -> None:
        index = len(self._items) - 1
        if len(self._items) >= MOST or self._size >= KEPT:
            # So many in turns that their order matters less than their number: each goes on where it last was.
            index = next((at for at in range(index, -1, -1) if self._is_stream(at, name)), -1)
        if index < 0 or not self._is_stream(index, name):
            self._items.append(Stream(name))
            index = len(self._items) - 1
        stream = self._items[index]
        assert isinstance(stream, Stream)
        before = stream.kept
        stream.write(text, KEPT - self._size + before)
        self._size += stream.kept - before
        self._whole.pop(stream, None)
        self._touch(index)

    def _count(self, item: Shown, times: int = 1) -> None:
        if item.size > LARGE:
            self._beside += times * item.size
        else:
            self._size += times * item.size

    def _is_stream(self, index: int, name: str) -> bool:
        item = self._items[index]
        return isinstance(item, Stream) and item.name == name

    def _touch(self, index: int) -> None:
        self.changed_from = index if self.changed_from is None else min(index, self.changed_from)


def _shown(output: Output) -> Shown:
    data = output.get("data", {})
    if all(isinstance(value, str) for value in data.values()) and not output.get("traceback"):
        return Shown(output, sum(map(len, data.values())) + 100)
    return Shown(output, len(json.dumps(output, default=str)))


def _display_id(content: dict[str, Any]) -> str:
    return str((content.get("transient") or {}).get("display_id") or "")


def error(name: str, message: str, hint: str = "") -> Output:
    """An error of ours as a cell shows it."""
    lines = [f"\x1b[31m{name}\x1b[39m: {message}", *([hint] if hint else [])]
    return {"output_type": "error", "ename": name, "evalue": f"{message} {hint}".strip(), "traceback": lines}
