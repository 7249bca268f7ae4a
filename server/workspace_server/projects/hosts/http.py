"""The API of a git host, asked as one person. Runs in worker processes; the token is read from the file that was lent
and goes to this one base address only: redirections are refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from workspace_ext.contract.pull_requests import HostKind

from ...kit.errors import AtriumError, Conflict, Unavailable
from ..credentials.sign_in import SignIn

TIMEOUT = 20
MOST_BYTES = 8 * 2**20


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = build_opener(_Stay)


class Api:
    """``host`` is its name for people."""

    def __init__(self, base: str, kind: HostKind, host: str, sign_in: SignIn) -> None:
        self.host = host
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
            with OPENER.open(request, timeout=TIMEOUT) as reply:
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
