"""``ipywidgets.Output`` for cells that run on the server.

Such a widget names in its state the message (``msg_id``) whose output it takes. The front end that sent the message
is to move that output into the widget's state and to tell the kernel, which tells everybody else. For cells that run
here, this is that front end. See https://ipywidgets.readthedocs.io/en/stable/examples/Output%20Widget.html.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, Protocol

from .outputs import Output, Outputs

EVERY = 0.1
SETTLING = 5.0
TAKEN = frozenset({"stream", "display_data", "execute_result", "error", "clear_output"})

Message = dict[str, Any]


class Comms(Protocol):
    """The way to a kernel's comms."""

    own_session: str

    async def open_comms(self) -> None:
        """Find a way that a running cell does not block, if the kernel has one."""

    def send_comm(self, comm_id: str, data: dict[str, Any]) -> str:
        """Send a message to a comm. Returns the message's id."""


@dataclass(eq=False)
class _Widget:
    comm_id: str
    outputs: Outputs = field(default_factory=Outputs)
    takes: str = ""


class OutputWidgets:
    """The Output widgets of one kernel, as its messages tell of them.

    Parameters
    ----------
    comms
        How the kernel is told what they hold.
    """

    def __init__(self, comms: Comms) -> None:
        self._comms = comms
        self._widgets: dict[str, _Widget] = {}
        # Of widgets inside one another, the innermost takes it.
        self._takers: dict[str, list[_Widget]] = {}
        self._changed: set[_Widget] = set()
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._awaited = ""
        self._acknowledged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, kind: str, message: Message, is_ours: bool) -> None:
        """Take a message about a comm.

        Parameters
        ----------
        is_ours
            Whether its parent is a run of a cell from here.
        """
        content = message["content"]
        comm_id, data = content["comm_id"], content.get("data") or {}
        if kind == "comm_close":
            if (widget := self._widgets.pop(comm_id, None)) is not None:
                self._let_go(widget)
                self._changed.discard(widget)
            return
        state = data.get("state") or {}
        widget = self._widgets.get(comm_id)
        if widget is None:
            # One that a console or a browser made before this connection says so when it takes our output.
            if state.get("_model_name") != "OutputModel" and not (
                is_ours and state.get("msg_id") and kind == "comm_msg"
            ):
                return
            widget = self._widgets[comm_id] = _Widget(comm_id)
        own_echo = data.get("method") == "echo_update" and _session(message) == self._comms.own_session
        if "outputs" in state and not own_echo:
            widget.outputs = _outputs(state["outputs"])
            self._changed.discard(widget)
        if "msg_id" in state and not own_echo:
            self._let_go(widget)
            widget.takes = state["msg_id"] or ""
            if widget.takes:
                self._takers.setdefault(widget.takes, []).append(widget)

    def take(self, parent_id: str, kind: str, content: dict[str, Any]) -> bool:
        """Give what a cell shows to the widget that wants it. False if none does."""
        takers = self._takers.get(parent_id)
        if not takers or kind not in TAKEN:
            return False
        widget = takers[-1]
        widget.outputs.apply(kind, content)
        if widget.outputs.changed_from is not None:
            self._touch(widget)
        return True

    def update(self, content: dict[str, Any]) -> None:
        """A display may be updated wherever it is."""
        for widget in self._widgets.values():
            if widget.outputs.update(content):
                self._touch(widget)

    def idle(self, parent_id: str) -> None:
        """The kernel has dealt with a message."""
        if parent_id == self._awaited:
            self._acknowledged.set()

    async def settle(self) -> None:
        """Wait until the kernel knows what its widgets hold, but not for ever."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), SETTLING)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _let_go(self, widget: _Widget) -> None:
        takers = self._takers.get(widget.takes, [])
        if widget in takers:
            takers.remove(widget)
        if not takers:
            self._takers.pop(widget.takes, None)
        widget.takes = ""

    def _touch(self, widget: _Widget) -> None:
        self._changed.add(widget)
        self._settled.clear()
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        await self._comms.open_comms()
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._acknowledged.clear()
            self._awaited = ""
            for widget in self._changed:
                widget.outputs.flushed()
                data = {"method": "update", "state": {"outputs": widget.outputs.items}, "buffer_paths": []}
                self._awaited = self._comms.send_comm(widget.comm_id, data)
            self._changed.clear()
            if self._awaited:
                # A kernel that is too busy to listen is told the latest once it does, not everything in between.
                await self._acknowledged.wait()
            if not self._changed:
                self._settled.set()
            await asyncio.sleep(EVERY)


def _outputs(items: list[Output]) -> Outputs:
    outputs = Outputs()
    for item in items:
        text = {"text": "".join(item["text"])} if "text" in item else {}
        outputs.apply(item["output_type"], {**item, **text})
    outputs.flushed()
    return outputs


def _session(message: Message) -> str:
    return str(message["parent_header"].get("session", ""))
