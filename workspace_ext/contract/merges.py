"""Bringing commits into a branch beneath open documents, and what people choose where both sides changed the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["mine", "theirs", "both", "edited"]


@dataclass(frozen=True)
class MergeConflict:
    """Something that was changed here and there, each in its way: a cell, some lines of a text, or a whole file.

    ``of`` names it in a choice. ``place``: the cell's id, or which stretch of the text (from 1). ``base``, ``mine`` and
    ``theirs`` are the three versions; null where it was not there, or is deleted.
    """

    of: str
    path: str
    kind: Literal["cell", "text", "file"]
    place: str
    base: str | None
    mine: str | None
    theirs: str | None
    cell_type: str = ""


@dataclass(frozen=True)
class MergeChoice:
    """What becomes of a conflict: one version, both (mine first), or ``text`` with ``edited``."""

    of: str
    take: Side
    text: str = ""


@dataclass(frozen=True)
class PullBranch:
    """Bring commits into a branch: those of the remote's branch of the same name, or of ``source``.

    ``how``: where both have new commits, a merge commit, or one's own commits replayed. ``choices`` are for the
    conflicts that an earlier try named.
    """

    source: str = ""
    how: Literal["merge", "rebase"] = "merge"
    choices: list[MergeChoice] = field(default_factory=list)


@dataclass(frozen=True)
class Pulled:
    """``commits``: how many came; ``paths``: the files that changed by it. With ``conflicts`` nothing was changed.

    ``backup`` undoes it; empty where nothing was changed.
    """

    branch: str
    source: str
    sha: str
    commits: int
    paths: list[str]
    backup: str = ""
    conflicts: list[MergeConflict] = field(default_factory=list)


@dataclass(frozen=True)
class UndoPull:
    backup: str
