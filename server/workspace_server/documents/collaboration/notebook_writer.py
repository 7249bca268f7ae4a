"""The file of a live notebook, kept as text cell by cell, so that a save costs what was changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Array

from ...kit.notebooks.bases import Base, BaseCell
from ...kit.notebooks.notebook_json import Part, cell_parts, digest, notebook_parts, outputs_parts
from . import live_cells

_AT_ONCE = 0.004
"""Seconds after which the asynchronous way gives way."""


@dataclass
class _Cell:
    """What is known of a cell; None for what has to be read again."""

    parts: list[Part] | None = None
    base: BaseCell | None = None
    outputs: list[Part] | None = None
    outputs_digest: str = ""


class NotebookWriter:
    """Watches a notebook and knows the text of its file. All on the event loop.

    Duplicate ids are repaired before anything is read (see ``live_cells.repair``), which changes the document.
    """

    def __init__(self, notebook: YNotebook) -> None:
        self._notebook = notebook
        self._cells = [_Cell() for _ in range(len(notebook.ycells))]
        self._with_ids = True
        self._arranged = True
        self._subscription = notebook.ycells.observe_deep(self._on_change)

    def close(self) -> None:
        """Stop watching."""
        self._notebook.ycells.unobserve(self._subscription)

    def chunks(self) -> list[Part]:
        """The file's text; joined, and with large outputs in their places, exactly what Jupyter writes."""
        for _ in self._read():
            pass
        return self._chunks()

    async def achunks(self) -> list[Part]:
        """Like :meth:`chunks`, giving way every few milliseconds; changes made meanwhile are in it."""
        started = time.perf_counter()
        for _ in self._read():
            if time.perf_counter() - started > _AT_ONCE:
                await asyncio.sleep(0)
                started = time.perf_counter()
        return self._chunks()

    def base(self) -> Base:
        """What the document holds now, as what later merges start from. Costs what :meth:`chunks` does."""
        for _ in self._read():
            pass
        meta = live_cells.metadata(self._notebook)
        cells = [cell.base for cell in self._cells if cell.base is not None]
        return Base(None, cells, meta["metadata"], meta["nbformat_minor"])

    def _chunks(self) -> list[Part]:
        meta = live_cells.metadata(self._notebook)
        # Not joined: that, and the encoding, are for a thread.
        return list(notebook_parts([cell.parts or [] for cell in self._cells], **meta))

    def _read(self) -> Iterator[None]:
        """Bring everything up to date, a cell a step; begins anew with what changes between two steps."""
        while True:
            with_ids = live_cells.metadata(self._notebook)["nbformat_minor"] >= 5
            if with_ids != self._with_ids:
                self._with_ids = with_ids
                for cell in self._cells:
                    cell.parts = None
            if len(self._cells) != len(self._notebook.ycells):
                self._cells = [_Cell() for _ in range(len(self._notebook.ycells))]
                self._arranged = True
            if self._arranged:
                live_cells.repair(self._notebook)
                self._arranged = False
            index = found = 0
            while index < len(self._cells):
                if self._cells[index].parts is None:
                    self._read_cell(index)
                    found += 1
                    yield
                index += 1
            if not found:
                return

    def _read_cell(self, index: int) -> None:
        known = self._cells[index]
        with self._notebook.ydoc.transaction():
            live = self._notebook.ycells[index]
            if known.outputs is None:
                outputs = live.get("outputs")
                found = outputs.to_py() if isinstance(outputs, Array) else outputs
                code = live.get("cell_type") == "code"
                known.outputs = outputs_parts(found or [])
                known.outputs_digest = digest(known.outputs) if found and code else ""
            cell = live_cells.read(live, without=("outputs",))
        known.base = BaseCell.of(cell, known.outputs_digest)
        known.parts = cell_parts(cell, known.outputs, self._with_ids)

    def _on_change(self, events: list[Any]) -> None:
        # The places in the paths of deeper events are those after the cells were inserted and deleted.
        for event in sorted(events, key=lambda event: len(event.path)):
            if not event.path:
                live_cells.keep_in_step(self._cells, event.delta, _Cell)
                self._arranged |= any("insert" in change for change in event.delta)
                continue
            index = event.path[0]
            if not isinstance(index, int) or index >= len(self._cells):
                continue
            cell = self._cells[index]
            cell.parts = None
            if len(event.path) > 1:
                if event.path[1] == "outputs":
                    cell.outputs = None
                continue
            changed = set(event.keys)
            if changed & {"outputs", "cell_type"}:
                cell.outputs = None
            if "id" in changed:
                self._arranged = True
