"""The commits of a project: how they lie to each other, what they changed, who changed which cell last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .projects import Commit, FileChange


@dataclass(frozen=True)
class Ref:
    """A name of a commit: a branch here, a branch of the remote (without its ``origin/``), or a tag."""

    name: str
    kind: Literal["branch", "remote", "tag"]


@dataclass(frozen=True)
class GraphCommit:
    """A commit between its ``parents`` (the first one is what it was made on)."""

    sha: str
    parents: list[str]
    summary: str
    author: str
    email: str
    time: str
    refs: list[Ref] = field(default_factory=list)


@dataclass(frozen=True)
class CommitGraph:
    """Commits, each before its parents. ``at`` names the state of the branches that this was read from. ``shallow``:
    only the last commits were cloned, and the history goes on beyond them."""

    commits: list[GraphCommit]
    more: bool
    at: str
    shallow: bool = False


@dataclass(frozen=True)
class GraphQuery:
    """The history of ``branch``, here and on the remote; of every branch without one.

    ``message``, ``author`` and ``path`` are looked for as they are written, in any case, anywhere; a ``message`` may be
    a commit's id as well. Given ``at``, of the first page, another page is refused once the branches have moved.
    """

    branch: str = ""
    message: str = ""
    author: str = ""
    path: str = ""
    skip: int = 0
    limit: int = 200
    at: str = ""


@dataclass(frozen=True)
class Comparison:
    """From commit ``old`` to commit ``new``; ``old`` is empty before the first commit.

    ``ahead``: how many commits ``new`` has and ``old`` lacks; ``behind`` the other way round. ``truncated``: there are
    more files than listed.
    """

    old: str
    new: str
    ahead: int
    behind: int
    files: list[FileChange]
    truncated: bool = False


@dataclass(frozen=True)
class CommitDetails:
    """``changes``: against the first parent. ``unknown``: that one was not cloned, so nobody knows what changed."""

    commit: Commit
    parents: list[str]
    refs: list[Ref]
    changes: Comparison
    unknown: bool = False


@dataclass(frozen=True)
class CompareQuery:
    """Names of branches or tags, or ids of commits; ``old``: the first parent of ``new`` unless given."""

    new: str
    old: str = ""


@dataclass(frozen=True)
class CompareFileQuery:
    path: str
    new: str
    old: str = ""


@dataclass(frozen=True)
class RestoreFile:
    """Make a file what it is in a commit (an id, a branch or a tag)."""

    path: str
    commit: str


@dataclass(frozen=True)
class RestoredFile:
    """``backup`` takes it back, see ``undo-pull``; empty where the file was like this already."""

    path: str
    commit: str
    backup: str


@dataclass(frozen=True)
class BlameQuery:
    path: str


@dataclass(frozen=True)
class CellBlame:
    """A cell, ``index`` from 1, and the commit that wrote its source last; empty: it is not committed like this.
    ``older``: it may be from before that commit, as far as is known here."""

    index: int
    id: str
    commit: str
    older: bool = False


@dataclass(frozen=True)
class Blame:
    """``commits``: those that ``cells`` name. ``complete``: the whole history was looked at."""

    path: str
    cells: list[CellBlame]
    commits: list[Commit]
    complete: bool = True
