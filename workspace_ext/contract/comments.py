"""Comments: threads on the cells of notebooks, on other files, and on the lines of a branch's difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .access import Person

ThreadState = Literal["open", "resolved"]
Side = Literal["old", "new"]


@dataclass(frozen=True)
class Quote:
    """The words a thread is about, with a few characters on either side, so that they are found again after edits."""

    exact: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Anchor:
    """Where a thread hangs: on a cell's source, or on a file that has no cells, whose ``cell_id`` is empty.

    ``quote`` None: on the whole cell or file. ``line`` counts from 0 within it, as a hint. ``source_hash`` is the
    SHA-256 of the cell's source at the time, in hexadecimal; empty when unknown.

    ``commit``: the thread is about whole lines of that commit, as a review showed it, and ``quote`` keeps them as they
    were. ``side`` tells on which side of the review they stood. Empty for one that was begun in a document.
    """

    cell_id: str
    part: Literal["source", "file"] = "source"
    quote: Quote | None = None
    line: int | None = None
    source_hash: str = ""
    side: Side = "new"
    commit: str = ""


@dataclass(frozen=True)
class Comment:
    """``edited`` is None until its author changes it. Names stand in ``text`` as ``@name``."""

    id: str
    author: Person
    text: str
    created: str
    edited: str | None


@dataclass(frozen=True)
class Thread:
    """``document`` identifies the file on all branches of its project; ``branch`` is where the thread was begun."""

    id: str
    document: str
    anchor: Anchor
    branch: str
    state: ThreadState
    created: str
    created_by: Person
    resolved: str | None
    resolved_by: Person | None
    comments: list[Comment]


@dataclass(frozen=True)
class ThreadList:
    """``document`` is the ``id`` of events in the room ``comments``. Threads are in the order they were begun.
    ``may_comment``: whether who asks may say something."""

    document: str
    threads: list[Thread]
    may_comment: bool = False


@dataclass(frozen=True)
class CommentQuery:
    """``notebook``: its path below ``work/``, or that of another file."""

    notebook: str


@dataclass(frozen=True)
class NewThread:
    """``notebook``: its path below ``work/``, or that of another file."""

    notebook: str
    anchor: Anchor
    text: str


@dataclass(frozen=True)
class CommentText:
    text: str


@dataclass(frozen=True)
class NewReviewThread:
    """A thread on what a review shows: on the lines ``first`` to ``last`` (counted from 0, both included) of a file,
    or of the cell ``cell_id`` of a notebook; without ``first`` on the whole cell or file.

    ``commit``: the one that this ``side`` was shown at, the review's ``head`` (new) or ``fork`` (old).
    """

    path: str
    commit: str
    text: str
    side: Side = "new"
    cell_id: str = ""
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Spot:
    """Where a thread is in a review as it is now; ``first`` and ``last`` as in :class:`NewReviewThread`."""

    side: Side
    cell_id: str
    first: int | None
    last: int | None


@dataclass(frozen=True)
class ReviewThread:
    """``spot`` is None for an outdated one: its lines are no longer there. Its quote keeps them."""

    path: str
    thread: Thread
    spot: Spot | None


@dataclass(frozen=True)
class ReviewThreads:
    """The threads of a review, in the order they were begun: those that were begun on ``branch``, and of those that
    were begun elsewhere, in a document, the ones that are about what changed.

    ``head`` and ``fork`` are the commits that the spots are in; ``may_comment``: whether who asks may say something.
    """

    branch: str
    head: str
    fork: str
    threads: list[ReviewThread]
    may_comment: bool = False
