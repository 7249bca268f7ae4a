"""How large repositories are, asked before they are cloned, and those of which only the last commits were."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.operations import Operation
from workspace_ext.contract.projects import RepositorySize, SizeQuery

from ..kit.errors import AtriumError, Invalid
from ..kit.events import Events
from ..kit.http import Request, Route
from ..kit.operations import Handle, Operations
from .hosts.addresses import hosted_at, named_hosts
from .places import Places
from .runner import GitRunner

LARGE = 500 * 2**20
DEEPEST = 100_000
# Somebody waits for it before the clone begins.
PATIENCE = 5


class Sizes:
    """``person`` is always a person's id."""

    def __init__(self, places: Places, runner: GitRunner, events: Events, operations: Operations) -> None:
        self._places = places
        self._runner = runner
        self._events = events
        self._operations = operations

    async def of(self, url: str, person: str) -> RepositorySize:
        """What the host says about the repository at ``url``; hosts without an API, and silent ones, say nothing."""
        url = url.strip()
        await asyncio.to_thread(self._runner.protocols, url)
        at = hosted_at(url, await asyncio.to_thread(named_hosts, self._places.home.settings))
        if at is None:
            return RepositorySize(url)
        try:
            size = await self._runner.host("hosts.requests:size", person, at.origin, PATIENCE, hosted=asdict(at))
        except AtriumError:
            size = None
        return RepositorySize(url, size, size is not None and size > LARGE)

    async def fetch_rest(self, project_id: str, person: str) -> Operation:
        """Fetch the history that was left out of a clone, in the background."""
        project = await asyncio.to_thread(self._places.get, project_id)

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                await self._runner.remote(
                    project, "git.shallow:fetch_rest", person, on_progress=handle.report, timeout=24 * 3600
                )
            self._events.publish("projects", project_id, "changed")
            return None

        title = f"Fetch the history of {project.name}"
        return self._operations.start("projects.fetch-rest", title, run, person, project_id)


def check_depth(depth: int) -> int:
    if not 0 <= depth <= DEEPEST:
        raise Invalid(
            "invalid_depth", f"{depth} is not a number of commits.", f"Give 1 to {DEEPEST}, or 0 for all.", "depth"
        )
    return depth


def size_routes(sizes: Sizes) -> list[Route]:
    async def size(request: Request) -> RepositorySize:
        """How large a repository is that somebody is about to clone, as far as its host tells."""
        return await sizes.of(request.query.url, request.caller.id)

    async def rest(request: Request) -> Operation:
        """Fetch the history that was left out when the project was cloned."""
        return await sizes.fetch_rest(request.path["id"], request.caller.id)

    return [
        Route("GET", "/projects/size", "projects:create", size, query=SizeQuery, reply=RepositorySize),
        Route("POST", "/projects/{id}/fetch-rest", "projects:write", rest, reply=Operation, status=202),
    ]
