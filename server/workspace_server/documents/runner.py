"""Runs the queue of one notebook: waits for its kernel, then cell by cell, writing what they show into the document."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from workspace_ext.contract.documents import InputRequest

from ..kit.clock import iso
from ..kit.errors import AtriumError, Failed
from . import cells
from .collaboration import live_cells
from .collaboration.room import Room
from .collaboration.rooms import Rooms
from .connection import Execution, KernelConnection, KernelDied, Question, Reply
from .drift import Drift
from .errors import NothingAsked
from .launch import KernelLauncher
from .outputs import Output, error
from .requests import Entry, Request
from .websocket import tell_browsers
from .writing import OutputWriter

log = logging.getLogger(__name__)

POLL = 0.2
COMEBACK = 30.0
HIDDEN = "········"


class Kernels(Protocol):
    """Where a notebook's kernel is found."""

    async def of_notebook(self, path: str, preferred: str) -> str:
        """The id of the notebook's kernel: its session's, else ``preferred`` if that lives, else a new one."""

    def manager(self, kernel_id: str) -> Any:
        """Jupyter's manager of the kernel, None if it is gone."""


class Runner:
    """The queue of one notebook, in memory. All on the event loop."""

    def __init__(
        self,
        document_id: str,
        rooms: Rooms,
        kernels: Kernels,
        launcher: KernelLauncher,
        drift: Drift,
        on_change: Callable[[str], None],
    ) -> None:
        self.document_id = document_id
        self.kernel_id = ""
        self._rooms = rooms
        self._kernels = kernels
        self._launcher = launcher
        self._drift = drift
        self._on_change = on_change
        self._entries: deque[Entry] = deque()
        self._connection: KernelConnection | None = None
        self._manager: Any = None
        self._task: asyncio.Task[None] | None = None
        self._room: Room | None = None
        self._outputs = OutputWriter(
            lambda: rooms.live(document_id), lambda one: self._latest.get(one.cell_id) is one, rooms.blobs
        )
        self._unsettled: list[Request] = []
        self._latest: dict[str, Execution] = {}
        self._question: Question | None = None
        self._ending = ""
        self.not_run: list[str] = []

    @property
    def entries(self) -> list[Entry]:
        """The cell that runs, if one does, and those that wait, in order."""
        return list(self._entries)

    def add(self, request: Request) -> None:
        """Append to the queue. The cells show it already (:func:`cells.wait`)."""
        self._entries.extend(request.entries)
        self._unsettled.append(request)
        self.not_run = []
        if self.kernel_id:
            self._launcher.try_again(self.kernel_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        self._on_change(self.document_id)

    def cancel_waiting(self, why: str) -> None:
        """Forget what has not begun. What runs goes on."""
        for entry in self._waiting():
            self._end(entry, "cancelled", ename="Cancelled", evalue=why, show=error("Cancelled", why))

    def interrupted(self) -> None:
        """What waits is forgotten. What runs ends by itself, or goes on, but no longer asks."""
        self.cancel_waiting("It was interrupted before this cell's turn.")
        self._asks_no_more()

    def answer(self, entry: Entry, person: str, value: str) -> None:
        """Give the running cell what it asks for, and show it as Jupyter does.

        Parameters
        ----------
        person
            The name of who answers.

        Raises
        ------
        NothingAsked
            It asks for nothing, or no longer.
        """
        question, connection = self._question, self._connection
        if entry.input is None or question is None or question.id != entry.input.id or connection is None:
            raise NothingAsked(entry.answered)
        connection.answer(question, value)
        entry.answered = person
        apart = "" if not question.prompt or question.prompt[-1].isspace() else " "
        echo = f"{question.prompt}{apart}{HIDDEN if question.password else value}\n"
        execution = self._latest[entry.cell_id]
        execution.outputs.apply("stream", {"name": "stdin", "text": echo})
        self._outputs.changed(execution)
        self._asks_no_more()

    def kernel_ends(self, what: str) -> None:
        """The kernel is being ended on purpose ("restarted"): what runs will say so, what waits is forgotten."""
        self._ending = what
        self.cancel_waiting(f"The kernel was {what} before this cell's turn.")

    async def close(self) -> None:
        """Stop, leaving the kernel as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._disconnect()
        await self._outputs.close()

    # The work

    async def _work(self) -> None:
        first = self._entries[0].request
        try:
            path = self._rooms.path_of(self.document_id) or first.notebook
            async with self._rooms.hold(path, first.person) as room:
                self._room = room
                while self._entries:
                    await self._next(self._entries[0])
                    await self._settle(room)
        except Exception as problem:
            if not isinstance(problem, AtriumError):
                log.exception("the queue of %s", self.document_id)
                problem = Failed(
                    "unexpected", f"{type(problem).__name__}: {problem}", "The server's log has the details."
                )
            self._fail(list(self._entries), problem)
            await self._settle(None)
        finally:
            self._room = None

    async def _settle(self, room: Room | None) -> None:
        ended = [request for request in self._unsettled if request.ended]
        if not ended:
            return
        if room is not None:
            try:
                await room.save()
            except (AtriumError, OSError) as problem:
                # The room tells people; what the cells showed is in the journal.
                log.info("%s was not saved: %s", room.path, problem)
        for request in ended:
            request.settled = True
            self._unsettled.remove(request)
        self._on_change(self.document_id)

    async def _next(self, entry: Entry) -> None:
        try:
            connection = await self._connect(entry)
        except AtriumError as problem:
            self._fail(self._waiting(), problem)
            return
        if connection is None or entry.state != "waiting":
            return
        assert self._room is not None
        notebook = self._room.notebook
        cell = live_cells.find(notebook, entry.cell_id)
        if cell is None:
            self._end(entry, "cancelled", ename="Cancelled", evalue="The cell was deleted before its turn.")
            return
        code = cells.source(cell) if entry.source is None else entry.source
        if not code.strip():
            self._end(entry, "ok")
            return
        entry.begin()
        self._ending = ""
        cells.wait(notebook, [entry.cell_id])
        self._on_change(self.document_id)
        if (earlier := self._latest.get(entry.cell_id)) is not None:
            earlier.outputs.clear()  # They may be megabytes, and have no place any more.
        execution = self._latest[entry.cell_id] = Execution(entry.cell_id)
        self._launcher.works(self.kernel_id)
        self._drift.begins(self.kernel_id, entry.cell_id)
        try:
            reply = await connection.run(execution, code)
        except KernelDied as problem:
            await self._outputs.settle(execution)
            self._interrupted_by_end(entry, problem)
            await self._disconnect()
            self.cancel_waiting("The kernel died before this cell's turn.")
        else:
            await self._outputs.settle(execution)
            self._ran(entry, reply)
            await self._drift.ran(self.kernel_id, entry.cell_id, code)

    def _ran(self, entry: Entry, reply: Reply) -> None:
        if self._ending and not reply.ok:
            self._interrupted_by_end(entry, KernelDied())
            return
        self._end(entry, "ok" if reply.ok else "error", reply.execution_count, reply.ename, reply.evalue)
        if not reply.ok:
            for other in entry.request.entries:
                if other.state == "waiting":
                    self._end(other, "cancelled", ename="Cancelled", evalue="A cell before it failed.")

    def _interrupted_by_end(self, entry: Entry, death: KernelDied) -> None:
        what = f"The kernel was {self._ending} while this cell ran." if self._ending else death.message
        name = f"Kernel{self._ending.title().replace(' ', '')}" if self._ending else "KernelDied"
        self._end(entry, "error", ename=name, evalue=what, show=error(name, what, "" if self._ending else death.hint))

    async def _connect(self, entry: Entry) -> KernelConnection | None:
        """The connection to the notebook's kernel as it is now; None when nothing waits for it any more.

        Raises
        ------
        AtriumError
            Why there will be none unless somebody tries again.
        """
        gone = 0.0
        while entry.state == "waiting":
            path = self._rooms.path_of(self.document_id) or entry.request.notebook
            kernel_id = await self._kernels.of_notebook(path, entry.request.kernel_id)
            if kernel_id != self.kernel_id:
                self.kernel_id = kernel_id
                self._on_change(self.document_id)
            entry.request.kernel_id = kernel_id
            manager = self._kernels.manager(kernel_id)
            if manager is None or not manager.ready.done():
                start = self._launcher.start_of(kernel_id)
                if start is not None and start.state == "failed" and start.error is not None:
                    raise start.error
            elif manager.ready.cancelled() or manager.ready.exception():
                reason = str(manager.ready.exception()) if not manager.ready.cancelled() else "it was cancelled"
                raise Failed(
                    "kernel_not_started", f"The kernel did not start: {reason}.", "Shut it down and run again."
                )
            elif not manager.shutting_down and await manager.is_alive():
                return await self._connected(manager)
            else:
                # Between its death and its restart, on purpose or by itself.
                gone = gone or time.monotonic()
                if time.monotonic() - gone > COMEBACK:
                    raise Failed("kernel_gone", "The kernel does not run and did not come back.", "Restart it.")
            await asyncio.sleep(POLL)
        return None

    async def _connected(self, manager: Any) -> KernelConnection:
        if self._connection is not None and self._manager is manager and await self._connection.alive():
            return self._connection
        await self._disconnect()
        connection = KernelConnection(
            manager, self._outputs.changed, self._on_question, partial(tell_browsers, self.kernel_id)
        )
        try:
            await connection.open()
        except BaseException:
            await connection.close()
            raise
        self._connection, self._manager = connection, manager
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    # Ends

    def _waiting(self) -> list[Entry]:
        return [entry for entry in self._entries if entry.state == "waiting"]

    def _fail(self, entries: list[Entry], problem: AtriumError) -> None:
        shown = error("EnvironmentError" if problem.status == 422 else "NotRun", problem.message, problem.hint)
        self.not_run = [entry.cell_id for entry in entries]
        for position, entry in enumerate(entries):
            # One message, where the queue came to a halt; the others are listed as not run.
            show = shown if position == 0 else None
            self._end(entry, "error", ename=shown["ename"], evalue=shown["evalue"], show=show)

    def _end(
        self,
        entry: Entry,
        state: Any,
        count: int | None = None,
        ename: str = "",
        evalue: str = "",
        show: Output | None = None,
    ) -> None:
        entry.end(state, count, ename, evalue)
        self._entries.remove(entry)
        notebook = self._rooms.live(self.document_id)
        again = any(other.cell_id == entry.cell_id for other in self._entries)
        if notebook is not None and not again:
            if show is not None:
                cells.append_output(notebook, entry.cell_id, show)
            cells.finish(notebook, entry.cell_id, count)
        self._on_change(self.document_id)

    # Questions

    def _on_question(self, execution: Execution, question: Question) -> None:
        entry = self._entries[0] if self._entries else None
        if entry is None or entry.state != "running" or self._latest.get(entry.cell_id) is not execution:
            return
        self._question = question
        entry.input = InputRequest(question.id, question.prompt, question.password, iso())
        self._on_change(self.document_id)

    def _asks_no_more(self) -> None:
        self._question = None
        for entry in self._entries:
            if entry.input is not None:
                entry.input = None
                self._on_change(self.document_id)
