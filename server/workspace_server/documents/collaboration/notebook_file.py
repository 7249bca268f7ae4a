"""Notebook files: bytes to content, and a live document to bytes."""

from __future__ import annotations

import json
import re
from typing import Any

import nbformat
from jupyter_ydoc import YNotebook
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Text

from ...kit.errors import Conflict
from ...kit.notebooks.bases import Content
from ...kit.notebooks.cell_order import new_id
from ...kit.notebooks.notebook_json import BlobRef, joined
from .notebook_writer import NotebookWriter

__all__ = ["BlobRef", "NotANotebook", "NotebookWriter", "load", "parse"]

_MARKERS = re.compile(rb"^(<{7}|={7}|>{7}|\|{7})( |\r?$)", re.MULTILINE)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ALONE = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")
_SAFE_DIGITS = 16
_TYPES = ("code", "markdown", "raw")


class NotANotebook(Conflict):
    """The file cannot be shown as a notebook. ``code`` tells why.

    ``notebook_empty``, ``notebook_incomplete`` (perhaps somebody is still writing it), ``notebook_conflict_markers``,
    ``notebook_not_json``, ``notebook_not_text``, ``notebook_newer_format``, ``notebook_wrong_shape``.
    """


def parse(raw: bytes) -> dict[str, Any]:
    """The content of a notebook's file as nbformat 4 has it, long texts joined.

    Cells without an id of their own get one: the same content the same one. Older formats are upgraded as Jupyter
    does; the minor version of format 4 stays as it is.

    Raises
    ------
    NotANotebook
    """
    held = _decode(raw)
    if not isinstance(held, dict):
        raise _wrong("it holds no notebook")
    major = held.get("nbformat")
    if "nbformat" not in held and "worksheets" not in held and "cells" not in held:
        raise _wrong("it holds no cells")
    if isinstance(major, int) and major > 4:
        raise NotANotebook(
            "notebook_newer_format",
            f"The file is a notebook of format {major}, which is newer than Atrium knows.",
            "Save it as nbformat 4, or upgrade Atrium.",
        )
    if major != 4:
        held = _upgraded(raw)
    return _checked(held)


def load(document: YBaseDoc, content: Content) -> None:
    """Fill a new document.

    Parameters
    ----------
    content
        As :func:`parse` gives it; a string for a text file.
    """
    if isinstance(document, YNotebook):
        assert isinstance(content, dict)
        document.set(content)
    elif content:
        with document.ydoc.transaction():
            document.ydoc.get("source", type=Text).insert(0, content)


def _decode(raw: bytes) -> Any:
    if not raw.strip():
        raise NotANotebook(
            "notebook_empty",
            "The file is empty, so it is not a notebook yet.",
            "If nothing is writing it, delete it and make a new notebook.",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotANotebook(
            "notebook_not_text", "The file is not text in UTF-8, so it is not a notebook.", "Open it in another way."
        ) from None
    try:
        held = json.loads(text, parse_int=_integer)
    except (json.JSONDecodeError, RecursionError) as error:
        if _MARKERS.search(raw):
            raise NotANotebook(
                "notebook_conflict_markers",
                "The file holds an unresolved merge conflict of Git, so it cannot be shown as a notebook.",
                "Choose one of the versions in Git, or edit the file as text and delete the markers.",
            ) from None
        position = getattr(error, "pos", 0)
        if not text.rstrip().endswith("}") or position >= len(text.rstrip()) - 1:
            raise NotANotebook(
                "notebook_incomplete",
                "The file ends in the middle of the notebook.",
                "If nothing is writing it any more, restore it from the history or from Git.",
            ) from None
        raise NotANotebook(
            "notebook_not_json",
            f"The file cannot be read as a notebook: {error}.",
            "Edit the file as text to repair it, or restore it from the history or from Git.",
        ) from None
    return _whole(held) if _SURROGATE.search(raw) else held


def _integer(digits: str) -> int | float:
    """A number that a shared document can hold: as a browser, it knows larger ones as floating ones only."""
    return int(digits) if len(digits) < _SAFE_DIGITS else float(digits)


def _whole(value: Any) -> Any:
    """Without halves of characters, which no text in UTF-8 can hold."""
    if isinstance(value, str):
        return _ALONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _upgraded(raw: bytes) -> dict[str, Any]:
    try:
        upgraded = nbformat.reads(raw.decode("utf-8-sig"), as_version=4)
        return dict(_whole(json.loads(json.dumps(upgraded), parse_int=_integer)))
    except Exception as error:
        raise _wrong(f"it cannot be upgraded to format 4 ({error})") from None


def _checked(held: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(held.get("cells"), list) or not isinstance(held.setdefault("metadata", {}), dict):
        raise _wrong("its cells are no list")
    minor = held.get("nbformat_minor", 0)
    held["nbformat_minor"] = minor if isinstance(minor, int) else 5
    taken: set[str] = set()
    for number, cell in enumerate(held["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in _TYPES:
            raise _wrong(f"cell {number} is of no known type")
        cell["source"] = joined(cell.get("source", ""))
        cell.setdefault("metadata", {})
        if not isinstance(cell["source"], str) or not isinstance(cell["metadata"], dict):
            raise _wrong(f"cell {number} has no source")
        if cell["cell_type"] == "code":
            _check_outputs(cell, number)
        attachments = cell.get("attachments", {})
        if not isinstance(attachments, dict):
            raise _wrong(f"the attachments of cell {number} are no list")
        for data in attachments.values():
            _join(data)
    unnamed = []
    for cell in held["cells"]:
        id = cell.get("id")
        if isinstance(id, str) and _ID.fullmatch(id) and id not in taken:
            taken.add(id)
        else:
            unnamed.append(cell)
    for cell in unnamed:
        cell["id"] = new_id(cell, taken)
        taken.add(cell["id"])
    return held


def _check_outputs(cell: dict[str, Any], number: int) -> None:
    outputs = cell.setdefault("outputs", [])
    cell.setdefault("execution_count", None)
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise _wrong(f"the outputs of cell {number} are no list")
    for output in outputs:
        if output.get("output_type") in ("execute_result", "display_data"):
            _join(output.get("data"))
        elif output.get("output_type") == "stream":
            output["text"] = joined(output.get("text", ""))
            if not isinstance(output["text"], str):
                raise _wrong(f"an output of cell {number} has no text")


def _join(data: Any) -> None:
    if not isinstance(data, dict):
        return
    for mime, value in data.items():
        if not (mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json"))):
            data[mime] = joined(value)


def _wrong(why: str) -> NotANotebook:
    return NotANotebook(
        "notebook_wrong_shape",
        f"The file is JSON but not a notebook: {why}.",
        "Edit the file as text to repair it, or restore it from the history or from Git.",
    )
