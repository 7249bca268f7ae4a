"""Comments: threads on the cells of notebooks."""

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
    """Where a thread hangs.

    ``quote`` None: on the whole cell. ``line`` counts from 0 within the cell, as a hint. ``source_hash`` is the SHA-256
    of the cell's source at the time, in hexadecimal; empty when unknown.
    """

    cell_id: str
    part: Literal["source"] = "source"
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
    """``document`` identifies the notebook on all branches of its project; ``branch`` is where the thread was begun."""

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
    """``notebook``: its path below ``work/``."""

    notebook: str


@dataclass(frozen=True)
class NewThread:
    notebook: str
    anchor: Anchor
    text: str


@dataclass(frozen=True)
class CommentText:
    text: str
