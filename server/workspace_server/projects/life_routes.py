"""How branches and projects end, rest, and come back, over REST."""

from __future__ import annotations

from workspace_ext.contract.lives import (
    BranchCost,
    DeletedBranch,
    DeletedBranchList,
    DeletedProjectList,
    DeleteProject,
    ProjectCost,
    RenameBranch,
    RenamedBranch,
)
from workspace_ext.contract.projects import OpenedBranch, Project

from ..kit.http import Request, Route
from .service import Projects


def life_routes(projects: Projects) -> list[Route]:
    return [*_branch_routes(projects), *_project_routes(projects)]


def _branch_routes(projects: Projects) -> list[Route]:
    lives = projects.branch_lives

    async def cost(request: Request) -> BranchCost:
        """What deleting a branch would take away."""
        return await lives.cost(request.path["id"], request.path["branch"])

    async def rename(request: Request) -> RenamedBranch:
        """Give a branch another name; what is open in it stays open."""
        return await lives.rename(request.path["id"], request.path["branch"], request.body.name)

    async def delete(request: Request) -> DeletedBranch:
        """Put a branch aside with its folder; for a week it can be brought back. The remote's stays."""
        return await lives.delete(request.path["id"], request.path["branch"], request.caller.id)

    async def deleted(request: Request) -> DeletedBranchList:
        """Branches that can be brought back."""
        return DeletedBranchList(await lives.deleted(request.path["id"]))

    async def restore(request: Request) -> OpenedBranch:
        """Bring a deleted branch back as it was."""
        return await lives.restore(request.path["id"], request.path["backup"])

    one, gone = "/projects/{id}/branches/{branch}", "/projects/{id}/deleted-branches"
    return [
        Route("GET", f"{one}/cost", "projects:read", cost, reply=BranchCost),
        Route("PATCH", one, "projects:write", rename, body=RenameBranch, reply=RenamedBranch),
        Route("DELETE", one, "projects:write", delete, reply=DeletedBranch),
        Route("GET", gone, "projects:read", deleted, reply=DeletedBranchList),
        Route("POST", f"{gone}/{{backup}}/restore", "projects:write", restore, reply=OpenedBranch),
    ]


def _project_routes(projects: Projects) -> list[Route]:
    lives = projects.lives

    async def cost(request: Request) -> ProjectCost:
        """What deleting a project would take away."""
        return await lives.cost(request.path["id"])

    async def archive(request: Request) -> Project:
        """Put a project to rest: out of sight, its remote not looked at, its schedules paused."""
        await lives.archive(request.path["id"])
        return projects.seen_by(request.caller, await projects.describe(request.path["id"]))

    async def unarchive(request: Request) -> Project:
        """Wake a project."""
        await lives.unarchive(request.path["id"])
        return projects.seen_by(request.caller, await projects.describe(request.path["id"]))

    async def delete(request: Request) -> None:
        """Put a project into the trash; for a week it can be brought back. Its name has to be given."""
        await lives.delete(request.path["id"], request.query.name, request.query.now, request.caller.id)

    def deleted(_: Request) -> DeletedProjectList:
        """Projects that can be brought back."""
        return DeletedProjectList(lives.deleted())

    async def restore(request: Request) -> Project:
        """Bring a deleted project back as it was."""
        await lives.restore(request.path["id"])
        return projects.seen_by(request.caller, await projects.describe(request.path["id"]))

    async def purge(request: Request) -> None:
        """Delete for good what is in the trash."""
        await lives.purge(request.path["id"])

    one, gone = "/projects/{id}", "/deleted-projects"
    return [
        Route("GET", f"{one}/cost", "projects:read", cost, reply=ProjectCost),
        Route("POST", f"{one}/archive", "projects:administer", archive, reply=Project),
        Route("POST", f"{one}/unarchive", "projects:administer", unarchive, reply=Project),
        Route("DELETE", one, "projects:administer", delete, query=DeleteProject),
        Route("GET", gone, "projects:read", deleted, reply=DeletedProjectList),
        Route("POST", f"{gone}/{{id}}/restore", "projects:administer", restore, reply=Project),
        Route("DELETE", f"{gone}/{{id}}", "projects:administer", purge),
    ]
