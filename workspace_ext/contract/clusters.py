"""Clusters, and which notebook is attached to which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .operations import WireError

ClusterKind = Literal["dask", "spark"]
ClusterState = Literal["building", "starting", "running", "stopping", "stopped", "failed"]


@dataclass(frozen=True)
class Cluster:
    """``workers`` are those that are there, between ``minimum`` and ``maximum``; ``attached`` counts notebooks.

    ``building``: its environment is. ``matches``: whether the work of the notebook asked about runs in the environment
    that it declares now, ``misfit`` why not; None when no notebook was named or nothing runs. On Spark each notebook's
    work runs in its own, so that only another version of Spark does not fit. ``memory`` is of each Dask worker or of
    the Spark server, such as ``2GiB``, "" for the engine's default; ``threads`` are of each Dask worker. Without work
    for ``idle_seconds`` (0: never) it stops; ``idle_since`` is None while it works. ``notebooks`` are the attached
    ones, as project and path, whatever their branch. ``error`` is why it failed; of one that runs, why it could not be
    restarted in another environment: it serves on in the one that it has. ``address`` is that of a scheduler or
    server that was there already, of which ``maximum`` is then how many workers it has for itself, of a gateway, or of
    hosts over SSH.
    ``dashboard`` is where its own pages are on the server's machine: None while they are not there, "" where they will
    never be; ``POST .../watch`` shows them. Of ``gpus`` (0: it has none) each Dask worker has one.
    """

    id: str
    name: str
    kind: ClusterKind
    state: ClusterState
    message: str
    workers: int
    minimum: int
    maximum: int
    notebook: str
    attached: int
    created_by: str
    created: str
    dashboard: str | None = None
    matches: bool | None = None
    error: WireError | None = None
    log: str = ""
    memory: str = ""
    threads: int = 1
    idle_seconds: int = 0
    idle_since: str | None = None
    notebooks: list[str] = field(default_factory=list)
    address: str = ""
    misfit: WireError | None = None
    gpus: int = 0


@dataclass(frozen=True)
class Gpu:
    """A GPU of the server's machine; ``cluster`` is the name of the one that has it, "" while it is free."""

    name: str
    cluster: str = ""


@dataclass(frozen=True)
class Gpus:
    """Those of the server's machine; ``problem`` is why there is none that can be used."""

    host: str
    gpus: list[Gpu]
    problem: WireError | None = None


@dataclass(frozen=True)
class ClusterList:
    """``attached`` is the id of the cluster that the notebook asked about is attached to."""

    clusters: list[Cluster]
    attached: str | None = None


@dataclass(frozen=True)
class WhichNotebook:
    notebook: str | None = None


@dataclass(frozen=True)
class CreateCluster:
    """``notebook`` (relative to ``work``) is attached; the cluster runs from its environment. With ``address`` it is
    the Dask scheduler (``tcp://host:port``) or the Spark Connect server (``sc://host:port``) that is there already, and
    its workers are found, not started; or it is made by the Dask Gateway there (``https://host``), or of workers on
    hosts over SSH (``ssh://user@host,user@host:port``), where whoever makes it signs in with what they keep for each
    host. With ``gpus`` each of its Dask workers has one of so many, and
    ``maximum`` is at most that.
    """

    notebook: str
    kind: ClusterKind
    minimum: int = 1
    maximum: int = 4
    name: str = ""
    memory: str = ""
    threads: int = 1
    idle_seconds: int = 3600
    address: str = ""
    gpus: int = 0


@dataclass(frozen=True)
class ScaleCluster:
    """Between how many workers it is to have from now on."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Page:
    """One of a cluster's own pages; ``path`` is below the address of all of them."""

    name: str
    path: str


@dataclass(frozen=True)
class Watch:
    """Where a cluster's own pages are for whoever asked, and which to begin with: ``url`` is below the server's base
    URL. It is a secret, for a frame without this origin, and good for ``seconds`` unless it is asked for again.
    """

    url: str
    pages: list[Page]
    seconds: int


@dataclass(frozen=True)
class Attachment:
    """What a notebook is attached to after the change, and whether its kernel needs a restart for it."""

    cluster: Cluster | None
    environment_changes: bool


@dataclass(frozen=True)
class KernelCluster:
    """What a kernel connects to. ``environment`` is the id of the one that its workers run in, ``resource`` what its
    tasks have to ask for on a scheduler that others use as well. ``elsewhere``: its tasks may run on other machines,
    which the kernel has to send its environment. ``security`` is what a client of a cluster shows that others can
    reach: its certificate and key, and its name behind a gateway.
    """

    id: str
    kind: ClusterKind
    address: str
    environment: str = ""
    resource: str = ""
    elsewhere: bool = False
    security: dict[str, str] = field(default_factory=dict, repr=False)
