"""Notebooks as the text that Jupyter writes: one space of indentation, sorted keys, long texts as lists of lines.

The same text, hashed, tells whether two outputs are the same, whatever they went through: numbers that browsers made
floating, texts kept as lists of lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from json.encoder import encode_basestring
from types import NoneType
from typing import Any, Protocol

from ..errors import NotFound

BLOB = "application/vnd.atrium.blob+json"
"""MIME type of an output whose content is kept beside the document."""

WHOLE = 1e21
"""Browsers write whole numbers below it without an exponent."""
_SPLIT = frozenset({"application/javascript", "image/svg+xml"})
_TRANSIENT_METADATA = ("orig_nbformat", "orig_nbformat_minor", "signature")
_NOT_CHOSEN = {"kernelspec": {"name": "", "display_name": ""}, "language_info": {"name": ""}}
"""What JupyterLab writes into the metadata of a notebook that has no kernel."""


class BlobStore(Protocol):
    def read(self, hash: str) -> bytes: ...


@dataclass(frozen=True)
class BlobRef:
    """The place of a large output in a notebook's text; ``otherwise`` is written where the output is not kept here,
    because its placeholder came from another server."""

    hash: str
    indent: int
    otherwise: str = field(default="", compare=False)

    def text(self, blobs: BlobStore) -> str:
        """The output's JSON as it stands in the file. Reads the disk."""
        try:
            output = json.loads(blobs.read(self.hash))
        except (NotFound, ValueError):
            return self.otherwise
        return "".join(map(str, output_parts(output, self.indent, whole=True)))


Part = str | BlobRef


def dumps(value: Any, indent: int = 0) -> str:
    """Like ``json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)`` at a level of indentation, and faster.

    Numbers come back from browsers as floating ones, so whole ones are written as integers.
    """
    if write := _WRITERS.get(type(value)):
        return write(value)
    if not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    line = "\n" + " " * (indent + 1)
    if isinstance(value, Mapping):
        items = [f"{encode_basestring(key)}: {dumps(value[key], indent + 1)}" for key in sorted(value)]
        return "{" + line + ("," + line).join(items) + line[:-1] + "}"
    kinds = set(map(type, value))
    # Lines of text and the numbers of a plot are most of what is written.
    write = _WRITERS.get(kinds.pop()) if len(kinds) == 1 else None
    items = list(map(write, value)) if write else [dumps(item, indent + 1) for item in value]
    return "[" + line + ("," + line).join(items) + line[:-1] + "]"


def _number(value: float) -> str:
    if value.is_integer() and -WHOLE < value < WHOLE:
        return str(int(value))
    text = repr(value)
    return _UNUSUAL.get(text, text)


_UNUSUAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    float: _number,
    int: str,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda _: "null",
}


def lines(text: Any) -> Any:
    """A text as the list of lines that a notebook file holds."""
    return text.splitlines(True) if isinstance(text, str) else text


def joined(text: Any) -> Any:
    """The inverse of :func:`lines`."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return text


def blob_hash(output: Mapping[str, Any]) -> str | None:
    """Of the output that ``output`` stands for; None if it stands for itself."""
    data = output.get("data")
    blob = data.get(BLOB) if isinstance(data, Mapping) else None
    return str(blob["hash"]) if isinstance(blob, Mapping) and "hash" in blob else None


def bundle(data: Any) -> Any:
    """A MIME bundle as a file holds it."""
    if not isinstance(data, Mapping):
        return data
    return {mime: lines(value) if mime.startswith("text/") or mime in _SPLIT else value for mime, value in data.items()}


def output_parts(output: Mapping[str, Any], indent: int, whole: bool = False) -> list[Part]:
    """One output's text; ``whole`` for one that was read from where large ones are kept."""
    if not whole and (hash := blob_hash(output)) is not None:
        return [BlobRef(hash, indent, dumps(output, indent))]
    kind = output.get("output_type")
    if kind in ("execute_result", "display_data"):
        output = {**output, "data": bundle(output.get("data", {}))}
    elif kind == "stream":
        output = {**output, "text": lines(output.get("text", ""))}
    if whole:
        # What never was in a browser is kept to the last digit: 1.0 is not 1.
        text = json.dumps(output, indent=1, sort_keys=True, ensure_ascii=False)
        return [text.replace("\n", "\n" + " " * indent)]
    return [dumps(output, indent)]


OUTPUTS_INDENT = 3


def outputs_parts(outputs: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The text of a cell's list of outputs."""
    if not outputs:
        return ["[]"]
    line = "\n" + " " * (OUTPUTS_INDENT + 1)
    parts: list[Part] = []
    for index, output in enumerate(outputs):
        parts.append(("," if index else "[") + line)
        parts.extend(output_parts(output, OUTPUTS_INDENT + 1))
    parts.append(line[:-1] + "]")
    return parts


def cell_parts(cell: Mapping[str, Any], outputs: Sequence[Part], with_id: bool) -> list[Part]:
    """One cell's text, without a comma.

    Parameters
    ----------
    cell
        As nbformat has it; its outputs do not matter.
    outputs
        Their text; only code cells have one.
    """
    code = cell.get("cell_type") == "code"
    shown: dict[str, Any] = {
        key: value
        for key, value in cell.items()
        if key not in ("execution_state", "outputs") and (key != "id" or with_id)
    }
    shown["source"] = lines(cell.get("source", ""))
    shown["metadata"] = cell_metadata(cell)
    shown.setdefault("cell_type", "raw")
    if code:
        shown.setdefault("execution_count", None)
    if attachments := cell.get("attachments"):
        shown["attachments"] = {name: bundle(data) for name, data in attachments.items()}
    elif not code:
        shown.pop("attachments", None)
    keys = sorted([*shown, "outputs"] if code else shown)
    parts: list[Part] = []
    text = "  {"
    for index, key in enumerate(keys):
        text += ("," if index else "") + f"\n   {encode_basestring(key)}: "
        if key == "outputs":
            parts += [text, *outputs]
            text = ""
        else:
            text += dumps(shown[key], 3)
    parts.append(text + "\n  }")
    return parts


def notebook_parts(
    cells: Sequence[Sequence[Part]], metadata: Mapping[str, Any], nbformat: int, nbformat_minor: int
) -> Iterator[Part]:
    """A file's text from that of its cells."""
    yield '{\n "cells": [' + ("\n" if cells else "]")
    for index, cell in enumerate(cells):
        if index:
            yield ",\n"
        yield from cell
    rest = {"metadata": dict(metadata), "nbformat": nbformat, "nbformat_minor": nbformat_minor}
    yield ("\n ]" if cells else "") + ",\n" + dumps(rest)[2:] + "\n"


def cell_metadata(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's metadata as a file holds it. Whether it is trusted, each reader of the file finds out."""
    held = cell.get("metadata")
    return {key: value for key, value in held.items() if key != "trusted"} if isinstance(held, Mapping) else {}


def kept_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A notebook's metadata without what is not for its file."""
    return {
        key: value
        for key, value in metadata.items()
        if key not in _TRANSIENT_METADATA and value != _NOT_CHOSEN.get(key, ...)
    }


def digest(parts: Sequence[Part]) -> str:
    """Of a text that may refer to large outputs."""
    hashed = blake2b(digest_size=12)
    for part in parts:
        hashed.update(part.encode("utf-8", "surrogatepass") if isinstance(part, str) else b"\0" + part.hash.encode())
    return hashed.hexdigest()
