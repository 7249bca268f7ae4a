"""A Dask cluster in a process: scheduler and workers on this machine, all from this very interpreter.

    ENV/bin/python -m workspace_ext.engines.dask --state FILE --minimum 1 --maximum 4

It ends cleanly on SIGTERM, or by itself when nobody has touched its lease for the grace period.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import signal
import sys
import time
from typing import Any

from workspace_ext.engines import fork_server, gpu
from workspace_ext.engines.process import Settings, Size, State, StateFile, explain, parse_settings
from workspace_ext.errors import ClusterError

# Work that would keep one worker busy for longer than this brings another one. Dask's own five seconds leave
# a handful of long tasks, such as one model per store, on a single worker.
TARGET_DURATION = "500ms"

# Evaluations (one a second) that a worker must be idle in a row before it is let go.
IDLE_EVALUATIONS = 30

CLOSE_SECONDS = 20.0

# It would lead on to workers' pages, and needs a proxy of its own for that.
LEADING_ON = "distributed.http.proxy"


async def start(settings: Settings) -> Any:
    """Start the scheduler and the first workers. Returns a `distributed.LocalCluster`."""
    from distributed import LocalCluster

    from workspace_ext.engines import membership

    prepare_pages()
    if settings.gpus:
        kind, of_kind = gpu.cluster(settings)
    else:
        fork_server.use()
        kind, of_kind = LocalCluster, {"n_workers": settings.minimum}
    cluster = kind(
        threads_per_worker=settings.threads,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        local_directory=str(settings.state.parent / "scratch"),
        asynchronous=True,
        **{"startup_information": {membership.ENVIRONMENT: membership.environment}}
        | ({"memory_limit": settings.memory} if settings.memory else {})
        | of_kind,
    )
    cluster.scheduler_spec["cls"] = membership.OwnWorkersOnly
    await cluster
    # Where both are the same, too: a worker that is lost for good is replaced.
    adapt(cluster, settings.minimum, settings.maximum)
    return cluster


def prepare_pages() -> None:
    """Have schedulers that are made from now on serve no page but those that are shown here."""
    import dask

    routes = [one for one in dask.config.get("distributed.scheduler.http.routes") if one != LEADING_ON]
    dask.config.set({"distributed.scheduler.http.routes": routes})


def stuck(scheduler: Any) -> str:
    """What is waited for that no worker has, such as a GPU on a cluster without; "" when nothing is."""
    asked = [each.resource_restrictions or {} for each in scheduler.unrunnable]
    missing = {name for each in asked for name in each if not scheduler.resources.get(name)}
    if not missing or not scheduler.workers:
        return ""
    count = sum(not missing.isdisjoint(each) for each in asked)
    waiting = "1 task waits" if count == 1 else f"{count} tasks wait"
    return f"{waiting} for {' and '.join(sorted(missing))}, which no worker has"


def adapt(cluster: Any, minimum: int, maximum: int) -> None:
    """Let it have between `minimum` and `maximum` workers from now on, by how much there is to do."""
    cluster.adapt(minimum=minimum, maximum=maximum, target_duration=TARGET_DURATION, wait_count=IDLE_EVALUATIONS)


async def show(scheduler: Any) -> str:
    """Give the scheduler its pages, and return where they are; "" without a Bokeh that this Dask can draw with.

    They take a second to import, for which nobody who waits for the cluster should wait.
    """
    try:
        pages = await asyncio.to_thread(importlib.import_module, "distributed.dashboard.scheduler")
    except ImportError as error:
        print(f"The cluster cannot be watched: {error}", file=sys.stderr)
        return ""
    pages.connect(scheduler.http_application, scheduler.http_server, scheduler, prefix="")
    return f"http://127.0.0.1:{scheduler.http_server.port}"


class Idleness:
    """Since when a scheduler has had nothing to do."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._transitions = -1
        self._since: float | None = None

    def look(self) -> float | None:
        """In seconds since 1970; None while it works. Results that are only kept are no work."""
        scheduler = self._scheduler
        moved = scheduler.transition_counter != self._transitions
        self._transitions = scheduler.transition_counter
        waiting = scheduler.queued or scheduler.unrunnable
        if moved or waiting or any(worker.processing for worker in scheduler.workers.values()):
            self._since = None
        elif self._since is None:
            self._since = time.time()
        return self._since


async def watch(cluster: Any, settings: Settings, file: StateFile, stop: asyncio.Event) -> str:
    """Report until the cluster shall end. Returns why."""
    file.update(state="running", address=cluster.scheduler_address, workers=len(cluster.scheduler.workers))
    file.update(dashboard=await show(cluster.scheduler))
    idleness, size = Idleness(cluster.scheduler), Size(settings.state)
    while not stop.is_set():
        scheduler = cluster.scheduler
        file.update(workers=len(scheduler.workers), idle_since=idleness.look(), message=stuck(scheduler))
        if settings.gpus and (lost := await asyncio.to_thread(gpu.lost, cluster)):
            raise ClusterError(lost)
        if (wanted := size.wanted()) is not None:
            adapt(cluster, *wanted)
            file.update(minimum=wanted[0], maximum=wanted[1])
        if settings.lease.expired():
            return "Nobody used it"
        if cluster.scheduler.status.name != "running":
            raise RuntimeError(f"The scheduler is {cluster.scheduler.status.name}")
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)
    return "Stopped"


async def run(settings: Settings, file: StateFile) -> int:
    """Be the cluster until it shall end. Returns the exit status."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starting = asyncio.ensure_future(start(settings))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        # Workers end by themselves when the process that started them has gone.
        starting.cancel()
        file.close("stopped", "Stopped while starting")
        return 0
    try:
        cluster = starting.result()
        reason = await watch(cluster, settings, file, stop)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(cluster.close(), CLOSE_SECONDS)
    except Exception as error:
        file.close("failed", explain(error))
        raise
    file.close("stopped", reason)
    return 0


def main() -> int:
    """Start, report and end one cluster."""
    settings = parse_settings("dask")
    file = StateFile(settings.state, State(settings.minimum, settings.maximum))
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        file.close("failed", f"This environment has no Dask: {error}. Attach the cluster again to add it.")
        return 1
    return asyncio.run(run(settings, file))


if __name__ == "__main__":
    sys.exit(main())
