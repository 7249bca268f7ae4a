"""Submodules: other repositories that a commit names. They stay where they are until an owner lets them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .operations import WireError

SubmoduleState = Literal["off", "missing", "here", "other", "refused"]


@dataclass(frozen=True)
class Submodule:
    """A folder of a branch whose files are a commit of another repository.

    ``url``: its address, a relative one resolved against the project's; ``host``: of that address. ``consented``: an
    owner has let this very address in. ``commit``: what the branch's last commit names, ``at``: what is in the folder.

    ``state``: ``off`` without consent; with it ``missing``, ``here``, or ``other`` where the folder holds another
    commit; ``refused``: it can never be fetched, ``problem`` says why. ``changes``: files in it that are not as its
    commit has them.
    """

    path: str
    url: str
    host: str
    commit: str
    state: SubmoduleState
    consented: bool = False
    at: str = ""
    changes: int = 0
    problem: WireError | None = None


@dataclass(frozen=True)
class SubmoduleList:
    submodules: list[Submodule]


@dataclass(frozen=True)
class SubmoduleAddress:
    """``url``: exactly as the list has it."""

    url: str
