"""Commits of a branch over REST, and what is thrown away instead."""

from __future__ import annotations

from workspace_ext.contract.committing import (
    CellOutputs,
    CommitRequest,
    Discarded,
    DiscardRequest,
    LastCommit,
    OutputsQuery,
    Restore,
    UndoAmend,
)
from workspace_ext.contract.projects import Commit, PathList

from ..kit.http import Request, Route
from .service import Projects


def commit_routes(projects: Projects) -> list[Route]:
    branches = projects.branches

    async def commit(request: Request) -> Commit:
        """Commit files, or some of their changes, as oneself; also in place of the last commit."""
        body: CommitRequest = request.body
        return await branches.commit(
            request.path["id"], request.path["branch"], body.paths, body.summary, body.description, request.caller.id,
            body.partial, body.co_authors, body.amend,
        )  # fmt: skip

    async def outputs(request: Request) -> CellOutputs:
        """What a changed cell showed in the last commit, and shows now."""
        query: OutputsQuery = request.query
        return await branches.cell_outputs(request.path["id"], request.path["branch"], query.path, query.part)

    async def last(request: Request) -> LastCommit:
        """The last commit, to begin an amendment with, and why there can be none."""
        return await branches.last_commit(request.path["id"], request.path["branch"])

    async def undo_amend(request: Request) -> Commit:
        """Have the commit again that was amended; what is in the files stays."""
        path = request.path
        return await branches.undo_amend(path["id"], path["branch"], request.body.commit, request.caller.id)

    async def discard(request: Request) -> Discarded:
        """Put files, or some of their changes, back to the last commit, also beneath open documents."""
        body: DiscardRequest = request.body
        return await branches.discard(
            request.path["id"], request.path["branch"], body.paths, request.caller.id, body.partial
        )

    async def restore(request: Request) -> PathList:
        """Undo a discard; what was written since stays."""
        return PathList(await branches.restore(request.path["id"], request.path["branch"], request.body.backup))

    one = "/projects/{id}/branches/{branch}"
    return [
        Route("POST", f"{one}/commit", "projects:write", commit, body=CommitRequest, reply=Commit),
        Route("GET", f"{one}/diff/outputs", "projects:read", outputs, query=OutputsQuery, reply=CellOutputs),
        Route("GET", f"{one}/last-commit", "projects:read", last, reply=LastCommit),
        Route("POST", f"{one}/undo-amend", "projects:write", undo_amend, body=UndoAmend, reply=Commit),
        Route("POST", f"{one}/discard", "projects:write", discard, body=DiscardRequest, reply=Discarded),
        Route("POST", f"{one}/restore", "projects:write", restore, body=Restore, reply=PathList),
    ]
