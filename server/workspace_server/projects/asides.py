"""Putting changes aside and bringing them back, with documents that stay open meanwhile."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec

from workspace_ext.contract.asides import Aside, BringBack, BroughtBack, PutAside

from ..kit.events import Events
from .places import Places, ProjectFacts
from .runner import GitRunner

LONGEST_NOTE = 200


class Asides:
    """``person`` is always a person's id."""

    def __init__(self, places: Places, runner: GitRunner, events: Events) -> None:
        self._places = places
        self._runner = runner
        self._events = events

    async def listed(self, project_id: str) -> list[Aside]:
        """What is put aside in a project, newest first, of all its branches."""
        project = await self._project(project_id)
        return msgspec.convert(await self._runner.read(project, "git.aside:listed"), list[Aside])

    async def put(self, project_id: str, branch: str, wanted: PutAside, person: str) -> Aside:
        """Put changed files of a branch back to the last commit, and keep what they were."""
        note = re.sub(r"[\x00-\x1f\x7f]+", " ", wanted.note).strip()[:LONGEST_NOTE]
        made = await self._changed(project_id, branch, "git.aside:put_aside", person, paths=wanted.paths, note=note)
        return msgspec.convert(made, Aside)

    async def bring_back(self, project_id: str, branch: str, name: str, wanted: BringBack, person: str) -> BroughtBack:
        """Bring it into the worktree of a branch, the one where it was or another, merged with what is there."""
        done = await self._changed(project_id, branch, "git.aside:bring_back", person, name=name, take=wanted.take)
        return msgspec.convert(done, BroughtBack)

    async def undo(self, project_id: str, branch: str, name: str, backup: str, person: str) -> None:
        """Take back that it was brought back. What was written since stays."""
        await self._changed(project_id, branch, "git.aside:undo_bring_back", person, name=name, backup=backup)

    async def drop(self, project_id: str, name: str) -> None:
        """Take it off the list; :meth:`keep` has it there again."""
        await self._listed_otherwise(project_id, "git.aside:drop", name)

    async def keep(self, project_id: str, name: str) -> None:
        await self._listed_otherwise(project_id, "git.aside:keep", name)

    async def _listed_otherwise(self, project_id: str, function: str, name: str) -> None:
        project = await self._project(project_id)
        async with self._runner.lock(project, "trees"):
            await self._runner.change(project, function, name=name)
        self._events.publish("projects", project_id, "changed")

    async def _changed(self, project_id: str, branch: str, function: str, person: str, **arguments: Any) -> Any:
        """Change files beneath documents that may be open."""
        project = await self._project(project_id)
        tree = await asyncio.to_thread(self._places.worktree, project_id, branch)
        done = await self._runner.change_files(project, tree, function, person, branch=branch, **arguments)
        self._events.publish("projects", project_id, "changed")
        return done

    async def _project(self, project_id: str) -> ProjectFacts:
        return await asyncio.to_thread(self._places.get, project_id)
