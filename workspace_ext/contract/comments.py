"""Comments: threads on the cells of notebooks, and on other files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .access import Person

ThreadState = Literal["open", "resolved"]


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
    """

    cell_id: str
    part: Literal["source", "file"] = "source"
    quote: Quote | None = None
    line: int | None = None
    source_hash: str = ""


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
    """``document`` is the ``id`` of events in the room ``comments``. Threads are in the order they were begun."""

    document: str
    threads: list[Thread]


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
