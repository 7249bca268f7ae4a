"""Writing to the cells of a shared notebook, so that every open browser follows.

JupyterLab's model appends whatever is inserted into a cell's outputs and changes the text of the last output only;
so an output is changed by writing it and all that follow anew, except text that grows at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Array, Map, Text

from .collaboration.blobs import length
from .collaboration.live_cells import find
from .outputs import Output
from .streams import LONG

RUNNING = "running"
IDLE = "idle"


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


def write_outputs(notebook: YNotebook, cell_id: str, items: Sequence[Output], first: int, written: int) -> int | None:
    """Bring the cell's outputs from the index ``first`` on up to ``items``.

    Parameters
    ----------
    written
        How many were written before.

    Returns
    -------
    About how many characters that took; None, and nothing is written, if there is no such cell or ``first`` is not 0
    and the cell has another number of outputs, because it was made again.
    """
    cell = find(notebook, cell_id)
    if cell is None:
        return None
    outputs = _outputs(cell)
    if first and len(outputs) != written:
        return None
    cost = 0
    with notebook.ydoc.transaction():
        if items and first == len(outputs) - 1 and _is_stream(outputs[first], items[0]):
            cost += _rewrite(outputs[first]["text"], items[0]["text"])
            items = items[1:]
            first += 1
        if first < len(outputs):
            del outputs[first : len(outputs)]
        outputs.extend([_output(item) for item in items])
    return cost + sum(length(item, LONG) for item in items)


def append_output(notebook: YNotebook, cell_id: str, item: Output) -> None:
    """Add an output below those that the cell shows."""
    if (cell := find(notebook, cell_id)) is not None:
        with notebook.ydoc.transaction():
            _outputs(cell).append(_output(item))


def running(notebook: YNotebook) -> set[str]:
    """Ids of the cells that are shown as running."""
    return {cell["id"] for cell in notebook.ycells if cell.get("execution_state") == RUNNING}


def _is_stream(before: Map[Any], now: Output) -> bool:
    return (
        now["output_type"] == "stream" == before.get("output_type")
        and before.get("name") == now["name"]
        and isinstance(before.get("text"), Text)
    )


def _rewrite(text: Text, now: str) -> int:
    before = str(text)
    same = _common(before, now)
    gone = len(before) - same
    if gone:
        start = len(before[:same].encode("utf-8", "surrogatepass"))
        del text[start : len(text)]
    if len(now) > same:
        text += now[same:]
    return gone + len(now) - same


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _outputs(cell: Map[Any]) -> Array[Any]:
    if not isinstance(cell.get("outputs"), Array):
        cell["outputs"] = Array()
    outputs: Array[Any] = cell["outputs"]
    return outputs


def _output(item: Output) -> Map[Any]:
    if item["output_type"] == "stream":
        return Map({**item, "text": Text(item["text"])})
    return Map(item)
