"""How an engine signs in elsewhere, as the person who made a cluster: with what they keep for that host, as for git."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workspace_ext.engines.gateway_api import Gateway, GatewayError
from workspace_ext.engines.ssh import hosts_of

from ..access.service import Access
from ..kit.errors import Conflict, Unavailable
from ..projects.credentials.service import Credentials, Holder
from . import hosts
from .limits import engine_of


class SignIns:
    """Whom others know a person as. Used from threads."""

    def __init__(self, access: Access, credentials: Credentials) -> None:
        self._access = access
        self._credentials = credentials

    def of(self, person: str, address: str) -> tuple[str, ...]:
        """The lines that the engine of that address reads, to be given to nobody else; none where nobody signs in.

        Raises
        ------
        Conflict
            The person keeps nothing to sign in with there.
        """
        match engine_of(address):
            case "gateway":
                return self._pair(person, address)
            case "hosts":
                return (json.dumps(self._keys(person, address)),)
        return ()

    def greet(self, person: str, address: str) -> None:
        """Look whether what is to be there is, and lets the person in. Takes up to seconds.

        Raises
        ------
        Conflict, Unavailable
            It does not; something else is there, or nothing.
        """
        if engine_of(address) == "gateway":
            self._greet_gateway(person, address)
        else:
            with contextlib.ExitStack() as stack:
                hosts.greet({one: stack.enter_context(self._lent(person, one.url)) for one in hosts_of(address)})

    def _greet_gateway(self, person: str, address: str) -> None:
        try:
            Gateway(address, *self._pair(person, address)).options()
        except GatewayError as error:
            if error.status in (401, 403):
                raise Conflict(
                    "gateway_refuses", f"{error}.", "Replace what you keep for its host in Projects → Credentials."
                ) from None
            raise Unavailable("no_gateway", f"{error}.", "Look whether it runs and its address is right.") from None

    def _pair(self, person: str, address: str) -> tuple[str, str]:
        """User name and password or token."""
        with self._lent(person, address) as (file, _):
            parts = urlsplit(Path(file).read_text().strip())
        return unquote(parts.username or ""), unquote(parts.password or "")

    def _keys(self, person: str, address: str) -> dict[str, object]:
        """The private key of each host, and what else the engine needs to trust and be trusted."""
        keys: dict[str, str] = {}
        told: dict[str, object] = {"keys": keys, **hosts.certificate()}
        for one in hosts_of(address):
            with self._lent(person, one.url) as (file, told["known_hosts"]):
                keys[one.url] = Path(file).read_text()
        return told

    @contextlib.contextmanager
    def _lent(self, person: str, url: str) -> Iterator[tuple[str, str]]:
        """The file of what the person keeps for a host, and that of the hosts which this home trusts."""
        lent = self._credentials.lend(Holder(self._access.by_name(person).id), url)
        try:
            if not lent["file"]:
                host = urlsplit(url).netloc.rpartition("@")[2]
                what = "an SSH key" if url.startswith("ssh:") else "a user name and a password"
                raise Conflict(
                    "no_sign_in",
                    f"{person} keeps nothing to sign in with at {host}.",
                    f"Add {what} for {host} in Projects → Credentials.",
                )
            yield lent["file"], lent["known_hosts"]
        finally:
            self._credentials.take_back(lent)
