"""Three versions of a notebook's file into one, cell by cell: sources word by word, outputs from the side whose source
won. Plain data; what both sides changed is left to whoever merges, and the result is always a valid notebook."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import fastjsonschema

from workspace_ext.contract.merges import Side

from ...kit.notebooks.bases import Base, BaseCell
from ...kit.notebooks.cell_order import arrange, identify, new_id
from ...kit.notebooks.json_merge import merge_json
from ...kit.notebooks.text_merge import applied, merge_text
from .conflicts import Choices, Conflict

Cell = dict[str, Any]
Notebook = dict[str, Any]


@dataclass
class _Version:
    """One of the three: its cells by the ids under which they are compared, in order."""

    notebook: Notebook
    base: Base
    ids: list[str]
    cells: dict[str, Cell] = field(init=False)
    known: dict[str, BaseCell] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = dict(zip(self.ids, self.notebook["cells"], strict=True))
        self.known = dict(zip(self.ids, self.base.cells, strict=True))

    def run(self, id: str) -> tuple[str, int | None] | None:
        return self.known[id].run if id in self.known else None

    def source(self, id: str) -> str | None:
        return self.known[id].source if id in self.known else None


def parse(content: bytes | None) -> Notebook | None:
    """A notebook of format 4 as nbformat has it, an empty one for an absent file; None where it is none."""
    if content is None or not content.strip():
        return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    try:
        found = json.loads(content)
        whole = (
            found["nbformat"] == 4
            and all(isinstance(cell, dict) and "cell_type" in cell for cell in found["cells"])
            and isinstance(found.get("metadata", {}), dict)
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if whole else None


@functools.cache
def _validator(minor: int) -> Callable[[Any], Any]:
    """nbformat's own schema. Importing nbformat itself takes a second, which whoever waits for a pull would notice."""
    package = importlib.util.find_spec("nbformat")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "v4"
    known = [
        int(path.name.split(".")[2]) for path in folder.glob("nbformat.v4.*.schema.json") if path.name[12].isdigit()
    ]
    schema = folder / f"nbformat.v4.{min(minor, max(known))}.schema.json"
    validate: Callable[[Any], Any] = fastjsonschema.compile(json.loads(schema.read_text()))
    return validate


def merge_notebooks(versions: Sequence[Notebook], choices: Choices) -> tuple[bytes, list[Conflict]]:
    """Base, mine and theirs: the merged file, and what is left to choose, of which the file holds both versions.

    Parameters
    ----------
    choices
        For this file, see :class:`.conflicts.Choices`.
    """
    base, mine, theirs = versions
    return _Merge(base, mine, theirs, choices).run()


