"""From an address to a project: cloned beside its place, moved there when it is whole, recorded, opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from workspace_ext.contract.projects import OpenedBranch

from ..kit.clock import iso
from ..kit.errors import Conflict
from ..kit.events import Events
from ..kit.operations import Handle
from .branches import Branches
from .git.worktrees import remove_tree
from .places import Places, ProjectFacts
from .production.following import Following
from .runner import GitRunner
from .store import ProjectRow

# In a git directory whose project is not (or no longer) in the database: the next start removes it.
UNRECORDED = "atrium-unrecorded"
Run = Callable[[Handle], Awaitable[Any]]


class Cloning:
    """``person`` is a person's id."""

    def __init__(
        self, places: Places, runner: GitRunner, branches: Branches, following: Following, events: Events
    ) -> None:
        self._places = places
        self._runner = runner
        self._branches = branches
        self._following = following
        self._events = events
        self._going: set[str] = set()

    async def clone(
        self,
        url: str,
        name: str,
        person: str,
        handle: Handle,
        depth: int = 0,
        folders: list[str] | None = None,
    ) -> OpenedBranch:
        """Clone ``url``, whose protocol was checked, as the project ``name``, which is free; with ``depth`` only so
        many of the last commits, with ``folders`` only these checked out."""
        project = await self._clone(url, name, person, handle, depth, folders)
        self._events.publish("projects", project.id, "cloned")
        self._following.add(project.id)
        return await self._branches.switch(project.id, project.default_branch)

    def reserved(self, name: str, run: Run) -> Run:
        """``run``, until whose end nobody else can begin a project of this name."""
        self._going.add(name)

        async def guarded(handle: Handle) -> Any:
            try:
                return await run(handle)
            finally:
                self._going.discard(name)

        return guarded

    def sweep(self, names: set[str]) -> None:
        """Remove what a crash left; ``names`` are those of the projects, which are never touched."""
        for pattern in (".clone-*", ".making-*", ".trash-*"):
            for path in self._places.home.git.glob(pattern):
                remove_tree(path)
        for marker in self._places.home.git.glob(f"*.git/{UNRECORDED}"):
            name = marker.parent.name.removesuffix(".git")
            if name in names:
                marker.unlink()
            else:
                remove_tree(self._places.home.projects / name)
                remove_tree(marker.parent)

    async def _clone(
        self, url: str, name: str, person: str, handle: Handle, depth: int, folders: list[str] | None
    ) -> ProjectFacts:
        staging = self._places.home.git / f".clone-{uuid4().hex[:12]}"
        final, trees = self._places.home.git / f"{name}.git", self._places.home.projects / name
        await asyncio.to_thread(staging.mkdir)
        try:
            made = await self._runner.clone(url, staging, final, trees, person, handle.report, depth, folders)
            settling = asyncio.ensure_future(asyncio.to_thread(self._settle, url, name, made["branch"], staging))
            try:
                return await asyncio.shield(settling)
            except asyncio.CancelledError:
                return await settling  # too late to cancel: it is there
        finally:
            await asyncio.to_thread(remove_tree, staging)

    def _settle(self, url: str, name: str, branch: str, staging: Path) -> ProjectFacts:
        """Move what was cloned to where it stays, and record it."""
        final, trees = self._places.home.git / f"{name}.git", self._places.home.projects / name
        self.check_free(name, cloning=False)
        (staging / "repository.git" / UNRECORDED).touch()
        try:
            (staging / "repository.git").rename(final)
            (staging / "trees").rename(trees)
            with self._places.storage.session() as session:
                row = ProjectRow(name=name, url=url, default_branch=branch, followed_branch=branch, created=iso())
                session.add(row)
                session.flush()
                project = self._places.facts(row)
        except BaseException:
            remove_tree(trees)
            remove_tree(final)
            raise
        (final / UNRECORDED).unlink()
        return project

    def check_free(self, name: str, cloning: bool = True) -> None:
        known = any(project.name.lower() == name.lower() for project in self._places.all())
        if known or (cloning and name in self._going) or (self._places.home.projects / name).exists():
            raise Conflict(
                "name_taken", f"There is a project named {name!r} already.", "Choose another name for it.", "name"
            )
