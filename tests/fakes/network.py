"""No test reaches beyond this machine; only uv, npm and apt do, for their registries, outside of Python."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

LOCAL_NAMES = {"localhost", "", None}


def _block(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host in LOCAL_NAMES:
        return
    try:
        local = ipaddress.ip_address(str(host)).is_loopback or ipaddress.ip_address(str(host)).is_unspecified
    except ValueError:
        local = False
    if not local:
        raise ConnectionRefusedError(f"tests may not connect to {host}")


def block() -> None:
    """Refuse every connection that leaves this machine, in this process, from now on."""
    sys.addaudithook(_block)
