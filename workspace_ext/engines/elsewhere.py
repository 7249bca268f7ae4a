"""What a scheduler that others use too is sent, as text: their tasks go to workers of theirs.

Dask gives a task that asks for nothing to any worker, also to one of an environment of ours, whose packages it does
not expect. `bound.BoundWorker` hands such a task back; the plugin sees to it that it then goes elsewhere.
"""

from __future__ import annotations

from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin

# What the resources of all environments begin with.
OURS = "atrium-"


class ElsewherePlugin(SchedulerPlugin):  # type: ignore[misc]
    """One per scheduler, however many environments are on it."""

    name = "atrium-elsewhere"

    async def start(self, scheduler: Any) -> None:
        """Called by Dask."""
        self._scheduler = scheduler

    def transition(self, key: Any, start: str, finish: str, *_given: Any, **_told: Any) -> None:
        """A task has a worker: one that must not be ours is restricted to the others, for when it is handed back."""
        task = self._scheduler.tasks.get(key) if finish == "processing" else None
        if task is None or task.processing_on is None:
            return
        if not ours(task.processing_on.resources) or ours(task.resource_restrictions):
            return
        others = {address for address, one in self._scheduler.workers.items() if not ours(one.resources)}
        task.worker_restrictions = others & set(task.worker_restrictions or others) or others
        # Where those have gone meanwhile it waits here, and is looked at again.
        task.loose_restrictions = True


def ours(resources: Any) -> bool:
    """Whether they are offered by, or asked of, a worker of an environment."""
    return any(name.startswith(OURS) for name in resources or ())
