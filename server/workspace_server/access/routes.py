"""People and oneself."""

from __future__ import annotations

from workspace_ext.contract.access import Person, PersonList, PersonRoles, SetRole, UpdateMe

from ..kit.http import Request, Route
from .service import Access


def routes(access: Access) -> list[Route]:
    def people(_: Request) -> PersonList:
        """Everybody of the workspace."""
        return PersonList(access.people())

    def me(request: Request) -> Person:
        """Who I am."""
        return access.person(request.caller.id)

    def update_me(request: Request) -> Person:
        """Change my display name or colour."""
        return access.update(request.caller.id, request.body.display_name, request.body.color)

    def roles(request: Request) -> PersonRoles:
        """A person's roles."""
        return access.roles(request.path["person"])

    def set_role(request: Request) -> PersonRoles:
        """Give a person a role, in a project or wherever they have none of their own."""
        return access.set_role(request.path["person"], request.body.role, request.body.project)

    return [
        Route("GET", "/people", "people:read", people, reply=PersonList),
        Route("GET", "/me", "people:read", me, reply=Person),
        Route("GET", "/people/{person}/roles", "people:read", roles, reply=PersonRoles),
        Route("PUT", "/people/{person}/role", "people:administer", set_role, body=SetRole, reply=PersonRoles),
        Route("PATCH", "/me", "people:update-me", update_me, body=UpdateMe, reply=Person),
    ]
