"""Changes that are put aside, over REST."""

from __future__ import annotations

from workspace_ext.contract.asides import Aside, AsideList, BringBack, BroughtBack, PutAside, UndoBringBack

from ..kit.http import Request, Route
from .asides import Asides


def aside_routes(asides: Asides) -> list[Route]:
    async def listed(request: Request) -> AsideList:
        """What is put aside, of all branches of a project."""
        return AsideList(await asides.listed(request.path["id"]))

    async def put(request: Request) -> Aside:
        """Put changed files back to the last commit, also beneath open documents, and keep what they were."""
        return await asides.put(request.path["id"], request.path["branch"], request.body, request.caller.id)

    async def bring_back(request: Request) -> BroughtBack:
        """Bring it into a branch, merged with what is there."""
        path = request.path
        return await asides.bring_back(path["id"], path["branch"], path["aside"], request.body, request.caller.id)

    async def undo(request: Request) -> None:
        """Put aside again what was brought back; what was written since stays."""
        path = request.path
        await asides.undo(path["id"], path["branch"], path["aside"], request.body.backup, request.caller.id)

    async def drop(request: Request) -> None:
        """Take it off the list."""
        await asides.drop(request.path["id"], request.path["aside"])

    async def keep(request: Request) -> None:
        """Have it on the list again."""
        await asides.keep(request.path["id"], request.path["aside"])

    of, one = "/projects/{id}/branches/{branch}/asides", "/projects/{id}/asides"
    return [
        Route("GET", one, "projects:read", listed, reply=AsideList),
        Route("POST", of, "projects:write", put, body=PutAside, reply=Aside),
        Route("POST", f"{of}/{{aside}}/bring-back", "projects:write", bring_back, body=BringBack, reply=BroughtBack),
        Route("POST", f"{of}/{{aside}}/undo", "projects:write", undo, body=UndoBringBack),
        Route("DELETE", f"{one}/{{aside}}", "projects:write", drop),
        Route("POST", f"{one}/{{aside}}/keep", "projects:write", keep),
    ]
