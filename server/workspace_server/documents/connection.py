"""The server's own connection to a kernel: sends code, gathers what every cell shows, also after its end, and passes on
what it asks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import time
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import zmq

from ..kit.errors import Failed
from .output_widgets import OutputWidgets
from .outputs import Outputs
from .publications import Publications

log = logging.getLogger(__name__)

REMEMBERED = 200
ANSWER = 120.0
LAST_WORDS = 5.0
SERVER = "atrium-"
"""How the sessions of the server's own connections begin; browsers' are UUIDs."""


class KernelDied(Failed):
    """The kernel's process ended while a cell ran."""

    def __init__(self) -> None:
        super().__init__(
            "kernel_died",
            "The kernel died while this cell ran.",
            "Its memory is lost: run the cells above again. Running out of memory is a common cause.",
        )


@dataclass(eq=False)
class Execution:
    """One run of one cell. ``written`` counts the outputs that are in the document; ``ended`` when its end is there as
    well, after which only its threads may show more; ``heard`` when the kernel last said something about it."""

    cell_id: str
    outputs: Outputs = field(default_factory=Outputs)
    written: int = 0
    ended: bool = False
    heard: float = 0.0
    idle: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Question:
    """What a running cell asks, as ``input()`` does. ``header`` is that of the kernel's message."""

    prompt: str
    password: bool
    header: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.header["msg_id"])


@dataclass(frozen=True)
class Reply:
    """How a run ended, as the kernel says it."""

    ok: bool
    execution_count: int | None
    ename: str = ""
    evalue: str = ""


