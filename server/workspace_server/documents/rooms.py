"""The shared documents, through jupyter-collaboration's rooms. Nothing else in this package knows those."""

from __future__ import annotations

import asyncio
import logging
import posixpath
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from jupyter_server.utils import ensure_async
from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_server_ydoc.stores import SQLiteYStore
from jupyter_ydoc import YNotebook
from tornado.web import HTTPError
from traitlets import Unicode

from ..kit.errors import Unavailable
from .errors import NoSuchNotebook

log = logging.getLogger(__name__)


def journal_class(path: str) -> type[SQLiteYStore]:
    """The store of updates at ``path``. A class of its own, because rooms that the server itself opens are given a
    store without configuration."""
    return type("Journal", (SQLiteYStore,), {"db_path": Unicode(path)})


class Holder:
    """Keeps a room open like a client would: the server's own seat in it."""

    def __init__(self, room: DocumentRoom, person: str) -> None:
        self.path = room.room_id
        self.person = person

    async def send(self, message: bytes) -> None:
        """The server reads the document itself."""


class Rooms:
    """Everything that is open. On the event loop, but for :meth:`present`."""

    def __init__(self) -> None:
        self._settings: dict[str, Any] = {}

    def bind(self, settings: dict[str, Any]) -> None:
        """Jupyter's settings, in which the collaboration extension will be."""
        self._settings = settings

    @property
    def _collaboration(self) -> Any:
        extension = self._settings.get("jupyter_server_ydoc")
        if extension is None or extension.disable_rtc:
            raise Unavailable(
                "no_coediting", "Co-editing is switched off on this server.", "Enable jupyter_server_ydoc."
            )
        return extension

    def document_id(self, path: str) -> str:
        """The id of the notebook's room; stays when the notebook is renamed."""
        return f"json:notebook:{self._settings['file_id_manager'].index(path)}"

    def path_of(self, document_id: str) -> str | None:
        """The contents path of a room's file."""
        path: str | None = self._settings["file_id_manager"].get_path(document_id.rpartition(":")[2])
        return path

    def live(self, document_id: str) -> YNotebook | None:
        """The notebook, if its room is open."""
        room = self._rooms().get(document_id)
        return room._document if isinstance(room, DocumentRoom) and room.ready else None

    @asynccontextmanager
    async def hold(self, path: str, person: str) -> AsyncIterator[DocumentRoom]:
        """The notebook's room, kept open while the ``with`` lasts; counts as ``person`` having it open.

        Raises
        ------
        NoSuchNotebook
            There is no such file.
        """
        room = await self._open(path)
        holder = Holder(room, person)
        room.clients.add(holder)
        if room.cleaner is not None:
            room.cleaner.cancel()
        try:
            yield room
        finally:
            room.clients.discard(holder)
            if not room.clients:
                room.cleaner = asyncio.create_task(self._close_later(room))

    async def save(self, room: DocumentRoom) -> None:
        """Write the document to its file, now."""
        await room._maybe_save_document(room._saving_document, save_now=True)

    async def save_changed(self, room: DocumentRoom) -> None:
        """Write the document to its file unless it says the same already."""
        # Not through the room's loader, which would take the file's time stamp for its own.
        contents = self._settings["contents_manager"]
        if not await ensure_async(contents.file_exists(path_of_room(room))):
            return  # Somebody deleted it, and saving would bring it back.
        model = await ensure_async(
            contents.get(path_of_room(room), content=True, format=room.file_format, type=room.file_type)
        )
        document = await room._document.aget()
        if _without_trust(model["content"]) != _without_trust(document):
            await self.save(room)

    def all(self) -> list[DocumentRoom]:
        """Every open room of a file."""
        return [room for room in self._rooms().values() if isinstance(room, DocumentRoom)]

    def hash_of(self, path: str) -> str | None:
        """The hash of the file as its room last read or wrote it; None when it is not open."""
        for room in self.all():
            if path_of_room(room) == path.strip("/"):
                hash: str | None = room._document.hash
                return hash
        return None

    def present(self) -> Iterator[tuple[str, list[str]]]:
        """Contents path and the names of those who have it open, for each file. Safe from any thread.

        From the connections themselves, which the server authenticated and which end with the browser, rather than
        from awareness, which a client can write and which lingers.
        """
        for room in self.all():
            names = {_name(client) for client in list(room.clients)}
            if names:
                yield path_of_room(room), sorted(names)

    def _rooms(self) -> dict[str, Any]:
        extension = self._settings.get("jupyter_server_ydoc")
        server = getattr(extension, "ywebsocket_server", None)
        return dict(server.rooms) if server is not None else {}

    async def _open(self, path: str) -> DocumentRoom:
        collaboration = self._collaboration
        contents = self._settings["contents_manager"]
        path = path.strip("/")
        if posixpath.splitext(path)[1] != ".ipynb" or not await ensure_async(contents.file_exists(path)):
            raise NoSuchNotebook(path)
        id = self.document_id(path)
        try:
            await collaboration.get_document(room_id=id, copy=False, create=True)
        except HTTPError as error:
            raise Unavailable("unreadable_notebook", f"{path} cannot be read: {error.log_message}.") from None
        room = collaboration.ywebsocket_server.rooms[id]
        async with collaboration._room_locks[id]:
            # One that a browser has just made may not have been filled yet.
            await room.initialize()
        return room

    async def _close_later(self, room: DocumentRoom) -> None:
        """What the collaboration extension does when the last browser leaves."""
        collaboration = self._collaboration
        if collaboration.document_cleanup_delay is None:
            return
        await asyncio.sleep(collaboration.document_cleanup_delay)
        id = room.room_id
        async with collaboration._room_locks[id]:
            if room.clients or collaboration.ywebsocket_server.rooms.get(id) is not room:
                return
            await collaboration.ywebsocket_server.delete_room(room=room)
            file_id = id.rpartition(":")[2]
            if room._file.number_of_subscriptions == 0 and file_id in collaboration.file_loaders:
                await collaboration.file_loaders.remove(file_id)


def path_of_room(room: DocumentRoom) -> str:
    """The contents path of the room's file, as of the last look at it (a second ago at most)."""
    return str(room._file._current_path)


def _name(client: Any) -> str:
    if isinstance(client, Holder):
        return client.person
    user = getattr(client, "current_user", None)
    return str(user.display_name or user.username) if user is not None else "somebody"


def _without_trust(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    cells = [
        {**cell, "metadata": {key: value for key, value in cell["metadata"].items() if key != "trusted"}}
        for cell in content["cells"]
    ]
    return {**content, "cells": cells}
