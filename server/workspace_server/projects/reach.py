"""Which hosts git may be led to: the world's, and of those in the network around this server the ones that its operator
names. Whoever may clone could else have the server ask what trusts that network, a cloud's metadata among it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..kit.errors import Invalid, Unavailable
from .git.errors import UNKNOWN_HOST
from .origins import PORTS, origin_of

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def named_by_operator(url: str, allowed: Iterable[str]) -> bool:
    """Whether the host is that of one of the ``allowed`` addresses, with the same scheme and port."""
    origin = origin_of(url)
    return bool(origin) and origin in {origin_of(each) for each in allowed}


def held_to(url: str) -> str:
    """What holds git to the addresses that were looked at, as ``http.curloptResolve`` has it: a second look-up of the
    name could give others.

    Raises
    ------
    Invalid, Unavailable
        See :func:`public_addresses`.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    found = public_addresses(host, port)
    if ":" in host or host in found:
        return ""  # An address already.
    return f"{host}:{port}:" + ",".join(f"[{each}]" if ":" in each else each for each in found)


def public_addresses(host: str, port: int) -> list[str]:
    """Where ``host`` is. Asks the name server: for threads.

    Raises
    ------
    Invalid
        It is in this server's own network, in whole or in part.
    Unavailable
        The name is not known.
    """
    found = _addresses(host, port)
    for address in found:
        if not is_public(address):
            where = host if host == address else f"{host} ({address})"
            shown = (f"[{host}]" if ":" in host else host) + (f":{port}" if port != PORTS["https"] else "")
            raise Invalid(
                "private_address",
                f"{where} is in the network around this server, and may be reached only if its operator names it.",
                f'The operator can add "https://{shown}/" to settings/allowed-remotes.json.',
                "url",
            )
    return list(dict.fromkeys(found))


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass  # It is a name, or one of the ways to write an address that only the system knows.
    try:
        return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        code, message, hint = UNKNOWN_HOST
        raise Unavailable(code, message.format(host=host), hint) from None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the world's, also where it is an IPv4 address within IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            within = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if within is not None:
            return is_public(str(within))
    return ip.is_global and not ip.is_multicast
