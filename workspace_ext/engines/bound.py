"""Work on a scheduler that others use too, bound to the workers of one environment.

Those workers offer a resource of their own. Every task that goes through a bound client asks for it, so that it waits
rather than run anywhere else. The workers of other hosts are sent this file as it is: it imports nothing but Dask.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import time
from collections.abc import Callable
from typing import Any

import cloudpickle  # type: ignore[import-not-found]
import dask
from distributed import Client, Worker
from distributed.comm import CommClosedError

# In the variables of a bound worker: the resource that it offers.
VARIABLE = "ATRIUM_RESOURCE"

# Where nobody else is there it comes back again and again.
HAND_BACK_SECONDS = 0.1

# What would let a task run where the resource is not.
LOOSE = {"resources", "allow_other_workers", "loose_restrictions"}

# The scheduler needs this module as little as those that a function uses.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class BoundClient(Client):  # type: ignore[misc]
    """A client whose tasks run on workers that offer ``resource``."""

    def __init__(self, *given: Any, resource: str, **options: Any) -> None:
        self._resource = resource
        super().__init__(*given, **options)

    def submit(self, func: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """As Dask's; the scheduler need not know the packages that ``func`` uses."""
        return super().submit(_opaque(func, options), *given, **options)

    def map(self, func: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """As Dask's; the scheduler need not know the packages that ``func`` uses."""
        return super().map(_opaque(func, options), *given, **options)

    def run(self, function: Any, *given: Any, workers: Any = None, nanny: bool = False, **options: Any) -> Any:
        """As Dask's, on the workers of this environment."""
        chosen = workers if workers is not None or nanny else self.bound_workers()
        return super().run(function, *given, workers=chosen, nanny=nanny, **options)

    def scatter(self, data: Any, workers: Any = None, **options: Any) -> Any:
        """As Dask's, to the workers of this environment."""
        return super().scatter(data, workers=workers or self.bound_workers(), **options)

    def bound_workers(self) -> list[str]:
        """The addresses of the workers that its tasks run on, as last heard of."""
        workers = self.scheduler_info(n_workers=-1)["workers"]
        return [address for address, one in workers.items() if self._resource in one.get("resources", {})]

    def _graph_to_futures(
        self, *given: Any, resources: Any = None, allow_other_workers: Any = None, **options: Any
    ) -> Any:
        graph = given[0] if given else options.get("expr", options.get("dsk"))
        told = dask.get_annotations()
        wanted = {**told.get("resources", {}), **(resources or {}), self._resource: 1}
        if allow_other_workers or told.get("allow_other_workers") or LOOSE & _annotated(graph):
            raise ValueError(
                "Tasks of this cluster keep to the workers of their environment: allow_other_workers is not possible, "
                "and resources are asked for where the work is submitted, not where a collection is made."
            )
        return super()._graph_to_futures(*given, resources=wanted, **options)


class BoundWorker(Worker):  # type: ignore[misc]
    """A worker that takes tasks of its environment only, which submit further ones to workers like itself."""

    _client: Client | None

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._take = self.stream_handlers["compute-task"]
        self.stream_handlers["compute-task"] = self._look

    def _look(self, **task: Any) -> None:
        """Take a task, or hand it back: Dask gives those that ask for nothing to any worker."""
        if os.environ[VARIABLE] in (task.get("resource_restrictions") or ()):
            self._take(**task)
        else:
            self.loop.call_later(HAND_BACK_SECONDS, self._hand_back, task["key"])

    def _hand_back(self, key: Any) -> None:
        with contextlib.suppress(CommClosedError):
            self.batched_stream.send({"op": "reschedule", "key": key, "stimulus_id": f"not-ours-{time.time()}"})

    def _get_client(self, timeout: float | None = None) -> Client:
        if self._client is None:
            self._client = BoundClient(
                self.scheduler, resource=os.environ[VARIABLE], loop=self.loop, security=self.security,
                set_as_default=True, asynchronous=False, direct_to_workers=True, name="worker", timeout=timeout,
            )  # fmt: skip
            Worker._initialized_clients.add(self._client)
        return super()._get_client(timeout)


def _opaque(function: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    """The same function, which only whoever calls it unpickles. Of an actor, Dask has to see the class."""
    if options.get("actor") or options.get("actors"):
        return function
    pickled = cloudpickle.dumps(function)
    known: dict[str, Callable[..., Any]] = {}

    def call(*given: Any, **options: Any) -> Any:
        if not known:
            known["function"] = pickle.loads(pickled)
        return known["function"](*given, **options)

    call.__name__ = call.__qualname__ = getattr(function, "__name__", type(function).__name__)
    return call


def _annotated(graph: Any) -> set[str]:
    """What parts of a graph ask for on their own."""
    if hasattr(graph, "__dask_annotations__"):
        return set(graph.__dask_annotations__())
    layers = getattr(graph, "layers", {}).values()
    return {name for layer in layers for name in getattr(layer, "annotations", None) or {}}
