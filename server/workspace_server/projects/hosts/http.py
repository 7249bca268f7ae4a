"""The API of a git host, asked as one person. Runs in worker processes; the token is read from the file that was lent
and goes to this one base address only: redirections are refused."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Mapping
from http.client import HTTPSConnection
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
    getproxies,
)

from workspace_ext.contract.pull_requests import HostKind

from ...kit.errors import AtriumError, Conflict, Unavailable
from ..credentials.sign_in import SignIn
from ..reach import public_addresses

TIMEOUT = 20
MOST_BYTES = 8 * 2**20


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class _Public(HTTPSConnection):
    """Connects to the world's addresses only, see :mod:`..reach`."""

    def connect(self) -> None:
        # Whoever looks a name up once more may get another address.
        self._create_connection = _connect
        super().connect()


def _connect(address: tuple[str, int], *options: Any) -> socket.socket:
    host, port = address
    *others, last = public_addresses(host, port)
    for each in others:
        with contextlib.suppress(OSError):
            return socket.create_connection((each, port), *options)
    return socket.create_connection((last, port), *options)


class _PublicHandler(HTTPSHandler):
    def https_open(self, request: Request) -> Any:
        return self.do_open(_Public, request)


class _NoHttp(HTTPHandler):
    def http_open(self, request: Request) -> Any:
        raise URLError("not without TLS")


INSIDE = build_opener(_Stay)
OUTSIDE = build_opener(_Stay, _PublicHandler, _NoHttp)
"""For hosts that nobody but who cloned from them has named."""


def opener(inside: bool) -> OpenerDirector:
    """What opens addresses, see ``inside`` of :class:`..git.command.Git`. A proxy of this machine's decides by itself
    what may be reached through it."""
    return INSIDE if inside or getproxies() else OUTSIDE


class Api:
    """``host`` is its name for people; ``inside``: it may be in the network around this server."""

    def __init__(self, base: str, kind: HostKind, host: str, sign_in: SignIn, inside: bool = False) -> None:
        self.host = host
        self._opener = opener(inside)
        self._base = base
        self._headers = {"Accept": "application/json", "User-Agent": "jupyter-atrium"}
        if sign_in.kind == "token":
            self._headers |= _authorization(kind, *sign_in.pair())

    def get(self, path: str, **query: Any) -> Any:
        """What is at a path below the base address; None where there is nothing (404)."""
        asked = f"?{urlencode(query)}" if query else ""
        return self._ask("GET", path + asked, None)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Change something.

        Raises
        ------
        Conflict
            The host did not want to, with its own words.
        """
        return self._ask(method, path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {**self._headers, **({"Content-Type": "application/json"} if body is not None else {})}
        request = Request(self._base + path, data=body, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as reply:
                content = reply.read(MOST_BYTES)
        except HTTPError as error:
            with error:
                if error.code == 404 and method == "GET":
                    return None
                raise self._refusal(error.code, _said(error.read(MOST_BYTES)), method) from None
        except (URLError, TimeoutError, OSError):
            raise Unavailable(
                "unreachable", f"The API of {self.host} did not answer.", "Check the network, then try again."
            ) from None
        try:
            return json.loads(content) if content.strip() else {}
        except ValueError:
            raise Unavailable(
                "not_an_api", f"{self.host} answered something that is not its API's.",
                "Is it a host of this kind? The operator names kinds in settings/git-hosts.json.",
            ) from None  # fmt: skip

    def _refusal(self, status: int, said: str, method: str) -> AtriumError:
        where = "Replace it in Projects → Credentials."
        if status == 401:
            return Unavailable(
                "authentication_refused", f"The token you keep for {self.host} was refused (HTTP 401).", where
            )
        if status == 403:
            return Unavailable(
                "authentication_refused",
                f"The token you keep for {self.host} may not do this (HTTP 403){said}.",
                f"It needs the right to read and write pull requests. {where}",
            )
        if method != "GET" and status < 500:
            return Conflict(
                "not_merged", f"{self.host} did not merge it{said}.", "Its page there says what is missing."
            )
        return Unavailable("host_failed", f"{self.host} answered HTTP {status}{said}.", "Try again in a moment.")


def _authorization(kind: HostKind, user: str, token: str) -> dict[str, str]:
    """As each host documents it."""
    if kind == "gitlab":
        return {"PRIVATE-TOKEN": token}
    if kind == "gitea":
        return {"Authorization": f"token {token}"}
    if kind == "bitbucket" and user != "x-token-auth":
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}
    return {"Authorization": f"Bearer {token}"}


def _said(content: bytes) -> str:
    """The host's own words, short and in one line."""
    try:
        told = json.loads(content)
    except ValueError:
        return ""
    said = told.get("message") or told.get("error") if isinstance(told, dict) else None
    if isinstance(said, dict):
        said = said.get("message")
    return ": " + " ".join(said.split())[:200].rstrip(".") if isinstance(said, str) and said else ""
