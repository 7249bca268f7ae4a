"""What can be done with clusters: create, attach, detach, stop, restart, delete, and ask for the attached one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from workspace_ext.contract.clusters import (
    Attachment,
    Cluster,
    ClusterKind,
    ClusterList,
    ClusterState,
    CreateCluster,
    Gpus,
    KernelCluster,
    ScaleCluster,
)
from workspace_ext.contract.operations import WireError

from ..environments.service import Environments, Place, locate
from ..kit.clock import iso
from ..kit.errors import AtriumError, Conflict, Invalid, Unavailable, unpack
from ..kit.events import Events
from ..kit.home import Home
from ..kit.storage import Storage, new_id
from . import gpus
from .engine import EngineProcess
from .errors import failed_cluster, no_such_cluster, not_attached
from .extras import extras, extras_of
from .greeting import greet
from .limits import address_of, check_gpus, check_options, check_workers, engine_of, is_sized
from .misfit import misfit
from .names import free_name, size
from .sign_ins import SignIns
from .store import AttachmentRow, ClusterRow
from .supervisor import Supervisor

__all__ = ["Clusters", "EngineProcess", "extras"]


class Clusters:
    """The clusters room; it is also where the environments room asks for a notebook's extras."""

    def __init__(
        self, home: Home, storage: Storage, events: Events, environments: Environments, sign_ins: SignIns
    ) -> None:
        self._sign_ins = sign_ins
        self._home = home
        self._storage = storage
        self._events = events
        self._environments = environments
        self._supervisor = Supervisor(home, storage, events, environments, sign_ins)
        # What is looked up and then written is one step: two people create, attach and delete at once.
        self._writing = threading.Lock()

    async def start(self) -> None:
        """Adopt the clusters that run. On the event loop, once the database is there."""
        await self._supervisor.start()

    async def close(self) -> None:
        """The clusters run on: the next server adopts them, or they end by themselves."""
        await self._supervisor.close()

    # For other rooms. They read the database: call them from a thread.

    def of(self, notebook: str) -> Sequence[str]:
        """What the notebook's cluster brings into its environment."""
        row = self._attached(notebook)
        return extras_of(row) if row else ()

    # Reading. From a thread.

    def list(self, notebook: str | None = None) -> ClusterList:
        """Every cluster; those that fit ``notebook`` say so."""
        with self._storage.session() as session:
            rows = list(session.scalars(select(ClusterRow).order_by(ClusterRow.created)))
            notebooks: dict[str, list[str]] = {}
            for one in session.scalars(select(AttachmentRow).order_by(AttachmentRow.notebook)):
                notebooks.setdefault(one.cluster_id, []).append(_title(one.notebook))
        attached = self._attached(notebook) if notebook is not None else None
        return ClusterList(
            [self._wire(row, notebooks.get(row.id, []), notebook) for row in rows], attached.id if attached else None
        )

    def get(self, id: str) -> Cluster:
        """One cluster, with the end of its log."""
        with self._storage.session() as session:
            row = _find(session, id)
            attached = select(AttachmentRow.notebook).where(AttachmentRow.cluster_id == id)
            notebooks = [_title(one) for one in session.scalars(attached.order_by(AttachmentRow.notebook))]
        cluster = self._wire(row, notebooks, None)
        engine = EngineProcess(self._home.clusters / id, 0, 0)
        return replace(cluster, log=engine.log() if cluster.state == "failed" else "")

    def gpus(self) -> Gpus:
        """Those of this machine, and who has them."""
        return gpus.tell(self._home, self._names())

    def dashboard(self, id: str) -> str | None:
        """Where the pages of a cluster that runs are, as it says. From memory."""
        actual = self._supervisor.actual(id)
        return actual.state.dashboard if actual.phase == "running" else None

    # Changing. On the event loop.

    async def create(self, wanted: CreateCluster, owner: str) -> Attachment:
        """A cluster that runs from the notebook's environment, attached to it.

        Raises
        ------
        Invalid, Conflict, Unavailable
            It cannot be made so; its name is taken; nothing for this environment is at its address; there are too
            few GPUs.
        """
        check_workers(wanted.minimum, wanted.maximum)
        check_options(wanted)
        if wanted.address:
            await asyncio.to_thread(self._greet, wanted, owner)
        needs = await asyncio.to_thread(self._need_gpus, wanted.gpus)
        id = await asyncio.to_thread(self._create, wanted, owner, needs)
        return await self.attach(id, wanted.notebook)

    async def attach(self, id: str, notebook: str) -> Attachment:
        """Attach the notebook, and start the cluster unless it runs."""

        def change() -> bool:
            place = self._place(notebook)
            with self._writing, self._storage.session() as session:
                row = _find(session, id)
                row.desired, row.problem, row.note = "running", None, ""
                session.merge(AttachmentRow(notebook=key(place), cluster_id=id))
            return True

        return await self._reattach(notebook, change, id)

    async def detach(self, notebook: str) -> Attachment:
        """Attach the notebook to none. The cluster runs on."""

        def change() -> bool:
            with self._writing, self._storage.session() as session:
                row = session.get(AttachmentRow, key(self._place(notebook)))
                if row is not None:
                    session.delete(row)
                return row is not None

        return await self._reattach(notebook, change, None)

    async def stop(self, id: str) -> Cluster:
        """End its processes; it stays attached and can be restarted."""
        await asyncio.to_thread(self._desire, id, "stopped", None)
        self._supervisor.look(id)
        return await asyncio.to_thread(self.get, id)

    async def restart(self, id: str, notebook: str | None = None) -> Cluster:
        """Start it anew, from what ``notebook`` (default: the one that it was made for) declares now."""
        await asyncio.to_thread(self._desire, id, "running", notebook)
        self._supervisor.look(id, restart=True)
        return await asyncio.to_thread(self.get, id)

    async def scale(self, id: str, wanted: ScaleCluster) -> Cluster:
        """Between how many workers it has from now on; what runs goes on.

        Raises
        ------
        Invalid, Conflict
            The numbers are impossible; it is a Spark cluster that runs.
        """
        check_workers(wanted.minimum, wanted.maximum)

        def change() -> None:
            with self._writing, self._storage.session() as session:
                row = _find(session, id)
                if engine_of(row.address) == "hosts":
                    raise Conflict(
                        "hosts_are_its_size",
                        f"{row.name} has the workers of its hosts.",
                        "Make a cluster of other hosts.",
                    )
                if not is_sized(row.address):
                    raise Conflict(
                        "not_ours_to_scale",
                        f"The workers of {row.name} are those that are there at {row.address}.",
                        "Start or end workers there: they are found.",
                    )
                if row.kind == "spark" and row.desired == "running":
                    raise Conflict(
                        "spark_keeps_its_size",
                        f"{row.name} is a Spark cluster, which takes its number of workers when it starts.",
                        "Stop it, change the number, then start it.",
                    )
                check_gpus(row.gpus, wanted.maximum)
                row.minimum, row.maximum = wanted.minimum, wanted.maximum

        await asyncio.to_thread(change)
        self._supervisor.look(id)
        self._events.publish("clusters", id, "scaled")
        return await asyncio.to_thread(self.get, id)

    async def delete(self, id: str) -> None:
        """End it and forget it; the notebooks that were attached have none then."""

        def change() -> None:
            with self._writing, self._storage.session() as session:
                session.delete(_find(session, id))

        await asyncio.to_thread(change)
        self._supervisor.look(id)
        self._events.publish("clusters", id, "deleted")
        self._events.publish("environments", "", "changed")

    async def for_kernel(self, notebook: str, wait: float) -> KernelCluster:
        """What the notebook's kernel connects to, once it runs; waits up to ``wait`` seconds.

        Raises
        ------
        NotFound, Conflict, Unavailable
            None is attached; it does not fit the notebook; it failed, was stopped, or still starts.
        """
        row = await asyncio.to_thread(self._attached, notebook)
        if row is None:
            raise not_attached()
        deadline = time.monotonic() + wait
        while True:
            cluster = await asyncio.to_thread(self._wire, row, [], notebook)
            actual = self._supervisor.actual(row.id)
            address = actual.state.address
            if cluster.state == "running" and address and not self._supervisor.restarting(row.id):
                if (wrong := cluster.misfit) is not None:
                    failed = f"It could not be restarted in this one: {cluster.error.message}" if cluster.error else ""
                    raise Conflict(wrong.code, wrong.message, failed or wrong.hint)
                elsewhere = cluster.kind == "spark" and row.address != ""
                return KernelCluster(
                    row.id, cluster.kind, address, actual.environment, actual.state.resource, elsewhere,
                    await asyncio.to_thread(EngineProcess.security, self._home.clusters / row.id),
                )  # fmt: skip
            if cluster.state == "failed":
                raise failed_cluster(cluster.error)
            if cluster.state == "stopped" and row.desired == "stopped":
                raise Unavailable(
                    "cluster_stopped", f"The cluster {row.name} is stopped.", "Restart it from the cluster chip."
                )
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unavailable(
                    "cluster_starting", f"The cluster {row.name} is still {cluster.state}.", "Run the cell again soon."
                )
            await self._supervisor.changed(row.id, min(left, 5.0))
            row = await asyncio.to_thread(self._attached, notebook) or row

    # Inside

    def _place(self, notebook: str) -> Place:
        return locate(self._home, notebook)

    def _attached(self, notebook: str) -> ClusterRow | None:
        with self._storage.session() as session:
            attachment = session.get(AttachmentRow, key(self._place(notebook)))
            return session.get(ClusterRow, attachment.cluster_id) if attachment else None

    def _misfit(self, row: ClusterRow, notebook: str) -> WireError | None:
        declare = partial(self._environments.of_notebook, notebook, extras_of(row))
        return misfit(row, self._supervisor.actual(row.id), declare, self._environments.find)

    def _wire(self, row: ClusterRow, notebooks: Sequence[str], notebook: str | None) -> Cluster:
        actual = self._supervisor.actual(row.id)
        error = unpack(json.loads(row.problem)) if row.problem else None
        running = actual.phase == "running"
        said = row.note if row.desired == "stopped" else actual.message
        building = self._environments.progress(actual.building) if actual.building else ""
        asked = notebook if running else None
        wrong = self._misfit(row, asked) if asked is not None else None
        return Cluster(
            id=row.id, name=row.name, kind=_kind(row), state=_state(row, actual.phase),
            message=building or said, workers=actual.state.workers if running else 0,
            minimum=row.minimum, maximum=(running and row.address and actual.state.maximum) or row.maximum,
            notebook=row.notebook, attached=len(notebooks),
            created_by=row.created_by, created=row.created, dashboard=actual.state.dashboard if running else None,
            matches=wrong is None if asked is not None else None,
            error=WireError(error.code, error.message, error.hint) if error else None,
            memory=row.memory, threads=row.threads, idle_seconds=row.idle_seconds,
            idle_since=_moment(actual.state.idle_since) if running else None, notebooks=list(notebooks),
            address=row.address, misfit=wrong, gpus=row.gpus,
        )  # fmt: skip

    def _greet(self, wanted: CreateCluster, owner: str) -> None:
        if engine_of(wanted.address) in ("gateway", "hosts"):
            self._sign_ins.greet(owner, address_of(wanted))
            return
        declaration = self._environments.of_notebook(wanted.notebook, extras(wanted.kind, there=True))
        greet(wanted.kind, address_of(wanted), declaration)

    def _need_gpus(self, wanted: int) -> str:
        """The extras of a cluster with so many, which are free; "" where none are wanted."""
        if (choice := gpus.chosen(self._home, wanted)) is None:
            return ""
        gpus.check_free(choice, self._names())
        return "\n".join(extras("dask", gpus=choice))

    def _names(self) -> dict[str, str]:
        with self._storage.session() as session:
            return {row.id: row.name for row in session.scalars(select(ClusterRow))}

    def _create(self, wanted: CreateCluster, owner: str, needs: str) -> str:
        place = self._place(wanted.notebook)
        name = " ".join(wanted.name.split())
        if len(name) > 60:
            raise Invalid("long_name", "The name is longer than 60 characters.", "Shorten it.", "name")
        with self._writing, self._storage.session() as session:
            taken = set(session.scalars(select(ClusterRow.name)))
            if name in taken:
                raise Conflict(
                    "name_taken", f"There is a cluster named {name} already.", "Attach it, or choose another name."
                )
            row = ClusterRow(
                id=new_id(), name=name or free_name(size(wanted), taken), kind=wanted.kind,
                minimum=wanted.minimum, maximum=wanted.maximum, notebook=place.notebook,
                created_by=owner, created=iso(), desired="running", problem=None,
                memory="".join(wanted.memory.split()), threads=wanted.threads, idle_seconds=wanted.idle_seconds,
                note="", address=address_of(wanted), extras=needs, gpus=wanted.gpus,
            )  # fmt: skip
            session.add(row)
            return row.id

    def _desire(self, id: str, desired: str, notebook: str | None) -> None:
        place = self._place(notebook) if notebook else None
        with self._writing, self._storage.session() as session:
            row = _find(session, id)
            row.desired, row.problem, row.note = desired, None, ""
            if place is not None:
                row.notebook = place.notebook

    async def _reattach(self, notebook: str, change: Callable[[], bool], id: str | None) -> Attachment:
        before = await asyncio.to_thread(self._environment, notebook)
        changed = await asyncio.to_thread(change)
        after = await asyncio.to_thread(self._environment, notebook)
        if id is not None:
            self._supervisor.look(id)
        self._events.publish("clusters", id or "", "attached" if id else "detached")
        if changed:
            self._events.publish("environments", after, "changed")
        cluster = await asyncio.to_thread(self.get, id) if id is not None else None
        return Attachment(cluster, before != after)

    def _environment(self, notebook: str) -> str:
        """The id of the notebook's environment, or of its declaration while that is not built."""
        try:
            declaration = self._environments.of_notebook(notebook)
        except AtriumError:
            return ""
        found = self._environments.find(declaration)
        return found.id if found else declaration.digest


def key(place: Place) -> str:
    """What an attachment is kept under: all branches of a project share it, so that a new one has it at once."""
    if place.root is None:
        return place.notebook
    inside = "/".join(place.notebook.split("/")[3:])
    return f"{place.root.parent.name}:{inside}"


def _title(key: str) -> str:
    """An attachment's key as a person reads it."""
    return key.replace(":", "/", 1)


def _moment(seconds: float | None) -> str | None:
    return iso(datetime.fromtimestamp(seconds, UTC)) if seconds is not None else None


def _find(session: Session, id: str) -> ClusterRow:
    row = session.get(ClusterRow, id)
    if row is None:
        raise no_such_cluster(id)
    return row


def _kind(row: ClusterRow) -> ClusterKind:
    return "spark" if row.kind == "spark" else "dask"


def _state(row: ClusterRow, phase: str) -> ClusterState:
    """What a person reads: what is, or what is about to be."""
    if row.desired == "running":
        return _PHASES.get(phase, "starting")
    if row.problem:
        return "failed"
    return "stopped" if phase in ("stopped", "failed") else "stopping"


_PHASES: dict[str, ClusterState] = {"building": "building", "running": "running", "stopping": "stopping"}
