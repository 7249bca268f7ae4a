"""What can be done with environments: declare, ensure, follow, cancel."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from workspace_ext.contract.environments import (
    BuildPhase,
    Collected,
    EnvironmentDetail,
    EnvironmentReport,
    EnvironmentStatus,
    GiveConsent,
    Package,
    Proposal,
    TrustedLine,
    WrittenLock,
)
from workspace_ext.contract.operations import WireError

from ..kit.errors import AtriumError, Conflict
from ..kit.events import Events
from ..kit.home import Home
from ..kit.operations import Handle, Operations
from ..projects.ports import NobodyHasAnythingOpen, OpenDocuments
from . import additions, build, held, locking, proposals, room, runtime
from .build import Environment, build_blocking
from .declaration import Declaration, Place, declare, locate
from .errors import Cancelled, Unbuildable, detail_of
from .ports import Base, Extras, NoExtras, no_base
from .report import report
from .trust import NOTHING, Agreed, Trust, Trusted
from .uv import Uv

__all__ = ["Declaration", "Environment", "Environments", "Place", "build_blocking", "declare", "locate"]

log = logging.getLogger(__name__)

ROOM = "environments"
COLLECT = 1800.0
INSPECT = 60.0
TOGETHER = 3
EVERY = 0.25
FAILURES_KEPT = 200


@dataclass
class _Build:
    """One that runs. ``outcome`` is awaited by everybody who wants it."""

    declaration: Declaration
    outcome: asyncio.Future[Environment]
    operation: str = ""
    phase: BuildPhase = "waiting"
    message: str = "waiting"
    done: int = 0
    total: int = 0
    published: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)


class Environments:
    """The environments room.

    Parameters
    ----------
    uv
        The uv executable; default ``ATRIUM_UV`` or the one installed beside the server.
    extras
        What notebooks need beyond what their project declares.
    trust
        What owners of projects have agreed to; without it nothing.
    """

    def __init__(
        self,
        home: Home,
        events: Events,
        operations: Operations,
        uv: str | None = None,
        extras: Extras | None = None,
        trust: Trust | None = None,
    ) -> None:
        self.home = home
        self.extras: Extras = extras or NoExtras()
        self.trust = trust
        self._events = events
        self._operations = operations
        self._uv = uv
        self._builds: dict[str, _Build] = {}
        self._failures: dict[str, AtriumError] = {}
        self._threads = ThreadPoolExecutor(TOGETHER, thread_name_prefix="build")
        self.documents: OpenDocuments = NobodyHasAnythingOpen()
        self.base: Base = no_base
        self.project: Callable[[str], str] = lambda _notebook: ""
        self.may_consent: Callable[[str, str], bool] = lambda _person, _notebook: False
        self._runtime: Path | None = None
        self._closed = threading.Event()
        self.on_edited: Callable[[str, list[str]], object] = lambda _id, _packages: None
        """Told, from any thread, that files of an environment are not as published, and the packages they are of."""
        self._inspected: dict[str, float] = {}

    def start(self) -> None:
        """Remove what killed builds left; see now and then that all is as it was published, and make room."""
        build.sweep(self.home)
        threading.Thread(target=self._look_after, name="environments", daemon=True).start()

    def close(self) -> None:
        """After the operations have been cancelled."""
        self._closed.set()
        self._threads.shutdown(wait=False)

    def collect(self, most: int | None = None) -> Collected:
        """Make room, see :func:`workspace_server.environments.room.collect`. Takes seconds: call it from a thread."""
        return room.collect(self.home, room.limit() if most is None else most, Uv(self.home, self._uv, self._closed))

    def _look_after(self) -> None:
        self._quietly(self._inspect_all)
        while not self._closed.wait(COLLECT):
            self._quietly(self.collect)
            self._quietly(self._inspect_all)

    def _inspect_all(self) -> None:
        for id, edited in room.inspect(self.home).items():
            self.on_edited(id, edited)

    @staticmethod
    def _quietly(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            log.warning("Environments could not be looked after: %s", error)

    # What a notebook declares. Reads files: call it from a thread.

    def of_notebook(self, notebook: str, extras: Sequence[str] | None = None) -> Declaration:
        """What the notebook at this path below ``work`` declares, with what its cluster brings, or with ``extras``.

        Raises
        ------
        Invalid
            The path leaves ``work``, or a requirement file cannot be used (``Unbuildable``).
        """
        place = locate(self.home, notebook)
        brought = self.extras.of(place.notebook) if extras is None else extras
        return declare(place.folder, place.root, brought, self._trusted(place))

    def find(self, declaration: Declaration) -> Environment | None:
        """The environment if it is built already. Reads files."""
        return build.find(self.home, declaration)

    def beyond(self, before: str, after: Environment) -> tuple[Sequence[Package], str]:
        """The packages that ``after`` has beyond the environment ``before`` (its id), and what a kernel in that one
        evaluates to go on in this one: "" once it does, or why it does not.

        Raises
        ------
        NotAdditive
            More than that is different.
        """
        held.use(self.home, after.id)
        found = additions.additions(self.home, before, after)
        return found.packages, additions.expression(self.home, before, after, found)

    def detail(self, id: str) -> EnvironmentDetail:
        """Everything about a published environment."""
        return build.describe(self.home, id)

    def report(self, notebook: str) -> EnvironmentReport:
        """See :func:`workspace_server.environments.report.report`. May resolve: call it from a thread."""
        base = self.base(notebook)
        told = (base[0], partial(self.of_notebook, base[1])) if base is not None else None
        return report(self.home, self.of_notebook(notebook), told, Uv(self.home, self._uv, self._closed))

    def propose(self, notebook: str, wanted: str) -> Proposal:
        """See :func:`workspace_server.environments.proposals.propose`. Resolves: call it from a thread."""
        place = locate(self.home, notebook)
        uv = Uv(self.home, self._uv, self._closed)
        extras = self.extras.of(place.notebook)
        return proposals.propose(self.home, place, extras, wanted, uv, self._trusted(place))

    # What owners of its project have agreed to. Reads the database: call it from a thread.

    def trusted(self, notebook: str) -> list[TrustedLine]:
        """What is trusted in a notebook's project."""
        return self.trust.lines(self.project(notebook)) if self.trust is not None else []

    def give_consent(self, given: GiveConsent, by: str) -> None:
        """Agree to what the notebook's environment waits for.

        Raises
        ------
        Conflict
            It waits for something else by now, or for nothing.
        """
        try:
            asked = self.status(self.of_notebook(given.notebook)).consent
        except Unbuildable as error:
            asked = error.consent
        agreed = Agreed(given.kind, given.line, given.what)
        if self.trust is None or asked is None or Agreed.to(asked) != agreed:
            raise Conflict(
                "not_asked", "The environment does not ask for that by now.", "Look at what it asks for, and decide."
            )
        self.trust.give(self.project(given.notebook), agreed, by)
        log.info("%s trusts %s in the project of %s.", by, given.what, given.notebook)
        self._events.publish(ROOM, "", "changed")

    def revoke(self, notebook: str, id: str) -> None:
        """Trust a line no more. Environments that were built with it stay for those who run in them."""
        if self.trust is not None:
            self.trust.take_back(self.project(notebook), id)
            self._events.publish(ROOM, "", "changed")

    def _trusted(self, place: Place) -> Trusted:
        if self.trust is None or place.root is None:
            return NOTHING
        return self.trust.of(self.project(place.notebook))

    async def write(self, notebook: str, wanted: str, version: str) -> None:
        """Write what was proposed, beneath documents that are open."""
        place = locate(self.home, notebook)

        def prepare() -> list[tuple[Path, str]]:
            uv = Uv(self.home, self._uv, self._closed)
            extras = self.extras.of(place.notebook)
            return proposals.prepare(self.home, place, extras, wanted, version, uv, self._trusted(place))

        await self._write(place, await asyncio.to_thread(prepare))

    async def lock(self, notebook: str) -> WrittenLock:
        """Write the lock of what the notebook's project declares into the project. See
        :func:`workspace_server.environments.locking.write_up`."""
        place = locate(self.home, notebook)

        def prepare() -> locking.Written:
            uv = Uv(self.home, self._uv, self._closed)
            return proposals.lock(self.home, place, self.extras.of(place.notebook), uv, self._trusted(place))

        made = await asyncio.to_thread(prepare)
        await self._write(place, [((place.root or place.folder) / made.file, made.text)])
        return WrittenLock(made.file, made.changes)

    async def _write(self, place: Place, files: list[tuple[Path, str]]) -> None:
        async with self.documents.changing(place.root or place.folder):
            for path, text in files:
                await asyncio.to_thread(proposals.write, path, text)
        self._events.publish(ROOM, "", "changed")

    def restore(self, id: str) -> Environment:
        """See :func:`workspace_server.environments.build.restore`. Builds: call it from a thread."""
        return build.restore(self.home, id, self._uv)

    def python(self, environment: Environment) -> Path:
        """The interpreter of an environment."""
        return environment.python

    def runtime(self) -> Path:
        """The folder that goes on ``PYTHONPATH``: ``workspace_ext`` as kernels and workers import it."""
        if self._runtime is None or not self._runtime.is_dir():
            self._runtime = runtime.materialise(self.home)
        return self._runtime

    # Building. On the event loop.

    async def ensure(self, declaration: Declaration, owner: str = "") -> Environment:
        """The environment, building it if need be; whoever else asks meanwhile waits for the same build.

        Cancelling the one who waits does not cancel the build.

        Raises
        ------
        AtriumError
            Why there is none, in one message. A later call tries again.
        """
        if (ready := await asyncio.to_thread(build.take, self.home, declaration)) is not None:
            self._failures.pop(declaration.digest, None)
            self.inspect(ready.id)
            return ready
        return await asyncio.shield(self._begin(declaration, owner).outcome)

    def inspect(self, id: str, every: float = INSPECT) -> None:
        """Look at every file of what is being used, unless that was done ``every`` seconds ago, without letting
        anybody wait for it; ``on_edited`` is told."""
        now = time.monotonic()
        if now - self._inspected.get(id, -every) < every:
            return
        self._inspected[id] = now

        def inspect() -> None:
            if (edited := build.inspect(self.home, id)) is not None:
                self._events.publish(ROOM, "", "changed")
                self.on_edited(id, edited)

        threading.Thread(target=inspect, name="inspection", daemon=True).start()

    async def mend(self, declaration: Declaration, id: str = "") -> None:
        """An environment was changed, which is built again; ``id`` of one that was not inspected since, and that
        nobody gets any more."""
        if id:
            await asyncio.to_thread(build.inspect, self.home, id)
        self._events.publish(ROOM, "", "changed")
        self.begin(declaration)

    def begin(self, declaration: Declaration, owner: str = "") -> None:
        """Have it built without waiting."""
        self._begin(declaration, owner)

    async def cancel(self, declaration: Declaration) -> None:
        """Stop the build, if there is one, and wait until it has cleaned up."""
        if (running := self._builds.get(declaration.digest)) is not None:
            await self._operations.cancel(running.operation)

    def status(self, declaration: Declaration) -> EnvironmentStatus:
        """How it is; starts nothing. Reads files: call it from a thread."""
        status = EnvironmentStatus(
            "none", declaration.source, declaration.digest, extras=list(declaration.extras),
            python=declaration.python, also=list(declaration.also),
            lock_file=locking.state(declaration.root, declaration.source, declaration.python),
        )  # fmt: skip
        if (running := self._builds.get(declaration.digest)) is not None:
            return replace(
                status, state="building", phase=running.phase, message=running.message,
                done=running.done, total=running.total, operation=running.operation,
            )  # fmt: skip
        if (ready := self.find(declaration)) is not None:
            packages = list(ready.packages)
            return replace(status, state="ready", id=ready.id, packages=packages, count=len(packages))
        if (error := self._failures.get(declaration.digest)) is not None:
            return failed(status, error)
        return status

    def progress(self, digest: str) -> str:
        """What the build of that declaration is at, "" when there is none."""
        running = self._builds.get(digest)
        return running.message if running is not None else ""

    def _begin(self, declaration: Declaration, owner: str) -> _Build:
        digest = declaration.digest
        if (running := self._builds.get(digest)) is not None:
            return running
        running = self._builds[digest] = _Build(declaration, asyncio.get_running_loop().create_future())
        # Nobody may be waiting: the status tells as well.
        running.outcome.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._failures.pop(digest, None)
        title = f"Environment of {declaration.source or 'the base set'}"
        operation = self._operations.start(
            "environments.build", title, lambda handle: self._run(running, handle), owner, subject=digest
        )
        running.operation = operation.id
        self._events.publish(ROOM, digest, "building")
        return running

    async def _run(self, running: _Build, handle: Handle) -> dict[str, str]:
        loop = asyncio.get_running_loop()

        def report(phase: BuildPhase, message: str, done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._progress, running, handle, phase, message, done, total)

        job = self._threads.submit(build_blocking, self.home, running.declaration, report, self._uv, running.cancelled)
        work = asyncio.wrap_future(job)
        digest = running.declaration.digest
        try:
            environment = await asyncio.shield(work)
        except asyncio.CancelledError:
            running.cancelled.set()
            if not job.cancel():
                await asyncio.gather(work, return_exceptions=True)
            self._end(running, None, Cancelled())
            raise
        except Exception as error:
            self._end(running, None, error)
            raise
        self._end(running, environment, None)
        self._events.publish(ROOM, digest, "ready")
        return {"environment": environment.id}

    def _end(self, running: _Build, environment: Environment | None, error: Exception | None) -> None:
        digest = running.declaration.digest
        del self._builds[digest]
        if environment is not None:
            running.outcome.set_result(environment)
            return
        assert error is not None
        if isinstance(error, AtriumError):
            while len(self._failures) >= FAILURES_KEPT:
                del self._failures[next(iter(self._failures))]
            self._failures[digest] = error
        running.outcome.set_exception(error)
        self._events.publish(ROOM, digest, "failed")

    def _progress(
        self, running: _Build, handle: Handle, phase: BuildPhase, message: str, done: int, total: int
    ) -> None:
        fresh = phase != running.phase
        running.phase, running.message, running.done, running.total = phase, message, done, total
        if running.outcome.done() or not (fresh or time.monotonic() - running.published > EVERY):
            return
        running.published = time.monotonic()
        handle.report(message, done, total)
        self._events.publish(ROOM, running.declaration.digest, "building")


def failed(status: EnvironmentStatus, error: AtriumError) -> EnvironmentStatus:
    """The status of what cannot be built."""
    wire = WireError(error.code, error.message, error.hint, error.field)
    consent = error.consent if isinstance(error, Unbuildable) else None
    return replace(status, state="failed", error=wire, detail=detail_of(error), consent=consent)
