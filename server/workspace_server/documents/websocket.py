"""The browser's connection to a kernel that may take minutes to start."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_client.session import DELIM
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from ..access.roles import reaches
from .connection import SERVER

SHOWN = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"})


class PatientConnection(ZMQChannelsWebsocketConnection):
    """Accepts the browser at once and passes on what it said when the kernel is there.

    Jupyter's own lets the browser wait in the handshake, which proxies cut after a minute; a browser that left
    meanwhile was counted as gone without ever having come.
    """

    _starting: asyncio.Task[None] | None = None
    _early: list[Any] | None = None

    async def prepare(self) -> None:
        if self._started():
            await super().prepare()
        else:
            await self._register_session()
            self._early = []

    def connect(self) -> Any:
        if self._early is None:
            return super().connect()
        self._send_status_message("starting")
        self._starting = asyncio.create_task(self._connect_later())
        # Jupyter awaits the answer before it reads anything from the browser, its leaving included.
        nothing_to_wait_for: asyncio.Future[None] = asyncio.Future()
        nothing_to_wait_for.set_result(None)
        return nothing_to_wait_for

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        if not self._may_run():
            self.websocket_handler.close(4403, "Your role does not allow running this notebook any more.")
        elif self._early is None:
            super().handle_incoming_message(incoming_msg)
        else:
            self._early.append(incoming_msg)

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """What cells show reaches browsers in their document. Beside it, a flood would take up the rate that Jupyter
        allows a connection, and widgets' messages would be dropped with it."""
        channel = stream if isinstance(stream, str) else getattr(stream, "channel", "")
        if channel != "iopub" or not is_shown_by_server(outgoing_msg):
            super().handle_outgoing_message(stream, outgoing_msg)

    def disconnect(self) -> None:
        if self._early is None:
            super().disconnect()
            return
        if self._starting is not None:
            self._starting.cancel()
        self._early = []
        if self._open_sessions.get(self.session_key) is self.websocket_handler:
            del self._open_sessions[self.session_key]

    def tell(self, message: dict[str, Any]) -> None:
        """Send the browser a message that the kernel did not, as if on its iopub channel."""
        if self._early is None and self.subprotocol == "v1.kernel.websocket.jupyter.org":
            self.write_message(serialize_msg_to_ws_v1(message, "iopub", self.session.pack), binary=True)
        elif self._early is None:
            self.write_message(json.dumps({**message, "channel": "iopub"}, default=json_default))

    def _may_run(self) -> bool:
        """Who it is was asked when the connection was made; a role may have changed since."""
        handler = self.websocket_handler
        atrium = handler.settings["atrium"]
        person = atrium.access.by_name(handler.current_user.username).id
        start = atrium.documents.launcher.start_of(self.kernel_id)
        if start is not None and start.notebook:
            return bool(atrium.access.may_write(person, start.notebook))
        return reaches(atrium.access.role(person), "editor")

    def _started(self) -> bool:
        return bool(self.kernel_manager.ready.done())

    async def _register_session(self) -> None:
        key = f"{self.kernel_id}:{self.session.session}"
        if self._open_sessions.get(key) is not self.websocket_handler:
            await super()._register_session()

    async def _connect_later(self) -> None:
        handler = self.websocket_handler
        try:
            # Not awaited itself: to be cancelled here must not cancel it for all.
            await asyncio.wait({self.kernel_manager.ready})
            await super().prepare()
            early, self._early = self._early or [], None
            connected = super().connect()
            if connected is not None:
                await connected
        except Exception as problem:
            self.log.info("Kernel %s did not start: %s", self.kernel_id, problem)
            handler.close(1011, "The kernel did not start.")
            return
        for message in early:
            self.handle_incoming_message(message)


def is_shown_by_server(message: list[bytes]) -> bool:
    """Whether a kernel's message, as it came, is an output of what the server itself ran."""
    _, _, header, parent, *_ = message[message.index(DELIM) :]
    if f'"{SERVER}'.encode() not in parent or json.loads(header)["msg_type"] not in SHOWN:
        return False
    return str(json.loads(parent).get("session", "")).startswith(SERVER)


def tell_browsers(kernel_id: str, message: dict[str, Any]) -> None:
    """Send a message to every browser that is connected to a kernel."""
    for connection in list(PatientConnection._open_sockets):
        if isinstance(connection, PatientConnection) and connection.kernel_id == kernel_id:
            connection.tell(message)
