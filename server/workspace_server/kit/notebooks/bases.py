"""What a file held at a save, as small as a merge needs it: texts and metadata whole, outputs as digests."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from .notebook_json import bundle, cell_metadata, digest, dumps, joined, kept_metadata, outputs_parts

Content = dict[str, Any] | str
"""An nbformat notebook, or a text."""


@dataclass(frozen=True)
class BaseCell:
    """One cell. ``attachments`` and ``outputs`` are digests."""

    id: str
    type: str
    source: str
    metadata: Mapping[str, Any]
    attachments: Mapping[str, str]
    outputs: str
    execution_count: int | None

    @classmethod
    def of(cls, cell: Mapping[str, Any], outputs: str | None = None) -> Self:
        """
        Parameters
        ----------
        outputs
            The digest of the cell's outputs, where it is known.
        """
        if outputs is None:
            outputs = digest_outputs(cell)
        count = cell.get("execution_count")
        return cls(
            str(cell.get("id") or ""),
            str(cell.get("cell_type") or "raw"),
            str(joined(cell.get("source", ""))),
            cell_metadata(cell),
            {name: digest([dumps(bundle(data))]) for name, data in (cell.get("attachments") or {}).items()},
            outputs,
            int(count) if isinstance(count, int | float) else None,
        )

    @property
    def run(self) -> tuple[str, int | None]:
        """What running the cell changes."""
        return self.outputs, self.execution_count

    @property
    def written(self) -> tuple[str, str, Mapping[str, str]]:
        """What people change in it."""
        return self.type, self.source, self.attachments


def digest_outputs(cell: Mapping[str, Any]) -> str:
    """Of the outputs of a cell; the same for every way of holding them."""
    outputs = cell.get("outputs")
    return digest(outputs_parts(outputs)) if outputs and cell.get("cell_type") == "code" else ""


@dataclass(frozen=True)
class Base:
    """What a save, or a reading, of a file held.

    Attributes
    ----------
    text
        Of a text file; None for a notebook.
    cells, metadata, nbformat_minor
        Of a notebook.
    at
        When the file held it, in seconds since 1970.
    """

    text: str | None = None
    cells: Sequence[BaseCell] = ()
    metadata: Mapping[str, Any] | None = None
    nbformat_minor: int = 5
    at: float = field(default_factory=time.time, compare=False)

    @classmethod
    def of(cls, content: Content) -> Self:
        """Of the whole content. Takes some 100 ms for 20 MB of outputs."""
        if isinstance(content, str):
            return cls(content)
        cells = [BaseCell.of(cell) for cell in content["cells"]]
        minor = int(content.get("nbformat_minor", 5))
        return cls(None, cells, kept_metadata(content.get("metadata") or {}), minor)

    def encode(self) -> bytes:
        """The base as bytes; :meth:`decode` is the inverse."""
        if self.text is not None:
            held: list[Any] = [self.at, self.text]
        else:
            held = [self.at, [list(vars(cell).values()) for cell in self.cells], self.metadata, self.nbformat_minor]
        return zlib.compress(json.dumps(held, separators=(",", ":")).encode(), 1)

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        at, *held = json.loads(zlib.decompress(encoded))
        if len(held) == 1:
            return cls(held[0], at=at)
        return cls(None, [BaseCell(*cell) for cell in held[0]], held[1], held[2], at)

    @property
    def hash(self) -> str:
        """SHA-256 of what it holds, in hexadecimal digits."""
        held = (
            self.text
            if self.text is not None
            else dumps(
                {"cells": [vars(cell) for cell in self.cells], "metadata": self.metadata, "minor": self.nbformat_minor}
            )
        )
        return hashlib.sha256(held.encode()).hexdigest()

    @property
    def has_ids(self) -> bool:
        """Whether the file held the ids of its cells: nbformat has them since 4.5."""
        return self.nbformat_minor >= 5


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same in a file; unlike with ``==``, NaN is."""
    return bool(one == other) or dumps(one) == dumps(other)