class _Merge:
    def __init__(self, base: Notebook, mine: Notebook, theirs: Notebook, choices: Choices) -> None:
        old = Base.of(base)
        self._old = _Version(base, old, _ids_of_base(old))
        identified = Base(None, [replace(cell, id=id) for cell, id in zip(old.cells, self._old.ids, strict=True)],
                          old.metadata, 5)  # fmt: skip
        ours, others = Base.of(mine), Base.of(theirs)
        self._mine = _Version(mine, ours, identify(identified, ours, ()))
        self._theirs = _Version(theirs, others, identify(identified, others, self._mine.ids))
        self._choices = choices
        self._conflicts: list[Conflict] = []
        self._taken = {*self._old.ids, *self._mine.ids, *self._theirs.ids}

    def run(self) -> tuple[bytes, list[Conflict]]:
        made: dict[str, list[tuple[str, Cell]]] = {}
        for id in dict.fromkeys([*self._mine.ids, *self._theirs.ids]):
            made[id] = self._cell(id)
        there = {id for id, cells in made.items() if cells}
        order, _ = arrange(
            self._old.ids,
            [id for id in self._mine.ids if id in there],
            [id for id in self._theirs.ids if id in there],
            (),
        )
        cells = [cell for id in order for cell in made[id]]
        return self._write(cells), self._conflicts

    # One cell

    def _cell(self, id: str) -> list[tuple[str, Cell]]:
        mine, theirs = self._mine.cells.get(id), self._theirs.cells.get(id)
        if mine is None or theirs is None:
            return self._one_sided(id, mine, theirs)
        old, ours, others = (version.source(id) or "" for version in (self._old, self._mine, self._theirs))
        source = merge_text(old, ours, others)
        kinds = [version.known[id].type for version in (self._old, self._mine, self._theirs) if id in version.known]
        retyped = len(kinds) == 3 and len(set(kinds)) == 3
        if source.clashes or retyped:
            return self._chosen(id, mine, theirs)
        text = applied(self._mine.source(id) or "", source.edits)
        kept = dict(mine)
        if len(kinds) == 3 and kinds[1] == kinds[0]:
            kept["cell_type"] = kinds[2]
        return [(id, self._complete(id, kept, text))]

    def _one_sided(self, id: str, mine: Cell | None, theirs: Cell | None) -> list[tuple[str, Cell]]:
        there = mine if mine is not None else theirs
        side = self._mine if mine is not None else self._theirs
        assert there is not None
        if id not in self._old.known:
            return [(id, there)]
        if side.known[id].written == self._old.known[id].written:
            return []  # the other side deleted what this one left alone
        return self._chosen(id, mine, theirs)

    def _chosen(self, id: str, mine: Cell | None, theirs: Cell | None) -> list[tuple[str, Cell]]:
        kind = str((mine or theirs or {}).get("cell_type", "code"))
        sources = [version.source(id) for version in (self._old, self._mine, self._theirs)]
        conflict = self._choices.conflict("cell", id, sources, kind)
        choice = self._choices.of(conflict)
        if choice is None:
            self._conflicts.append(conflict)
        take: Side = choice.take if choice is not None else "both"
        if take == "edited":
            assert choice is not None
            whole = {**(theirs or {}), **(mine or {}), "outputs": [], "execution_count": None}
            return [(id, _with_source(whole, choice.text))]
        kept = [(id, mine)] if mine is not None and take in ("mine", "both") else []
        if theirs is not None and take in ("theirs", "both"):
            other = id if not kept else new_id(self._theirs.known[id], self._taken)
            self._taken.add(other)
            kept.append((other, theirs))
        return kept

    def _complete(self, id: str, cell: Cell, source: str) -> Cell:
        """The cell with its source, and what belongs to it: from whom it came."""
        mine, theirs = self._mine, self._theirs
        metadata, _ = merge_json(
            self._old.cells.get(id, {}).get("metadata", {}), mine.cells[id].get("metadata", {}),
            theirs.cells[id].get("metadata", {}),
        )  # fmt: skip
        attachments, _ = merge_json(
            self._old.cells.get(id, {}).get("attachments", {}), mine.cells[id].get("attachments", {}),
            theirs.cells[id].get("attachments", {}),
        )  # fmt: skip
        cell = {**_with_source(cell, source), "metadata": metadata}
        if attachments:
            cell["attachments"] = attachments
        if cell["cell_type"] == "code":
            ran = self._ran(id, source)
            cell["outputs"] = ran.get("outputs", [])
            cell["execution_count"] = ran.get("execution_count")
        return cell

    def _ran(self, id: str, source: str) -> Mapping[str, Any]:
        """The cell whose outputs are those of ``source``; an empty one where it was never run."""
        mine, theirs = self._mine, self._theirs
        if source == mine.source(id) == theirs.source(id):
            return theirs.cells[id] if mine.run(id) == self._old.run(id) else mine.cells[id]
        if source == mine.source(id):
            return mine.cells[id]
        return theirs.cells[id] if source == theirs.source(id) else {}

    # The file

    def _write(self, cells: list[tuple[str, Cell]]) -> bytes:
        old, mine, theirs = self._old.notebook, self._mine.notebook, self._theirs.notebook
        metadata, _ = merge_json(old.get("metadata", {}), mine.get("metadata", {}), theirs.get("metadata", {}))
        minor = max(int(mine.get("nbformat_minor", 5)), int(theirs.get("nbformat_minor", 5)))
        written = []
        for id, cell in cells:
            whole = of_type(cell)
            if minor >= 5:
                whole["id"] = id
            else:
                whole.pop("id", None)
            written.append(whole)
        return as_file({"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor})


def as_file(notebook: Notebook) -> bytes:
    """The notebook as a file; raises where it would be none."""
    _validator(notebook["nbformat_minor"])(notebook)
    return (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _ids_of_base(base: Base) -> list[str]:
    taken: set[str] = set()
    ids = []
    for cell in base.cells:
        id = cell.id if base.has_ids and cell.id and cell.id not in taken else new_id(cell, taken)
        taken.add(id)
        ids.append(id)
    return ids


def _with_source(cell: Cell, source: str) -> Cell:
    return {**cell, "source": source.splitlines(True)}


def of_type(cell: Cell) -> Cell:
    """A cell with what its type asks for, and without what it does not allow."""
    whole = {"metadata": {}, "source": [], **cell}
    if whole["cell_type"] == "code":
        whole.setdefault("outputs", [])
        whole.setdefault("execution_count", None)
        whole.pop("attachments", None)
    else:
        whole.pop("outputs", None)
        whole.pop("execution_count", None)
    return whole
