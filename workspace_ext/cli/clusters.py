"""`atrium clusters <verb>`: clusters, and which notebook is attached to which."""

from __future__ import annotations

import argparse
import time
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.clusters import (
    Attachment,
    Cluster,
    ClusterKind,
    ClusterList,
    CreateCluster,
    ScaleCluster,
    WhichNotebook,
)
from ..contract.environments import OfNotebook


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("clusters", help="Dask and Spark clusters of notebooks").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    listing = room.add_parser("list", help="every cluster")
    listing.add_argument("--notebook", help="say which one this notebook (its path below work/) is attached to")
    listing.set_defaults(run=_list)
    create = room.add_parser("create", help="create a cluster from a notebook's environment and attach the notebook")
    create.add_argument("notebook", help="its path below work/")
    create.add_argument("--kind", choices=("dask", "spark"), help="default: dask, or what the address is of")
    create.add_argument(
        "--address",
        default="",
        help="of a Dask scheduler (tcp://10.0.0.1:8786) or Spark Connect server (sc://10.0.0.1:15002) that is there, "
        "of a Dask Gateway (https://gateway.example.org), which makes the cluster, or of hosts over SSH "
        "(ssh://ana@10.0.0.2,ana@10.0.0.3:2222), which run its workers",
    )
    create.add_argument("--minimum", type=int, default=1, help="workers that are always there (default: 1)")
    create.add_argument(
        "--maximum", type=int, help="workers that there may be (default: 4, with GPUs as many as these)"
    )
    create.add_argument("--name", default="", help="default: by its size")
    create.add_argument("--memory", default="", help="of each Dask worker or of the Spark server, such as 2GiB")
    create.add_argument("--threads", type=int, default=1, help="of each Dask worker (default: 1)")
    create.add_argument("--gpus", type=int, default=0, help="of a Dask cluster's machine, one for each worker")
    create.add_argument(
        "--idle", type=int, default=60, help="minutes without work until it stops; 0: never (default: 60)"
    )
    create.add_argument("--wait", action="store_true", help="until it runs")
    create.set_defaults(run=_create)
    attach = room.add_parser("attach", help="attach a notebook to a cluster, starting it unless it runs")
    attach.add_argument("cluster", help="its id or name")
    attach.add_argument("notebook", help="its path below work/")
    attach.set_defaults(run=_attach)
    detach = room.add_parser("detach", help="attach a notebook to no cluster")
    detach.add_argument("notebook", help="its path below work/")
    detach.set_defaults(run=_detach)
    scale = room.add_parser("scale", help="change between how many workers a cluster has")
    scale.add_argument("cluster", help="its id or name")
    scale.add_argument("minimum", type=int, help="workers that are always there")
    scale.add_argument("maximum", type=int, help="workers that there may be")
    scale.set_defaults(run=_scale)
    for verb, run, what in (
        ("stop", _stop, "end a cluster's processes"),
        ("restart", _restart, "start a cluster anew"),
        ("delete", _delete, "end a cluster and forget it"),
    ):
        one = room.add_parser(verb, help=what)
        one.add_argument("cluster", help="its id or name")
        one.set_defaults(run=run)


def _all(client: Client, notebook: str | None = None) -> ClusterList:
    return client.call("GET", "/clusters", reply=ClusterList, query={"notebook": notebook})


def _list(arguments: argparse.Namespace, client: Client) -> ClusterList | list[dict[str, Any]]:
    found = _all(client, arguments.notebook)
    if arguments.json:
        return found
    return [
        {
            "id": one.id, "name": one.name, "kind": one.kind, "state": one.state,
            "workers": f"{one.workers} of {one.maximum}" if one.address
            else f"{one.workers} of {one.minimum}-{one.maximum}", "GPUs": one.gpus or "", "notebooks": one.attached,
            "attached": "yes" if one.id == found.attached else "", "by": one.created_by,
            "idle since": one.idle_since or "",
        }
        for one in found.clusters
    ]  # fmt: skip


def _path(client: Client, wanted: str) -> str:
    for cluster in _all(client).clusters:
        if wanted in (cluster.id, cluster.name):
            return f"/clusters/{quote(cluster.id)}"
    raise ClientError(404, "no_such_cluster", f"There is no cluster {wanted}.", "`atrium clusters list` shows all.")


def _create(arguments: argparse.Namespace, client: Client) -> Cluster | None:
    kind: ClusterKind = arguments.kind or ("spark" if arguments.address.strip().startswith("sc://") else "dask")
    wanted = CreateCluster(
        arguments.notebook, kind, arguments.minimum, arguments.maximum or arguments.gpus or 4, arguments.name,
        arguments.memory, arguments.threads, arguments.idle * 60, arguments.address, arguments.gpus,
    )  # fmt: skip
    made = client.call("POST", "/clusters", wanted, reply=Attachment).cluster
    while arguments.wait and made is not None and made.state in ("building", "starting"):
        time.sleep(0.5)
        made = client.call("GET", f"/clusters/{made.id}", reply=Cluster)
    if made is not None and made.error is not None:
        raise ClientError(500, made.error.code, made.error.message, made.error.hint)
    return made


def _attach(arguments: argparse.Namespace, client: Client) -> Attachment:
    body = OfNotebook(arguments.notebook)
    return client.call("POST", f"{_path(client, arguments.cluster)}/attach", body, reply=Attachment)


def _detach(arguments: argparse.Namespace, client: Client) -> Attachment:
    return client.call("POST", "/clusters/detach", OfNotebook(arguments.notebook), reply=Attachment)


def _scale(arguments: argparse.Namespace, client: Client) -> Cluster:
    body = ScaleCluster(arguments.minimum, arguments.maximum)
    return client.call("POST", f"{_path(client, arguments.cluster)}/scale", body, reply=Cluster)


def _stop(arguments: argparse.Namespace, client: Client) -> Cluster:
    return client.call("POST", f"{_path(client, arguments.cluster)}/stop", reply=Cluster)


def _restart(arguments: argparse.Namespace, client: Client) -> Cluster:
    return client.call("POST", f"{_path(client, arguments.cluster)}/restart", WhichNotebook(), reply=Cluster)


def _delete(arguments: argparse.Namespace, client: Client) -> None:
    client.call("DELETE", _path(client, arguments.cluster))
