"""The merge of a notebook, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Map, Text

from ...kit.notebooks.bases import Base, BaseCell
from ...kit.notebooks.cell_order import arrange, identify, new_id
from ...kit.notebooks.json_merge import merge_json
from ...kit.notebooks.text_merge import applied, merge_text
from . import live_cells
from .merged import ORIGIN, Conflict, Merged, count
from .text_edits import apply

_QUIET = frozenset({"collapsed", "execution", "ExecuteTime", "scrolled"})
"""Metadata that running and looking at a cell changes: not worth telling people that both sides did."""
_NO_CELLS = Base()


class NotebookMerge:
    """One merge. Use once, on the event loop, without giving way in between.

    Parameters
    ----------
    base
        What the file was made from; None if nothing is known of it.
    theirs, disk
        What the file holds now, and the same as a base.
    room
        What the document holds now, if it is known; each cell has an id of its own then.
    saves
        What else the file is known to have held.
    """

    def __init__(
        self,
        notebook: YNotebook,
        base: Base | None,
        theirs: Mapping[str, Any],
        disk: Base,
        room: Base | None,
        saves: Sequence[Base] = (),
    ) -> None:
        self._notebook = notebook
        self._base = base or _NO_CELLS
        self._saves = saves
        self._theirs = theirs
        self._disk = disk
        self._room = room
        self._counts: dict[str, int] = {}
        self._told: list[tuple[str, str | None, str | None, str]] = []
        self._new: dict[str, dict[str, Any]] = {}
        self._copies: dict[str, str] = {}
        self._rebuilt: set[str] = set()
        self._taken: set[str] = set()

    def run(self) -> Merged:
        with self._notebook.ydoc.transaction(origin=ORIGIN):
            if self._room is None:
                live_cells.repair(self._notebook)
                self._room = live_cells.state(self._notebook)
            self._old = {cell.id: cell for cell in self._base.cells}
            self._here = {cell.id: cell for cell in self._room.cells}
            self._place = {cell.id: index for index, cell in enumerate(self._room.cells)}
            self._ids = identify(self._base, self._disk, self._here)
            self._there = dict(zip(self._ids, self._disk.cells, strict=True))
            self._raw = dict(zip(self._ids, self._theirs["cells"], strict=True))
            self._taken = {*self._old, *self._here, *self._there}
            self._merge_metadata()
            for id in self._there:
                if id in self._here:
                    self._merge_cell(id)
            self._arrange(self._kept())
        return self._outcome()

    # Which cells there are

    def _kept(self) -> list[str]:
        """The ids of the room's cells that stay; notes those that come from the disk."""
        kept = []
        for id, cell in self._here.items():
            before = self._old.get(id)
            if id in self._there or before is None:
                kept.append(id)
            elif cell.written != before.written or self._shows_unsaved(id):
                kept.append(id)
                self._tell("deleted-on-disk", id)
            else:
                self._count("deleted")
        for id, cell in self._there.items():
            if id in self._here:
                continue
            before = self._old.get(id)
            if before is None:
                self._count("added")
            elif cell.written != before.written:
                self._tell("deleted-here", id)
            else:
                continue
            self._new[id] = {**self._raw[id], "id": id}
        return kept

    def _has_run(self, id: str) -> bool:
        """Whether the cell shows, or is about to show, what it did not at the last save."""
        here, before = self._here[id], self._old.get(id)
        return self._runs(id) or (bool(here.outputs) and (before is None or here.run != before.run))

    def _shows_unsaved(self, id: str) -> bool:
        """Whether the cell shows, or is about to show, what was never in the file: who deleted it there did not know.

        Not the base alone decides that: of a notebook that is written without outputs nobody can tell from which save.
        """
        here = self._here[id]
        saved = (cell.run for save in (self._base, *self._saves) for cell in save.cells if cell.id == id)
        return self._runs(id) or (bool(here.outputs) and here.run not in saved)

    def _runs(self, id: str) -> bool:
        return bool(self._live(id).get("execution_state") == live_cells.RUNNING)

    def _arrange(self, kept: list[str]) -> None:
        heavy = {id for id in kept if id not in self._old or self._here[id].written != self._old[id].written}
        wanted = [id for id in self._ids if id in self._new or id in self._here]
        order, carried = arrange(list(self._old), kept, wanted, heavy)
        if carried:
            self._count("moved", len(carried))
        for id, copy in self._copies.items():
            order.insert(order.index(id) + 1, copy)
        if not order:
            # Otherwise every open browser adds one.
            id = new_id({"source": "", "cell_type": "code"}, self._taken)
            order = [id]
            self._new[id] = {"cell_type": "code", "id": id, "source": "", "metadata": {"trusted": True}}
        again = {*carried, *self._rebuilt}
        staying = set(kept) - again
        for id in again & set(kept):
            self._new[id] = live_cells.plain(live_cells.read(self._live(id))) | self._new.get(id, {})
            if (running := self._live(id).get("execution_state")) is not None:
                self._new[id]["execution_state"] = running
        cells = self._notebook.ycells
        standing = list(self._here)
        for index in reversed(range(len(standing))):
            if standing[index] not in staying:
                del cells[index]
                del standing[index]
        for index, id in enumerate(order):
            if index >= len(standing) or standing[index] != id:
                cells.insert(index, live_cells.create(self._notebook, self._new[id]))
                standing.insert(index, id)
        self._order = order

    def _live(self, id: str) -> Map[Any]:
        """A cell of the room, before any is inserted or deleted."""
        cell: Map[Any] = self._notebook.ycells[self._place[id]]
        return cell

    # What is in them

    def _merge_cell(self, id: str) -> None:
        here, there, before = self._here[id], self._there[id], self._old.get(id)
        live = self._live(id)
        changed = False
        if there.written != here.written and (before is None or there.written != before.written):
            if not self._merge_written(id):
                self._keep_both(id)
                return
            changed = True
        if there.run != here.run and (before is None or there.run != before.run):
            if before is not None and here.run == before.run and not self._has_run(id):
                self._take_outputs(id)
                changed = True
            elif there.outputs != here.outputs:
                self._count("outputs")
        merged, clashes = merge_json(before.metadata if before else {}, here.metadata, there.metadata)
        if keys := [key for key in {**here.metadata, **merged} if here.metadata.get(key) != merged.get(key)]:
            if not isinstance(live.get("metadata"), Map):
                live["metadata"] = Map()
            live_cells.set_metadata(live["metadata"], merged, keys)
            changed = True
        for path in clashes:
            if path[0] not in _QUIET:
                self._tell("metadata", id, detail=".".join(path))
        if changed:
            self._count("changed")

    def _merge_written(self, id: str) -> bool:
        """Bring source, type and attachments in. False, and nothing done, if both sides changed the same."""
        here, there, before = self._here[id], self._there[id], self._old.get(id)
        was = before or BaseCell("", there.type, "", {}, {}, "", None)
        text = merge_text(was.source, here.source, there.source)
        attachments, clashes = merge_json(was.attachments, here.attachments, there.attachments)
        retyped = there.type != was.type and there.type != here.type
        if text.clashes or clashes or (here.type != there.type and (retyped and here.type != was.type)):
            return False
        live = self._live(id)
        if isinstance(live.get("source"), Text):
            apply(live["source"], here.source, text.edits)
        else:
            live["source"] = Text(applied(here.source, text.edits))
        if attachments != here.attachments:
            held = live.get("attachments")
            now = (held.to_py() if isinstance(held, Map) else held) or {}
            raw = self._raw[id].get("attachments", {})
            live["attachments"] = {
                name: now[name] if hash == here.attachments.get(name) else raw[name]
                for name, hash in attachments.items()
            }
        if retyped:
            # JupyterLab makes the widget of a cell once, for the type that it has then.
            self._rebuilt.add(id)
            ran = ("outputs", "execution_count") if there.type == "code" else ()
            self._new[id] = {"cell_type": there.type, **{key: self._raw[id].get(key) for key in ran}}
        return True

    def _take_outputs(self, id: str) -> None:
        live, raw = self._live(id), self._raw[id]
        if self._here[id].type != "code" or raw.get("cell_type") != "code":
            return
        if self._there[id].outputs != self._here[id].outputs:
            live_cells.set_outputs(live, raw.get("outputs", []))
            trusted = bool(raw.get("metadata", {}).get("trusted"))
            held = live.get("metadata")
            if isinstance(held, Map) and bool(held.get("trusted")) != trusted:
                # What others' code has shown may run scripts only where the server trusts the file.
                held["trusted"] = trusted
        live["execution_count"] = self._there[id].execution_count

    def _keep_both(self, id: str) -> None:
        there = self._there[id]
        for cell in self._here.values():
            if live_cells.conflict_with(cell) == id and cell.source == there.source:
                return
        copy = new_id(there, self._taken)
        self._taken.add(copy)
        self._copies[id] = copy
        held = self._raw[id].get("metadata", {})
        mark = {**held.get("atrium", {}), "conflict": {"with": id}}
        self._new[copy] = {**self._raw[id], "id": copy, "metadata": {**held, "atrium": mark}}
        self._tell("edited", id, copy)

    def _merge_metadata(self) -> None:
        assert self._room is not None
        before, here, there = (side.metadata or {} for side in (self._base, self._room, self._disk))
        merged, clashes = merge_json(before, here, there)
        meta = self._notebook.ydoc.get("meta", type=Map)
        if keys := [key for key in {**here, **merged} if here.get(key) != merged.get(key)]:
            if not isinstance(meta.get("metadata"), Map):
                meta["metadata"] = Map()
            live_cells.set_metadata(meta["metadata"], merged, keys)
            self._count("metadata")
        for path in clashes:
            self._tell("metadata", None, detail=".".join(path))
        minors = [side.nbformat_minor for side in (self._base, self._room, self._disk)]
        if minors[2] != minors[1] and self._base is not _NO_CELLS and minors[0] == minors[1]:
            meta["nbformat_minor"] = minors[2]
            self._count("metadata")

    # What people are told

    def _count(self, what: str, number: int = 1) -> None:
        self._counts[what] = self._counts.get(what, 0) + number

    def _tell(self, kind: str, id: str | None, other: str | None = None, detail: str = "") -> None:
        self._told.append((kind, id, other, detail))

    def _outcome(self) -> Merged:
        place = {id: index + 1 for index, id in enumerate(self._order)}
        conflicts = []
        for kind, id, other, detail in self._told:
            name = f"Cell {place[id]}" if id in place else "The notebook"
            message = {
                "edited": f"{name} was changed here and on disk. Both versions are kept: that on disk is right below.",
                "deleted-on-disk": f"{name} was deleted on disk and changed here; it is kept.",
                "deleted-here": f"{name} was deleted here and changed on disk; it is back.",
                "metadata": f"{name} has another “{detail}” on disk than here; the one here is kept.",
            }[kind]
            conflicts.append(Conflict(kind, id, other, message))
        done = {key: number for key, number in self._counts.items() if key not in ("outputs", "metadata")}
        parts = [f"{count(number, 'cell')} {what}" for what, number in done.items()]
        if "metadata" in self._counts:
            parts.append("the notebook's metadata changed")
        told = [f"Taken over from disk: {', '.join(parts)}."] if parts else []
        if outputs := self._counts.get("outputs"):
            told.append(f"The outputs of {count(outputs, 'cell')} differ on disk; those here are kept.")
        if conflicts:
            more = f" And {len(conflicts) - 1} more." if len(conflicts) > 1 else ""
            told.append(f"{count(len(conflicts), 'conflict')}: {conflicts[0].message}{more}")
        changed = bool(parts) or any(kind in ("edited", "deleted-here") for kind, *_ in self._told)
        known = [replace(cell, id=id) for id, cell in self._there.items()]
        return Merged(changed, conflicts, " ".join(told), base=replace(self._disk, cells=known))
