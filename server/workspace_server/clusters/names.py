"""What a cluster is called that nobody gave a name."""

from __future__ import annotations

from workspace_ext.contract.clusters import CreateCluster
from workspace_ext.engines.ssh import hosts_of

from .limits import MOST_WORKERS, address_of, engine_of

SIZES = ((4, "small"), (16, "medium"), (MOST_WORKERS, "large"))


def size(wanted: CreateCluster) -> str:
    """What it is called for."""
    if engine_of(wanted.address) == "hosts":
        hosts = hosts_of(wanted.address)
        return hosts[0].name if len(hosts) == 1 else f"{len(hosts)} hosts"
    if wanted.address:
        return address_of(wanted).partition("://")[2]
    return next(name for most, name in SIZES if wanted.maximum <= most)


def free_name(size: str, taken: set[str]) -> str:
    number = 1
    while (name := size if number == 1 else f"{size} {number}") in taken:
        number += 1
    return name
