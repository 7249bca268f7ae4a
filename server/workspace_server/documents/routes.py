"""Running cells, and looking at what is open and what waits."""

from __future__ import annotations

from workspace_ext.contract.documents import (
    CellToRun,
    ExecuteCells,
    ExecuteNotebook,
    ExecutionQueue,
    ExecutionRequest,
    FolderQuery,
    KernelStatus,
    NotebookQuery,
    OpenDocumentList,
)

from ..kit.http import Request, Route
from .service import Documents


def routes(documents: Documents) -> list[Route]:
    async def execute_cells(request: Request) -> ExecutionRequest:
        """Run cells of the notebook of a kernel, after those that were asked for before."""
        body: ExecuteCells = request.body
        kernel_id = request.path["id"]
        path = await documents.path_of_kernel(kernel_id, body.document_id, body.path)
        return await documents.execute(request.caller.id, path, body.cells, body.request_id, kernel_id)

    async def execute_notebook(request: Request) -> ExecutionRequest:
        """Run a notebook, or some of its cells, without a browser."""
        body: ExecuteNotebook = request.body
        wanted = None
        if body.cell_ids is not None:
            wanted = [CellToRun(id, body.sources.get(id)) for id in body.cell_ids]
        return await documents.execute(request.caller.id, body.notebook, wanted, body.request_id, body.kernel_id or "")

    async def queue(request: Request) -> ExecutionQueue:
        """What runs and waits in a notebook, who asked, and why it waits."""
        return await documents.queue(request.query.notebook)

    async def asked(request: Request) -> ExecutionRequest:
        """How far a request is, or how each of its cells ended."""
        return documents.request(request.path["id"])

    async def kernel(request: Request) -> KernelStatus:
        """Which environment a kernel runs in, or why it has not started."""
        return await documents.kernel(request.path["id"])

    async def opened(request: Request) -> OpenDocumentList:
        """Who has what open now."""
        return OpenDocumentList(documents.open_below(request.query.folder))

    run, read = "documents:run", "documents:read"
    return [
        Route(
            "POST", "//api/kernels/{id}/execute", run, execute_cells, ExecuteCells, reply=ExecutionRequest, status=202
        ),
        Route("POST", "/documents/execute", run, execute_notebook, ExecuteNotebook, reply=ExecutionRequest, status=202),
        Route("GET", "/documents/queue", read, queue, query=NotebookQuery, reply=ExecutionQueue),
        Route("GET", "/documents/requests/{id}", read, asked, reply=ExecutionRequest),
        Route("GET", "/documents/kernels/{id}", read, kernel, reply=KernelStatus),
        Route("GET", "/documents/open", read, opened, query=FolderQuery, reply=OpenDocumentList),
    ]
