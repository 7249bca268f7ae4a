"""Dask Gateway, as the person who made a cluster: with what they keep for its host, as for git."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from workspace_ext.engines.gateway_api import Gateway, GatewayError

from ..access.service import Access
from ..kit.errors import Conflict, Unavailable
from ..projects.credentials.service import Credentials, Holder


class SignIns:
    """Whom a gateway knows a person as. Used from threads."""

    def __init__(self, access: Access, credentials: Credentials) -> None:
        self._access = access
        self._credentials = credentials

    def of(self, person: str, address: str) -> tuple[str, str]:
        """User name and password or token, to be given to nobody but the gateway at ``address``.

        Raises
        ------
        Conflict
            The person keeps none.
        """
        lent = self._credentials.lend(Holder(self._access.by_name(person).id), address)
        try:
            kept = Path(lent["file"]).read_text() if lent["file"] else ""
        finally:
            self._credentials.take_back(lent)
        if not kept:
            host = urlsplit(address).netloc
            raise Conflict(
                "no_sign_in",
                f"{person} keeps nothing to sign in with at {host}.",
                f"Add a user name and a password for {host} in Projects → Credentials.",
            )
        parts = urlsplit(kept.strip())
        return unquote(parts.username or ""), unquote(parts.password or "")

    def greet(self, person: str, address: str) -> None:
        """Look whether a Dask Gateway is there and lets the person in. Takes up to seconds.

        Raises
        ------
        Conflict, Unavailable
            It does not; something else is there, or nothing.
        """
        try:
            Gateway(address, *self.of(person, address)).options()
        except GatewayError as error:
            if error.status in (401, 403):
                raise Conflict(
                    "gateway_refuses", f"{error}.", "Replace what you keep for its host in Projects → Credentials."
                ) from None
            raise Unavailable("no_gateway", f"{error}.", "Look whether it runs and its address is right.") from None
