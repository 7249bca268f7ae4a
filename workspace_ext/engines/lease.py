"""What the scheduler of a gateway's cluster is sent, as text: where nobody says any more that it is wanted it ends."""

from __future__ import annotations

import asyncio
from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin

LOOK_SECONDS = 5.0


class LeasePlugin(SchedulerPlugin):  # type: ignore[misc]
    """One per cluster, whose sign of life is what ``atrium`` and the resource are in the scheduler's metadata."""

    name = "atrium-lease"

    def __init__(self, resource: str, grace: float) -> None:
        self._resource, self._grace = resource, grace

    async def start(self, scheduler: Any) -> None:
        """Called by Dask."""
        self._watching = asyncio.ensure_future(self._watch(scheduler))

    async def _watch(self, scheduler: Any) -> None:
        loop = asyncio.get_running_loop()
        sign, signed = None, loop.time()
        while loop.time() - signed < self._grace:
            await asyncio.sleep(LOOK_SECONDS)
            if (now := scheduler.get_metadata(keys=["atrium", self._resource], default=None)) != sign:
                sign, signed = now, loop.time()
        # The gateway would start again what ends by itself.
        await scheduler.services["gateway"].gateway.shutdown()
