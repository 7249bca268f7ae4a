"""Submodules: off until an owner lets the very address of one in, for one project. Then they go along."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import delete, select

from workspace_ext.contract.operations import Operation, WireError
from workspace_ext.contract.submodules import Submodule, SubmoduleAddress, SubmoduleList

from ..kit.clock import iso
from ..kit.errors import AtriumError, Invalid, NotFound
from ..kit.events import Events
from ..kit.http import Request, Route
from ..kit.operations import Handle, Operations
from ..kit.processes import Report
from .git.submodules import MODULES
from .places import Places, ProjectFacts
from .runner import GitRunner
from .store import SubmoduleRow

PATIENCE = 24 * 3600
log = logging.getLogger(__name__)


class Submodules:
    """``person`` is always a person's id. ``on_consent`` is told, on the loop, of projects that got one."""

    def __init__(self, places: Places, runner: GitRunner, events: Events, operations: Operations) -> None:
        self._places = places
        self._runner = runner
        self._events = events
        self._operations = operations
        self.on_consent: Callable[[str], None] = lambda project_id: None

    async def listed(self, project_id: str, branch: str) -> list[Submodule]:
        """Those of a branch's last commit, fetched or not."""
        project = await asyncio.to_thread(self._places.get, project_id)
        consented = await asyncio.to_thread(self._consented, project_id)
        found = await self._runner.read(project, "git.submodules:listed", branch=branch, consented=consented)
        return [self._checked(one) for one in msgspec.convert(found, list[Submodule])]

    async def consent(self, project_id: str, url: str, person: str) -> None:
        """Let the project's submodules be fetched from an address, exactly this one, on all of its branches.

        Raises
        ------
        Invalid
            Nothing may be cloned from there.
        """
        await asyncio.to_thread(self._places.get, project_id)
        await asyncio.to_thread(self._runner.protocols, url)

        def write() -> None:
            with self._places.storage.session() as session:
                session.merge(SubmoduleRow(project_id=project_id, url=url, by=person, given=iso()))

        await asyncio.to_thread(write)
        self.on_consent(project_id)
        self._events.publish("projects", project_id, "changed")

    async def withdraw(self, project_id: str, url: str) -> None:
        """Turn it off again: folders that hold it are empty then, and nothing is fetched from there any more.

        Raises
        ------
        Conflict
            There are changes in it that are nowhere else.
        """
        project = await asyncio.to_thread(self._places.get, project_id)
        if url not in await asyncio.to_thread(self._consented, project_id):
            raise NotFound("not_let_in", f"Nothing is fetched from {url!r} here.", "It was turned off already.")
        async with self._runner.lock(project, "submodules"), self._runner.lock(project, "trees"):
            async with self._runner.changing(project, project.folder):
                await self._runner.change(project, "git.submodules:remove", url=url)

            def write() -> None:
                gone = delete(SubmoduleRow).where(SubmoduleRow.project_id == project_id, SubmoduleRow.url == url)
                with self._places.storage.session() as session:
                    session.execute(gone)

            # Last: killed in between, it is on and not fetched.
            await asyncio.to_thread(write)
        self._events.publish("projects", project_id, "changed")

    async def fetch(self, project_id: str, branch: str, person: str) -> Operation:
        """Fetch what was let in, in the background, and put it into the branch's folder; the result are the paths."""
        project = await asyncio.to_thread(self._places.get, project_id)

        async def run(handle: Handle) -> Any:
            await self.have(project, f"refs/heads/{branch}", person, handle.report)
            return await self.bring(project, branch, person)

        title = f"Fetch submodules of {project.name}"
        return self._operations.start("projects.submodules", title, run, person, project_id)

    async def have(
        self, project: ProjectFacts, commit: str, person: str = "", on_progress: Report | None = None
    ) -> list[str]:
        """Fetch the submodules of a commit that were let in; without a person with the project's own credential. Their
        paths."""
        wanted = await self._wanted(project, commit)
        if not wanted:
            return []
        async with self._runner.lock(project, "submodules"):
            for one in wanted:
                await self._runner.submodule(
                    project, one["url"], "git.submodules:fetch", person, on_progress, PATIENCE,
                    commit=one["commit"], path=one["path"],
                )  # fmt: skip
        return [one["path"] for one in wanted]

    async def paths(self, project: ProjectFacts, commit: str) -> list[str]:
        """Where a commit has submodules that were let in."""
        return [one["path"] for one in await self._wanted(project, commit)]

    async def _wanted(self, project: ProjectFacts, commit: str) -> list[dict[str, str]]:
        consented = await asyncio.to_thread(self._consented, project.id)
        if not consented:
            return []
        found = await self._runner.read(project, "git.submodules:named_at", commit=commit)
        return [one for one in found if one["url"] in consented]

    async def bring(self, project: ProjectFacts, branch: str, person: str = "") -> list[str]:
        """Have a branch's folder hold what its commit names, as far as it was fetched; the paths."""
        consented = await asyncio.to_thread(self._consented, project.id)
        if not consented and not (project.git / MODULES).exists():
            return []
        tree = await asyncio.to_thread(self._places.worktree, project.id, branch)
        done: list[str] = await self._runner.change_files(
            project, tree, "git.submodules:place", person, branch=branch, consented=consented
        )
        if done:
            self._events.publish("projects", project.id, "changed")
        return done

    async def prepare(self, project: ProjectFacts, commit: str, person: str, on_progress: Report) -> None:
        """Before the commits come. What cannot be had now is missing then, and told so: it is no reason not to go
        on."""
        try:
            await self.have(project, commit, person, on_progress)
        except AtriumError as error:
            log.info("submodules of %s: %s", project.name, error)

    async def follow(self, project: ProjectFacts, branch: str) -> None:
        """After a branch has got other commits, or a folder; with what was fetched."""
        try:
            await self.bring(project, branch)
        except AtriumError as error:
            log.warning("submodules of %s: %s", project.name, error)

    async def make_room(self, project: ProjectFacts, branch: str, source: str) -> None:
        """Before the commits of ``source`` come: where they have files of their own in the place of a submodule."""
        if (project.git / MODULES).exists():
            await self._runner.change(project, "git.submodules:make_room", branch=branch, source=source)

    async def recover(self, project: ProjectFacts) -> None:
        """Put right what the end of the server interrupted."""
        if (project.git / MODULES).exists():
            await self._runner.change(project, "git.submodules:recover_modules")

    def _checked(self, one: Submodule) -> Submodule:
        """Say at once what could never be fetched."""
        if one.state == "refused":
            return one
        try:
            self._runner.protocols(one.url)
        except Invalid as error:
            problem = WireError(error.code, error.message, error.hint)
            return replace(one, state="refused", problem=problem)
        return one

    def _consented(self, project_id: str) -> list[str]:
        with self._places.storage.session() as session:
            return list(session.scalars(select(SubmoduleRow.url).where(SubmoduleRow.project_id == project_id)))


