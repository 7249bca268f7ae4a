"""Files as JupyterLab shows them: everybody's projects, and a scratch folder for each person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server import CallContext
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Unicode

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

    async def get(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        user = getattr(handler, "current_user", None)
        if user is not None and path.strip("/") in ("", SCRATCH, f"{SCRATCH}/{user.username}"):
            (Path(self.root_dir) / SCRATCH / str(user.username)).mkdir(parents=True, exist_ok=True)
        model: dict[str, Any] = await super().get(path, *args, **kwargs)
        return model
