"""Jupyter's managers of kernels, kernel specs and sessions, as a workspace needs them."""

from __future__ import annotations

import asyncio
import os
import posixpath
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.prometheus.metrics import KERNEL_CURRENTLY_RUNNING_TOTAL
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager
from traitlets import Bool, default

from ..kit.clock import duration
from .websocket import is_shown_by_server

if TYPE_CHECKING:
    from .service import Documents

# Notebooks that name python3 stay as they are, and run elsewhere too; so that is the name that is listed.
LISTED = "python3"
NAMES = {LISTED, "python", "atrium-project"}
ENDING = 30.0
RESTARTING = 10.0
IDLE_HOURS = 24.0
LOOK_SECONDS = 60
BUFFERED = 16_000_000
"""Bytes of a kernel's messages that are kept for a browser that lost its connection."""


class ProjectKernelSpecManager(KernelSpecManager):
    """One kernel, by every name it is called: what a project declares is what its notebooks run, or nothing runs."""

    ensure_native_kernel = Bool(False)

    def find_kernel_specs(self) -> dict[str, str]:
        return {LISTED: ""}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name not in NAMES:
            raise NoSuchKernel(kernel_name)
        return project_kernel()


def project_kernel() -> KernelSpec:
    """The kernel "Project environment"; the provisioner puts the declared environment's Python in place."""
    return KernelSpec(
        argv=["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Project environment",
        language="python",
        resource_dir="",
        metadata={"debugger": True, "kernel_provisioner": {"provisioner_name": "atrium-provisioner"}},
    )


class WorkspaceKernelManager(AsyncMappingKernelManager):
    """Kernels that may take minutes to start, and can be restarted, interrupted and shut down meanwhile."""

    use_pending_kernels = Bool(True, config=True)
    # A tab that is left open holds nothing.
    cull_connected = Bool(True, config=True)
    # Which kernel is being asked whether it has had work; who shuts it down then is this manager itself.
    _looked_at = ""

    @default("cull_interval")
    def _default_interval(self) -> int:
        return max(1, min(LOOK_SECONDS, self.cull_idle_timeout // 4))

    @default("cull_idle_timeout")
    def _default_idle(self) -> int:
        """Seconds without work after which a kernel is ended; 0: never."""
        return round(float(os.environ.get("ATRIUM_KERNEL_IDLE_HOURS", IDLE_HOURS)) * 3600)

    @property
    def documents(self) -> Documents:
        server: Any = self.parent
        documents: Documents = server.web_app.settings["atrium"].documents
        return documents

    def start_buffering(self, kernel_id: str, session_key: str, channels: dict[str, Any]) -> None:
        """Keep messages for a browser that may come back; not what cells show, which their document has: a flood with
        nobody looking on would fill the server's memory."""
        super().start_buffering(kernel_id, session_key, channels)
        if kernel_id not in self._kernel_buffers:
            return  # Switched off.
        kept, size = self._kernel_buffers[kernel_id]["buffer"], 0

        def keep(parts: list[bytes]) -> None:
            nonlocal size
            size += sum(map(len, parts))
            if size <= BUFFERED:
                kept.append(("iopub", parts))

        channels["iopub"].on_recv(lambda parts: None if is_shown_by_server(parts) else keep(parts))

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that has had no work for long."""
        self._looked_at = kernel_id
        try:
            await super().cull_kernel_if_idle(kernel_id)
        finally:
            self._looked_at = ""

    async def interrupt_kernel(self, kernel_id: str) -> None:
        """Stop the cell that runs, and forget those behind it."""
        manager = self.get_kernel(kernel_id)
        self.documents.interrupted(kernel_id)
        if manager.ready.done() and manager.has_kernel:
            await manager.interrupt_kernel()

    async def _async_restart_kernel(self, kernel_id: str, now: bool = False) -> None:
        self._check_kernel_id(kernel_id)
        if self.documents.launcher.try_again(kernel_id):
            return  # Nothing runs yet, and it will start with what is declared now; waiting cells stay.
        await asyncio.wait({_ready(self.get_kernel(kernel_id))}, timeout=ENDING)
        self.documents.restarting(kernel_id)
        task = asyncio.create_task(super()._async_restart_kernel(kernel_id, now))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        # A changed declaration may have to be built first; then it is a pending kernel again.
        done, _ = await asyncio.wait({task}, timeout=RESTARTING)
        if done:
            task.result()

    restart_kernel = _async_restart_kernel

    async def _async_shutdown_kernel(self, kernel_id: str, now: bool = False, restart: bool = False) -> None:
        self._check_kernel_id(kernel_id)
        manager = self.get_kernel(kernel_id)
        if kernel_id == self._looked_at:
            idle = duration(self.cull_idle_timeout)
            why = f"The kernel stopped after {idle} without work. Its variables are gone."
            self.documents.launcher.ended(kernel_id, why)
        self.documents.shutting_down(kernel_id)
        ready = _ready(manager)
        while not ready.done():
            if self.documents.launcher.abandon(kernel_id):
                await asyncio.wait({ready}, timeout=ENDING)
                await self._remove_unstarted(kernel_id, manager)
                return
            await asyncio.wait({ready}, timeout=0.2)
        if kernel_id not in self:
            return  # Somebody else was shutting it down.
        await super()._async_shutdown_kernel(kernel_id, now=now, restart=restart)
        if not restart:
            self.documents.launcher.forget(kernel_id)

    shutdown_kernel = _async_shutdown_kernel

    def remove_kernel(self, kernel_id: str) -> Any:
        """It is gone, sessions and all, some time after it was told to end."""
        manager = super().remove_kernel(kernel_id)
        self.documents.launcher.removed(kernel_id)
        return manager

    async def _async_shutdown_all(self, now: bool = False) -> None:
        """What one kernel does must not keep the server from ending the others, and itself."""
        await asyncio.gather(
            *(self._async_shutdown_kernel(kernel_id, now=now) for kernel_id in self.list_kernel_ids()),
            return_exceptions=True,
        )
        if ending := [task for task in self._pending_kernels.values() if not task.done()]:
            await asyncio.wait(ending, timeout=ENDING)

    shutdown_all = _async_shutdown_all

    async def _remove_unstarted(self, kernel_id: str, manager: Any) -> None:
        self._pending_kernel_tasks.pop(kernel_id, None)
        self._pending_kernels.pop(kernel_id, None)
        self.stop_watching_activity(kernel_id)
        self.stop_buffering(kernel_id)
        self.remove_kernel(kernel_id)
        self._kernel_connections.pop(kernel_id, None)
        self._kernel_ports.pop(kernel_id, None)
        self.documents.launcher.forget(kernel_id)
        KERNEL_CURRENTLY_RUNNING_TOTAL.labels(type=manager.kernel_name).dec()
        await manager.cleanup_resources()


def _ready(manager: Any) -> asyncio.Future[None]:
    """The manager's own future. Wait for it with ``asyncio.wait``: cancelling who awaits it would cancel it."""
    ready = manager.ready
    return ready if isinstance(ready, asyncio.Future) else asyncio.wrap_future(ready)


class WorkspaceSessionManager(SessionManager):
    """One session, and so one kernel, per notebook, whoever asks and however often."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create_session(
        self,
        path: str | None = None,
        name: str | None = None,
        type: str | None = None,
        kernel_name: str | None = None,
        kernel_id: str | None = None,
    ) -> dict[str, Any]:
        create: Callable[..., Awaitable[dict[str, Any]]] = super().create_session
        if type != "notebook" or not path or kernel_id is not None:
            return await create(path, name, type, kernel_name, kernel_id)
        notebook = notebook_of(path, name)
        async with self._locks[notebook]:
            return await self.of_notebook(notebook) or await create(path, name, type, kernel_name, kernel_id)

    async def update_session(self, session_id: str, **kwargs: Any) -> None:
        """A changed path is a renamed notebook, or one that goes on in another branch with its kernel."""
        await super().update_session(session_id, **kwargs)
        row = self.cursor.execute("SELECT * FROM session WHERE session_id = ?", (session_id,)).fetchone()
        if row is not None and row["type"] == "notebook" and kwargs.keys() & {"path", "name"}:
            kernels: Any = self.kernel_manager
            await kernels.documents.moved(row["kernel_id"], notebook_of(row["path"], row["name"]))

    async def of_notebook(self, notebook: str) -> dict[str, Any] | None:
        """The session of the notebook at this contents path."""
        rows = self.cursor.execute("SELECT * FROM session WHERE type = 'notebook'").fetchall()
        for row in rows:
            if notebook_of(row["path"], row["name"]) == notebook:
                model: dict[str, Any] | None = await self.row_to_model(row, tolerate_culled=True)
                if model is not None:
                    return model
        return None

    async def notebook_of_kernel(self, kernel_id: str) -> str | None:
        """The contents path of the notebook behind which the kernel runs."""
        row = self.cursor.execute(
            "SELECT * FROM session WHERE type = 'notebook' AND kernel_id = ?", (kernel_id,)
        ).fetchone()
        return notebook_of(row["path"], row["name"]) if row is not None else None


def notebook_of(path: str, name: str | None) -> str:
    """JupyterLab first gives ``<folder>/<random id>`` as a session's path, and the file's name beside it."""
    if name and name.endswith(".ipynb"):
        return posixpath.join(posixpath.dirname(path), posixpath.basename(name)).strip("/")
    return path.strip("/")
