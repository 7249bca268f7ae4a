"""People, as others see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """``name`` is what they sign in with; ``initials`` and ``color`` (CSS) are how cursors and avatars show them."""

    id: str
    name: str
    display_name: str
    initials: str
    color: str


@dataclass(frozen=True)
class PersonList:
    people: list[Person]


@dataclass(frozen=True)
class UpdateMe:
    """Absent fields stay as they are."""

    display_name: str | None = None
    color: str | None = None
