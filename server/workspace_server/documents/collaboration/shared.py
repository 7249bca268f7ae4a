"""Shared documents for other extensions, under the name and with the methods that jupyter-collaboration gives them."""

from __future__ import annotations

from typing import Any, Literal

from jupyter_ydoc import ydocs
from jupyter_ydoc.ybasedoc import YBaseDoc
from pycrdt import Doc

from .rooms import Rooms


class Shared:
    """``settings["jupyter_server_ydoc"]``."""

    disable_rtc = False

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def get_document(
        self,
        *,
        path: str | None = None,
        content_type: str | None = None,
        file_format: Literal["json", "text"] | None = None,
        room_id: str | None = None,
        copy: bool = True,
        create: bool = False,
    ) -> YBaseDoc | None:
        """The shared document of a room, or of a path with its content type ("notebook", "file") and format.

        Parameters
        ----------
        copy
            A document of one's own, whose changes stay there; else the one that everybody sees.
        create
            Open the room if nobody has.

        Returns
        -------
        None if the room is not open, or there is no such file.
        """
        if (room_id is None) == (path is None):
            raise ValueError("Give either room_id, or path with content_type and file_format.")
        if room_id is None:
            if content_type is None or file_format is None:
                raise ValueError("A path needs content_type and file_format.")
            file_id = self._rooms.files.index(path or "")
            if file_id is None:
                return None
            room_id = f"{file_format}:{content_type}:{file_id}"
        room = self._rooms.get(room_id)
        if room is None and create:
            room = await self._rooms.open(room_id)
        if room is None or not copy:
            return room.document if room is not None else None
        fork: Doc[Any] = Doc()
        fork.apply_update(room.ydoc.get_update())
        document: YBaseDoc = ydocs.get(room.type, ydocs["file"])(fork)
        return document
