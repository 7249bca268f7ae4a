"""Credentials over REST: one's own, and for owners those with which projects are followed. No reply has a secret."""

from __future__ import annotations

import asyncio

from workspace_ext.contract.credentials import (
    Credential,
    CredentialList,
    CredentialTried,
    KeepCredential,
    KeepServiceCredential,
    ServiceCredential,
    TryCredential,
)

from ...kit.http import Request, Route
from ..service import Projects
from .service import Holder


def credential_routes(projects: Projects) -> list[Route]:
    credentials = projects.credentials

    def listed(request: Request) -> CredentialList:
        """What I keep for git hosts, without the secrets."""
        return CredentialList(credentials.listed(Holder(request.caller.id)))

    def keep(request: Request) -> Credential:
        """Keep a token or an SSH key of mine for one host; it replaces the one that was."""
        return credentials.keep(request.caller.id, request.body)

    def delete(request: Request) -> None:
        """Forget one of mine."""
        credentials.delete(request.caller.id, request.path["credential"])

    async def attempt(request: Request) -> CredentialTried:
        """Read a repository's branches with one of mine."""
        return await projects.try_credential(request.caller.id, request.path["credential"], request.body.url)

    def service(request: Request) -> ServiceCredential:
        """What a project is followed with, without the secret."""
        return credentials.service(projects.get(request.path["id"]))

    async def keep_service(request: Request) -> ServiceCredential:
        """Follow a project with this: nobody's own credential is ever used for it."""
        project = await asyncio.to_thread(projects.get, request.path["id"])
        kept = await asyncio.to_thread(credentials.keep_service, project, request.body)
        projects.following.add(project.id)
        return kept

    def delete_service(request: Request) -> None:
        """Follow a project as nobody."""
        credentials.delete_service(projects.get(request.path["id"]))

    mine, one, its = "projects:update-me", "/credentials/{credential}", "/projects/{id}/credential"
    return [
        Route("GET", "/credentials", mine, listed, reply=CredentialList),
        Route("PUT", "/credentials", mine, keep, body=KeepCredential, reply=Credential),
        Route("DELETE", one, mine, delete),
        # It has the server talk to any host, as a clone does.
        Route("POST", f"{one}/test", "projects:create", attempt, body=TryCredential, reply=CredentialTried),
        Route("GET", its, "projects:administer", service, reply=ServiceCredential),
        Route("PUT", its, "projects:administer", keep_service, body=KeepServiceCredential, reply=ServiceCredential),
        Route("DELETE", its, "projects:administer", delete_service),
    ]
