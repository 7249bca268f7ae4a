"""The route table and its one dispatcher.

A room lists :class:`Route` rows; the dispatcher authenticates, authorises, decodes, calls off the event loop, encodes,
and turns errors into ``{code, message, hint}``. OpenAPI falls out of the same rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, stream_request_body

from .errors import AtriumError, Failed, Forbidden, Invalid, TooLarge, Unauthenticated

log = logging.getLogger(__name__)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
PREFIX = "/atrium/api"
UNFORGEABLE = {"Authorization", "X-Atrium-Link"}
API_POLICY = "frame-ancestors 'self'; default-src 'none'"


@dataclass(frozen=True)
class Caller:
    """Who asks: a ``person`` (id is the user's), a ``kernel`` (scope: its notebook), a ``link`` (scope: a dashboard's
    id), or ``nobody``."""

    kind: Literal["person", "kernel", "link", "nobody"]
    id: str = ""
    name: str = ""
    scope: str = ""


NOBODY = Caller("nobody")


@dataclass(frozen=True)
class Request:
    """One decoded request; ``body`` and ``query`` are of the types the route names."""

    caller: Caller
    path: dict[str, str]
    body: Any = None
    query: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """A reply that is not JSON. ``policy`` is its Content-Security-Policy."""

    body: bytes
    type: str = "text/html; charset=utf-8"
    policy: str = API_POLICY
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One row of a room's table.

    Parameters
    ----------
    method, path
        ``path`` is relative to ``/atrium/api``; ``{name}`` matches one segment, ``{name:path}`` the rest.
        A path that begins with ``//`` is taken from the server's base URL instead.
    action
        ``room:verb`` that the caller needs, or ``public: <why nobody needs to be signed in>``.
    call
        Given a :class:`Request`. A function runs in a thread, a coroutine function on the loop. Returns the reply, a
        :class:`Content`, an async iterator of server-sent events, or None for 204.
    body, query, reply
        Dataclasses of ``workspace_ext.contract``. A ``body`` of ``bytes`` is taken as it comes.
    most
        Bytes that a body of ``bytes`` may have. A longer one is answered 413 and never held in memory.
    """

    method: Method
    path: str
    action: str
    call: Callable[[Request], Any]
    body: type | None = None
    query: type | None = None
    reply: type | None = None
    status: int = 200
    most: int = 0

    def __post_init__(self) -> None:
        if (self.body is bytes) != (self.most > 0):
            raise TypeError(f"{self.method} {self.path} takes bytes without a limit, or has a limit for something else")
        if not re.fullmatch(r"[a-z]+:[a-z-]+|public: .+", self.action):
            raise TypeError(f"{self.method} {self.path} needs an action such as 'projects:write', not {self.action!r}")

    @property
    def url(self) -> str:
        return self.path[1:] if self.path.startswith("//") else PREFIX + self.path

    @property
    def public(self) -> bool:
        return self.action.startswith("public:")


class Gate(Protocol):
    """Who is it, and may they? The access room answers."""

    def identify(self, handler: JupyterHandler) -> Caller:
        """The caller of a request; :data:`NOBODY` when none is signed in. Called on the loop, must not block."""

    def allows(self, caller: Caller, action: str, path: dict[str, str]) -> bool:
        """May ``caller`` do ``action`` at all? Asked before anything is decoded; called on the loop, must not block."""

    async def admits(self, caller: Caller, action: str, request: Request) -> bool:
        """May ``caller``, whom :meth:`allows` lets do it, do ``action`` on what this request names?"""

    def refusal(self, caller: Caller, action: str) -> Forbidden:
        """Why not, for people."""


