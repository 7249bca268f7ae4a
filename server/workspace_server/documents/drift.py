"""What a cell installs beside what its project declares is noticed when it has run, and named at the cell."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from workspace_ext.contract.documents import CellDrift

from ..environments import drift
from ..environments.installs import installs
from ..environments.service import Environments
from ..kit.home import Home
from .launch import KernelLauncher, Start

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two looks at every file of an environment that cells run in; its packages are looked at each time."""


class Drift:
    """Looks after each cell. On the event loop.

    Parameters
    ----------
    on_change
        Told the kernel's id when something was noticed.
    """

    def __init__(
        self, home: Home, environments: Environments, launcher: KernelLauncher, on_change: Callable[[str], None]
    ) -> None:
        self._home = home
        self._environments = environments
        self._launcher = launcher
        self._on_change = on_change
        self._latest: dict[str, tuple[str, Start, str]] = {}  # Environment -> who ran a cell in it last.
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        environments.on_edited = self._edited

    def begins(self, kernel_id: str, cell_id: str) -> None:
        """A cell runs again: what it did before is forgotten."""
        start = self._launcher.start_of(kernel_id)
        if start is not None and start.drift.pop(cell_id, None) is not None:
            self._on_change(kernel_id)

    async def ran(self, kernel_id: str, cell_id: str, code: str) -> None:
        """A cell has ended: see what it has installed, and whether the environment is as it was."""
        start = self._launcher.start_of(kernel_id)
        if start is None or not start.environment:
            return
        try:
            await self._look(kernel_id, start, cell_id, code)
        except (OSError, ValueError) as error:  # The next cells run all the same.
            log.warning("It was not seen what a cell of %s did: %s", start.notebook, error)

    async def _look(self, kernel_id: str, start: Start, cell_id: str, code: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._latest[start.environment] = (kernel_id, start, cell_id)
        wanted = drift.missing(installs(code), start.packages)
        start.sight, change = await asyncio.to_thread(drift.look, self._home, start.environment, start.sight)
        if change is not None:
            found = CellDrift(cell_id, _changed(change.message), wanted or list(change.packages), True)
            self._note(kernel_id, start, found)
            await self._mend(start, start.environment)
        elif wanted:
            them = "it" if len(wanted) == 1 else "them"
            message = (
                f"This cell installs {', '.join(wanted)}. The project does not declare {them}, so that clusters, runs "
                f"and colleagues do not have {them}."
            )
            self._note(kernel_id, start, CellDrift(cell_id, message, wanted, False))
        else:
            self._environments.inspect(start.environment, EVERY)

    async def close(self) -> None:
        """What is being looked at is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _edited(self, environment: str, packages: list[str]) -> None:
        """Somebody found that files of it were edited, whoever asked: from any thread."""
        if self._loop is not None and environment in self._latest:
            with contextlib.suppress(RuntimeError):  # The server has stopped meanwhile.
                self._loop.call_soon_threadsafe(self._tell, environment, packages)

    def _tell(self, environment: str, packages: list[str]) -> None:
        kernel_id, start, cell_id = self._latest[environment]
        if self._launcher.start_of(kernel_id) is not start or start.environment != environment:
            return  # It has gone on to another.
        said = f"files of {', '.join(packages)} were edited" if packages else "its files were changed"
        self._note(kernel_id, start, CellDrift(cell_id, _changed(said), [], True))
        task = asyncio.create_task(self._mend(start))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _mend(self, start: Start, id: str = "") -> None:
        if start.declaration is not None:
            await self._environments.mend(start.declaration, id)

    def _note(self, kernel_id: str, start: Start, found: CellDrift) -> None:
        log.warning("%s, cell %s: %s", start.notebook, found.cell_id, found.message)
        start.drift[found.cell_id] = found
        self._on_change(kernel_id)


def _changed(what: str) -> str:
    return (
        f"After this cell the environment, which is shared, was not what had been published: {what}. It is built again "
        "without that."
    )