def submodule_routes(submodules: Submodules) -> list[Route]:
    async def listed(request: Request) -> SubmoduleList:
        """Submodules of a branch, and whether they were let in."""
        return SubmoduleList(await submodules.listed(request.path["id"], request.path["branch"]))

    async def fetch(request: Request) -> Operation:
        """Fetch those that were let in into the branch's folder; the operation's result is their paths."""
        return await submodules.fetch(request.path["id"], request.path["branch"], request.caller.id)

    async def consent(request: Request) -> None:
        """Let submodules be fetched from an address, exactly this one."""
        await submodules.consent(request.path["id"], request.body.url, request.caller.id)

    async def withdraw(request: Request) -> None:
        """Turn a submodule off again, and empty its folders."""
        await submodules.withdraw(request.path["id"], request.body.url)

    of, one = "/projects/{id}/branches/{branch}/submodules", "/projects/{id}/submodules"
    return [
        Route("GET", of, "projects:read", listed, reply=SubmoduleList),
        Route("POST", f"{of}/fetch", "projects:write", fetch, reply=Operation, status=202),
        Route("POST", f"{one}/consent", "projects:administer", consent, body=SubmoduleAddress),
        Route("POST", f"{one}/withdraw", "projects:administer", withdraw, body=SubmoduleAddress),
    ]
