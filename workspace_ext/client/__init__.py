"""The typed HTTP client of a workspace: what the command and scripts use. Standard library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar, overload

from ..contract.operations import Operation
from .decode import decode

Reply = TypeVar("Reply")


class ClientError(Exception):
    """What the server, or the way to it, said no with.

    Parameters
    ----------
    status
        The HTTP status; 0 when the server could not be reached.
    code, message, hint
        As on the wire.
    """

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint


class Client:
    """A workspace, as one person (or one share link) sees it.

    Parameters
    ----------
    url
        Where the workspace is, for example ``http://127.0.0.1:8888/``.
    token
        From ``atrium users token NAME``; a share link's token begins with ``link.``; empty for nobody.
    """

    def __init__(self, url: str, token: str = "", timeout: float = 120) -> None:
        self.url = url.rstrip("/") + "/"
        self._headers = {"Content-Type": "application/json"}
        if token.startswith("link."):
            self._headers["X-Atrium-Link"] = token
        elif token:
            self._headers["Authorization"] = f"token {token}"
        self._timeout = timeout

    @overload
    def call(
        self, method: str, path: str, body: Any = None, reply: None = None, query: dict[str, Any] | None = None
    ) -> Any: ...

    @overload
    def call(
        self, method: str, path: str, body: Any = None, *, reply: type[Reply], query: dict[str, Any] | None = None
    ) -> Reply: ...

    @overload
    def call(
        self, method: str, path: str, body: Any, reply: type[Reply], query: dict[str, Any] | None = None
    ) -> Reply: ...

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        reply: type[Any] | None = None,
        query: dict[str, Any] | None = None,
    ) -> Any:
        """Ask ``path`` (below ``/atrium/api``; from the base URL when it begins with ``//``).

        Parameters
        ----------
        body
            A dataclass of the contract, or JSON.
        reply
            The dataclass to decode the answer into; None gives the bare JSON.

        Raises
        ------
        ClientError
        """
        content = self.fetch(method, path, body, query)
        value = json.loads(content) if content else None
        return value if reply is None else decode(reply, value)

    def fetch(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> bytes:
        """The bytes of an answer, for pages and logs."""
        url = self.url + (path[2:] if path.startswith("//") else "atrium/api" + path)
        if given := {name: value for name, value in (query or {}).items() if value is not None}:
            url += "?" + urllib.parse.urlencode(given)
        if is_dataclass(body) and not isinstance(body, type):
            body = asdict(body)
        data = None if body is None and method == "GET" else json.dumps(body if body is not None else {}).encode()
        request = urllib.request.Request(url, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from None
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", error)
            raise ClientError(
                0, "unreachable", f"No workspace answers at {self.url} ({reason}).", "Is `atrium up` running?"
            ) from None

    def wait(
        self, operation: Operation, on_progress: Callable[[Operation], None] | None = None, seconds: float = 3600
    ) -> Operation:
        """Follow a long operation to its end.

        Raises
        ------
        ClientError
            It failed or was cancelled, or ran past ``seconds``.
        """
        deadline = time.monotonic() + seconds
        pause = 0.05
        while operation.state == "running":
            if time.monotonic() > deadline:
                raise ClientError(0, "too_slow", f"{operation.title} has not ended after {seconds:.0f} s.")
            time.sleep(pause)
            pause = min(0.5, pause * 1.5)
            operation = self.call("GET", f"/operations/{operation.id}", reply=Operation)
            if on_progress:
                on_progress(operation)
        if operation.error is not None:
            raise ClientError(500, operation.error.code, operation.error.message, operation.error.hint)
        if operation.state == "cancelled":
            raise ClientError(0, "cancelled", f"{operation.title} was cancelled.")
        return operation


def _refusal(status: int, content: bytes) -> ClientError:
    try:
        wire = json.loads(content)
        return ClientError(status, wire.get("code", "refused"), wire["message"], wire.get("hint", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ClientError(status, "refused", f"The server answered {status}.")
