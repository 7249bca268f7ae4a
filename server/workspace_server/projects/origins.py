"""The one host that a credential is for: scheme, host and port, exactly."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from workspace_ext.contract.credentials import CredentialKind

from ..kit.errors import Invalid
from .names import SCP

PORTS = {"https": 443, "http": 80, "ssh": 22}
SCHEMES: dict[CredentialKind, tuple[str, ...]] = {"token": ("https", "http"), "ssh_key": ("ssh",)}


def origin_of(url: str) -> str:
    """Of a repository's address, such as ``https://host`` or ``ssh://host:2222``; empty where there is no host."""
    if match := SCP.fullmatch(url):
        return f"ssh://{match['host'].lower()}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, PORTS[parts.scheme]) else "")


def origin_named(given: str, kind: CredentialKind, allowed: list[str]) -> str:
    """What a person means by a host: its bare name, with a port or a scheme, or a repository's whole address.

    Parameters
    ----------
    allowed
        The addresses beyond https and ssh that this home allows: a token goes over http to their hosts only.

    Raises
    ------
    Invalid
        It is no host, or not one for this kind of credential.
    """
    given = given.strip()
    known = "://" in given or SCP.fullmatch(given)
    url = given if known else f"{SCHEMES[kind][0]}://{given}"
    parts = _split(url)
    # Never repeated in an error: somebody may have pasted an address with the token in it.
    if parts is not None and (parts.password is not None or (parts.scheme != "ssh" and parts.username is not None)):
        raise Invalid(
            "credentials_in_url", "The host contains a user name or password.",
            "Give the host alone; the user name and the secret have fields of their own.", "host",
        )  # fmt: skip
    origin = origin_of(url)
    if not re.fullmatch(r"[a-z]+://(\[[0-9a-f:.]+\]|[a-z0-9][\w.-]*)(:\d+)?", origin):
        raise Invalid("invalid_host", f"{given[:100]!r} is not a host.", "It looks like github.com.", "host")
    scheme = origin.partition(":")[0]
    if scheme not in SCHEMES[kind]:
        what, way = ("A token", "https://") if kind == "token" else ("An SSH key", "ssh://")
        raise Invalid(
            "wrong_kind", f"{what} is for {way} addresses, and this one begins with {scheme}://.",
            "Use an SSH key there." if kind == "token" else "Use a token there.", "kind",
        )  # fmt: skip
    if scheme == "http" and origin not in {origin_of(one) for one in allowed}:
        raise Invalid(
            "not_encrypted", f"Whoever is on the way to {origin} could read the token.",
            "Use https://. The operator can allow a repository over http in settings/allowed-remotes.json.", "host",
        )  # fmt: skip
    return origin


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
