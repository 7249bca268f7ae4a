"""Running kernels follow what their notebooks declare, where that only adds packages; otherwise they say why not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ..environments.additions import NotAdditive
from ..environments.drift import missing
from ..environments.service import Declaration, Environment, Environments
from ..kit.errors import AtriumError
from .connection import KernelConnection, KernelDied
from .launch import KernelLauncher, Start

log = logging.getLogger(__name__)

SOON = 5.0
"""Seconds that one waits for a kernel; one that runs a cell follows after it."""


class Following:
    """Moves kernels. On the event loop.

    Parameters
    ----------
    manager
        Jupyter's manager of a kernel, by its id; None if it is gone.
    on_change
        Told the kernel's id when something about it has changed.
    """

    def __init__(
        self,
        environments: Environments,
        launcher: KernelLauncher,
        manager: Callable[[str], Any],
        on_change: Callable[[str], None],
    ) -> None:
        self._environments = environments
        self._launcher = launcher
        self._manager = manager
        self._on_change = on_change
        self._moves: dict[str, asyncio.Task[None]] = {}

    def moving(self, kernel_id: str) -> bool:
        """Whether it is about to go on in another environment."""
        return kernel_id in self._moves

    async def follow(self, kernel_id: str) -> None:
        """Have the kernel go on in what its notebook declares now, if that is built and only adds to what it runs in.
        How that ends is in its status."""
        start = self._launcher.start_of(kernel_id)
        if start is None or start.state != "started":
            return
        if (move := self._moves.get(kernel_id)) is None:
            try:
                declaration = await asyncio.to_thread(self._environments.of_notebook, start.notebook)
            except AtriumError:
                return  # The environment's chip says so.
            after = await asyncio.to_thread(self._environments.find, declaration)
            if after is None or start.stays.get(after.id):
                return
            # Who came meanwhile is served by the same move.
            move = self._moves.get(kernel_id) or self._begin(kernel_id, start, declaration, after)
        await asyncio.wait({move}, timeout=SOON)

    async def close(self) -> None:
        """Moves that wait for a cell are given up."""
        for move in (moves := list(self._moves.values())):
            move.cancel()
        await asyncio.gather(*moves, return_exceptions=True)

    def _begin(self, kernel_id: str, start: Start, declaration: Declaration, after: Environment) -> asyncio.Task[None]:
        move = self._moves[kernel_id] = asyncio.create_task(self._move(kernel_id, start, declaration, after))

        def ended(_: asyncio.Task[None]) -> None:
            del self._moves[kernel_id]
            self._on_change(kernel_id)

        move.add_done_callback(ended)
        self._on_change(kernel_id)
        return move

    async def _move(self, kernel_id: str, start: Start, declaration: Declaration, after: Environment) -> None:
        if after.id == start.environment:
            start.declaration, start.stays = declaration, {}
            return
        try:
            if start.declaration is not None:
                await self._environments.ensure(start.declaration)  # If it was changed meanwhile, it is built again.
            packages, expression = await asyncio.to_thread(self._environments.beyond, start.environment, after)
            if why := await self._ask(kernel_id, expression):
                raise NotAdditive(why)
        except KernelDied:
            return  # The next one starts in what is declared then.
        except AtriumError as error:
            start.stays[after.id] = error.message
            log.info("The kernel of %s stays in its environment: %s", start.notebook, error.message)
            return
        start.environment, start.declaration, start.stays = after.id, declaration, {}
        start.added += packages
        start.packages += packages
        # Noticed before, and mended now.
        mended = [id for id, one in start.drift.items() if one.packages and not missing(one.packages, start.packages)]
        for id in mended:
            del start.drift[id]
        start.sight = None
        log.info("The kernel of %s goes on in %s: %d packages more.", start.notebook, after.id, len(packages))

    async def _ask(self, kernel_id: str, expression: str) -> str:
        if (manager := self._manager(kernel_id)) is None:
            raise KernelDied
        connection = KernelConnection(manager, lambda _: None)
        try:
            await connection.open()
            return await connection.ask(expression)
        finally:
            await connection.close()
