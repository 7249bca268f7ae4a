"""The past of a project over REST: graph, commits, comparisons, blame."""

from __future__ import annotations

from workspace_ext.contract.commits import (
    Blame,
    BlameQuery,
    CommitDetails,
    CommitGraph,
    CompareFileQuery,
    CompareQuery,
    Comparison,
    GraphQuery,
    RestoredFile,
    RestoreFile,
)
from workspace_ext.contract.projects import FileDiff

from ..kit.http import Request, Route
from .browsing import Browsing


def browsing_routes(browsing: Browsing) -> list[Route]:
    async def graph(request: Request) -> CommitGraph:
        """A page of the history of a branch, or of all of them; with a search, what matches."""
        return await browsing.graph(request.path["id"], request.query)

    async def commit(request: Request) -> CommitDetails:
        """A commit, by its id or the name of a branch or tag, and the files that it changed."""
        return await browsing.commit(request.path["id"], request.path["sha"])

    async def compare(request: Request) -> Comparison:
        """The files that differ between two commits, branches or tags."""
        return await browsing.compare(request.path["id"], request.query)

    async def compare_file(request: Request) -> FileDiff:
        """How one file differs between two commits, branches or tags."""
        return await browsing.compare_file(request.path["id"], request.query)

    async def restore_file(request: Request) -> RestoredFile:
        """Make a file what it is in a commit, also beneath open documents; `undo-pull` takes it back."""
        path = request.path
        return await browsing.restore_file(path["id"], path["branch"], request.body, request.caller.id)

    async def blame(request: Request) -> Blame:
        """Who last changed each cell of a notebook."""
        return await browsing.blame(request.path["id"], request.path["branch"], request.query.path)

    one = "/projects/{id}"
    branch = f"{one}/branches/{{branch}}"
    return [
        Route("GET", f"{one}/graph", "projects:read", graph, query=GraphQuery, reply=CommitGraph),
        Route("GET", f"{one}/commits/{{sha}}", "projects:read", commit, reply=CommitDetails),
        Route("GET", f"{one}/compare", "projects:read", compare, query=CompareQuery, reply=Comparison),
        Route("GET", f"{one}/compare/file", "projects:read", compare_file, query=CompareFileQuery, reply=FileDiff),
        Route("POST", f"{branch}/restore-file", "projects:write", restore_file, body=RestoreFile, reply=RestoredFile),
        Route("GET", f"{branch}/blame", "projects:read", blame, query=BlameQuery, reply=Blame),
    ]
