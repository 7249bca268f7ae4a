"""What a merge did, in data and in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...kit.notebooks.bases import Base

ORIGIN = "atrium:merge"
"""Origin of the one transaction that a merge is."""


@dataclass(frozen=True)
class Conflict:
    """Something that both sides changed.

    Attributes
    ----------
    kind
        ``edited``: both versions of a cell are kept, the file's in ``other_cell_id``, right below.
        ``deleted-on-disk``: the cell stays, because it was changed here.
        ``deleted-here``: the cell is back, because it was changed on disk.
        ``metadata``: the value here is kept. ``text``: both versions of some lines of a text file are kept.
    message
        For people.
    """

    kind: str
    cell_id: str | None
    other_cell_id: str | None
    message: str


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Attributes
    ----------
    changed
        Whether the document was changed at all.
    summary
        For people; empty if there is nothing to tell.
    restored
        Whether the file went back to an earlier save, and the document with it.
    base
        What the file holds, its cells under the ids that the document knows: the base of the next merge. The file may
        have none, or other ones.
    """

    changed: bool = False
    conflicts: list[Conflict] = field(default_factory=list)
    summary: str = ""
    restored: bool = False
    base: Base = field(default_factory=Base, compare=False, repr=False)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
