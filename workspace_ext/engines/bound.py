"""Work on a scheduler that others use too, bound to the workers of one environment.

Those workers offer a resource of their own. Every task that goes through a bound client asks for it, so that it waits
rather than run anywhere else, and is named as the environment's own: Dask takes two tasks of one name for the same, and
would answer with what another environment has computed. The workers of other hosts are sent this file as it is: it
imports nothing but Dask.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import pickle
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import cloudpickle  # type: ignore[import-not-found]
import dask
from dask._task_spec import convert_legacy_graph
from distributed import Client, Worker
from distributed.comm import CommClosedError
from distributed.shuffle._core import P2PBarrierTask

# In the variables of a bound worker: the resource that it offers.
VARIABLE = "ATRIUM_RESOURCE"

# Dask's own way gives parts of the data to workers of whatever environment, where they would wait for ever.
SHUFFLES = {"dataframe.shuffle.method": "tasks", "array.rechunk.method": "tasks"}

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
        self._mark = "-" + hashlib.sha256(resource.encode()).hexdigest()[:16]
        dask.config.set(SHUFFLES)
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
        self, expr: Any, keys: Any, *given: Any,
        resources: Any = None, allow_other_workers: Any = None, internal_priority: Any = None, **options: Any
    ) -> Any:  # fmt: skip
        told = dask.get_annotations()
        wanted = {**told.get("resources", {}), **(resources or {}), self._resource: 1}
        if allow_other_workers or told.get("allow_other_workers") or LOOSE & _annotated(expr):
            raise ValueError(
                "Tasks of this cluster keep to the workers of their environment: allow_other_workers is not possible, "
                "and resources are asked for where the work is submitted, not where a collection is made."
            )
        names = {key: _own(key, self._mark) for key in keys}
        if internal_priority:
            options["internal_priority"] = {_own(key, self._mark): one for key, one in internal_priority.items()}
        futures = super()._graph_to_futures(
            _marked(expr, self._mark), list(names.values()), *given, resources=wanted, **options
        )
        return {key: futures[name] for key, name in names.items()}


class Marked:
    """A graph that becomes tasks on the scheduler, which are then named as an environment's own."""

    def __init__(self, graph: Any, mark: str) -> None:
        self._graph, self._mark = graph, mark

    def __dask_graph__(self) -> dict[Any, Any]:
        return _renamed(self._graph.__dask_graph__(), self._mark)

    def __dask_annotations__(self) -> dict[str, dict[Any, Any]]:
        told = self._graph.__dask_annotations__()
        return {kind: {_own(key, self._mark): one for key, one in each.items()} for kind, each in told.items()}


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


def _own(key: Any, mark: str) -> Any:
    """What a task is called, so that it is an environment's own."""
    if isinstance(key, tuple):
        return (_own(key[0], mark), *key[1:])
    name = key if isinstance(key, str) else repr(key)
    return name if name.endswith(mark) else name + mark


def _renamed(graph: Any, mark: str) -> dict[Any, Any]:
    """The tasks of a graph, each under its own name."""
    tasks = convert_legacy_graph(graph)
    if any(isinstance(task, P2PBarrierTask) for task in tasks.values()):
        raise ValueError(
            "On this cluster, which others use too, data is not shuffled from worker to worker: "
            "leave out method='p2p', or write method='tasks'."
        )
    names = {key: _own(key, mark) for key in tasks}
    return {names[key]: task.substitute(names, key=names[key]) for key, task in tasks.items()}


def _marked(graph: Any, mark: str) -> Any:
    # Before version 2025.4 a graph of Dask's is a mapping, of layers that are not to keep what they are made to here.
    if isinstance(graph, Mapping):
        layers = map(copy.copy, getattr(graph, "layers", {"": graph}).values())
        return _renamed({key: task for layer in layers for key, task in layer.items()}, mark)
    if type(graph).__name__ == "LLGExpr":
        return type(graph)(_renamed(graph.__dask_graph__(), mark), _determ_token=uuid.uuid4().hex)
    return Marked(graph, mark)


def _annotated(graph: Any) -> set[str]:
    """What parts of a graph ask for on their own."""
    if hasattr(graph, "__dask_annotations__"):
        return set(graph.__dask_annotations__())
    layers = getattr(graph, "layers", {}).values()
    return {name for layer in layers for name in getattr(layer, "annotations", None) or {}}
