"""Whether anybody listens at a cluster's address: clients of clusters take minutes to give up on one that has gone."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from workspace_ext.errors import ClusterError

ANSWER_SECONDS = 5.0


def require_listener(address: str, title: str, default_port: int) -> None:
    """Return if somebody listens at `address`.

    Raises:
        ClusterError: Nobody does; the hint says how to start the cluster again.
    """
    if not listens(address, default_port):
        raise silent(address, title)


def listens(address: str, default_port: int) -> bool:
    """Whether a TCP connection to `address`, such as "tcp://127.0.0.1:8786", is accepted."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or default_port), timeout=ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def silent(address: str, title: str) -> ClusterError:
    """The error for a cluster that does not answer."""
    return ClusterError(
        f"The {title} cluster at {address} does not answer.",
        "It may have stopped for lack of use. Start it again from the cluster chip.",
    )
