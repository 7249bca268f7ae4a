"""Data frames as sortable tables: a notebook's front end draws them from JSON, beside pandas' own HTML."""

from __future__ import annotations

import datetime
import math
import sys
from typing import Any

MIME = "application/vnd.atrium.table+json"

MAX_ROWS = 1000

# A wide frame shows fewer rows, so that an output never weighs a notebook down.
MAX_CELLS = 30_000

# Beyond it, JavaScript's numbers would round.
MAX_INTEGER = 2**53

# Where pandas says that its data frames are defined: 3.x, then 2.x.
FRAME_MODULES = ("pandas", "pandas.core.frame")


def register() -> None:
    """Have IPython add the table to every data frame it shows. Does nothing outside IPython."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None:
        return
    for module in FRAME_MODULES:
        formatter.mimebundle_formatter.for_type_by_name(module, "DataFrame", bundle)


def bundle(frame: Any, include: Any = None, exclude: Any = None) -> dict[str, Any]:
    """What is added to pandas' own text and HTML."""
    return {MIME: table(frame)}


def table(frame: Any) -> dict[str, Any]:
    """`{columns: [{name, type}], rows, total}` of a pandas frame, safe as JSON.

    The types are number, string, datetime and boolean. An index that says something comes first. Missing values are
    null, and so are infinities, which JSON has no word for.
    """
    total = len(frame)
    width = max(1, len(frame.columns))
    head = frame.head(min(MAX_ROWS, max(1, MAX_CELLS // width)))
    series = [*_index_columns(head), *((str(name), head.iloc[:, i]) for i, name in enumerate(head.columns))]
    kinds = [_kind(values) for _, values in series]
    columns = [{"name": name, "type": kind} for (name, _), kind in zip(series, kinds, strict=True)]
    cells = [[_cell(each) for each in values] for _, values in series]
    rows = [list(row) for row in zip(*cells, strict=True)]
    return {"columns": columns, "rows": rows, "total": total}


def _index_columns(frame: Any) -> list[tuple[str, Any]]:
    index = frame.index
    if index.nlevels == 1 and index.name is None and index.dtype.kind in "iu":
        return []
    return [
        (str(name) if name is not None else "index", index.get_level_values(level))
        for level, name in enumerate(index.names)
    ]


def _kind(values: Any) -> str:
    kind = getattr(values.dtype, "kind", "O")
    if kind == "O":
        present = [each for each in values if _cell(each) is not None]
        if present and all(isinstance(each, bool) for each in present):
            return "boolean"
        if present and all(isinstance(_cell(each), (int, float)) for each in present):
            return "number"
        if present and all(isinstance(each, datetime.date) for each in present):
            return "datetime"
        return "string"
    return {"b": "boolean", "i": "number", "u": "number", "f": "number", "M": "datetime"}.get(kind, "string")


def _cell(value: Any) -> Any:
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else str(value)
    if type(value).__name__ == "Decimal":
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)
