"""How branches and projects end, rest, and come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .operations import WireError

DependentKind = Literal["document", "kernel", "schedule", "dashboard", "table"]


@dataclass(frozen=True)
class Dependent:
    """Something that is there for a branch or a project. ``people``: who has it open, or who made it."""

    kind: DependentKind
    name: str
    people: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BranchCost:
    """What deleting a branch would take away.

    ``unpushed`` commits are on no branch of the remote; ``unmerged`` ones are not in ``target``, the followed branch.
    ``changes`` counts uncommitted files. ``refused``: why it may not be deleted or renamed at all.
    """

    branch: str
    target: str
    unpushed: int = 0
    unmerged: int = 0
    changes: int = 0
    upstream: bool = False
    dependents: list[Dependent] = field(default_factory=list)
    refused: WireError | None = None


@dataclass(frozen=True)
class DeletedBranch:
    """A branch that can be brought back under its ``backup`` until then, with every file that its folder had."""

    project: str
    branch: str
    backup: str
    head: str
    deleted: str
    by: str
    until: str
    has_folder: bool = True


@dataclass(frozen=True)
class DeletedBranchList:
    """Newest first."""

    branches: list[DeletedBranch]


@dataclass(frozen=True)
class RenameBranch:
    name: str


@dataclass(frozen=True)
class RenamedBranch:
    """``folder`` is where it was. ``remote``: the remote has it under the old name still."""

    project: str
    branch: str
    was: str
    folder: str
    remote: bool


@dataclass(frozen=True)
class ProjectCost:
    """What deleting a project would take away. ``bytes``: what it takes on the disk, with its history.

    ``branches``: those with something that exists only here.
    """

    project: str
    name: str
    bytes: int
    branches: list[BranchCost]
    dependents: list[Dependent]


@dataclass(frozen=True)
class DeleteProject:
    """``name``: the project's, typed by whoever deletes it. ``now``: for good, without a way back."""

    name: str = ""
    now: bool = False


@dataclass(frozen=True)
class DeletedProject:
    """A project that can be brought back until then."""

    id: str
    name: str
    url: str
    deleted: str
    by: str
    until: str


@dataclass(frozen=True)
class DeletedProjectList:
    """Newest first."""

    projects: list[DeletedProject]
