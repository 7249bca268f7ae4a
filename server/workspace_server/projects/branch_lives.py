"""Branches: what deleting one costs, deleting it so that it can come back, another name for it."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec

from workspace_ext.contract.lives import BranchCost, DeletedBranch, RenamedBranch
from workspace_ext.contract.operations import WireError
from workspace_ext.contract.projects import OpenedBranch

from ..kit.clock import iso, now, parse
from ..kit.errors import Conflict
from ..kit.events import Events
from .branches import Branches
from .git.lives import Kept, read_kept
from .names import check_branch
from .places import Places, ProjectFacts
from .ports import Neighbours, NoNeighbours
from .runner import GitRunner

KEPT_FOR = timedelta(days=7)


class BranchLives:
    """``person`` is always a person's id. ``neighbours`` is a port; app.py replaces it."""

    def __init__(self, places: Places, runner: GitRunner, branches: Branches, events: Events) -> None:
        self._places = places
        self._runner = runner
        self._branches = branches
        self._events = events
        self.neighbours: Neighbours = NoNeighbours()

    async def cost(self, project_id: str, branch: str) -> BranchCost:
        """What deleting the branch would take away, and whether it may be deleted or renamed."""
        project = await self._project(project_id)
        tree = await asyncio.to_thread(self._places.worktree, project_id, branch)
        if tree is not None:
            await self._runner.documents.flush(tree)
        found = await self._runner.read(project, "git.lives:costs", target=project.followed_branch, branch=branch)
        cost = msgspec.convert(found[0], BranchCost)
        folder = tree if tree is not None else Path("/nowhere")
        there = await asyncio.to_thread(self.neighbours.dependents, project_id, branch, folder)
        reason = _protected(project, branch)
        refused = WireError(reason.code, reason.message, reason.hint) if reason else None
        return replace(cost, dependents=there, refused=refused)

    async def rename(self, project_id: str, branch: str, name: str) -> RenamedBranch:
        """Give the branch another name; its folder, and so all that is open in it, stays where it is.

        Raises
        ------
        Conflict
            It is the followed or the default branch, or there is one of that name.
        """
        project = await self._project(project_id)
        name = check_branch(name.strip())
        if reason := _protected(project, branch):
            raise reason
        async with self._runner.lock(project, "remote"), self._runner.lock(project, "trees"):
            done = await self._runner.change(project, "git.lives:rename", branch=branch, name=name)
            await asyncio.to_thread(self.neighbours.renamed, project_id, branch, name)
        folder = ""
        if done["folder"]:
            tree = Path(done["folder"])
            await self.neighbours.told(tree)
            folder = tree.relative_to(self._places.home.work).as_posix()
        self._events.publish("projects", project_id, "changed")
        return RenamedBranch(project_id, name, branch, folder, done["remote"])

    async def delete(self, project_id: str, branch: str, person: str) -> DeletedBranch:
        """Put the branch aside, with its folder and everything in it; it can be brought back for a week.

        Its kernels end, and whoever has something of it open sees that it is gone. The remote's branch stays.

        Raises
        ------
        Conflict
            It is the followed or the default branch.
        """
        project = await self._project(project_id)
        if reason := _protected(project, branch):
            raise reason
        trash = self._trash(project_id)
        async with self._runner.lock(project, "remote"), self._runner.lock(project, "trees"):
            tree = await asyncio.to_thread(self._places.worktree, project_id, branch)
            if tree is not None:
                await self.neighbours.leave(tree)
                async with self._runner.documents.changing(tree):
                    done = await self._deleted(project, branch, trash, person)
            else:
                done = await self._deleted(project, branch, trash, person)
            await asyncio.to_thread(self.neighbours.renamed, project_id, branch, _parked(branch, done["backup"]))
        self._events.publish("projects", project_id, "changed")
        kept = await asyncio.to_thread(read_kept, trash / done["backup"])
        assert kept is not None
        return self._told(project_id, done["backup"], kept)

    async def deleted(self, project_id: str) -> list[DeletedBranch]:
        """Branches that can be brought back, newest first."""
        await self._project(project_id)
        return await asyncio.to_thread(self._listed, project_id)

    async def restore(self, project_id: str, backup: str) -> OpenedBranch:
        """Bring a deleted branch back as it was."""
        project = await self._project(project_id)
        trash = self._trash(project_id)
        if not backup.isalnum():
            backup = "none"
        async with self._runner.lock(project, "remote"), self._runner.lock(project, "trees"):
            done = await self._runner.change(project, "git.lives:restore", backup=backup, trash=str(trash))
            branch: str = done["branch"]
            await asyncio.to_thread(self.neighbours.renamed, project_id, _parked(branch, backup), branch)
        self._events.publish("projects", project_id, "changed")
        return await self._branches.switch(project_id, branch)

    async def recover(self, project_id: str) -> None:
        """Bring back what the end of the server interrupted, and let go of what was kept for long enough."""
        project = await self._project(project_id)
        trash = self._trash(project_id)
        if not await asyncio.to_thread(trash.exists):
            return
        async with self._runner.lock(project, "trees"):
            await self._runner.change(project, "git.lives:recover", trash=str(trash))
        await self.expire(project_id)

    async def expire(self, project_id: str) -> None:
        """Let go of what was kept for long enough."""
        project, trash = await self._project(project_id), self._trash(project_id)
        async with self._runner.lock(project, "trees"):
            for one in await asyncio.to_thread(self._listed, project_id):
                if parse(one.until) < now():
                    await self._runner.change(project, "git.lives:forget", backup=one.backup, trash=str(trash))
                    parked = _parked(one.branch, one.backup)
                    await asyncio.to_thread(self.neighbours.forgotten, project_id, parked)

    def forget_all(self, project_id: str) -> None:
        """The project is gone for good. Called in a thread."""
        shutil.rmtree(self._trash(project_id), ignore_errors=True)

    async def _deleted(self, project: ProjectFacts, branch: str, trash: Path, person: str) -> dict[str, str]:
        try:
            done: dict[str, str] = await self._runner.change(
                project, "git.lives:delete", branch=branch, trash=str(trash), by=person
            )
        except BaseException:
            await asyncio.shield(self._runner.change(project, "git.lives:recover", trash=str(trash)))
            raise
        return done

    def _listed(self, project_id: str) -> list[DeletedBranch]:
        kept = ((aside.name, read_kept(aside)) for aside in self._trash(project_id).glob("*"))
        told = [self._told(project_id, name, one) for name, one in kept if one is not None]
        return sorted(told, key=lambda one: one.deleted, reverse=True)

    def _told(self, project_id: str, backup: str, kept: Kept) -> DeletedBranch:
        until = iso(parse(kept.deleted) + KEPT_FOR)
        by = self._places.name_of(kept.by) if kept.by else ""
        return DeletedBranch(project_id, kept.branch, backup, kept.head, kept.deleted, by, until, bool(kept.folder))

    def _trash(self, project_id: str) -> Path:
        return self._places.home.trash / "branches" / project_id

    async def _project(self, project_id: str) -> ProjectFacts:
        return await asyncio.to_thread(self._places.get, project_id)


def _parked(branch: str, backup: str) -> str:
    """What a deleted branch is called where things are kept for it; no branch can have this name."""
    return f"{branch}~{backup}"


def _protected(project: ProjectFacts, branch: str) -> Conflict | None:
    if branch == project.followed_branch:
        return Conflict(
            "branch_followed",
            f"Production of {project.name} follows {branch}, so it is neither deleted nor renamed here.",
            "Have production follow another branch first.",
        )
    if branch == project.default_branch:
        return Conflict(
            "branch_default",
            f"{branch} is the default branch of {project.name}, so it is neither deleted nor renamed here.",
            "Choose another default branch on the remote first.",
        )
    return None