class KernelConnection:
    """Talks to the process that runs when :meth:`open` is called, and to no later one.

    Parameters
    ----------
    manager
        Jupyter's manager of the kernel.
    on_output
        Called when a cell has shown something.
    on_question
        Called when a running cell asks something; without it, asking is an error in the cell.
    on_comm
        Called with messages for browsers that the kernel would send if it did not run a cell.
    """

    def __init__(
        self,
        manager: Any,
        on_output: Callable[[Execution], None],
        on_question: Callable[[Execution, Question], None] | None = None,
        on_comm: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        self.own_session = f"{SERVER}{uuid4().hex}"
        self._manager = manager
        self._on_output = on_output
        self._on_question = on_question
        self._on_comm = on_comm
        self._process = _process(manager)
        self._client: Any = None
        self._readers: list[asyncio.Task[None]] = []
        self._executions: dict[str, Execution] = {}
        self._widgets = OutputWidgets(self)
        self._kernel_session = ""

    async def open(self) -> None:
        """Connect, and wait until the kernel answers and its output arrives here.

        Raises
        ------
        KernelDied, Failed
            It does not.
        """
        self._client = self._manager.client()
        # The manager's own session would give every connection the same address, and a kernel answers the newest only.
        self._client.session = self._client.session.clone()
        self._client.session.session = self.own_session
        self._client.start_channels(stdin=self._on_question is not None, hb=False)
        # Before the kernel is heard for the first time: this connects anew.
        publications = Publications(self._client.iopub_channel.socket, self._client.session)
        deadline = time.monotonic() + ANSWER
        while not await self._is_heard():
            await self._go_on_waiting(deadline)
        if self._on_question is not None:
            questions = _connect_anew(self._client.stdin_channel.socket)
            while not await questions.poll(500, zmq.POLLOUT):
                await self._go_on_waiting(deadline)
        self._readers.append(asyncio.create_task(self._read(publications)))
        if self._on_question is not None:
            self._readers.append(asyncio.create_task(self._listen(self._on_question)))

    async def _is_heard(self) -> bool:
        # On the control channel, because somebody may be running something long from a console.
        self._client.control_channel.send(self._client.session.msg("kernel_info_request"))
        with contextlib.suppress(queue.Empty):
            await self._client.iopub_channel.get_msg(timeout=0.5)
            return True
        return False

    async def _go_on_waiting(self, deadline: float) -> None:
        if not await self.alive():
            raise KernelDied
        if time.monotonic() > deadline:
            raise Failed("kernel_silent", "The kernel has started but does not answer.", "Restart it and run again.")

    async def alive(self) -> bool:
        """Whether the very process that this was opened to still runs."""
        return _process(self._manager) == self._process and bool(await self._manager.is_alive())

    async def run(self, execution: Execution, code: str) -> Reply:
        """Run ``code`` and wait for its end.

        Raises
        ------
        KernelDied
            The process ended first.
        """
        # Not stop_on_error: the order and the end of batches is decided here, and others' consoles go on.
        id = self._client.execute(code, allow_stdin=self._on_question is not None, stop_on_error=False)
        self._executions[id] = execution
        self._widgets.begin()
        while len(self._executions) > REMEMBERED:
            del self._executions[next(iter(self._executions))]
        content = await self._reply(id)
        await self._last_words(execution)
        await self._widgets.settle()
        count = content.get("execution_count")
        if content.get("status") == "ok":
            return Reply(True, count)
        return Reply(False, count, content.get("ename") or "Aborted", content.get("evalue") or "The kernel stopped it.")

    async def _last_words(self, execution: Execution) -> None:
        """Wait for all that it has shown: the reply overtakes it."""
        execution.heard = time.monotonic()
        while (left := execution.heard + LAST_WORDS - time.monotonic()) > 0 and not execution.idle.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(execution.idle.wait(), left)

    async def tell(self, code: str) -> None:
        """Run ``code`` without a trace: no output, no history, no number of a cell."""
        id = self._client.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)
        content = await self._reply(id)
        if content.get("status") != "ok":
            log.error("a kernel could not be told: %s %s", content.get("ename"), content.get("evalue"))

    async def ask(self, expression: str) -> str:
        """The text that ``expression`` has for a value, evaluated without a trace, between two cells.

        Raises
        ------
        KernelDied, Failed
            It has none.
        """
        while True:
            told = {"silent": True, "store_history": False, "allow_stdin": False, "stop_on_error": False}
            content = await self._reply(self._client.execute("", user_expressions={"it": expression}, **told))
            if content.get("status") != "aborted":  # By the failure of what somebody else had it run.
                break
        answer = content.get("user_expressions", {}).get("it", {})
        if answer.get("status") != "ok":
            raise Failed("no_answer", f"The kernel does not say: {answer.get('evalue') or content.get('evalue')}.")
        return str(literal_eval(answer["data"]["text/plain"]))

    def answer(self, question: Question, value: str) -> None:
        """Give a cell what it asked for."""
        message = self._client.session.msg("input_reply", {"value": value, "status": "ok"}, parent=question.header)
        self._client.stdin_channel.send(message)

    async def close(self) -> None:
        """Let go of the kernel, which stays as it is."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._widgets.close()
        if self._client is not None:
            self._client.stop_channels()

    # Both ends of comms, see output_widgets.Comms

    def tell_kernel(self, comm_id: str, data: dict[str, Any]) -> str:
        message = self._client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def tell_browsers(self, comm_id: str, data: dict[str, Any]) -> None:
        message = self._client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        message["header"]["session"] = self._kernel_session
        self._on_comm(message)

    async def _reply(self, id: str) -> dict[str, Any]:
        while True:
            try:
                message = await self._client.shell_channel.get_msg(timeout=0.5)
            except queue.Empty:
                if not await self.alive():
                    raise KernelDied from None
                continue
            if message["parent_header"].get("msg_id") == id:
                content: dict[str, Any] = message["content"]
                return content

    async def _read(self, publications: Publications) -> None:
        async for message in publications:
            parent_id = message["parent_header"].get("msg_id", "")
            try:
                self._shown(message["msg_type"], parent_id, message)
            except Exception:
                log.exception("a message of a kernel cannot be understood")

    def _shown(self, kind: str, parent_id: str, message: dict[str, Any]) -> None:
        content = message["content"]
        self._kernel_session = message["header"]["session"]
        execution = self._executions.get(parent_id)
        if execution is not None:
            execution.heard = time.monotonic()
        if kind == "update_display_data":
            # A display may be updated by a later cell than the one that made it.
            self._widgets.update(content)
            for one in self._executions.values():
                if one.outputs.update(content):
                    self._on_output(one)
        elif kind in ("comm_open", "comm_msg", "comm_close"):
            self._widgets.follow(kind, message, execution is not None)
        elif kind == "status":
            if content["execution_state"] == "idle":
                self._widgets.idle(parent_id)
                if execution is not None:
                    execution.idle.set()
        elif execution is not None and not self._widgets.take(parent_id, kind, content):
            execution.outputs.apply(kind, content)
            if execution.outputs.changed_from is not None:
                self._on_output(execution)

    async def _listen(self, on_question: Callable[[Execution, Question], None]) -> None:
        while True:
            message = await self._message(self._client.stdin_channel)
            if message is None or message["msg_type"] != "input_request":
                continue
            execution = self._executions.get(message["parent_header"].get("msg_id", ""))
            if execution is not None:
                content = message["content"]
                prompt, password = content.get("prompt", ""), bool(content.get("password"))
                on_question(execution, Question(str(prompt), password, message["header"]))

    async def _message(self, channel: Any) -> dict[str, Any] | None:
        try:
            message: dict[str, Any] = await channel.get_msg(timeout=3600)
        except queue.Empty:
            return None
        except Exception:
            log.exception("a message of a kernel cannot be read")
            return None
        return message


def _connect_anew(socket: Any) -> Any:
    """From now on ``socket`` can be written to once the other end knows it, as well.

    A kernel's question to an end that it does not know yet is dropped by ZMQ, and the cell would wait for ever.
    """
    address = socket.last_endpoint
    socket.disconnect(address)
    socket.immediate = True
    socket.connect(address)
    return socket


def _process(manager: Any) -> int | None:
    return getattr(manager.provisioner, "pid", None)
