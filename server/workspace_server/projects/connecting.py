"""A remote for a project that was begun without one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from workspace_ext.contract.beginnings import ConnectRemote
from workspace_ext.contract.operations import Operation

from ..kit.errors import Conflict
from ..kit.events import Events
from ..kit.http import Request, Route
from ..kit.operations import Handle, Operations
from .places import Places
from .production.following import Following
from .runner import GitRunner
from .store import ProjectRow


class Connecting:
    """``person`` is a person's id."""

    def __init__(
        self, places: Places, runner: GitRunner, following: Following, events: Events, operations: Operations
    ) -> None:
        self._places = places
        self._runner = runner
        self._following = following
        self._events = events
        self._operations = operations

    async def connect(self, project_id: str, url: str, person: str) -> Operation:
        """Push a project to an empty repository, which is its remote from then on.

        Raises
        ------
        Invalid
            The address cannot be.
        Conflict
            The project has a remote.
        """
        url = url.strip()
        project = await asyncio.to_thread(self._places.get, project_id)
        await asyncio.to_thread(self._runner.protocols, url)
        if not self._runner.own(project.url):
            raise Conflict(
                "has_remote", f"{project.name} has a remote already: {project.url}.", "Begin another project for this."
            )

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                pushed = await self._runner.remote(
                    replace(project, url=url), "git.connect:connect", person, on_progress=handle.report, timeout=3600,
                    branch=project.default_branch,
                )  # fmt: skip
                # The remote of one's own goes with the next start of the server.
                await asyncio.shield(asyncio.to_thread(self._set_url, project_id, url))
            self._events.publish("projects", project_id, "changed")
            self._following.add(project_id)
            return pushed

        return self._operations.start("projects.connect", f"Connect {project.name}", run, person, project_id)

    def _set_url(self, project_id: str, url: str) -> None:
        with self._places.storage.session() as session:
            session.get_one(ProjectRow, project_id).url = url


def connecting_routes(connecting: Connecting) -> list[Route]:
    async def connect(request: Request) -> Operation:
        """Give a project that the workspace keeps the remote of another one: an empty repository, pushed to."""
        return await connecting.connect(request.path["id"], request.body.url, request.caller.id)

    return [
        Route(
            "POST", "/projects/{id}/connect", "projects:administer", connect, body=ConnectRemote, reply=Operation,
            status=202,
        )
    ]  # fmt: skip