class Handler(JupyterHandler):
    """Serves all methods of one path."""

    routes: dict[str, Route]
    gate: Gate

    def initialize(self, routes: dict[str, Route], gate: Gate) -> None:
        self.routes = routes
        self.gate = gate

    @property
    def content_security_policy(self) -> str:
        return API_POLICY

    def check_xsrf_cookie(self) -> None:
        if not hasattr(self, "_jupyter_current_user"):
            return None  # Tornado asks before anybody is known; JupyterHandler.prepare asks again.
        # Without a session cookie there is nothing to forge: tokens and share links travel in headers, which another
        # site cannot set, and nobody gets their 401 from the dispatcher rather than a puzzling 403.
        if self.current_user is None or UNFORGEABLE & {name.title() for name in self.request.headers}:
            return None
        result: None = super().check_xsrf_cookie()
        return result

    async def _serve(self, **path: str) -> None:
        try:
            route = self.routes.get(self.request.method or "")
            if route is None:
                raise HTTPError(405, f"{self.request.method} is not possible here.")
            caller = self.gate.identify(self)
            if not route.public:
                if caller.kind == "nobody":
                    raise Unauthenticated("sign_in", "You are not signed in.", "Sign in, or send an API token.")
                if not self.gate.allows(caller, route.action, path):
                    raise self.gate.refusal(caller, route.action)
            request = Request(caller, path, self._body(route), self._query(route), dict(self.request.headers.get_all()))
            if not route.public and not await self.gate.admits(caller, route.action, request):
                raise self.gate.refusal(caller, route.action)
            result = route.call(request) if inspect.iscoroutinefunction(route.call) else None
            if result is None:
                result = asyncio.to_thread(route.call, request)
            await self._reply(route, await result)
        except AtriumError as error:
            self._fail(error)
        except HTTPError as error:
            said = error.log_message or error.reason or f"{self.request.method} is not possible here."
            self._fail(Failed("refused", str(said)), error.status_code)
        except Exception as error:
            log.exception("%s %s", self.request.method, self.request.path)
            self._fail(Failed("unexpected", f"{type(error).__name__}: {error}", "The server's log has the details."))

    get = allow_unauthenticated(_serve)
    post = allow_unauthenticated(_serve)
    put = allow_unauthenticated(_serve)
    patch = allow_unauthenticated(_serve)
    delete = allow_unauthenticated(_serve)

    def _body(self, route: Route) -> Any:
        if route.body is None:
            return None
        if route.body is bytes:
            return self._raw()
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=route.body)
        except msgspec.ValidationError as error:
            raise _invalid(error) from None
        except msgspec.DecodeError as error:
            raise Invalid("not_json", f"The body is not JSON: {error}.", "Send a JSON object.") from None

    def _raw(self) -> bytes:
        return bytes(self.request.body)

    def _query(self, route: Route) -> Any:
        if route.query is None:
            return None
        given = {name: values[-1].decode() for name, values in self.request.query_arguments.items()}
        given.pop("token", None)
        try:
            return msgspec.convert(given, route.query, strict=False)
        except msgspec.ValidationError as error:
            raise _invalid(error) from None

    async def _reply(self, route: Route, result: Any) -> None:
        if isinstance(result, Content):
            self.set_status(route.status)
            self.set_header("Content-Type", result.type)
            self.set_header("Content-Security-Policy", result.policy)
            self.set_header("X-Content-Type-Options", "nosniff")
            if result.type.startswith("text/html") and not result.policy.startswith("sandbox"):
                _ = self.xsrf_token  # Sets the cookie that the page's scripts send back.
            for name, value in result.headers.items():
                self.set_header(name, value)
            await self.finish(result.body)
        elif isinstance(result, AsyncIterator):
            await self._stream(result)
        elif result is None:
            self.set_status(204)
            await self.finish()
        else:
            self.set_status(route.status)
            self.set_header("Content-Type", "application/json")
            self.set_header("Cache-Control", "no-store")
            await self.finish(msgspec.json.encode(result))

    async def _stream(self, events: AsyncIterator[bytes]) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        self._streaming = asyncio.current_task()
        with contextlib.suppress(StreamClosedError, asyncio.CancelledError):
            await self.flush()
            async for chunk in events:
                self.write(chunk)
                await self.flush()

    _streaming: asyncio.Task[None] | None = None

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._streaming is not None:
            self._streaming.cancel()

    def _fail(self, error: AtriumError, status: int | None = None) -> None:
        if self._finished or self._headers_written:
            return
        self.clear()
        self.set_status(status or error.status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(error.wire()))


