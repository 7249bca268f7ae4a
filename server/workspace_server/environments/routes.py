"""The environment of a notebook: look, prebuild, retry, cancel."""

from __future__ import annotations

import asyncio

from workspace_ext.contract.environments import EnvironmentDetail, EnvironmentStatus, OfNotebook

from ..kit.http import Request, Route
from .declaration import Declaration, locate
from .errors import Unbuildable
from .service import Environments, failed


def routes(environments: Environments) -> list[Route]:
    def declared(notebook: str) -> Declaration | EnvironmentStatus:
        """What it declares, or the status that says why that cannot be read."""
        locate(environments.home, notebook)
        try:
            return environments.of_notebook(notebook)
        except Unbuildable as error:
            return failed(EnvironmentStatus("none", "requirements.txt", ""), error)

    def status(request: Request) -> EnvironmentStatus:
        """How a notebook's environment is; starts nothing."""
        found = declared(request.query.notebook)
        return environments.status(found) if isinstance(found, Declaration) else found

    async def prebuild(request: Request) -> EnvironmentStatus:
        """Have a notebook's environment built, unless it is there."""
        found = await asyncio.to_thread(declared, request.body.notebook)
        if not isinstance(found, Declaration):
            return found
        now = await asyncio.to_thread(environments.status, found)
        if now.state in ("ready", "building"):
            return now
        environments.begin(found, request.caller.id)
        return await asyncio.to_thread(environments.status, found)

    async def cancel(request: Request) -> EnvironmentStatus:
        """Stop building a notebook's environment."""
        found = await asyncio.to_thread(declared, request.body.notebook)
        if not isinstance(found, Declaration):
            return found
        await environments.cancel(found)
        return await asyncio.to_thread(environments.status, found)

    def detail(request: Request) -> EnvironmentDetail:
        """A published environment: its packages and its lock."""
        return environments.detail(request.path["id"])

    return [
        Route("GET", "/environments", "environments:read", status, query=OfNotebook, reply=EnvironmentStatus),
        Route("POST", "/environments/prebuild", "environments:build", prebuild, OfNotebook, reply=EnvironmentStatus),
        Route("POST", "/environments/retry", "environments:build", prebuild, OfNotebook, reply=EnvironmentStatus),
        Route("POST", "/environments/cancel", "environments:build", cancel, OfNotebook, reply=EnvironmentStatus),
        Route("GET", "/environments/{id}", "environments:read", detail, reply=EnvironmentDetail),
    ]
