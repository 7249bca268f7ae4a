"""Files as JupyterLab shows them: everybody's projects, and a scratch folder for each person."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from jupyter_server import CallContext
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.handlers import ContentsHandler
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Unicode

from .collaboration.files import FileIds
from .collaboration.inodes import writable

SCRATCH = "scratch"


class WorkspaceCheckpoints(AsyncFileCheckpoints):
    """Checkpoints in a folder of their own, so that none ever shows up in a worktree."""

    folder = Unicode("", config=True, help="Where checkpoints are kept.")

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        file = Path(path.strip("/"))
        target = Path(self.folder) / file.parent / f"{file.stem}-{checkpoint_id}{file.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        return str(target)


class WorkspaceContentsManager(AsyncLargeFileManager):
    """The ``work`` folder. Whoever looks at it finds a scratch folder of their own."""

    staging = Unicode("", config=True, help="Where files are written before they take their place.")

    @contextmanager
    def atomic_writing(self, os_path: str, *args: Any, text: bool = True, **kwargs: Any) -> Iterator[IO[Any]]:
        """Write a file whole or not at all.

        Jupyter's own way empties the file first, so that git, a run or a copy may see it empty, and keeps its copy
        beside it, in the worktree. It also writes through hard links, which untracked files of branches share.
        """
        target = Path(os_path).resolve()
        kwargs.setdefault("encoding", "utf-8" if text else None)
        with self.perm_to_403(os_path):
            mode = target.stat().st_mode if target.exists() else None
            if mode is not None and not mode & 0o222:
                raise PermissionError(errno.EACCES, "The file is read-only", os_path)
            staged = Path(self.staging) / f"{uuid4().hex}{target.suffix}"
            try:
                with staged.open(
                    "w" if text else "wb", newline="" if text else None, encoding=kwargs["encoding"]
                ) as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                if mode is not None:
                    staged.chmod(stat.S_IMODE(mode))
                staged.replace(target)
            finally:
                staged.unlink(missing_ok=True)

    def is_writable(self, path: str) -> bool:
        """By the file's mode, which the superuser respects here, and by the role of whoever asks."""
        place = Path(self._get_os_path(path))
        if not writable(place):
            return False
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        user = getattr(handler, "current_user", None)
        if user is None:
            return True
        access = handler.settings["atrium"].access
        # What lies in a folder is what one writes there.
        inside = f"{path}/new" if place.is_dir() else path
        return bool(access.may_write(access.by_name(user.username).id, inside))

    @property
    def file_ids(self) -> FileIds | None:
        """Who is told what happens to files. Directly: an event would come when there may be others of their names."""
        settings = self.parent.web_app.settings if self.parent is not None else {}
        files = settings.get("file_id_manager")
        return files if isinstance(files, FileIds) else None

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        atrium = self.parent.web_app.settings.get("atrium") if self.parent is not None else None
        if atrium is not None and model.get("type") == "notebook" and isinstance(model.get("content"), dict):
            # A browser that saves a notebook under another name has placeholders for its large outputs.
            await asyncio.to_thread(atrium.documents.rooms.blobs.expand_notebook, model["content"])
        saved: dict[str, Any] = await super().save(model, path)
        if self.file_ids is not None and model.get("type") != "directory":
            self.file_ids.save(path)
        return saved

    async def delete(self, path: str) -> None:
        await super().delete(path)
        if self.file_ids is not None:
            self.file_ids.delete(path)

    async def rename(self, old_path: str, new_path: str) -> None:
        await super().rename(old_path, new_path)
        if self.file_ids is not None:
            self.file_ids.move(old_path, new_path)

    async def get(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        user = getattr(handler, "current_user", None)
        if user is not None and path.strip("/") in ("", SCRATCH, f"{SCRATCH}/{user.username}"):
            (Path(self.root_dir) / SCRATCH / str(user.username)).mkdir(parents=True, exist_ok=True)
        model: dict[str, Any] = await super().get(path, *args, **kwargs)
        if isinstance(handler, ContentsHandler) and model.get("hash"):
            # A browser asks before it saves whether the file has changed beneath it. Beneath an open document its room
            # knows, and hears of whoever else writes; the browser may not have heard yet that its room has just saved.
            rooms = handler.settings["atrium"].documents.rooms
            model["hash"] = rooms.hash_of(path) or model["hash"]
        return model
