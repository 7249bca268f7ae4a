"""One warm kernel for each dashboard on which somebody chooses; opening a page starts none, no viewer has an own one.

Requests of a dashboard run one after the other, each in an empty namespace; what was imported stays imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import queue
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from ..environments.provisioner import LAUNCHER
from ..kit.home import Home
from ..kit.storage import new_id
from .errors import Busy, CellFailed, TooSlow

log = logging.getLogger(__name__)

IDLE = 300.0
MOST = 8
MOST_WAITING = 20
START = 60.0
TIMEOUT = 180.0
LARGEST = 64 * 2**20

# What belongs to the server's own Python, or to another kernel.
PRIVATE = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "JPY_", "JUPYTER_", "ATRIUM_")

EMPTY = """
import sys
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].close("all")
get_ipython().run_line_magic("reset", "-sf")
"""
CHOOSE = """
import json
import workspace_ext
workspace_ext.widgets.override(json.loads({values!r}))
del json, workspace_ext
"""
READ = """
import json
import workspace_ext
print(json.dumps(sorted(workspace_ext.tables.versions_read())))
"""


@dataclass(frozen=True)
class Launch:
    """What a kernel starts with."""

    python: Path
    folder: Path
    variables: dict[str, str]


@dataclass(frozen=True)
class Work:
    """Cells to run in this order as (id, source), those whose outputs are wanted, and what the widgets return."""

    cells: Sequence[tuple[str, str]]
    show: frozenset[str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """Outputs (nbformat) by cell, and the names of the tables that the kernel has read."""

    outputs: dict[str, list[dict[str, Any]]]
    tables: list[str]
    seconds: float


@dataclass
class _Warm:
    launch: Launch
    manager: Any
    client: Any
    used: float = field(default_factory=time.monotonic)


class Kernels:
    """All kernels of viewers. On the event loop."""

    def __init__(self, home: Home, idle: float = IDLE, timeout: float = TIMEOUT) -> None:
        self._home = home
        self._idle = idle
        self._timeout = timeout
        self._warm: dict[str, _Warm] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}
        self._reaper: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def alive(self) -> list[str]:
        """The dashboards that have a kernel now."""
        return list(self._warm)

    async def start(self) -> None:
        self._reaper = asyncio.create_task(self._reap())

    async def close(self) -> None:
        """End every kernel."""
        if self._reaper is not None:
            self._reaper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reaper
        await asyncio.gather(*(self._end(dashboard) for dashboard in list(self._warm)))
        await asyncio.gather(*self._ending)

    async def stop(self, dashboard: str) -> None:
        """End the kernel of a dashboard, after what it computes."""
        async with self._lock(dashboard):
            await self._end(dashboard)

    async def run(self, dashboard: str, launch: Launch, work: Work) -> Result:
        """Run cells in the dashboard's kernel, starting it if need be.

        Raises
        ------
        CellFailed
            A cell raised, or the kernel died.
        TooSlow, Busy
        """
        if self._waiting.get(dashboard, 0) >= MOST_WAITING:
            raise Busy()
        self._waiting[dashboard] = self._waiting.get(dashboard, 0) + 1
        try:
            async with self._lock(dashboard):
                return await self._run(dashboard, launch, work)
        finally:
            self._waiting[dashboard] -= 1

    async def _run(self, dashboard: str, launch: Launch, work: Work) -> Result:
        healthy = False
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                warm = await self._emptied(dashboard, launch)
                began = time.monotonic()
                outputs: dict[str, list[dict[str, Any]]] = {}
                await _execute(warm, CHOOSE.format(values=json.dumps(dict(work.values))))
                for id, source in work.cells:
                    shown = await _execute(warm, source)
                    if id in work.show:
                        outputs[id] = shown
                said = await _execute(warm, READ)
                tables = json.loads("".join(each.get("text", "") for each in said))
            healthy = True
        except TimeoutError:
            raise TooSlow(self._timeout) from None
        except CellFailed:
            healthy = dashboard in self._warm and await self._warm[dashboard].manager.is_alive()
            raise
        finally:
            if not healthy:
                await self._end(dashboard)
        warm.used = time.monotonic()
        return Result(outputs, tables, round(time.monotonic() - began, 3))

    async def _emptied(self, dashboard: str, launch: Launch) -> _Warm:
        """A kernel with nothing in its namespace."""
        warm = await self._ready(dashboard, launch)
        try:
            await _execute(warm, EMPTY)
        except CellFailed:
            # It has died since it was last used.
            await self._end(dashboard)
            warm = await self._ready(dashboard, launch)
            await _execute(warm, EMPTY)
        return warm

    async def _ready(self, dashboard: str, launch: Launch) -> _Warm:
        warm = self._warm.get(dashboard)
        if warm is not None and warm.launch == launch and await warm.manager.is_alive():
            return warm
        await self._end(dashboard)
        if len(self._warm) >= MOST:
            idle = [name for name in self._warm if not self._waiting.get(name)]
            for name in sorted(idle, key=lambda name: self._warm[name].used)[: len(self._warm) - MOST + 1]:
                await self._end(name)
        manager = AsyncKernelManager(connection_file=str(self._home.run / f"viewer-{new_id()}.json"))
        manager._kernel_spec = KernelSpec(
            argv=[str(launch.python), "-c", LAUNCHER, "-f", "{connection_file}"],
            display_name="Dashboard", language="python",
        )  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        with (self._home.run / "viewers.log").open("ab") as output:
            try:
                await manager.start_kernel(
                    env={**kept, **launch.variables}, cwd=str(launch.folder), stdout=output, stderr=output
                )
            except BaseException:
                await self._shut(manager)
                raise
        warm = self._warm[dashboard] = _Warm(launch, manager, manager.client())
        warm.client.start_channels()
        try:
            await warm.client.wait_for_ready(timeout=START)
        except RuntimeError as error:
            raise CellFailed(f"its kernel did not start ({error}).") from None
        return warm

    async def _end(self, dashboard: str) -> None:
        warm = self._warm.pop(dashboard, None)
        if warm is not None:
            await self._shut(warm.manager, warm.client)

    async def _shut(self, manager: Any, client: Any = None) -> None:
        """End one kernel, even if whoever waits for that goes away."""

        async def shut() -> None:
            if client is not None:
                client.stop_channels()
            with contextlib.suppress(Exception):
                await manager.shutdown_kernel(now=True)
            manager.cleanup_connection_file()

        task = asyncio.create_task(shut())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        await asyncio.shield(task)

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(min(15.0, self._idle / 2))
            for dashboard, warm in list(self._warm.items()):
                if not self._waiting.get(dashboard) and time.monotonic() - warm.used > self._idle:
                    await self.stop(dashboard)

    def _lock(self, dashboard: str) -> asyncio.Lock:
        return self._locks.setdefault(dashboard, asyncio.Lock())


async def _execute(warm: _Warm, code: str) -> list[dict[str, Any]]:
    """Run code and return its outputs as nbformat has them."""
    message = warm.client.execute(code, store_history=False, allow_stdin=False)
    outputs: list[dict[str, Any]] = []
    handles: dict[str, dict[str, Any]] = {}
    size, clearing = 0, False
    while True:
        try:
            reply = await warm.client.get_iopub_msg(timeout=1)
        except queue.Empty:
            if not await warm.manager.is_alive():
                raise CellFailed("its kernel died.") from None
            continue
        if reply["parent_header"].get("msg_id") != message:
            continue
        kind, content = reply["msg_type"], reply["content"]
        if kind == "status" and content["execution_state"] == "idle":
            break
        if kind == "error":
            raise CellFailed(f"{content['ename']}: {content['evalue']}"[:500])
        if kind == "clear_output":
            clearing = bool(content.get("wait"))
            if not clearing:
                outputs.clear()
            continue
        if kind == "update_display_data":
            if (shown := handles.get(content.get("transient", {}).get("display_id"))) is not None:
                shown.update(data=content["data"], metadata=content["metadata"])
            continue
        if kind not in ("stream", "display_data", "execute_result"):
            continue
        if clearing:
            outputs.clear()
            clearing = False
        size += len(json.dumps(content.get("data") or content.get("text") or ""))
        if size > LARGEST:
            raise CellFailed("it shows too much.")
        if kind == "stream" and outputs and outputs[-1].get("name") == content["name"]:
            outputs[-1]["text"] += content["text"]
            continue
        outputs.append({"output_type": kind, **content})
        if (handle := content.get("transient", {}).get("display_id")) is not None:
            handles[handle] = outputs[-1]
    with contextlib.suppress(queue.Empty):
        await warm.client.get_shell_msg(timeout=5)
    return outputs
