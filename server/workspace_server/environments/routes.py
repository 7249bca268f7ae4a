"""The environment of a notebook: look, prebuild, retry, cancel."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from workspace_ext.contract.environments import (
    AddPackage,
    Collect,
    Collected,
    EnvironmentDetail,
    EnvironmentReport,
    EnvironmentStatus,
    GiveConsent,
    Kept,
    OfNotebook,
    Proposal,
    RevokeTrust,
    TrustedLines,
    WritePackage,
    WrittenLock,
)

from ..kit.http import Request, Route
from . import room
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
            return failed(EnvironmentStatus("none", error.source, ""), error)

    def told(found: Declaration | EnvironmentStatus, request: Request, notebook: str) -> EnvironmentStatus:
        now = environments.status(found) if isinstance(found, Declaration) else found
        if now.consent is None:
            return now
        return replace(now, may_consent=environments.may_consent(request.caller.id, notebook))

    def status(request: Request) -> EnvironmentStatus:
        """How a notebook's environment is; starts nothing."""
        return told(declared(request.query.notebook), request, request.query.notebook)

    async def prebuild(request: Request) -> EnvironmentStatus:
        """Have a notebook's environment built, unless it is there."""
        notebook = request.body.notebook
        found = await asyncio.to_thread(declared, notebook)
        now = await asyncio.to_thread(told, found, request, notebook)
        if not isinstance(found, Declaration) or now.state in ("ready", "building"):
            return now
        environments.begin(found, request.caller.id)
        return await asyncio.to_thread(environments.status, found)

    async def trust(request: Request) -> EnvironmentStatus:
        """Agree to what the notebook's environment waits for, and have it built."""
        await asyncio.to_thread(environments.give_consent, request.body, request.caller.name)
        return await prebuild(request)

    def trusted(request: Request) -> TrustedLines:
        """What is trusted in the notebook's project, by whom and since when."""
        notebook = request.query.notebook
        return TrustedLines(environments.trusted(notebook), environments.may_consent(request.caller.id, notebook))

    def revoke(request: Request) -> None:
        """Trust a line no more."""
        environments.revoke(request.body.notebook, request.body.id)

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

    def report(request: Request) -> EnvironmentReport:
        """All about a notebook's environment: why each package is there, and what differs from the default branch."""
        return environments.report(request.query.notebook)

    def propose(request: Request) -> Proposal:
        """What adding or upgrading a package comes to; it is resolved, and nothing is written."""
        return environments.propose(request.body.notebook, request.body.requirement)

    async def write(request: Request) -> None:
        """Write what was proposed into the project's file."""
        await environments.write(request.body.notebook, request.body.requirement, request.body.version)

    async def lock(request: Request) -> WrittenLock:
        """Write pylock.toml beside what declares the notebook's environment, with the versions that are in use."""
        return await environments.lock(request.body.notebook)

    def kept(_request: Request) -> Kept:
        """Every environment on the disk, and what they take."""
        return room.survey(environments.home)

    def collect(request: Request) -> Collected:
        """Make room: environments that were not used for longest go, those in use never."""
        return environments.collect(request.body.limit)

    def remove(request: Request) -> None:
        """Remove an environment in which nothing runs."""
        room.remove(environments.home, request.path["id"])

    return [
        Route("GET", "/environments", "environments:read", status, query=OfNotebook, reply=EnvironmentStatus),
        Route("POST", "/environments/prebuild", "environments:build", prebuild, OfNotebook, reply=EnvironmentStatus),
        Route("POST", "/environments/retry", "environments:build", prebuild, OfNotebook, reply=EnvironmentStatus),
        Route("POST", "/environments/cancel", "environments:build", cancel, OfNotebook, reply=EnvironmentStatus),
        Route("GET", "/environments/trusted", "environments:read", trusted, query=OfNotebook, reply=TrustedLines),
        Route("POST", "/environments/trusted", "environments:trust", trust, GiveConsent, reply=EnvironmentStatus),
        Route("POST", "/environments/revoke", "environments:trust", revoke, RevokeTrust),
        Route("GET", "/environments/report", "environments:read", report, query=OfNotebook, reply=EnvironmentReport),
        Route("POST", "/environments/proposals", "environments:build", propose, AddPackage, reply=Proposal),
        Route("POST", "/environments/packages", "environments:build", write, WritePackage),
        Route("POST", "/environments/lock", "environments:build", lock, OfNotebook, reply=WrittenLock),
        Route("GET", "/environments/kept", "environments:read", kept, reply=Kept),
        Route("POST", "/environments/collect", "environments:administer", collect, Collect, reply=Collected),
        Route("DELETE", "/environments/{id}", "environments:administer", remove),
        Route("GET", "/environments/{id}", "environments:read", detail, reply=EnvironmentDetail),
    ]
