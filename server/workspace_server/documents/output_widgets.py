"""``ipywidgets.Output`` for cells that run on the server.

Such a widget names in its state the message (``msg_id``) whose output it takes. The front end that sent the message
is to move that output into the widget's state and to tell the kernel, which tells everybody else. For cells that run
here, this is that front end. See https://ipywidgets.readthedocs.io/en/stable/examples/Output%20Widget.html.

A kernel that runs a cell does not listen; until it does, browsers are told from here.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from .outputs import Output, Outputs

EVERY = 0.25
"""Seconds between telling browsers, at least."""
RATE = 2_000_000
"""Characters a second, at most: each time they are told everything that a widget holds."""
SETTLING = 5.0
TAKEN = frozenset({"stream", "display_data", "execute_result", "error", "clear_output"})

Message = dict[str, Any]


class Comms(Protocol):
    """The two ends of a kernel's comms."""

    own_session: str

    def tell_kernel(self, comm_id: str, data: dict[str, Any]) -> str:
        """Send a message to a comm in the kernel. Returns the message's id."""

    def tell_browsers(self, comm_id: str, data: dict[str, Any]) -> None:
        """Send a message to a comm in every browser, as if the kernel had."""


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
        How the kernel and browsers are told what they hold.
    """

    def __init__(self, comms: Comms) -> None:
        self._comms = comms
        self._widgets: dict[str, _Widget] = {}
        # Of widgets inside one another, the innermost takes it.
        self._takers: dict[str, list[_Widget]] = {}
        self._changed: set[_Widget] = set()
        self._unseen: set[_Widget] = set()
        self._running = False
        self._timer: asyncio.TimerHandle | None = None
        self._apart = EVERY
        self._awaited = ""
        self._settled = asyncio.Event()

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
                self._forget_changes(widget)
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
            self._forget_changes(widget)
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

    def begin(self) -> None:
        """A cell runs from now on."""
        self._running = True

    async def settle(self) -> None:
        """No cell runs any more: wait until the kernel knows what its widgets hold, but not for ever."""
        self._running = False
        self._tell_kernel()
        if self._awaited:
            try:
                await asyncio.wait_for(self._settled.wait(), SETTLING)
            except TimeoutError:
                self._awaited = ""

    def idle(self, parent_id: str) -> None:
        """The kernel has dealt with a message."""
        if parent_id == self._awaited:
            self._awaited = ""
            if not self._running:
                self._tell_kernel()
            if not self._awaited:
                self._settled.set()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _let_go(self, widget: _Widget) -> None:
        takers = self._takers.get(widget.takes, [])
        if widget in takers:
            takers.remove(widget)
        if not takers:
            self._takers.pop(widget.takes, None)
        widget.takes = ""

    def _forget_changes(self, widget: _Widget) -> None:
        self._changed.discard(widget)
        self._unseen.discard(widget)

    def _touch(self, widget: _Widget) -> None:
        widget.outputs.flushed()
        self._changed.add(widget)
        self._unseen.add(widget)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._apart, self._tell)

    def _tell(self) -> None:
        self._timer = None
        if not self._running:
            self._tell_kernel()
            return
        size = 0
        for widget in self._unseen:
            data = _state(widget)
            size += len(json.dumps(data, default=str))
            self._comms.tell_browsers(widget.comm_id, data)
        self._unseen.clear()
        self._apart = max(EVERY, size / RATE)

    def _tell_kernel(self) -> None:
        # One message after the other: to a kernel that is busy otherwise, the latest is told, not all in between.
        if self._awaited or not self._changed:
            return
        self._settled.clear()
        for widget in self._changed:
            self._awaited = self._comms.tell_kernel(widget.comm_id, _state(widget))
        self._changed.clear()
        self._unseen.clear()


def _state(widget: _Widget) -> dict[str, Any]:
    return {"method": "update", "state": {"outputs": widget.outputs.items}, "buffer_paths": []}


def _outputs(items: list[Output]) -> Outputs:
    outputs = Outputs()
    for item in items:
        text = {"text": "".join(item["text"])} if "text" in item else {}
        outputs.apply(item["output_type"], {**item, **text})
    outputs.flushed()
    return outputs


def _session(message: Message) -> str:
    return str(message["parent_header"].get("session", ""))
