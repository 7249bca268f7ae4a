"""Makes the processes be what the store desires, and survives a restart of the server."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..environments.service import Declaration, Environment, Environments
from ..kit.clock import duration
from ..kit.errors import AtriumError, Conflict, pack
from ..kit.events import Events
from ..kit.home import Home
from ..kit.reconciler import Reconciler
from ..kit.storage import Storage
from .engine import Choice, EngineProcess, EngineState
from .existing import existing, probe
from .extras import extras, extras_of
from .gpus import chosen
from .greeting import greet
from .limits import engine_of, is_sized
from .sign_ins import SignIns
from .store import ClusterRow

log = logging.getLogger(__name__)

ROOM = "clusters"
RENEW_SECONDS = 30.0
LOOK_SECONDS = 1.0
START_SECONDS = 240.0
# Where the environment is built on other machines meanwhile.
BUILD_SECONDS = 1200.0


# What a cluster is started from, and the lines by which its engine signs in elsewhere.
Prepared = tuple[Declaration, Environment, tuple[str, ...]]


@dataclass
class Actual:
    """What is known of a cluster's process. ``digest`` is the declaration that it was started from, ``building`` the
    one that is being built for it, ``gpus`` what it is started with, ``touched`` the time of the last change that a
    person made."""

    phase: str = "stopped"
    message: str = ""
    engine: EngineProcess | None = None
    state: EngineState = field(default_factory=EngineState)
    digest: str = ""
    environment: str = ""
    building: str = ""
    gpus: Choice | None = None
    since: float = 0.0
    renewed: float = 0.0
    touched: float = 0.0


class Supervisor:
    """One reconciler over all clusters; ``actual`` is what the routes read."""

    def __init__(
        self, home: Home, storage: Storage, events: Events, environments: Environments, sign_ins: SignIns
    ) -> None:
        self._sign_ins = sign_ins
        self._home = home
        self._storage = storage
        self._events = events
        self._environments = environments
        self._actual: dict[str, Actual] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._reconciler = Reconciler("cluster", self._reconcile)
        self._building: dict[str, asyncio.Task[Prepared]] = {}
        self._restart: set[str] = set()

    def actual(self, id: str) -> Actual:
        return self._actual.setdefault(id, Actual())

    async def start(self) -> None:
        """Adopt what runs, start what should. On the event loop."""
        for id in await asyncio.to_thread(self._known):
            self._reconciler.add(id)

    async def close(self) -> None:
        """Stop looking. The clusters run on."""
        await self._reconciler.close()

    def look(self, id: str, restart: bool = False) -> None:
        """The desired state of ``id`` has changed. On the event loop."""
        if restart:
            self._restart.add(id)
        self.actual(id).touched = time.time()
        # A build for a cluster that is no longer wanted must not hold its stopping up.
        if (building := self._building.get(id)) is not None:
            building.cancel()
        self._reconciler.add(id)

    def restarting(self, id: str) -> bool:
        """Whether something else is about to take the place of what runs."""
        return id in self._restart

    async def changed(self, id: str, timeout: float) -> None:
        """Return when something about ``id`` changes, or after ``timeout`` seconds."""
        event = self._changed.setdefault(id, asyncio.Event())
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            return

    def _known(self) -> list[str]:
        with self._storage.session() as session:
            return [row.id for row in session.query(ClusterRow)]

    def _row(self, id: str) -> ClusterRow | None:
        with self._storage.session() as session:
            return session.get(ClusterRow, id)

    async def _reconcile(self, id: str) -> float | None:
        row = await asyncio.to_thread(self._row, id)
        actual = self.actual(id)
        if actual.engine is None:
            await asyncio.to_thread(self._adopt, id, actual)
        if row is None or row.desired != "running":
            self._restart.discard(id)
            await self._stop(id, actual)
            if row is None:
                self._actual.pop(id, None)
                self._notify(id, "deleted")
            else:
                self._say(id, "failed" if row.problem else "stopped")
            return None
        if actual.engine is None or id in self._restart:
            return await self._start(row, actual)
        return await self._watch(row, actual, actual.engine)

    async def _stop(self, id: str, actual: Actual) -> None:
        if actual.engine is not None:
            self._say(id, "stopping")
            await asyncio.to_thread(actual.engine.stop)
            actual.engine, actual.state = None, EngineState()

    async def _start(self, row: ClusterRow, actual: Actual) -> float | None:
        """What runs goes on until the environment that it makes way for is there."""
        serving = actual.engine is not None and await asyncio.to_thread(actual.engine.alive)
        if serving:
            self._say(row.id, actual.phase, "building the environment that it restarts in")
        else:
            self._say(row.id, "building", "building its environment")
        task = asyncio.ensure_future(self._prepare(row, actual, serving))
        self._building[row.id] = task
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=LOOK_SECONDS)
                if serving and actual.engine is not None:
                    await self._renew(actual, actual.engine)
            if task.cancelled():
                return 0.0  # The desired state has changed meanwhile.
            declaration, environment, sign_in = task.result()
        except AtriumError as error:
            self._restart.discard(row.id)
            if serving:
                log.warning("cluster %s serves on: %s", row.id, error)
                await asyncio.to_thread(self._complain, row.id, error)
                self._say(row.id, actual.phase, fresh=True)
                return 0.0
            await self._fail(row.id, error)
            return None
        finally:
            task.cancel()  # Where the server stops meanwhile.
            self._building.pop(row.id, None)
            actual.building = ""
        await self._stop(row.id, actual)
        self._restart.discard(row.id)
        if row.problem:
            await asyncio.to_thread(self._complain, row.id, None)
        actual.digest, actual.environment = declaration.digest, environment.id
        folder = self._home.clusters / row.id
        actual.engine = await asyncio.to_thread(self._launch, row, environment, folder, sign_in, actual.gpus)
        (folder / "origin.json").write_text(json.dumps([actual.digest, actual.environment]))
        actual.since = actual.renewed = time.monotonic()
        self._say(row.id, "starting")
        return 0.2

    async def _prepare(self, row: ClusterRow, actual: Actual, serving: bool) -> Prepared:
        if row.gpus:  # The driver may be another one by now.
            actual.gpus = await asyncio.to_thread(chosen, self._home, row.gpus)
            await self._fit(row, "\n".join(extras(row.kind, gpus=actual.gpus)))
        declaration = await asyncio.to_thread(self._environments.of_notebook, row.notebook, extras_of(row))
        engine = engine_of(row.address)
        sign_in = await asyncio.to_thread(self._sign_ins.of, row.created_by, row.address)
        if engine in ("existing", "existing_spark"):
            await asyncio.to_thread(greet, row.kind, row.address, declaration)
        actual.building = declaration.digest
        environment = await self._environments.ensure(declaration)
        # A gateway starts a scheduler to answer that: once.
        if engine == "existing" or (engine == "gateway" and not row.extras):
            runtime = await asyncio.to_thread(self._environments.runtime)
            fitting = await asyncio.to_thread(probe, environment, declaration.python, runtime, row.address, sign_in)
            if await self._fit(row, fitting):
                declaration = await asyncio.to_thread(self._environments.of_notebook, row.notebook, extras_of(row))
                actual.building = declaration.digest
                environment = await self._environments.ensure(declaration)
        if engine and row.kind == "dask" and serving and environment.id != actual.environment:
            await self._rehearse(row, environment, sign_in)
        return declaration, environment, sign_in

    async def _rehearse(self, row: ClusterRow, environment: Environment, sign_in: tuple[str, ...]) -> None:
        """Have the scheduler's hosts build the environment, while what runs on them serves on.

        Raises
        ------
        Failed, Conflict
            None of them can have it; it took too long.
        """
        folder = self._home.clusters / row.id / "next"
        if (left := await asyncio.to_thread(EngineProcess.adopt, folder)) is not None:
            await asyncio.to_thread(left.stop)
        trial = await asyncio.to_thread(self._launch, row, environment, folder, sign_in)
        deadline = time.monotonic() + BUILD_SECONDS
        try:
            while (await asyncio.to_thread(trial.state)).state != "running":
                if not await asyncio.to_thread(trial.alive):
                    raise trial.failure()
                if time.monotonic() > deadline:
                    raise _slow(BUILD_SECONDS)
                await asyncio.to_thread(trial.renew)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await asyncio.shield(asyncio.to_thread(trial.stop))

    async def _fit(self, row: ClusterRow, extras: str) -> bool:
        """Have clients need these from now on; whether they did not."""
        if extras == row.extras:
            return False
        await asyncio.to_thread(self._keep_extras, row.id, extras)
        self._events.publish("environments", "", "changed")
        row.extras = extras
        return True

    def _keep_extras(self, id: str, extras: str) -> None:
        with self._storage.session() as session:
            if (row := session.get(ClusterRow, id)) is not None:
                row.extras = extras

    def _launch(
        self,
        row: ClusterRow,
        environment: Environment,
        folder: Path,
        sign_in: tuple[str, ...],
        gpus: Choice | None = None,
    ) -> EngineProcess:
        elsewhere = existing(row.id, row.address, environment, sign_in) if row.address else None
        return EngineProcess.start(
            environment.python, "spark" if row.kind == "spark" else "dask", row.minimum, row.maximum, folder,
            self._environments.runtime(), memory=row.memory, threads=row.threads,
            # A task may read the workspace's tables; it writes none, as it does not know on whose branch it runs.
            variables={"ATRIUM_TABLES": str(self._home.tables_main), "ATRIUM_TABLES_READONLY": "1"},
            existing=elsewhere, gpus=gpus,
        )  # fmt: skip

    def _adopt(self, id: str, actual: Actual) -> None:
        folder = self._home.clusters / id
        actual.engine = EngineProcess.adopt(folder)
        if actual.engine is not None:
            actual.since = time.monotonic()
            try:
                actual.digest, actual.environment = json.loads((folder / "origin.json").read_text())
            except (OSError, ValueError):
                actual.digest = actual.environment = ""

    async def _watch(self, row: ClusterRow, actual: Actual, engine: EngineProcess) -> float | None:
        alive = await asyncio.to_thread(engine.alive)
        state = await asyncio.to_thread(engine.state)
        if not alive:
            await asyncio.to_thread(engine.stop)  # What it left behind, if it was killed.
            actual.engine = None
            if state.state == "stopped":
                await asyncio.to_thread(self._settle, row.id, None, f"{state.message}.")
                self._say(row.id, "stopped")
            else:
                await self._fail(row.id, engine.failure())
            return None
        await self._renew(actual, engine)
        limit = BUILD_SECONDS if row.address else START_SECONDS
        if state.state != "running" and time.monotonic() - actual.since > limit:
            await asyncio.to_thread(engine.stop)
            actual.engine = None
            await self._fail(row.id, _slow(limit))
            return None
        if _idle(row, actual, state):
            note = f"Stopped after {duration(row.idle_seconds)} without work."
            await asyncio.to_thread(self._settle, row.id, None, note)
            self._notify(row.id, "idle")
            return 0.0
        if (
            row.kind == "dask"
            and is_sized(row.address)
            and state.state == "running"
            and _size(state) != (row.minimum, row.maximum)
        ):
            await asyncio.to_thread(engine.resize, row.minimum, row.maximum)
        fresh = state != actual.state
        actual.state = state
        self._say(row.id, "running" if state.state == "running" else "starting", state.message, fresh)
        return LOOK_SECONDS if state.state == "running" else 0.2

    async def _renew(self, actual: Actual, engine: EngineProcess) -> None:
        if time.monotonic() - actual.renewed > RENEW_SECONDS:
            actual.renewed = time.monotonic()
            await asyncio.to_thread(engine.renew)

    async def _fail(self, id: str, error: AtriumError) -> None:
        log.warning("cluster %s: %s", id, error)
        await asyncio.to_thread(self._settle, id, error)
        self._say(id, "failed", error.message)

    def _settle(self, id: str, error: AtriumError | None, note: str = "") -> None:
        """Nothing is desired any more until somebody says so."""
        with self._storage.session() as session:
            if (row := session.get(ClusterRow, id)) is not None:
                row.desired, row.note = "stopped", note
                row.problem = json.dumps(pack(error)) if error else None

    def _complain(self, id: str, error: AtriumError | None) -> None:
        """What it could not do, although it runs."""
        with self._storage.session() as session:
            if (row := session.get(ClusterRow, id)) is not None:
                row.problem = json.dumps(pack(error)) if error else None

    def _say(self, id: str, phase: str, message: str = "", fresh: bool = False) -> None:
        actual = self.actual(id)
        if fresh or (phase, message) != (actual.phase, actual.message):
            actual.phase, actual.message = phase, message
            self._notify(id, phase)

    def _notify(self, id: str, action: str) -> None:
        self._events.publish(ROOM, id, action)
        if (event := self._changed.pop(id, None)) is not None:
            event.set()


def _idle(row: ClusterRow, actual: Actual, state: EngineState) -> bool:
    """Whether it has had nothing to do, and nobody has touched it, for as long as it may."""
    if not row.idle_seconds or state.state != "running" or state.idle_since is None:
        return False
    return time.time() - max(state.idle_since, actual.touched) > row.idle_seconds


def _slow(seconds: float) -> Conflict:
    return Conflict("cluster_slow", f"The cluster did not start within {seconds:.0f} s.", "Restart it.")


def _size(state: EngineState) -> tuple[int, int]:
    return state.minimum, state.maximum
