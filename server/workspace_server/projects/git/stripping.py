"""Notebooks without what running them leaves behind: what commits of a project hold, where it is set so."""

from __future__ import annotations

import json
import os
import stat
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..contents.notebook_diff import source_of
from ..contents.notebook_merge import Notebook, parse
from .command import Git

if TYPE_CHECKING:
    from .status import Edit

_REMEMBERED = 1000
_alike: OrderedDict[tuple[str, int, int, int], bool] = OrderedDict()
"""Whether a blob and a file (inode, time, size) say the same without outputs: reading both is slow for large ones."""


def stripped(notebook: Notebook) -> Notebook:
    """Without outputs, numbers and times of executions, and the state of widgets."""
    cells = []
    for cell in notebook["cells"]:
        kept = dict(cell)
        if cell.get("cell_type") == "code":
            kept |= {"outputs": [], "execution_count": None}
            if isinstance(cell.get("metadata"), dict):
                kept["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "execution"}
        cells.append(kept)
    metadata = {key: value for key, value in (notebook.get("metadata") or {}).items() if key != "widgets"}
    return {**notebook, "cells": cells, "metadata": metadata}


def stripped_file(content: bytes, before: bytes = b"") -> bytes:
    """The same of a file; one that is no notebook stays as it is. Where only that changed since ``before`` which is
    stripped, it is that."""
    notebook = parse(content) if content.strip() else None
    if notebook is None:
        return content
    last = parse(before) if before.strip() else None
    if last is not None and _said(last) == _said(notebook):
        return before
    made = json.dumps(stripped(notebook), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    return made.encode("utf-8", "surrogatepass")


def shown(git: Git, edits: Iterable[Edit]) -> list[Edit]:
    """The changes that a commit could hold: without notebooks of which only that changed which is stripped."""
    return [edit for edit in edits if not (git.strip_outputs and edit.change == "modified" and _only_run(git, edit))]


def _only_run(git: Git, edit: Edit) -> bool:
    assert git.tree is not None
    if not edit.raw.endswith(b".ipynb") or not edit.blob:
        return False
    path = git.tree / os.fsdecode(edit.raw)
    try:
        seen = path.lstat()
    except OSError:
        return False
    key = (edit.blob, seen.st_ino, seen.st_mtime_ns, seen.st_size)
    if key not in _alike:
        now = parse(path.read_bytes()) if stat.S_ISREG(seen.st_mode) else None
        before = parse(git.run("cat-file", "blob", edit.blob)) if now is not None else None
        _alike[key] = before is not None and now is not None and _said(before) == _said(now)
        while len(_alike) > _REMEMBERED:
            _alike.popitem(last=False)
    return _alike[key]


def _said(notebook: Notebook) -> dict[str, Any]:
    bare = stripped(notebook)
    return {**bare, "cells": [{**cell, "source": source_of(cell)} for cell in bare["cells"]]}
