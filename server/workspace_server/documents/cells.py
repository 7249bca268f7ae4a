"""Writing to the cells of a shared notebook, so that every open browser follows.

JupyterLab's model appends whatever is inserted into a cell's outputs and changes the text of the last output only;
so an output is changed by writing it and all that follow anew, except text that grows at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Array, Map, Text

from .outputs import Output

RUNNING = "running"
IDLE = "idle"


def find(notebook: YNotebook, cell_id: str) -> Map[Any] | None:
    """The cell, wherever it is now: moving one deletes and makes it again."""
    for cell in notebook.ycells:
        if cell.get("id") == cell_id:
            found: Map[Any] = cell
            return found
    return None


def code_cells(notebook: YNotebook) -> list[str]:
    """Ids of the cells that can run, from top to bottom."""
    return [cell["id"] for cell in notebook.ycells if cell.get("cell_type") == "code"]


def source(cell: Map[Any]) -> str:
    return str(cell["source"])


def wait(notebook: YNotebook, cell_ids: Sequence[str]) -> None:
    """Show the cells as running, without outputs, to everybody."""
    with notebook.ydoc.transaction():
        for cell_id in cell_ids:
            if (cell := find(notebook, cell_id)) is not None and cell.get("cell_type") == "code":
                _outputs(cell).clear()
                cell["execution_count"] = None
                cell["execution_state"] = RUNNING
                # Somebody who may run code here asked for it: what it shows is trusted, as in JupyterLab.
                if isinstance(cell.get("metadata"), Map):
                    cell["metadata"]["trusted"] = True


def finish(notebook: YNotebook, cell_id: str, execution_count: int | None) -> None:
    """Show the cell as done. JupyterLab takes a count for the end of a run, so both are written together."""
    cell = find(notebook, cell_id)
    if cell is None:
        return
    with notebook.ydoc.transaction():
        cell["execution_state"] = IDLE
        if execution_count is not None:
            cell["execution_count"] = execution_count


def write_outputs(notebook: YNotebook, cell_id: str, items: Sequence[Output], changed_from: int, written: int) -> bool:
    """Bring the cell's outputs up to ``items``.

    Parameters
    ----------
    changed_from
        Index of the first that changed.
    written
        How many were written before; if the cell has another number of them, all are written anew.

    Returns
    -------
    Whether there is such a cell.
    """
    cell = find(notebook, cell_id)
    if cell is None:
        return False
    outputs = _outputs(cell)
    if len(outputs) != written:
        changed_from = 0
    with notebook.ydoc.transaction():
        if changed_from == len(outputs) - 1 and changed_from < len(items):
            before, now = outputs[changed_from], items[changed_from]
            if _is_stream(before, now):
                _rewrite(before["text"], now["text"])
                changed_from += 1
        if changed_from < len(outputs):
            del outputs[changed_from : len(outputs)]
        outputs.extend([_output(item) for item in items[changed_from:]])
    return True


def running(notebook: YNotebook) -> set[str]:
    """Ids of the cells that are shown as running."""
    return {cell["id"] for cell in notebook.ycells if cell.get("execution_state") == RUNNING}


def _is_stream(before: Map[Any], now: Output) -> bool:
    return (
        now["output_type"] == "stream" == before.get("output_type")
        and before.get("name") == now["name"]
        and isinstance(before.get("text"), Text)
    )


def _rewrite(text: Text, now: str) -> None:
    before = str(text)
    if now.startswith(before):
        if len(now) > len(before):
            text += now[len(before) :]
        return
    same = 0
    for old, new in zip(before, now, strict=False):
        if old != new:
            break
        same += 1
    start = len(before[:same].encode())
    del text[start : len(text)]
    text += now[same:]


def _outputs(cell: Map[Any]) -> Array[Any]:
    if not isinstance(cell.get("outputs"), Array):
        cell["outputs"] = Array()
    outputs: Array[Any] = cell["outputs"]
    return outputs


def _output(item: Output) -> Map[Any]:
    if item["output_type"] == "stream":
        return Map({**item, "text": Text(item["text"])})
    return Map(item)
