"""What projects need from the rooms above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from workspace_ext.contract.lives import Dependent


class OpenDocuments(Protocol):
    """The documents that people have open now. The documents room implements it; called on the event loop."""

    def open_in(self, folder: Path) -> dict[str, list[str]]:
        """Path relative to ``folder`` -> display names of the people who have it open. Must not block."""

    async def flush(self, folder: Path) -> None:
        """Save every open document below ``folder`` to the disk, and return when that is done."""

    def changing(self, folder: Path) -> AbstractAsyncContextManager[None]:
        """Save every open document below ``folder``, and save none of them until this ends: git changes their files.
        Then they take over what it did. For some seconds at most."""

    def editors(self, folder: Path, paths: Iterable[str]) -> dict[str, dict[str, float]]:
        """Who edited which of these files below ``folder`` in an open document, by what they sign in with, and when
        last (in seconds since 1970), until :meth:`committed`. Called in a thread, like these two."""

    def committed(self, folder: Path, paths: Iterable[str], until: float) -> None:
        """What was done to these files until then is in a commit."""

    def still_uncommitted(self, folder: Path, people: Mapping[str, Iterable[str]], at: float) -> None:
        """Of what people (by path) did to files, not everything is in the commit that was made of them just then."""


class NobodyHasAnythingOpen:
    """Until the documents room is wired."""

    def open_in(self, folder: Path) -> dict[str, list[str]]:
        return {}

    async def flush(self, folder: Path) -> None:
        return None

    def changing(self, folder: Path) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    def editors(self, folder: Path, paths: Iterable[str]) -> dict[str, dict[str, float]]:
        return {}

    def committed(self, folder: Path, paths: Iterable[str], until: float) -> None:
        return None

    def still_uncommitted(self, folder: Path, people: Mapping[str, Iterable[str]], at: float) -> None:
        return None


class Neighbours(Protocol):
    """What the rooms around keep for a branch or, where ``branch`` is empty, for a whole project. app.py wires it.

    Called in threads, but for the coroutines. ``folder`` is where the branch, or the project, is below ``work``.
    """

    def dependents(self, project: str, branch: str, folder: Path) -> list[Dependent]:
        """What refers to it: documents that are open, kernels, schedules, dashboards, copies of tables."""

    def renamed(self, project: str, branch: str, name: str) -> None:
        """The branch has another name: what is kept under the old one goes along."""

    def forgotten(self, project: str, branch: str) -> None:
        """It is gone for good."""

    def woken(self, project: str) -> None:
        """The project is no longer archived."""

    async def leave(self, folder: Path) -> None:
        """End the kernels of notebooks below ``folder``."""

    async def told(self, folder: Path) -> None:
        """Tell these kernels anew where they are."""


class NoNeighbours:
    """Until they are wired."""

    def dependents(self, project: str, branch: str, folder: Path) -> list[Dependent]:
        return []

    def renamed(self, project: str, branch: str, name: str) -> None:
        return None

    def forgotten(self, project: str, branch: str) -> None:
        return None

    def woken(self, project: str) -> None:
        return None

    async def leave(self, folder: Path) -> None:
        return None

    async def told(self, folder: Path) -> None:
        return None
