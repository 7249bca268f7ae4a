"""The server's own connection to a kernel: sends code, and gathers what every cell shows, also after its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ..kit.errors import Failed
from .outputs import Outputs

log = logging.getLogger(__name__)

REMEMBERED = 200
ANSWER = 120.0
LAST_WORDS = 5.0


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
    """One run of one cell. ``written`` counts the outputs that are in the document."""

    cell_id: str
    outputs: Outputs = field(default_factory=Outputs)
    written: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)


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
    """

    def __init__(self, manager: Any, on_output: Callable[[Execution], None]) -> None:
        self._manager = manager
        self._on_output = on_output
        self._process = _process(manager)
        self._client: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._executions: dict[str, Execution] = {}

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
        self._client.session.session = uuid4().hex
        self._client.start_channels(stdin=False, hb=False)
        deadline = time.monotonic() + ANSWER
        while True:
            # On the control channel, because somebody may be running something long from a console.
            self._client.control_channel.send(self._client.session.msg("kernel_info_request"))
            with contextlib.suppress(queue.Empty):
                await self._client.iopub_channel.get_msg(timeout=0.5)
                break
            if not await self.alive():
                raise KernelDied
            if time.monotonic() > deadline:
                raise Failed(
                    "kernel_silent", "The kernel has started but does not answer.", "Restart it and run again."
                )
        self._reader = asyncio.create_task(self._read())

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
        id = self._client.execute(code, allow_stdin=False, stop_on_error=False)
        self._executions[id] = execution
        while len(self._executions) > REMEMBERED:
            del self._executions[next(iter(self._executions))]
        content = await self._reply(id)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(execution.idle.wait(), LAST_WORDS)
        count = content.get("execution_count")
        if content.get("status") == "ok":
            return Reply(True, count)
        return Reply(False, count, content.get("ename") or "Aborted", content.get("evalue") or "The kernel stopped it.")

    async def tell(self, code: str) -> None:
        """Run ``code`` without a trace: no output, no history, no number of a cell."""
        id = self._client.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)
        content = await self._reply(id)
        if content.get("status") != "ok":
            log.error("a kernel could not be told: %s %s", content.get("ename"), content.get("evalue"))

    async def close(self) -> None:
        """Let go of the kernel, which stays as it is."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._client is not None:
            self._client.stop_channels()

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

    async def _read(self) -> None:
        while True:
            # A flood of messages never blocks, and would keep the loop for itself.
            await asyncio.sleep(0)
            try:
                message = await self._client.iopub_channel.get_msg(timeout=3600)
            except queue.Empty:
                continue
            except Exception:
                log.exception("a message of a kernel cannot be read")
                continue
            kind, content = message["msg_type"], message["content"]
            execution = self._executions.get(message["parent_header"].get("msg_id", ""))
            if kind == "update_display_data":
                # A display may be updated by a later cell than the one that made it.
                for one in self._executions.values():
                    if one.outputs.update(content):
                        self._on_output(one)
            elif execution is None:
                continue
            elif kind == "status":
                if content["execution_state"] == "idle":
                    execution.idle.set()
            else:
                execution.outputs.apply(kind, content)
                if execution.outputs.changed_from is not None:
                    self._on_output(execution)


def _process(manager: Any) -> int | None:
    return getattr(manager.provisioner, "pid", None)
