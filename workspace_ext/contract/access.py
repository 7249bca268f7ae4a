"""People, as others see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["viewer", "commenter", "editor", "owner"]


@dataclass(frozen=True)
class Person:
    """``name`` is what they sign in with; ``initials`` and ``color`` (CSS) are how cursors and avatars show them.
    ``role`` holds wherever they have no other one."""

    id: str
    name: str
    display_name: str
    initials: str
    color: str
    role: Role = "editor"


@dataclass(frozen=True)
class PersonList:
    people: list[Person]


@dataclass(frozen=True)
class UpdateMe:
    """Absent fields stay as they are."""

    display_name: str | None = None
    color: str | None = None


@dataclass(frozen=True)
class PersonRoles:
    """``projects``: the projects (ids) in which the person has a role of their own there."""

    role: Role
    projects: dict[str, Role] = field(default_factory=dict)


@dataclass(frozen=True)
class SetRole:
    """``project`` is an id; absent: wherever the person has no other role. ``role`` null: none of their own there."""

    role: Role | None
    project: str | None = None