@stream_request_body
class StreamedHandler(Handler):
    """Serves a path with a route that takes ``bytes``: what is too long is thrown away as it arrives, then refused.

    A refusal before that would close the connection beneath a client that still sends, which then never reads why.
    """

    def initialize(self, routes: dict[str, Route], gate: Gate) -> None:
        super().initialize(routes, gate)
        self._received = bytearray()
        told = self.request.headers.get("Content-Length", "")
        self._told = int(told) if told.isdigit() else 0
        self._length = 0

    @property
    def _most(self) -> int:
        route = self.routes.get(self.request.method or "")
        return route.most if route is not None else 0

    def data_received(self, chunk: bytes) -> None:
        self._length += len(chunk)
        if max(self._length, self._told) <= self._most:
            self._received += chunk
        else:
            self._received.clear()

    def _raw(self) -> bytes:
        if self._length > self._most:
            raise _too_large(self._most)
        return bytes(self._received)


def _too_large(most: int) -> TooLarge:
    return TooLarge("too_large", f"The body is longer than {most // 2**20} MiB.", "Send less.")


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """msgspec's "Expected `str`, got `int` - at `$.name`" in our words, with the field named."""
    text, _, where = str(error).partition(" - at ")
    name = where.strip("`").removeprefix("$").lstrip(".") or None
    if missing := re.search(r"missing required field `(\w+)`", text):
        return Invalid("missing_field", f"'{missing[1]}' is missing.", "Give it a value.", missing[1])
    return Invalid("invalid_field", f"{name or 'The input'}: {text}.", "Mend this field and try again.", name)


def _pattern(url: str) -> str:
    def group(match: re.Match[str]) -> str:
        return f"(?P<{match[1]}>.+)" if match[2] else f"(?P<{match[1]}>[^/]+)"

    return re.sub(r"\{(\w+)(:path)?\}", group, url)


def handlers(routes: Sequence[Route], gate: Gate, base_url: str) -> list[tuple[str, type[Handler], dict[str, Any]]]:
    """Tornado's handler list of a route table."""
    by_url: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods = by_url.setdefault(route.url, {})
        if route.method in methods:
            raise TypeError(f"{route.method} {route.url} is listed twice")
        methods[route.method] = route
    # A literal segment goes before a parameter that would match it, a segment before a rest.
    order = sorted(by_url, key=lambda url: (":path}" in url, [part.startswith("{") for part in url.split("/")]))
    base = base_url.rstrip("/")
    return [(base + _pattern(url), _kind(by_url[url]), {"routes": by_url[url], "gate": gate}) for url in order]


def _kind(routes: dict[str, Route]) -> type[Handler]:
    return StreamedHandler if any(route.body is bytes for route in routes.values()) else Handler


def openapi(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The table as an OpenAPI 3.1 document."""
    types = {kind for route in routes for kind in (route.body, route.query, route.reply) if kind not in (None, bytes)}
    ordered = sorted(types, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: (route.url, route.method)):
        url = re.sub(r":path\}", "}", route.url)
        ok: dict[str, Any] = {"description": "Done"}
        if route.reply is not None:
            ok["content"] = _json(route.reply)
        summary = (route.call.__doc__ or "").strip().splitlines()
        operation: dict[str, Any] = {
            "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', url)}",
            "summary": summary[0] if summary else "",
            "tags": [route.action.partition(":")[0]],
            "x-action": route.action,
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"\{(\w+)\}", url)
            ]
            + _query_parameters(route.query),
            "responses": {str(route.status if route.reply is not None else 200): ok, "default": _PROBLEM},
        }
        if route.body is bytes:
            operation["requestBody"] = {"required": True, "content": {"*/*": {}}}
        elif route.body is not None:
            operation["requestBody"] = {"required": True, "content": _json(route.body)}
        paths.setdefault(url, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Atrium", "version": version},
        "paths": paths,
        "components": {"schemas": components},
    }


_PROBLEM = {"description": "Refused: `{code, message, hint}`"}


def _json(kind: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


def _query_parameters(query: type | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    _, components = msgspec.json.schema_components([query], ref_template="#/components/schemas/{name}")
    schema = components[query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": kind}
        for name, kind in schema["properties"].items()
    ]
