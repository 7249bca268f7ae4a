"""Changes that are put aside, and brought back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class PutAside:
    """``paths`` are those of the status; none: every changed file. ``note``: what it is about."""

    paths: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Aside:
    """``branch``: where the changes were made, by the name that it had; ``by``: who put them aside."""

    name: str
    branch: str
    note: str
    by: str
    time: str
    paths: list[str]


@dataclass(frozen=True)
class AsideList:
    """Newest first."""

    asides: list[Aside]


@dataclass(frozen=True)
class BringBack:
    """``take``: where the same was changed since; without it, nothing is brought back then."""

    take: Literal["", "mine", "theirs", "both"] = ""


@dataclass(frozen=True)
class BroughtBack:
    """``backup`` undoes it."""

    name: str
    paths: list[str]
    backup: str


@dataclass(frozen=True)
class UndoBringBack:
    backup: str
