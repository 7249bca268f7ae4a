"""What may be asked of a cluster."""

from __future__ import annotations

import re

from workspace_ext.contract.clusters import CreateCluster

from ..kit.errors import Invalid

MOST_WORKERS = 256
MOST_THREADS = 64
MOST_IDLE_SECONDS = 30 * 24 * 3600

# Of a scheduler that is there already.
_ADDRESS = re.compile(r"tcp://([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")

_SIZE = re.compile(r"\d+(\.\d+)?\s*[kmgt]i?b", re.IGNORECASE)


def check_workers(minimum: int, maximum: int) -> None:
    """Raise ``Invalid`` unless a cluster can have so many workers."""
    if not 0 <= minimum <= maximum or not 1 <= maximum <= MOST_WORKERS:
        raise Invalid(
            "invalid_workers",
            f"{minimum} to {maximum} workers is not possible.",
            f"The minimum is 0 or more, the maximum at least that and 1 to {MOST_WORKERS}.",
            "maximum" if minimum >= 0 else "minimum",
        )


def check_options(wanted: CreateCluster) -> None:
    """Raise ``Invalid`` unless its workers can be made so."""
    if wanted.memory and not _SIZE.fullmatch(wanted.memory.strip()):
        raise Invalid("invalid_memory", f"{wanted.memory!r} is not a size.", "Write it like 2GiB or 500MB.", "memory")
    if wanted.address.strip().startswith("tls://"):
        raise Invalid(
            "tls_scheduler",
            "A scheduler that asks for TLS cannot be used yet.",
            "Use one with a tcp:// address, in a network of your own.",
            "address",
        )
    if wanted.address and (wanted.kind != "dask" or not _ADDRESS.fullmatch(wanted.address.strip())):
        raise Invalid(
            "invalid_address",
            f"{wanted.address!r} is not the address of a Dask scheduler."
            if wanted.kind == "dask"
            else "Only a Dask scheduler that is there already can be used.",
            "Write it like tcp://10.0.0.1:8786.",
            "address",
        )
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
