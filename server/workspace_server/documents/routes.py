"""Running cells, and looking at what is open and what waits."""

from __future__ import annotations

from workspace_ext.contract.documents import (
    AnswerInput,
    CellToRun,
    DocumentHistory,
    DocumentQuery,
    ExecuteCells,
    ExecuteNotebook,
    ExecutionQueue,
    ExecutionRequest,
    FolderQuery,
    HistoryPoint,
    KernelStatus,
    NamePoint,
    NotebookQuery,
    OpenDocumentList,
    PointDiff,
    PointQuery,
    RenamePoint,
    Restored,
    RestorePoint,
)

from ..kit.http import Content, Request, Route
from .history import History
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

    async def answer(request: Request) -> ExecutionRequest:
        """Answer what a running cell asks for, with input() or getpass()."""
        return documents.answer(request.caller.id, request.path["id"], request.body)

    async def kernel(request: Request) -> KernelStatus:
        """Which environment a kernel runs in, or why it has not started."""
        return await documents.kernel(request.path["id"])

    async def follow(request: Request) -> KernelStatus:
        """Have a running kernel go on in what its notebook declares now, if that only adds packages; its status says
        whether it does, and why not."""
        return await documents.follow(request.path["id"])

    async def opened(request: Request) -> OpenDocumentList:
        """Who has what open now."""
        return OpenDocumentList(documents.open_below(request.query.folder))

    def blob(request: Request) -> Content:
        """A large output as nbformat has it. Whoever may read a document that shows it knows its hash, and nobody can
        guess one; it never changes."""
        kept = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Content(documents.rooms.blobs.read(request.path["hash"]), "application/json", headers=kept)

    run, read = "documents:run", "documents:read"
    return [
        Route(
            "POST", "//api/kernels/{id}/execute", run, execute_cells, ExecuteCells, reply=ExecutionRequest, status=202
        ),
        Route("POST", "/documents/execute", run, execute_notebook, ExecuteNotebook, reply=ExecutionRequest, status=202),
        Route("GET", "/documents/queue", read, queue, query=NotebookQuery, reply=ExecutionQueue),
        Route("GET", "/documents/requests/{id}", read, asked, reply=ExecutionRequest),
        Route("POST", "/documents/requests/{id}/input", run, answer, AnswerInput, reply=ExecutionRequest),
        Route("GET", "/documents/kernels/{id}", read, kernel, reply=KernelStatus),
        Route("POST", "/documents/kernels/{id}/environment", run, follow, reply=KernelStatus),
        Route("GET", "/documents/blobs/{hash}", read, blob),
        Route("GET", "/documents/open", read, opened, query=FolderQuery, reply=OpenDocumentList),
        *history_routes(documents.history),
    ]


def history_routes(history: History) -> list[Route]:
    async def listed(request: Request) -> DocumentHistory:
        """The versions of a document that are kept."""
        return await history.list(request.caller.id, request.query.path)

    async def name(request: Request) -> HistoryPoint:
        """Keep what a document says now for ever, under a name."""
        return await history.name(request.caller.id, request.body.path, request.body.name)

    async def diff(request: Request) -> PointDiff:
        """How a version differs from the present, or from another version."""
        return await history.diff(request.caller.id, request.path["id"], request.query.against)

    async def rename(request: Request) -> HistoryPoint:
        """Name a version, which keeps it for ever, or take its name."""
        return await history.rename(request.caller.id, request.path["id"], request.body.name)

    async def delete(request: Request) -> None:
        """Forget a version."""
        await history.delete(request.caller.id, request.path["id"])

    async def restore(request: Request) -> Restored:
        """Have a document say what a version says, or one cell of it."""
        return await history.restore(request.caller.id, request.path["id"], request.body.cell)

    read, write = "documents:read", "documents:write"
    one = "/documents/history/{id}"
    return [
        Route("GET", "/documents/history", read, listed, query=DocumentQuery, reply=DocumentHistory),
        Route("POST", "/documents/history", write, name, NamePoint, reply=HistoryPoint, status=201),
        Route("GET", one, read, diff, query=PointQuery, reply=PointDiff),
        Route("PATCH", one, write, rename, RenamePoint, reply=HistoryPoint),
        Route("DELETE", one, write, delete),
        Route("POST", f"{one}/restore", write, restore, RestorePoint, reply=Restored),
    ]
