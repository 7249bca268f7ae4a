"""Projects: put to rest and woken, deleted into the trash and brought back, and what that costs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
from sqlalchemy import select

from workspace_ext.contract.lives import BranchCost, DeletedProject, ProjectCost

from ..access.service import Access
from ..kit.clock import iso, now, parse
from ..kit.errors import Conflict, Invalid, NotFound
from ..kit.events import Events
from .branch_lives import KEPT_FOR, BranchLives
from .git.worktrees import remove_tree
from .places import Places, ProjectFacts
from .production.following import Following
from .runner import GitRunner
from .store import ProjectRow

# Between the name and the id of a deleted project, whose name is free again; no name of a project has it.
TRASHED = "~"


class ProjectLives:
    """``person`` is always a person's id."""

    def __init__(
        self,
        places: Places,
        runner: GitRunner,
        branches: BranchLives,
        following: Following,
        access: Access,
        events: Events,
    ) -> None:
        self._places = places
        self._runner = runner
        self._branches = branches
        self._following = following
        self._access = access
        self._events = events

    async def cost(self, project_id: str) -> ProjectCost:
        """What deleting the project would take away."""
        project = await asyncio.to_thread(self._places.get, project_id)
        await self._runner.documents.flush(project.folder)
        found = await self._runner.read(project, "git.lives:costs", target=project.followed_branch)
        only_here = [cost for cost in msgspec.convert(found, list[BranchCost]) if cost.unpushed or cost.changes]
        there = await asyncio.to_thread(self._branches.neighbours.dependents, project_id, "", project.folder)
        size = await asyncio.to_thread(lambda: sum(_size(folder) for folder in (project.folder, project.git)))
        return ProjectCost(project_id, project.name, size, only_here, there)

    async def archive(self, project_id: str) -> None:
        """Put the project to rest: it is out of sight, its remote is not looked at, and its schedules pause."""
        await self._set_archived(project_id, iso())

    async def unarchive(self, project_id: str) -> None:
        """Wake the project. What was due meanwhile is not made up for."""
        await self._set_archived(project_id, None)
        await asyncio.to_thread(self._branches.neighbours.woken, project_id)
        self._following.add(project_id)

    async def delete(self, project_id: str, name: str, for_good: bool, person: str) -> None:
        """Put the project into the trash, from where it can be brought back for a week; the remote is not touched.

        Parameters
        ----------
        name
            The project's, to be sure that it is this one that is meant.
        for_good
            At once and without a way back.

        Raises
        ------
        Invalid
            It has another name.
        """
        project = await asyncio.to_thread(self._places.get, project_id)
        if name != project.name:
            raise Invalid(
                "name_differs", f"{name!r} is not the name of this project." if name else "Its name is not given.",
                f"Type {project.name} to delete it.", "name",
            )  # fmt: skip
        async with self._runner.lock(project, "remote"), self._runner.lock(project, "trees"):
            await self._branches.neighbours.leave(project.folder)
            async with self._runner.documents.changing(project.folder):
                await asyncio.to_thread(self._put_away, project, person)
        self._events.publish("projects", project_id, "trashed")
        if for_good:
            await self.purge(project_id)

    def deleted(self) -> list[DeletedProject]:
        """Projects that can be brought back, newest first. Called in a thread."""
        with self._places.storage.session() as session:
            rows = session.scalars(select(ProjectRow).where(ProjectRow.trashed.is_not(None))).all()
            told = [self._told(row) for row in rows]
        return sorted(told, key=lambda one: one.deleted, reverse=True)

    async def restore(self, project_id: str) -> None:
        """Bring a deleted project back as it was.

        Raises
        ------
        Conflict
            Another project has its name, or its folder, now.
        """
        await asyncio.to_thread(self._take_back, project_id)
        self._events.publish("projects", project_id, "restored")
        self._following.add(project_id)

    async def purge(self, project_id: str) -> None:
        """Delete for good what is in the trash: its schedules and dashboards, too. Their runs stay."""
        await asyncio.to_thread(self._purge, project_id)
        self._events.publish("projects", project_id, "deleted")

    async def recover(self) -> None:
        """Finish what the end of the server interrupted, and let go of what was kept for long enough."""
        await asyncio.to_thread(self._finish)
        await self.expire()

    async def expire(self) -> None:
        """Let go of what was kept for long enough."""
        for one in await asyncio.to_thread(self.deleted):
            if parse(one.until) < now():
                await self.purge(one.id)

    async def _set_archived(self, project_id: str, moment: str | None) -> None:
        def write() -> None:
            with self._places.storage.session() as session:
                row = session.get(ProjectRow, project_id)
                if row is None or row.trashed is not None:
                    raise NotFound("no_such_project", f"There is no project {project_id}.")
                row.archived = moment

        await asyncio.to_thread(write)
        self._events.publish("projects", project_id, "archived" if moment else "woken")

    def _put_away(self, project: ProjectFacts, person: str) -> None:
        with self._places.storage.session() as session:
            row = session.get_one(ProjectRow, project.id)
            row.name, row.trashed, row.trashed_by = f"{row.name}{TRASHED}{row.id}", iso(), person
        self._move(project.id, project.folder, project.git)
        self._access.load()

    def _move(self, project_id: str, folder: Path, git: Path) -> None:
        trash = self._trash(project_id)
        trash.mkdir(parents=True, exist_ok=True)
        for path, name in ((folder, "trees"), (git, "git")):
            if path.exists() and not (trash / name).exists():
                path.rename(trash / name)

    def _take_back(self, project_id: str) -> None:
        with self._places.storage.session() as session:
            row = session.get(ProjectRow, project_id)
            if row is None or row.trashed is None:
                raise NotFound("not_deleted", "This project is not kept any more.", "Clone its repository again.")
            facts = self._places.facts(row, named(row.name))
        taken = any(other.name.lower() == facts.name.lower() for other in self._places.all())
        if taken or facts.folder.exists() or facts.git.exists():
            raise Conflict(
                "name_taken", f"There is a project or a folder named {facts.name!r} again.",
                "Delete that one or put it elsewhere, then bring this back.",
            )  # fmt: skip
        # Interrupted anywhere in between, the next start puts it away again.
        trash = self._trash(project_id)
        for path, name in ((facts.git, "git"), (facts.folder, "trees")):
            if (trash / name).exists():
                (trash / name).rename(path)
        with self._places.storage.session() as session:
            row = session.get_one(ProjectRow, project_id)
            row.name, row.trashed, row.trashed_by = facts.name, None, None
        remove_tree(trash)
        self._access.load()
        self._branches.neighbours.woken(project_id)

    def _purge(self, project_id: str) -> None:
        with self._places.storage.session() as session:
            row = session.get(ProjectRow, project_id)
            if row is None or row.trashed is None:
                raise NotFound("not_deleted", "This project is not in the trash.", "Delete it first.")
            facts = self._places.facts(row)
        self._branches.neighbours.forgotten(project_id, "")
        with self._places.storage.session() as session:
            session.delete(session.get_one(ProjectRow, project_id))
        self._branches.forget_all(project_id)
        remove_tree(self._trash(project_id))
        if self._runner.own(facts.url):
            remove_tree(self._places.home.remotes / facts.url.rpartition("/")[2])

    def _finish(self) -> None:
        with self._places.storage.session() as session:
            rows = session.scalars(select(ProjectRow).where(ProjectRow.trashed.is_not(None))).all()
            away = [self._places.facts(row, named(row.name)) for row in rows]
        there = {project.name for project in self._places.all()}
        for project in away:
            if project.name not in there:
                self._move(project.id, project.folder, project.git)
        # Without a row it was deleted for good, or nearly.
        known = {project.id for project in away}
        root = self._places.home.trash / "projects"
        for left in root.iterdir() if root.is_dir() else ():
            if left.name not in known:
                remove_tree(left)

    def _told(self, row: ProjectRow) -> DeletedProject:
        moment = row.trashed or ""
        by = self._places.name_of(row.trashed_by) if row.trashed_by else ""
        until = iso(parse(moment) + KEPT_FOR)
        url = "" if self._runner.own(row.url) else row.url
        return DeletedProject(row.id, named(row.name), url, moment, by, until)

    def _trash(self, project_id: str) -> Path:
        return self._places.home.trash / "projects" / project_id


def named(name: str) -> str:
    """The name of a deleted project, as it was."""
    return name.partition(TRASHED)[0]


def _size(folder: Path) -> int:
    """Bytes on the disk, as far as they can be read."""
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                total += (Path(place) / file).lstat().st_size
            except OSError:
                continue
    return total
