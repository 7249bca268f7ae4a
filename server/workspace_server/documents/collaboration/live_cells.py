"""The cells of a live notebook: reading them, and changing no more of them than needs be."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import uuid4

from jupyter_ydoc import YNotebook
from pycrdt import Array, Map, Text

from ...kit.notebooks.bases import Base, BaseCell, same
from ...kit.notebooks.notebook_json import WHOLE, kept_metadata, output_parts

T = TypeVar("T")

RUNNING = "running"
_FOR_NOW = ("execution_state",)


def plain(value: Any) -> Any:
    """A JSON value of a shared document, its whole numbers as integers."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < WHOLE else value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def read(cell: Map[Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """A cell as nbformat has it, with its id."""
    left_out = {*_FOR_NOW, *without}
    found = {}
    for key in cell.keys():  # noqa: SIM118 - iterating over a Map reads its values
        if key not in left_out:
            value = cell[key]
            found[key] = value.to_py() if isinstance(value, Array | Map | Text) else value
    return found


def content(notebook: YNotebook) -> dict[str, Any]:
    """The whole notebook as nbformat has it. Cells have ids even where the file's format has none."""
    with notebook.ydoc.transaction():
        meta = metadata(notebook)
        return {"cells": [plain(read(cell)) for cell in notebook.ycells], **meta}


def metadata(notebook: YNotebook) -> dict[str, Any]:
    """``metadata``, ``nbformat`` and ``nbformat_minor``."""
    meta = notebook.ydoc.get("meta", type=Map)
    held = meta.get("metadata")
    found = held.to_py() if isinstance(held, Map) else held
    return {
        "metadata": kept_metadata(plain(found or {})),
        "nbformat": int(meta.get("nbformat", 4)),
        "nbformat_minor": int(meta.get("nbformat_minor", 5)),
    }


def state(notebook: YNotebook) -> Base:
    """What the notebook holds now, as a base. Reads everything: a ``NotebookWriter`` has it at hand."""
    return Base.of(content(notebook))


def repair(notebook: YNotebook) -> bool:
    """Give each cell an id of its own; of cells that are the same in everything, one stays.

    Moving a cell deletes it and makes it again, so that two people who move it at once leave two.

    Returns
    -------
    Whether anything had to be changed.
    """
    seen: dict[str, int] = {}
    spare: list[int] = []
    unnamed: list[int] = []
    with notebook.ydoc.transaction():
        cells = notebook.ycells
        for index, cell in enumerate(cells):
            if not isinstance(cell, Map) or not isinstance(cell.get("source", ""), Text | str):
                spare.append(index)
                continue
            id = cell.get("id")
            if not isinstance(id, str) or not id:
                unnamed.append(index)
            elif id not in seen:
                seen[id] = index
            elif same(plain(read(cells[seen[id]])), plain(read(cell))):
                spare.append(index)
            else:
                unnamed.append(index)
        for index in unnamed:
            cells[index]["id"] = str(uuid4())
        for index in reversed(spare):
            del cells[index]
    return bool(spare or unnamed)


def keep_in_step(kept: list[T], delta: Iterable[Mapping[str, Any]], new: Callable[[], T]) -> list[T]:
    """Do to a list with something for each cell what a change of the notebook's cells did to them.

    Parameters
    ----------
    delta
        Of the event of ``ycells``.
    new
        Makes what belongs to a cell that was inserted.

    Returns
    -------
    What belonged to the cells that were deleted.
    """
    gone: list[T] = []
    at = 0
    for change in delta:
        if "retain" in change:
            at += int(change["retain"])
        elif "delete" in change:
            stop = at + int(change["delete"])
            gone += kept[at:stop]
            del kept[at:stop]
        else:
            made = [new() for _ in change["insert"]]
            kept[at:at] = made
            at += len(made)
    return gone


def find(notebook: YNotebook, cell_id: str) -> Map[Any] | None:
    """The cell, wherever it is now: moving one deletes and makes it again."""
    for cell in notebook.ycells:
        if isinstance(cell, Map) and cell.get("id") == cell_id:
            return cell
    return None


def create(notebook: YNotebook, cell: Mapping[str, Any]) -> Map[Any]:
    """A cell to insert."""
    made = copy.deepcopy(dict(cell))
    if made["cell_type"] == "code":
        made.setdefault("outputs", [])
        made.setdefault("execution_count", None)
    else:
        made.pop("outputs", None)
        made.pop("execution_count", None)
    running = made.pop("execution_state", None)
    new: Map[Any] = notebook.create_ycell(made)
    if running and made["cell_type"] == "code":
        assert new.prelim is not None
        new.prelim["execution_state"] = running
    return new


def set_metadata(held: Map[Any], now: Mapping[str, Any], changed: Iterable[str]) -> None:
    """Bring the ``changed`` keys of shared metadata to what they are in ``now``."""
    for key in changed:
        if key in now:
            held[key] = now[key]
        elif key in held:
            del held[key]


def set_outputs(cell: Map[Any], outputs: list[dict[str, Any]]) -> None:
    """Replace the outputs from the first that differs: JupyterLab appends whatever is inserted."""
    held = cell.get("outputs")
    if not isinstance(held, Array):
        cell["outputs"] = Array()
        held = cell["outputs"]
    equal = 0
    for before, now in zip(held.to_py() or [], outputs, strict=False):
        if output_parts(before, 0) != output_parts(now, 0):
            break
        equal += 1
    if equal < len(held):
        del held[equal : len(held)]
    held.extend([_output(output) for output in outputs[equal:]])


def _output(output: Mapping[str, Any]) -> Map[Any]:
    if output.get("output_type") == "stream":
        return Map({**output, "text": Text("".join(output.get("text", "")))})
    return Map(dict(output))


def conflict_with(cell: BaseCell) -> str | None:
    """The id of the cell whose version on disk this cell holds."""
    mark = cell.metadata.get("atrium")
    conflict = mark.get("conflict") if isinstance(mark, Mapping) else None
    return str(conflict.get("with")) if isinstance(conflict, Mapping) else None
