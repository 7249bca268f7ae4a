"""What can be done with open documents: look at them, run their cells, save them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_server.utils import ensure_async
from jupyter_ydoc import YNotebook

from workspace_ext.contract.documents import (
    AnswerInput,
    CellToRun,
    ExecutionQueue,
    ExecutionRequest,
    KernelStatus,
    OpenDocument,
    Waiting,
)

from ..access.service import Access
from ..environments.service import Environments
from ..kit.clock import iso
from ..kit.errors import AtriumError, Invalid, NotFound
from ..kit.events import Events
from ..kit.home import Home
from ..projects.service import Projects
from ..tables.service import Tables
from . import cells
from .authors import Authors
from .collaboration import live_cells
from .collaboration.files import FileIds
from .collaboration.handlers import HANDLERS, Collaboration
from .collaboration.points import Points
from .collaboration.room import Room
from .collaboration.rooms import Rooms
from .collaboration.shared import Shared
from .connection import KernelConnection
from .contents import WorkspaceContentsManager
from .drift import Drift
from .errors import NoSuchRequest, NothingAsked, NotYours
from .following import Following
from .history import History
from .launch import KernelLauncher, Start
from .requests import Entry, Request
from .runner import Runner

ROOM = "documents"
REQUESTS_KEPT = 2000
CELL_ARRIVES = 5.0
TELLING = 3.0

log = logging.getLogger(__name__)


class Documents:
    """The documents room. On the event loop, but for :meth:`open_in`."""

    def __init__(
        self,
        home: Home,
        events: Events,
        access: Access,
        projects: Projects,
        tables: Tables,
        environments: Environments,
    ) -> None:
        self.home = home
        self._events = events
        self._access = access
        self._environments = environments
        self.launcher = KernelLauncher(home, projects, tables, environments, self._token, self._kernel_changed)
        self.following = Following(environments, self.launcher, self.manager, self._kernel_changed)
        self.drift = Drift(home, environments, self.launcher, self._kernel_changed)
        self.rooms = Rooms(home)
        self.collaboration = Collaboration(self.rooms, self._may_write)
        points = Points(home.journal / "points.db")
        self.history = History(
            points,
            self.rooms,
            access,
            events,
            lambda person, path: self._may_write(access.person(person).name, path),
        )
        self.authors = Authors(home.journal / "authors.db")
        self.rooms.before, self.rooms.saved = self.history.before, self._saved
        self.rooms.blobs_elsewhere = points.blobs_used
        self.rooms.loaded, self.rooms.emptied = self.history.opened, self.history.left
        self._server: Any = None
        self._runners: dict[str, Runner] = {}
        self._requests: OrderedDict[str, Request] = OrderedDict()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._telling: set[asyncio.Task[None]] = set()

    def bind(self, server: Any) -> None:
        """Jupyter's server application, once its managers exist."""
        self._server = server
        settings = server.web_app.settings
        contents = server.contents_manager
        files = FileIds(contents.root_dir, self.home.journal, allow_hidden=contents.allow_hidden)
        if not isinstance(contents, WorkspaceContentsManager):
            files.listen(settings["event_logger"])
        self.rooms.bind(contents, files)
        # Other extensions find shared documents, and the ids of files, where jupyter-collaboration has them.
        settings["file_id_manager"] = files
        settings["jupyter_server_ydoc"] = Shared(self.rooms)
        page = settings.setdefault("page_config_data", {})
        page.setdefault("disableRTC", False)
        page.setdefault("serverSideExecution", True)
        base = settings["base_url"].rstrip("/")
        server.web_app.add_handlers(".*$", [(base + pattern, handler) for pattern, handler in HANDLERS])

    def started_at(self, url: str) -> None:
        """Where kernels reach the workspace."""
        self.launcher.url = url.rstrip("/")

    async def start(self) -> None:
        """Begin to look after open documents."""
        self.rooms.start()

    async def close(self) -> None:
        await asyncio.gather(*(runner.close() for runner in self._runners.values()), return_exceptions=True)
        await asyncio.gather(self.following.close(), self.drift.close())
        await self.rooms.close()
        self.collaboration.close()
        await self.history.close()
        self.authors.close()
        if self._server is not None:
            self.rooms.files.close()

    # Open documents

    async def get_notebook(self, path: str) -> YNotebook:
        """The live shared notebook at a contents path; its room is opened if need be, and may close a minute later."""
        async with self.rooms.hold(path, "Atrium") as room:
            return room.notebook

    def open_in(self, folder: Path) -> dict[str, list[str]]:
        """Who has which file below ``folder`` open now: relative path to names. Safe from any thread."""
        return {
            str(file.relative_to(folder)): names
            for path, names in self.rooms.present()
            if (file := self._file(path)).is_relative_to(folder)
        }

    async def flush(self, folder: Path) -> None:
        """Save every open document below ``folder`` that differs from its file, and keep a version of each."""
        for room in self.rooms.all():
            if not room.file.is_relative_to(folder) or room.sync.missing:
                continue
            await self.history.before(room, "before git")
            if room.sync.unsaved:
                await room.save()

    @asynccontextmanager
    async def changing(self, folder: Path) -> AsyncIterator[None]:
        """Save what is open below ``folder``, and hold it while git changes the files; then take over what it did.
        People go on typing meanwhile."""
        await self.flush(folder)
        async with AsyncExitStack() as holding:
            for room in self.rooms.all():
                if room.file.is_relative_to(folder) and not room.sync.missing:
                    await holding.enter_async_context(room.sync.held())
            yield

    def editors(self, folder: Path, paths: Iterable[str]) -> dict[str, dict[str, float]]:
        """Who edited which of these files below ``folder``, and when last; see :class:`Authors`. In a thread."""
        found = {path: self.authors.of(file_id) for path, file_id in self._file_ids(folder, paths)}
        return {path: people for path, people in found.items() if people}

    def committed(self, folder: Path, paths: Iterable[str], until: float) -> None:
        """What was done to these files until then is in a commit. In a thread."""
        for _, file_id in self._file_ids(folder, paths):
            self.authors.committed(file_id, until)

    def still_uncommitted(self, folder: Path, people: Mapping[str, Iterable[str]], at: float) -> None:
        """What people did to files is not all in the commit that was made of them just then. In a thread."""
        for path, file_id in self._file_ids(folder, people):
            self.authors.edited(file_id, people[path], at)

    def _file_ids(self, folder: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        root = Path(self._server.contents_manager.root_dir)
        for path in paths:
            file = folder / path
            if file.is_relative_to(root) and (file_id := self.rooms.files.get_id(file.relative_to(root).as_posix())):
                yield path, file_id

    def _saved(self, room: Room) -> None:
        people, room.editors = room.editors, set()
        if people:
            self.authors.edited(room.file_id, people, time.time())
        self.history.changed(room)

    def open_below(self, folder: str) -> list[OpenDocument]:
        """The same by contents paths."""
        prefix = folder.strip("/")
        return [
            OpenDocument(path, names)
            for path, names in sorted(self.rooms.present())
            if not prefix or path == prefix or path.startswith(f"{prefix}/")
        ]

    def _file(self, path: str) -> Path:
        return Path(self._server.contents_manager.root_dir) / path

    # Running

    async def execute(
        self,
        person_id: str,
        path: str,
        wanted: list[CellToRun] | None,
        request_id: str | None = None,
        kernel_id: str = "",
    ) -> ExecutionRequest:
        """Put cells of a notebook (None: all) at the end of its queue.

        Parameters
        ----------
        kernel_id
            The kernel that the person sees behind the notebook, where there is one.

        Raises
        ------
        NoSuchNotebook, NotYours, Invalid
        """
        known = self._requests.get(request_id or "")
        if known is not None:
            return known.wire()
        asking = self._access.person(person_id)
        if not self._may_write(asking.name, path.strip("/")):
            raise NotYours
        person = asking.display_name
        request = Request(request_id or uuid4().hex, path.strip("/"), person, kernel_id, user=asking.name)
        self._remember(request)
        try:
            document_id = self.rooms.document_id(request.notebook)
            async with self._locks[document_id], self.rooms.hold(request.notebook, person) as room:
                notebook = room.notebook
                if wanted is None:
                    wanted = [CellToRun(id) for id in cells.code_cells(notebook)]
                await _arrival(notebook, wanted)
                request.entries = [Entry(request, one.cell_id, one.source) for one in wanted]
                if not wanted:
                    request.settled = True
                    return request.wire()
                cells.wait(notebook, [one.cell_id for one in wanted])
                self._runner(document_id).add(request)
        except BaseException:
            del self._requests[request.id]
            raise
        return request.wire()

    async def path_of_kernel(self, kernel_id: str, document_id: str | None, path: str | None) -> str:
        """Which notebook is meant."""
        if document_id is not None and (known := self.rooms.path_of(document_id)) is not None:
            return known
        if path is not None:
            return path
        found: str | None = await self._server.session_manager.notebook_of_kernel(kernel_id)
        if found is not None:
            return found
        raise Invalid("no_notebook", "This kernel belongs to no notebook.", "Give 'path'.", "path")

    def request(self, id: str) -> ExecutionRequest:
        """What was asked under that id."""
        try:
            return self._requests[id].wire()
        except KeyError:
            raise NoSuchRequest(id) from None

    def notebook_of_request(self, id: str) -> str | None:
        """The contents path of the notebook that a request is about, None if there is no such request."""
        request = self._requests.get(id)
        return request.notebook if request is not None else None

    def answer(self, person_id: str, id: str, answer: AnswerInput) -> ExecutionRequest:
        """Give a running cell what it asks for; the first answer counts.

        Raises
        ------
        NoSuchRequest, NotYours, NothingAsked
        """
        request = self._requests.get(id)
        if request is None:
            raise NoSuchRequest(id)
        person = self._access.person(person_id)
        if not self._may_write(person.name, request.notebook):
            raise NotYours
        of_cell = [one for one in request.entries if answer.cell_id in (None, one.cell_id)]
        asking = [one for one in of_cell if one.input is not None and answer.input_id in (None, one.input.id)]
        if not asking:
            raise NothingAsked(next((one.answered for one in reversed(of_cell) if one.answered), ""))
        runner = next(one for one in self._runners.values() if asking[0] in one.entries)
        runner.answer(asking[0], person.display_name, answer.value)
        return request.wire()

    async def queue(self, path: str) -> ExecutionQueue:
        """What runs and waits in a notebook."""
        document_id = self.rooms.document_id(path.strip("/"))
        runner = self._runners.get(document_id)
        entries = runner.entries if runner is not None else []
        if (notebook := self.rooms.live(document_id)) is not None:
            # Left by a server that was killed while they ran.
            for cell_id in cells.running(notebook) - {entry.cell_id for entry in entries}:
                cells.finish(notebook, cell_id, None)
        kernel_id = runner.kernel_id if runner is not None else ""
        not_run = runner.not_run if runner is not None else []
        waiting = await self.waiting(kernel_id) if not_run or (entries and entries[0].state == "waiting") else None
        return ExecutionQueue(path, document_id, kernel_id, waiting, [entry.queued() for entry in entries], not_run)

    async def kernel(self, kernel_id: str) -> KernelStatus:
        """What a kernel runs in."""
        start = self.launcher.start_of(kernel_id)
        if start is None:
            raise NotFound("no_such_kernel", f"There is no kernel {kernel_id} of a project environment.")
        waiting = await self.waiting(kernel_id) if start.state in ("waiting", "failed") else None
        return KernelStatus(
            kernel_id, start.notebook, start.state, start.environment, waiting, list(start.added),
            self.following.moving(kernel_id), next(reversed(start.stays.values()), ""), list(start.drift.values()),
            start.before,
        )  # fmt: skip

    async def follow(self, kernel_id: str) -> KernelStatus:
        """See :meth:`workspace_server.documents.following.Following.follow`."""
        await self.following.follow(kernel_id)
        return await self.kernel(kernel_id)

    async def waiting(self, kernel_id: str) -> Waiting:
        """Why a kernel has not started, or what it does if it has."""
        start = self.launcher.start_of(kernel_id)
        if start is None or start.state == "started":
            return Waiting("starting the kernel", iso())
        since = start.since_iso()
        if start.error is not None:
            return Waiting(start.error.message, since, start.error.hint, failed=True)
        return Waiting(await asyncio.to_thread(self._building, start), since)

    def _building(self, start: Start) -> str:
        if start.declaration is None:
            return "reading what the project declares"
        status = self._environments.status(start.declaration)
        source = status.source or "the base set"
        size = f" → {status.count} packages" if status.count else ""
        doing = status.message or ("starting the kernel" if status.state == "ready" else "looking for the environment")
        return doing if source in doing else f"{source}{size} · {doing}"

    def _runner(self, document_id: str) -> Runner:
        if document_id not in self._runners:
            self._runners[document_id] = Runner(
                document_id, self.rooms, self, self.launcher, self.drift, self._queue_changed
            )
        return self._runners[document_id]

    def _remember(self, request: Request) -> None:
        self._requests[request.id] = request
        while len(self._requests) > REQUESTS_KEPT and next(iter(self._requests.values())).settled:
            self._requests.popitem(last=False)

    # Kernels

    async def of_notebook(self, path: str, preferred: str) -> str:
        """See :class:`workspace_server.documents.runner.Kernels`."""
        sessions, kernels = self._server.session_manager, self._server.kernel_manager
        if (session := await sessions.of_notebook(path)) is not None:
            return str(session["kernel"]["id"])
        if preferred and preferred in kernels:
            return preferred
        name = path.rpartition("/")[2]
        session = await ensure_async(sessions.create_session(path, name, "notebook", self._kernel_name(path)))
        return str(session["kernel"]["id"])

    def manager(self, kernel_id: str) -> Any:
        """Jupyter's manager of the kernel, None if it is gone."""
        kernels = self._server.kernel_manager
        return kernels.get_kernel(kernel_id) if kernel_id in kernels else None

    def kernels_in(self, folder: Path) -> dict[str, str]:
        """Kernels of notebooks below ``folder``: id -> path relative to it. Safe from any thread."""
        if not folder.is_relative_to(self.home.work):
            return {}
        below = folder.relative_to(self.home.work).as_posix()
        return {id: notebook[len(below) + 1 :] for id, notebook in self.launcher.below(below).items()}

    async def end_kernels(self, folder: Path) -> None:
        """Shut down the kernels of notebooks below ``folder``, which is about to go."""
        ending = self.kernels_in(folder)
        if not ending:
            return
        sessions = self._server.session_manager
        for session in await ensure_async(sessions.list_sessions()):
            if session["kernel"]["id"] in ending:
                await ensure_async(sessions.delete_session(session["id"]))

    async def tell_kernels(self, folder: Path) -> None:
        """Tell kernels below ``folder`` where they are: their branch has another name."""
        below = folder.relative_to(self.home.work).as_posix()
        await asyncio.gather(
            *(self.moved(id, f"{below}/{path}", anew=True) for id, path in self.kernels_in(folder).items())
        )

    async def moved(self, kernel_id: str, path: str, anew: bool = False) -> None:
        """A notebook was renamed, or its kernel taken along to another branch: tell the kernel where it is now."""
        notebook = self._file(path).relative_to(self.home.work) if self._inside(path) else Path(path)
        code = await self.launcher.moved(kernel_id, notebook.as_posix(), anew)
        manager = self.manager(kernel_id)
        if code is None or manager is None:
            return
        connection = KernelConnection(manager, lambda _: None)

        async def tell() -> None:
            try:
                await connection.open()
                await connection.tell(code)
            except AtriumError as error:
                log.warning("kernel %s was not told that it moved: %s", kernel_id, error)
            finally:
                await connection.close()

        task = asyncio.create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        # An idle kernel knows before its next cell; one that is busy is told between two cells.
        await asyncio.wait({task}, timeout=TELLING)

    def _may_write(self, name: str, path: str) -> bool:
        """Whether a person (their user name) may change the file at a contents path."""
        if not self._inside(path):
            return True  # A server with a root of its own, where there are no projects.
        below = self._file(path).relative_to(self.home.work).as_posix()
        return self._access.may_write(self._access.by_name(name).id, below)

    def _inside(self, path: str) -> bool:
        return self._file(path).is_relative_to(self.home.work)

    def interrupted(self, kernel_id: str) -> None:
        """Somebody pressed stop."""
        for runner in self._of_kernel(kernel_id):
            runner.interrupted()

    def restarting(self, kernel_id: str) -> None:
        """Somebody restarts a kernel that has started."""
        for runner in self._of_kernel(kernel_id):
            runner.kernel_ends("restarted")

    def shutting_down(self, kernel_id: str) -> None:
        """Somebody shuts a kernel down."""
        for runner in self._of_kernel(kernel_id):
            runner.kernel_ends("shut down")

    def _of_kernel(self, kernel_id: str) -> list[Runner]:
        return [runner for runner in self._runners.values() if runner.kernel_id == kernel_id]

    def _kernel_name(self, path: str) -> str | None:
        """The kernel that the notebook names, if this server has it."""
        notebook = self.rooms.live(self.rooms.document_id(path))
        metadata = notebook.source["metadata"] if notebook is not None else {}
        name = (metadata.get("kernelspec") or {}).get("name") or None
        try:
            if name is not None:
                self._server.kernel_spec_manager.get_kernel_spec(name)
        except NoSuchKernel:
            return None
        return name

    def _token(self, notebook: str, person: str) -> str:
        try:
            return self._access.kernel_token(notebook, self._access.by_name(person).id if person else "")
        except AtriumError:
            return self._access.kernel_token(notebook)

    def _queue_changed(self, document_id: str) -> None:
        self._events.publish(ROOM, document_id, "queue")

    def _kernel_changed(self, kernel_id: str) -> None:
        self._events.publish(ROOM, kernel_id, "kernel")


async def _arrival(notebook: YNotebook, wanted: list[CellToRun]) -> None:
    """A cell that was just inserted may still be on its way, over another connection."""
    for _ in range(int(CELL_ARRIVES / 0.05)):
        missing = [one.cell_id for one in wanted if live_cells.find(notebook, one.cell_id) is None]
        if not missing:
            return
        await asyncio.sleep(0.05)
    raise Invalid("no_such_cell", f"The notebook has no cell {missing[0]!r}.", "It may have been deleted.", "cells")
