"""What a point holds, as bytes: compressed, and the same for what is the same."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...kit.notebooks.notebook_json import blob_hash

Content = dict[str, Any] | str
"""A notebook as nbformat 4 has it (large outputs as placeholders), or the text of any other file."""

OUTPUTS_KEPT = 2**20
"""Bytes of outputs in a point that nobody asked for."""


@dataclass(frozen=True)
class Packed:
    """``hash`` is the same for what people see as the same; ``blobs`` are hashes, separated by spaces."""

    hash: str
    body: bytes
    blobs: str


def pack(content: Content) -> Packed:
    """A content as bytes, see :func:`unpack`. In a thread."""
    digest = hashlib.sha256()
    packer = zlib.compressobj(3)
    body = []
    # Cell by cell: encoding tens of megabytes at once would keep every other thread, the event loop's too, waiting.
    for part in _parts(content):
        line = _json(part)
        told = _json(_without_trust(part)) if b'"trusted"' in line else line
        digest.update(told + b"\n")
        body.append(packer.compress(line + b"\n"))
    body.append(packer.flush())
    return Packed(digest.hexdigest(), b"".join(body), " ".join(sorted(_blobs(content))))


def unpack(body: bytes) -> Content:
    """What :func:`pack` packed. In a thread."""
    first, *cells = zlib.decompress(body).splitlines()
    content: Content = json.loads(first)
    return content if isinstance(content, str) else {**content, "cells": [json.loads(cell) for cell in cells]}


def _parts(content: Content) -> Iterator[Any]:
    """The text; or the notebook without its cells, and each of these."""
    if isinstance(content, str):
        yield content
    else:
        yield {key: value for key, value in content.items() if key != "cells"}
        yield from content["cells"]


def _json(part: Any) -> bytes:
    return json.dumps(part, separators=(",", ":"), sort_keys=True).encode()


def _without_trust(part: Any) -> Any:
    """Whether a person's browser may show what a cell says is no change of the document."""
    if not isinstance(part, dict) or not isinstance(part.get("metadata"), dict):
        return part
    return {**part, "metadata": {key: value for key, value in part["metadata"].items() if key != "trusted"}}


def lighter(content: Content) -> Content:
    """Without the largest outputs, until the rest fits."""
    if isinstance(content, str):
        return content
    sizes = {n: len(_json(cell["outputs"])) for n, cell in enumerate(content["cells"]) if cell.get("outputs")}
    left, dropped = sum(sizes.values()), set()
    for n in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if left <= OUTPUTS_KEPT:
            break
        left -= sizes[n]
        dropped.add(n)
    cells = [
        {key: value for key, value in cell.items() if key != "outputs"} if n in dropped else cell
        for n, cell in enumerate(content["cells"])
    ]
    return {**content, "cells": cells}


def _blobs(content: Content) -> set[str]:
    if isinstance(content, str):
        return set()
    outputs = (output for cell in content["cells"] for output in cell.get("outputs", []))
    return {hash for output in outputs if (hash := blob_hash(output)) is not None}
