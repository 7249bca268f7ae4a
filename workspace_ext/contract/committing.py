"""What becomes a commit of what was changed on a branch, and what is thrown away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .operations import WireError
from .projects import Commit


@dataclass(frozen=True)
class PartialFile:
    """Some of the changes of a file: ``parts`` are those of its difference."""

    path: str
    parts: list[str]


@dataclass(frozen=True)
class CommitRequest:
    """``paths``: files with everything that changed in them, as the status names them; ``partial``: of other files,
    some of it. What is in neither stays uncommitted. ``co_authors``: each what somebody here signs in with, or
    ``Name <mail@example.org>``. ``amend``: the last commit, which this one replaces; then nothing needs to be chosen.
    """

    paths: list[str]
    summary: str
    description: str = ""
    partial: list[PartialFile] = field(default_factory=list)
    co_authors: list[str] = field(default_factory=list)
    amend: str = ""


@dataclass(frozen=True)
class LastCommit:
    """The last commit of a branch, its description without the co-authors. ``refused``: why it cannot be amended."""

    commit: Commit
    co_authors: list[str]
    refused: WireError | None = None


@dataclass(frozen=True)
class UndoAmend:
    """``commit``: what the amendment made, which is still the last one."""

    commit: str


@dataclass(frozen=True)
class OutputsQuery:
    """A cell that differs, by the name of its change."""

    path: str
    part: str


@dataclass(frozen=True)
class CellOutputs:
    """Outputs of a cell as notebooks hold them (nbformat 4), in the last commit and now. They are not trusted."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]


@dataclass(frozen=True)
class DiscardRequest:
    """Likewise."""

    paths: list[str]
    partial: list[PartialFile] = field(default_factory=list)


@dataclass(frozen=True)
class Discarded:
    """``backup`` brings it back, see ``restore``."""

    paths: list[str]
    backup: str


@dataclass(frozen=True)
class Restore:
    backup: str
