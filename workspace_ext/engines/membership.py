"""Only workers of a cluster's own environment join it.

    ENV/bin/dask worker tcp://127.0.0.1:PORT --preload workspace_ext.engines.membership

Dask itself takes any worker and at most warns when its packages differ. Here a worker says which environment it runs
in when it registers; one that says another, or nothing, is sent away before any task can reach it.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from distributed import Scheduler

# The keys, in what a worker says of itself when it registers: its environment, and what it lacks for this cluster.
ENVIRONMENT = "atrium-environment"
LACKS = "atrium-lacks"


def environment(_worker: Any) -> str:
    """What a worker says: the environment's folder."""
    return sys.prefix


def dask_setup(worker: Any) -> None:
    """Called by Dask in a worker that preloads this module."""
    worker.startup_information[ENVIRONMENT] = environment


class OwnWorkersOnly(Scheduler):  # type: ignore[misc]
    """A scheduler that takes workers of its own environment only; `lacking` is what one of those lacked."""

    lacking = ""

    def fits(self, found: str) -> bool:
        """Whether that, which a worker says, is the cluster's environment."""
        return found == sys.prefix

    async def add_worker(self, comm: Any, *, extra: dict[str, Any], **told: Any) -> None:
        """Let the worker join, or tell it why it may not."""
        found = str(extra.get(ENVIRONMENT, ""))
        if not self.fits(found):
            where = f"runs in {found}" if found else "does not say in which environment it runs"
            message = (
                f"This cluster takes only workers of its environment {sys.prefix}, and this one {where}. "
                f"Scale the cluster, or start {sys.prefix}/bin/dask worker with --preload {__name__}."
            )
        else:
            message = extra.get(LACKS, "")
            self.lacking = self.lacking or message
        if message:
            await comm.write({"status": "error", "message": message, "time": time.time()})
        else:
            await super().add_worker(comm, extra=extra, **told)
