"""The protocol of the client packages: a session for a path, then a WebSocket for its room."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from uuid import uuid4

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from ...kit.clock import iso
from ...kit.errors import AtriumError, NotFound
from . import wire
from .channel import CROWD, Channel
from .room import Room
from .rooms import EVERYWHERE, Rooms
from .sockets import Gathering, Socket

log = logging.getLogger(__name__)

LARGEST_FRAME = 64 * 1024 * 1024
"""Bytes; a larger frame ends the connection before it is read."""
LAGGING = 64 * 1024 * 1024
"""Bytes that may wait for a client that does not read."""
RAW_HEAD = bytes((wire.RAW,))
IDENTITY = ("username", "name", "display_name", "initials", "avatar_url", "color")


class SessionHandler(APIHandler):
    """``PUT api/collaboration/session/<path>``: the ids of a file's room and of its history."""

    auth_resource = "contents"

    @authenticated
    async def put(self, path: str) -> None:
        body = self.get_json_body()
        if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in ("format", "type")):
            raise HTTPError(400, "A session needs 'format' and 'type'.")
        collaboration = collaboration_of(self)
        path = path.strip("/")
        if not await collaboration.may_read(self, path):
            raise HTTPError(403, f"You may not open {path}.")
        file_id = collaboration.rooms.files.index(path)
        if file_id is None:
            raise HTTPError(404, f"There is no file {path!r} to open.")
        document_id = f"{body['format']}:{body['type']}:{file_id}"
        lineage = await asyncio.to_thread(collaboration.rooms.journal.lineage, document_id)
        self.finish(
            {
                "format": body["format"],
                "type": body["type"],
                "fileId": file_id,
                "sessionId": lineage,
                "writable": collaboration.may_write(self.current_user, path),
            }
        )


class RoomHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``GET api/collaboration/room/<id>?sessionId=...``: one browser in one room."""

    auth_resource = "contents"
    may_write = False
    _room: Channel | None = None
    _socket: Socket | None = None
    _person: str = ""

    def initialize(self) -> None:
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def identity(self) -> dict[str, Any]:
        """What everybody sees as ``user``."""
        return self._identity

    @property
    def max_message_size(self) -> int:
        return LARGEST_FRAME

    def get_websocket_protocol(self) -> Socket | None:
        protocol = super().get_websocket_protocol()
        if isinstance(protocol, WebSocketProtocol13):
            self._socket = Socket(self, False, protocol.params)
        return self._socket

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> Any:
        user = self.current_user
        self._person = user.username
        self._identity = {name: getattr(user, name) for name in IDENTITY}
        return await super().get(*args, **kwargs)

    async def open(self, room_id: str) -> None:
        super().open()
        self.set_nodelay(True)
        collaboration = collaboration_of(self)
        if room_id == EVERYWHERE:
            self._enter(collaboration.rooms.everywhere)
            return
        try:
            room = await collaboration.rooms.open(room_id)
        except NotFound as error:
            self.close(4404, _reason(error.message))
            return
        except AtriumError as error:
            self.close(4400, _reason(error.message))
            return
        except Exception:
            log.exception("opening %s", room_id)
            self.close(4500, "The document could not be opened. The server's log has the details.")
            return
        if not await collaboration.may_read(self, room.path):
            self.close(4403, _reason(f"You may not open {room.path}."))
            return
        if self.get_query_argument("sessionId", "") != room.lineage:
            # Another history of the document, or none: nothing of it may be mixed in.
            payload = {"reason": "unknown_session", "reloadable": True}
            self.close(1003, json.dumps(payload))
            return
        if self.ws_connection is None or self.ws_connection.is_closing():
            collaboration.rooms.left(room)
            return
        self.may_write = collaboration.may_write(self.current_user, room.path) and not room.read_only
        room.on_refused = lambda client: client.refused(room) if isinstance(client, RoomHandler) else None
        self._enter(room)

    def _enter(self, room: Channel) -> None:
        self._room = room
        # Where everybody is, little is said: it is no part of a crowd.
        if self._socket is not None and isinstance(room, Room):
            collaboration_of(self).gathering.adopt(self._socket.stream)
        room.join(self)

    def refused(self, room: Room) -> None:
        """Say that what was sent is not taken."""
        notice = {"type": "notice", "id": uuid4().hex, "kind": "refused", "at": iso(), "data": {}}
        message, hint = "You may read this document, not change it.", "Copy what you typed before you leave the page."
        self.send(wire.raw({**notice, "message": message, "hint": hint}))

    def on_message(self, message: bytes | str) -> None:
        room = self._room
        if room is None:
            return
        try:
            if isinstance(message, str):
                raise wire.Malformed("text instead of bytes")
            if message[:1] == RAW_HEAD:
                self._receive_raw(room, message)
            else:
                room.receive(self, message)
        except wire.Malformed as error:
            log.warning("%s sent %s what is no frame: %s", self._person, room.id, error)
            reason = {"reason": "initialization_error", "reloadable": False, "errorReason": "Malformed frame."}
            self.close(1003, json.dumps(reason))
            self.on_close()

    def _receive_raw(self, room: Channel, frame: bytes) -> None:
        reader = wire.Reader(frame)
        reader.uint()
        what = reader.text()
        if what not in ("save", "mark", "rescue") or not isinstance(room, Room):
            return
        id = reader.uint()
        if what == "save":
            answer = self._save(room, id)
        elif what == "mark":
            answer = self._mark(room, id)
        else:
            cell_id, base, lost = reader.text(), reader.text(), reader.text()
            answer = self._rescue(room, id, cell_id, base, lost)
        task = asyncio.get_running_loop().create_task(answer)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _mark(self, room: Room, id: int) -> None:
        await room.settled()
        self.send(wire.raw({"type": "marked", "responseTo": id}))

    async def _rescue(self, room: Room, id: int, cell_id: str, base: str, lost: str) -> None:
        """What was typed in a cell that somebody else was moving: there ``base`` became ``lost``."""
        found = self.may_write and room.rescue(cell_id, base, lost)
        await room.settled()
        self.send(wire.raw({"type": "rescued", "responseTo": id, "found": found}))

    async def _save(self, room: Room, id: int) -> None:
        problem = ""
        if self.may_write:
            try:
                await room.save(by_hand=True)
            except PermissionError:
                problem = f"{room.path} is read-only."
            except (AtriumError, OSError) as error:
                problem = str(error)
            except Exception:
                log.exception("saving %s", room.path)
                problem = f"{room.path} could not be saved. What is typed is kept; the server's log has the details."
        else:
            problem = "You may read this document, not write it."
        reply = {"type": "save", "responseTo": id, "status": "failed" if problem else "success", "message": problem}
        self.send(wire.raw(reply))

    def send(self, *frames: bytes) -> None:
        """See :class:`~workspace_server.documents.collaboration.channel.Client`."""
        socket = self._socket
        if self._room is None or socket is None or socket.is_closing():
            return
        if socket.put(*frames) > LAGGING:
            log.warning("%s does not read; the connection is closed", self._person)
            self.drop("You were too far behind.")

    def drop(self, why: str) -> None:
        """Close the connection; the browser comes back by itself and synchronises anew."""
        self.close(1012, _reason(why))
        self.on_close()

    def on_close(self) -> None:
        room, self._room = self._room, None
        if room is None:
            return
        room.leave(self)
        if isinstance(room, Room):
            collaboration_of(self).rooms.left(room)


class Collaboration:
    """What the handlers need of the room: who may read and write what."""

    def __init__(self, rooms: Rooms, may_write: Any) -> None:
        self.rooms = rooms
        self._may_write = may_write
        self._gathering: Gathering | None = None

    @property
    def gathering(self) -> Gathering:
        """Who looks after the connections; on the event loop."""
        if self._gathering is None:
            self._gathering = Gathering(CROWD)
        return self._gathering

    def close(self) -> None:
        """After the rooms."""
        if self._gathering is not None:
            self._gathering.close()

    async def may_read(self, handler: JupyterHandler, path: str) -> bool:
        """Whether Jupyter's authorizer lets the person read contents."""
        answer = handler.authorizer.is_authorized(handler, handler.current_user, "read", "contents")
        return bool(await answer if hasattr(answer, "__await__") else answer)

    def may_write(self, user: Any, path: str) -> bool:
        """Whether a person may change the file at a contents path."""
        return bool(self._may_write(user.username, path))

    def role_changed(self) -> None:
        """Look again at what everybody who is in a room may do."""
        for room in self.rooms.all():
            for client in list(room.clients):
                if isinstance(client, RoomHandler):
                    client.may_write = self.may_write(client.current_user, room.path) and not room.read_only


def collaboration_of(handler: JupyterHandler) -> Collaboration:
    found: Collaboration = handler.settings["atrium"].documents.collaboration
    return found


def _reason(text: str) -> str:
    """As much of a text as the reason of a closed WebSocket may hold (123 bytes)."""
    return text.encode()[:120].decode(errors="ignore")


HANDLERS = [
    (r"/api/collaboration/session/(.*)", SessionHandler),
    (r"/api/collaboration/room/(.*)", RoomHandler),
]
