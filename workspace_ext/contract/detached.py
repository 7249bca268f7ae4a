"""Worktrees that are on a commit rather than on a branch: somebody ran ``git checkout <sha>`` in a terminal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Detached:
    """``folder`` is relative to ``work``; ``branch``: where it was before, empty where that branch is gone.

    ``loose``: how many of its commits no branch has. ``changes`` counts uncommitted files. ``elsewhere``: that branch
    is in another folder by now. ``busy``: what is going on there, such as a rebase; then it is left alone.
    """

    folder: str
    branch: str
    head: str
    summary: str
    loose: int = 0
    changes: int = 0
    elsewhere: bool = False
    busy: str = ""


@dataclass(frozen=True)
class BackToBranch:
    folder: str


@dataclass(frozen=True)
class BranchHere:
    folder: str
    name: str
