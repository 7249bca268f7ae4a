"""Worktrees that somebody has put on a commit in a terminal: told, and brought to a branch again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from workspace_ext.contract.detached import BackToBranch, BranchHere, Detached
from workspace_ext.contract.projects import OpenedBranch

from ..kit.errors import NotFound
from ..kit.events import Events
from ..kit.http import Request, Route
from .branch_lives import BranchLives
from .branches import Branches
from .git.worktrees import find
from .names import check_branch
from .places import Places, ProjectFacts
from .runner import GitRunner


class DetachedHeads:
    """``person`` is always a person's id."""

    def __init__(
        self, places: Places, runner: GitRunner, branches: Branches, lives: BranchLives, events: Events
    ) -> None:
        self._places = places
        self._runner = runner
        self._branches = branches
        self._lives = lives
        self._events = events

    async def listed(self, project: ProjectFacts) -> list[Detached]:
        """Mostly nothing, which a look at a few small files tells."""
        heads = await asyncio.to_thread(find, project.git)
        if all(branch for _, branch in heads.values()):
            return []
        found = await self._runner.read(project, "git.detached:listed", work=str(self._places.home.work))
        return msgspec.convert(found, list[Detached])

    async def back(self, project_id: str, folder: str, person: str) -> OpenedBranch:
        """Put the folder back on the branch that it was on, beneath open documents, with what is not committed."""
        project, tree = await self._at(project_id, folder)
        done = await self._runner.change_files(project, tree, "git.detached:back", person, at=str(tree))
        return await self._ended(project, tree, done["branch"])

    async def branch_here(self, project_id: str, folder: str, name: str) -> OpenedBranch:
        """Begin a branch where the folder is; no file changes."""
        project, tree = await self._at(project_id, folder)
        name = check_branch(name.strip())
        async with self._runner.lock(project, "trees"):
            await self._runner.change(project, "git.detached:branch_here", at=str(tree), name=name)
        return await self._ended(project, tree, name)

    async def _ended(self, project: ProjectFacts, tree: Path, branch: str) -> OpenedBranch:
        await self._lives.neighbours.told(tree)
        self._events.publish("projects", project.id, "changed")
        return await self._branches.switch(project.id, branch)

    async def _at(self, project_id: str, folder: str) -> tuple[ProjectFacts, Path]:
        project = await asyncio.to_thread(self._places.get, project_id)
        tree = self._places.home.work / folder
        if tree not in await asyncio.to_thread(find, project.git):
            raise NotFound("no_worktree", f"{folder!r} is no folder of a branch of {project.name}.", "Look again.")
        return project, tree


def detached_routes(heads: DetachedHeads) -> list[Route]:
    async def back(request: Request) -> OpenedBranch:
        """Put a folder that is on a commit back on its branch."""
        return await heads.back(request.path["id"], request.body.folder, request.caller.id)

    async def here(request: Request) -> OpenedBranch:
        """Begin a branch where such a folder is."""
        return await heads.branch_here(request.path["id"], request.body.folder, request.body.name)

    of = "/projects/{id}/detached"
    return [
        Route("POST", f"{of}/back", "projects:write", back, body=BackToBranch, reply=OpenedBranch),
        Route("POST", f"{of}/branch", "projects:write", here, body=BranchHere, reply=OpenedBranch),
    ]
