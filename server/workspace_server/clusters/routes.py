"""Clusters over REST, and the one question that a kernel asks."""

from __future__ import annotations

from workspace_ext.contract.clusters import (
    Attachment,
    Cluster,
    ClusterList,
    CreateCluster,
    Gpus,
    KernelCluster,
    ScaleCluster,
    Watch,
    WhichNotebook,
)
from workspace_ext.contract.environments import OfNotebook

from ..kit.http import Request, Route
from .service import Clusters
from .watching import Watching

KERNEL_WAIT_SECONDS = 90.0


def routes(clusters: Clusters, watching: Watching) -> list[Route]:
    def listed(request: Request) -> ClusterList:
        """Every cluster, and which one a notebook is attached to."""
        return clusters.list(request.query.notebook)

    def gpus(_request: Request) -> Gpus:
        """The GPUs of the server's machine, and which cluster has them."""
        return clusters.gpus()

    def one(request: Request) -> Cluster:
        """One cluster, with the end of its log when it failed."""
        return clusters.get(request.path["id"])

    async def create(request: Request) -> Attachment:
        """Create a cluster from a notebook's environment and attach the notebook."""
        return await clusters.create(request.body, request.caller.name)

    async def attach(request: Request) -> Attachment:
        """Attach a notebook to a cluster, starting it unless it runs."""
        return await clusters.attach(request.path["id"], request.body.notebook)

    async def detach(request: Request) -> Attachment:
        """Attach a notebook to no cluster."""
        return await clusters.detach(request.body.notebook)

    async def stop(request: Request) -> Cluster:
        """End a cluster's processes."""
        return await clusters.stop(request.path["id"])

    async def restart(request: Request) -> Cluster:
        """Start a cluster anew; with a notebook, from its environment."""
        return await clusters.restart(request.path["id"], request.body.notebook)

    async def scale(request: Request) -> Cluster:
        """Change between how many workers a cluster has; what runs goes on."""
        return await clusters.scale(request.path["id"], request.body)

    async def watch(request: Request) -> Watch:
        """Where its own pages are for whoever asks, for the next minutes."""
        return await watching.watch(request.path["id"], request.caller)

    async def delete(request: Request) -> None:
        """End a cluster and forget it."""
        await clusters.delete(request.path["id"])

    async def for_kernel(request: Request) -> KernelCluster:
        """What this kernel's notebook is attached to, once it runs."""
        return await clusters.for_kernel(request.caller.scope, KERNEL_WAIT_SECONDS)

    return [
        Route("GET", "/clusters", "clusters:read", listed, query=WhichNotebook, reply=ClusterList),
        Route("POST", "/clusters", "clusters:write", create, CreateCluster, reply=Attachment),
        Route("POST", "/clusters/detach", "clusters:attach", detach, OfNotebook, reply=Attachment),
        Route("GET", "/clusters/gpus", "clusters:read", gpus, reply=Gpus),
        Route("GET", "/clusters/{id}", "clusters:read", one, reply=Cluster),
        Route("DELETE", "/clusters/{id}", "clusters:write", delete),
        Route("POST", "/clusters/{id}/attach", "clusters:attach", attach, OfNotebook, reply=Attachment),
        Route("POST", "/clusters/{id}/stop", "clusters:write", stop, reply=Cluster),
        Route("POST", "/clusters/{id}/restart", "clusters:write", restart, WhichNotebook, reply=Cluster),
        Route("POST", "/clusters/{id}/scale", "clusters:write", scale, ScaleCluster, reply=Cluster),
        Route("POST", "/clusters/{id}/watch", "clusters:read", watch, reply=Watch),
        Route("GET", "/kernel/cluster", "kernel:ask", for_kernel, reply=KernelCluster),
    ]
