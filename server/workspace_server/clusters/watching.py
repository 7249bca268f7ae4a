"""Who may look at a cluster's own pages, for now, and where these are.

The pages show what tasks are called and say, so that they are shown apart from the workspace's origin, where no cookie
of it reaches them. What lets them in instead is a ticket in their address: of one person, for one cluster, and of use
only while that person asks for it again and again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from workspace_ext.contract.clusters import Cluster, ClusterKind, Page, Watch

from ..access.service import Access
from ..kit.errors import Conflict, Forbidden
from ..kit.http import Caller
from .limits import engine_of
from .service import Clusters

TICKET_SECONDS = 600.0

PAGES = {
    "dask": [
        Page("Status", "status"),
        Page("Workers", "workers"),
        Page("Tasks", "tasks"),
        Page("Graph", "graph"),
        Page("Groups", "groups"),
        Page("Memory", "individual-memory-by-key"),
        Page("Profile", "profile"),
        Page("System", "system"),
    ],
    # Its pages have a bar of their own, with what its version knows.
    "spark": [Page("Spark", "")],
}


@dataclass
class _Ticket:
    cluster: str
    kind: ClusterKind
    caller: Caller
    until: float


class Watching:
    """Tickets live in memory: after a restart of the server they are asked for again."""

    def __init__(self, clusters: Clusters, access: Access, seconds: float = TICKET_SECONDS) -> None:
        self._clusters = clusters
        self._access = access
        self._seconds = seconds
        self._tickets: dict[str, _Ticket] = {}

    async def watch(self, id: str, caller: Caller) -> Watch:
        """Where the pages of a cluster that runs are for ``caller``; asked again, the same and for longer.

        Raises
        ------
        NotFound, Conflict
            There is no such cluster; it does not run; it has no pages, or not yet.
        """
        cluster = await asyncio.to_thread(self._clusters.get, id)
        _check(cluster)
        now = time.monotonic()
        self._tickets = {name: ticket for name, ticket in self._tickets.items() if ticket.until > now}
        held = (name for name, ticket in self._tickets.items() if (ticket.cluster, ticket.caller) == (id, caller))
        name = next(held, None) or secrets.token_urlsafe(32)
        self._tickets[name] = _Ticket(id, cluster.kind, caller, now + self._seconds)
        return Watch(f"atrium/clusters/{id}/dashboard/{name}/", PAGES[cluster.kind], int(self._seconds))

    def admit(self, id: str, ticket: str) -> tuple[ClusterKind, str]:
        """The kind of the cluster and the address of its pages. From memory, on the event loop.

        Raises
        ------
        Forbidden, Conflict
            The ticket is no good, or no longer; the cluster has no pages now.
        """
        held = self._tickets.get(ticket)
        if (
            held is None
            or held.cluster != id
            or held.until < time.monotonic()
            or not self._access.allows(held.caller, "clusters:read", {})
        ):
            raise Forbidden("watch_ended", "This look at the cluster has ended.", "Open it again from Compute.")
        address = local(self._clusters.dashboard(id))
        if address is None:
            raise Conflict("not_running", "The cluster does not run now.", "Start it from Compute.")
        return held.kind, address


def local(address: str | None) -> str | None:
    """The address of a cluster's pages, if they are on this machine's loopback interface.

    A cluster says where they are by itself, and what runs on it could make it say anything.
    """
    try:
        told = urlsplit(address or "")
        port = told.port
    except ValueError:
        return None
    return f"http://127.0.0.1:{port}" if (told.scheme, told.hostname) == ("http", "127.0.0.1") and port else None


def _check(cluster: Cluster) -> None:
    name = cluster.name
    if engine_of(cluster.address) not in ("", "hosts"):
        raise Conflict(
            "pages_elsewhere",
            f"The pages of {name}, which runs elsewhere, are not shown here.",
            "Whoever runs it knows their address.",
        )
    if cluster.state != "running":
        raise Conflict("not_running", f"{name} is {cluster.state}.", "Start it to look at it.")
    if cluster.dashboard is None:
        raise Conflict("pages_starting", f"The pages of {name} are about to start.", "Try again in a moment.")
    if local(cluster.dashboard) is None:
        raise Conflict(
            "no_pages",
            f"The environment of {name} has no Bokeh with which its Dask can draw its pages.",
            "Where the project asks for an old version of bokeh, ask for 3.1 or later; then restart the cluster.",
        )
