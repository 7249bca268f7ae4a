"""How the command prints what it got: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Any


def show(value: Any, *, as_json: bool = False) -> None:
    """Print a dataclass, a list of them, a text, or nothing for None."""
    if as_json:
        print(json.dumps(_plain(value), indent=2))
    elif isinstance(value, str):
        print(value)
    elif isinstance(value, (list, tuple)):
        print(table(value))
    elif value is not None:
        _record(_plain(value))


def table(rows: Sequence[Any]) -> str:
    """Rows (dataclasses or dicts) as aligned columns; nested values are left to ``--json``."""
    plain = [_plain(row) for row in rows]
    if not plain:
        return "(none)"
    if not isinstance(plain[0], dict):
        return "\n".join(str(row) for row in plain)
    names = [name for name in plain[0] if not any(isinstance(row.get(name), (dict, list)) for row in plain)]
    lines = [names, *([_cell(row.get(name)) for name in names] for row in plain)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _record(value: Any) -> None:
    if not isinstance(value, dict):
        print(value)
        return
    lists = {name: one for name, one in value.items() if isinstance(one, list)}
    if len(value) == 1 and lists:
        print(table(next(iter(lists.values()))))
        return
    width = max((len(name) for name in value), default=0)
    for name, one in value.items():
        if isinstance(one, (dict, list)):
            one = json.dumps(one)
        print(f"{name.ljust(width)}  {_cell(one)}")


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("\n", " ")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)} if fields(value) else asdict(value)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
