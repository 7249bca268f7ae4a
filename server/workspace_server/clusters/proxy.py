"""A cluster's own pages behind the workspace's address: ``/atrium/clusters/{id}/dashboard/{ticket}/...``.

They are read, never written to, and are no part of the workspace's origin: the policy that goes with each of them puts
them into a sandbox, in frames and in tabs. To them goes no cookie, no token and no address of the workspace; from them
comes no cookie, and no way to anywhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import html
import logging
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, WebSocketHandler, websocket_connect

from ..kit.errors import AtriumError, Unavailable
from .watching import Watching

log = logging.getLogger(__name__)

POLICY = (
    "sandbox allow-scripts; default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
    "frame-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # Of a page in a sandbox, whose scripts ask for modules, data and fonts. No page of another origin reads them.
    "Access-Control-Allow-Origin": "null",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SANDBOX = "null"  # What a page in a sandbox says as its origin.

# Everything else stays behind.
TO_PAGES = ("Accept", "Accept-Language", "If-Modified-Since", "If-None-Match")
FROM_PAGES = ("Cache-Control", "Content-Type", "Etag", "Last-Modified")

ANSWER_SECONDS = 30.0
LONGEST = 64 * 2**20
PING_SECONDS = 30.0

# Dask's own bar makes room for JupyterLab's. Spark keeps in the browser what is folded, which a sandbox does not let
# it: it forgets it with the page.
DRESS = {
    "dask": "<style>.navbar{display:none}body{padding-top:8px!important}</style>",
    "spark": (
        "<script>{const kept = new Map();"
        "Object.defineProperty(window, 'localStorage', {value: {"
        "getItem: name => kept.get(String(name)) ?? null,"
        "setItem: (name, value) => void kept.set(String(name), String(value)),"
        "removeItem: name => void kept.delete(String(name))}});}</script>"
    ),
}

REFUSAL = """<!doctype html>
<meta charset="utf-8">
<title>{message}</title>
<style>:root{{color-scheme:light dark}}body{{font:13px/1.5 system-ui,sans-serif;margin:24px}}</style>
<p>{message}</p>
<p>{hint}</p>
<p><a href="">Try again</a></p>
"""


class _Handler(RequestHandler):
    """Of an address with a ticket."""

    def initialize(self, watching: Watching) -> None:
        self.watching = watching
        # The address is a secret for a while, and this is what is logged of it.
        self.request.uri = re.sub(r"/dashboard/[\w-]+", "/dashboard/...", self.request.uri or "")

    @property
    def root(self) -> str:
        """The path of the pages, as the browser has it, without a slash at the end."""
        ticket = f"/{self.path_kwargs['ticket']}"
        return self.request.path.partition(ticket)[0] + ticket

    def target(self, address: str) -> str:
        """The same page at ``address``."""
        query = f"?{self.request.query}" if self.request.query else ""
        return f"{address}{self.request.path.removeprefix(self.root)}{query}"


class PageHandler(_Handler):
    """A page, or what a page asks for."""

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    @allow_unauthenticated
    async def get(self, id: str, ticket: str, path: str) -> None:
        try:
            kind, address = self.watching.admit(id, ticket)
            self._pass(kind, address, await self._ask(kind, address))
        except AtriumError as error:
            self._refuse(error)

    async def _ask(self, kind: str, address: str) -> HTTPResponse:
        headers = {name: self.request.headers[name] for name in TO_PAGES if name in self.request.headers}
        if kind == "spark":
            headers["X-Forwarded-Context"] = self.root  # What its links begin with then. Those of Dask are relative.
        request = HTTPRequest(
            self.target(address), headers=headers, follow_redirects=False, request_timeout=ANSWER_SECONDS
        )
        try:
            return await _client().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            log.info("A cluster's pages do not answer: %s", error)
            raise _silent() from None

    def _pass(self, kind: str, address: str, reply: HTTPResponse) -> None:
        self.set_status(reply.code)
        for name in FROM_PAGES:
            if name in reply.headers:
                self.set_header(name, reply.headers[name])
        if "Location" in reply.headers:
            self.set_header("Location", self._inside(address, reply.headers["Location"]))
        body = reply.body or b""
        if reply.headers.get("Content-Type", "").startswith("text/html"):
            body = re.sub(rb"<head[^>]*>", lambda head: head[0] + DRESS[kind].encode(), body, count=1)
        if reply.code == 304:
            self.finish()
        else:
            self.finish(body)

    def _inside(self, address: str, location: str) -> str:
        """Where a page sends the browser, as the browser has it.

        Raises
        ------
        Unavailable
            That is elsewhere.
        """
        target = urlsplit(urljoin(self.target(address), location))
        if f"{target.scheme}://{target.netloc}" != address:
            raise Unavailable("leads_elsewhere", "This page leads out of the cluster's pages.", "Go back.")
        path = target.path if target.path.startswith(f"{self.root}/") else self.root + target.path
        return path + (f"?{target.query}" if target.query else "")

    def _refuse(self, error: AtriumError) -> None:
        self.set_status(error.status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(REFUSAL.format(message=html.escape(error.message), hint=html.escape(error.hint)))


class SocketHandler(_Handler, WebSocketHandler):
    """The connection over which Dask's pages stay up to date."""

    _pages: WebSocketClientConnection | None = None
    _pump: asyncio.Task[None] | None = None
    _offered: tuple[str, ...] = ()

    @property
    def ping_interval(self) -> float:
        return PING_SECONDS

    @allow_unauthenticated
    async def get(self, id: str, ticket: str, path: str) -> None:
        try:
            self._address = self.watching.admit(id, ticket)[1]
        except AtriumError as error:
            self.set_status(error.status)
            self.finish(error.message)
            return
        await super().get(id=id, ticket=ticket, path=path)

    def check_origin(self, origin: str) -> bool:
        """Of a page in a sandbox, which has no other origin, or of the workspace itself."""
        return origin == SANDBOX or super().check_origin(origin)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        # Bokeh takes the first for its name, and the second for the key of a page's session.
        self._offered = tuple(subprotocols)
        return subprotocols[0] if subprotocols else None

    async def open(self, id: str, ticket: str, path: str) -> None:
        address = self.target(self._address).replace("http://", "ws://", 1)
        try:
            self._pages = await websocket_connect(
                address, connect_timeout=ANSWER_SECONDS, subprotocols=list(self._offered), max_message_size=LONGEST
            )
        except (OSError, HTTPClientError) as error:
            log.info("A cluster's pages take no connection: %s", error)
            self.close(1011, _silent().message)
            return
        self._pump = asyncio.create_task(self._forward(self._pages, id, ticket))

    async def _forward(self, pages: WebSocketClientConnection, id: str, ticket: str) -> None:
        """What the cluster says, as long as the ticket is good."""
        with contextlib.suppress(WebSocketClosedError, AtriumError):
            while (message := await pages.read_message()) is not None:
                self.watching.admit(id, ticket)
                await self.write_message(message, binary=isinstance(message, bytes))
        pages.close()
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        if self._pages is not None:
            with contextlib.suppress(WebSocketClosedError):
                await self._pages.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        if self._pages is not None:
            self._pages.close()
        if self._pump is not None:
            self._pump.cancel()


def _silent() -> Unavailable:
    return Unavailable("no_answer", "The cluster does not answer.", "It may just have stopped: look at it in Compute.")


@functools.cache
def _client() -> AsyncHTTPClient:
    """Of its own: what it may hold in memory, and how many it asks at once, is not for the rest of the server."""
    return AsyncHTTPClient(force_instance=True, max_clients=64, max_body_size=LONGEST, max_buffer_size=LONGEST)


def handlers(watching: Watching, base_url: str) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Tornado's handler list, beside that of the route tables."""
    pages = base_url.rstrip("/") + r"/atrium/clusters/(?P<id>[\w-]+)/dashboard/(?P<ticket>[\w-]+)/"
    told = {"watching": watching}
    return [(pages + r"(?P<path>(?:.+/)?ws)", SocketHandler, told), (pages + "(?P<path>.*)", PageHandler, told)]
