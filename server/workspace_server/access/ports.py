"""What the access room needs from rooms above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class ProjectFacts(Protocol):
    """A project; its name is its folder's below ``work/projects``, and never changes."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


class Projects(Protocol):
    """The projects, asked from threads. Both raise ``NotFound``."""

    def get(self, id: str, /) -> ProjectFacts: ...
    def by_name(self, name: str, /) -> ProjectFacts: ...


Subject = Callable[[str, Mapping[str, str]], str]
"""The id of the project that a request is about, given the room of its action and what its path names: a schedule of
the project, a thread, a dashboard; empty when it is about none. Called in a thread; may raise ``NotFound``."""
