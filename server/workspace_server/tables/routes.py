"""Looking at tables."""

from __future__ import annotations

from workspace_ext.contract.tables import (
    DiscardTable,
    HistoryQuery,
    PreviewQuery,
    RestoreTable,
    Table,
    TableHistory,
    TableList,
    TablePreview,
    TableQuery,
)

from ..kit.http import Request, Route
from .service import Tables


def routes(tables: Tables) -> list[Route]:
    def listed(request: Request) -> TableList:
        """Every table, as a notebook reads it."""
        return TableList(tables.all(request.query.notebook))

    def preview(request: Request) -> TablePreview:
        """The first rows of a table."""
        query = request.query
        return tables.preview(request.path["name"], query.limit, query.version, query.notebook)

    def history(request: Request) -> TableHistory:
        """The versions of a table, newest first."""
        return TableHistory(tables.history(request.path["name"], request.query.limit, request.query.notebook))

    def discard(request: Request) -> None:
        """Delete a branch's own copy of a table."""
        tables.discard(request.path["name"], request.body.notebook)

    def restore(request: Request) -> Table:
        """Bring back what a table held at a version, as a new version; on a branch, in the branch's own copy."""
        return tables.restore(request.path["name"], request.body.version, request.body.notebook)

    return [
        Route("GET", "/tables", "tables:read", listed, query=TableQuery, reply=TableList),
        Route("GET", "/tables/{name}/preview", "tables:read", preview, query=PreviewQuery, reply=TablePreview),
        Route("GET", "/tables/{name}/history", "tables:read", history, query=HistoryQuery, reply=TableHistory),
        Route("POST", "/tables/{name}/discard", "tables:discard", discard, body=DiscardTable),
        Route("POST", "/tables/{name}/restore", "tables:restore", restore, body=RestoreTable, reply=Table),
    ]
