"""What may be asked of a cluster."""

from __future__ import annotations

import re

from workspace_ext.contract.clusters import CreateCluster
from workspace_ext.engines.ssh import hosts_of

from ..kit.errors import Invalid

MOST_WORKERS = 256
MOST_THREADS = 64
MOST_HOSTS = 64
MOST_IDLE_SECONDS = 30 * 24 * 3600

# Of what is there already: its name, how its address begins, and an example.
_THERE = {
    "dask": ("Dask scheduler", "tcp", "tcp://10.0.0.1:8786"),
    "spark": ("Spark Connect server", "sc", "sc://10.0.0.1:15002"),
}
# One that makes clusters, where an address has no port of its own.
_GATEWAY = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(/[\w./-]*)?")
_ADDRESS = re.compile(r"(\w+)://([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}/?")
# What asks for TLS: Spark sends a token by TLS only.
_TLS = re.compile(r"tls://|sc://.*;(use_ssl=true|token=)", re.IGNORECASE)

_ENGINES = {"http": "gateway", "https": "gateway", "ssh": "hosts", "sc": "existing_spark"}

_SIZE = re.compile(r"\d+(\.\d+)?\s*[kmgt]i?b", re.IGNORECASE)


def check_workers(minimum: int, maximum: int) -> None:
    """Raise ``Invalid`` unless a cluster can have so many workers."""
    if not 0 <= minimum <= maximum or not 1 <= maximum <= MOST_WORKERS:
        raise Invalid(
            "invalid_workers",
            f"A cluster cannot have {minimum} to {maximum} workers.",
            f"The minimum is 0 or more, the maximum at least that and 1 to {MOST_WORKERS}.",
            "maximum" if minimum >= 0 else "minimum",
        )


def check_options(wanted: CreateCluster) -> None:
    """Raise ``Invalid`` unless its workers can be made so."""
    if wanted.memory and not _SIZE.fullmatch(wanted.memory.strip()):
        raise Invalid("invalid_memory", f"{wanted.memory!r} is not a size.", "Write it like 2GiB or 500MB.", "memory")
    _check_address(wanted)
    check_gpus(wanted.gpus, wanted.maximum, wanted.kind, wanted.address)
    if not 1 <= wanted.threads <= MOST_THREADS:
        raise Invalid(
            "invalid_threads",
            f"A worker cannot have {wanted.threads} threads.",
            f"Choose 1 to {MOST_THREADS}.",
            "threads",
        )
    if not 0 <= wanted.idle_seconds <= MOST_IDLE_SECONDS:
        raise Invalid(
            "invalid_idle",
            f"{wanted.idle_seconds} s is no time to wait without work.",
            f"Choose 0 (never) to {MOST_IDLE_SECONDS} s.",
            "idle_seconds",
        )


def check_gpus(gpus: int, maximum: int, kind: str = "dask", address: str = "") -> None:
    """Raise ``Invalid`` unless each of so many workers can have one of the GPUs, if there are to be any."""
    if not gpus:
        return
    if gpus < 0:
        raise Invalid("invalid_gpus", f"{gpus} GPUs are not possible.", "Choose 0 (none) or more.", "gpus")
    if kind != "dask" or address:
        what = "Workers elsewhere" if address else "Spark's workers"
        raise Invalid("gpus_of_dask", f"{what} are given no GPUs.", "Choose a Dask cluster of its own.", "gpus")
    if maximum > gpus:
        most = "1 worker" if gpus == 1 else f"{gpus} workers"
        raise Invalid(
            "a_gpu_each",
            f"{maximum} workers cannot have one GPU each where there are to be {gpus}.",
            f"Choose {most} at most, or more GPUs.",
            "maximum",
        )


def address_of(wanted: CreateCluster) -> str:
    """As it is kept: an address has one spelling."""
    if engine_of(wanted.address) == "hosts":
        return "ssh://" + ",".join(one.url.removeprefix("ssh://") for one in hosts_of(wanted.address))
    return wanted.address.strip().rstrip("/")


def engine_of(address: str) -> str:
    """Which of ``workspace_ext.engines`` looks after what is at a cluster's address; "" without one."""
    return _ENGINES.get(address.strip().partition("://")[0].lower(), "existing") if address else ""


def is_sized(address: str) -> bool:
    """Whether how many workers it has is decided here: those of a scheduler or server that was there are found, and
    hosts are as many as they are."""
    return engine_of(address) in ("", "gateway")


def _check_address(wanted: CreateCluster) -> None:
    address = wanted.address.strip()
    if not address:
        return
    if engine_of(address) == "hosts":
        _check_hosts(address, wanted.kind)
        return
    if "@" in address:
        raise Invalid(
            "credentials_in_url",
            "The address contains a user name or a password.",
            "Write it without: at a gateway you sign in with what you keep for its host in Projects → Credentials.",
            "address",
        )
    if engine_of(address) == "gateway" and wanted.kind == "dask":
        if not _GATEWAY.fullmatch(address):
            raise Invalid(
                "invalid_address",
                f"{wanted.address!r} is not the address of a Dask Gateway.",
                "Write it like https://gateway.example.org.",
                "address",
            )
        return
    title, begins, example = _THERE[wanted.kind]
    if _TLS.match(address):
        raise Invalid(
            f"tls_{title.split()[-1]}",
            f"A {title} that asks for TLS cannot be used yet.",
            f"Use one with an address like {example}, in a network of your own.",
            "address",
        )
    found = _ADDRESS.fullmatch(address)
    if found is None or found[1] != begins:
        raise Invalid(
            "invalid_address",
            f"{wanted.address!r} is not the address of a {title}.",
            f"Write it like {example}.",
            "address",
        )


def _check_hosts(address: str, kind: str) -> None:
    if kind != "dask":
        raise Invalid("invalid_address", "Spark does not run on hosts over SSH.", "Choose Dask for them.", "address")
    example = "Write them like ssh://ana@10.0.0.2,ana@10.0.0.3:2222."
    try:
        found = hosts_of(address)
    except ValueError as error:
        # Never repeated where somebody may have written a password.
        what = "One of the hosts" if ":" in str(error).partition("@")[0] else repr(str(error))
        raise Invalid("invalid_address", f"{what} is not a user at a host.", example, "address") from None
    if not found:
        raise Invalid("invalid_address", "There is no host.", example, "address")
    if len(found) > MOST_HOSTS:
        raise Invalid("many_hosts", f"{len(found)} hosts are too many.", f"Write {MOST_HOSTS} at most.", "address")
