"""A cluster's own pages: who reaches them, what goes to them and comes from them. On a real Dask cluster."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import NOTEBOOK, listeners, look, make_project, wait_for, watched
from workspace_server.access.service import Access
from workspace_server.clusters.watching import local
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage


async def connected(server: Server, path: str, page: str, origin: str) -> WebSocketClientConnection:
    """As Bokeh's script does it: the page's token is the second protocol."""
    token = re.findall(r'"token":"([^"]+)"', page)[0]
    address = server.url.replace("http://", "ws://", 1) + path
    return await websocket_connect(HTTPRequest(address, headers={"Origin": origin}), subprotocols=["bokeh", token])


@pytest.mark.parts
async def test_a_dask_cluster_is_watched_by_who_may_and_by_nobody_else(tmp_path: Path) -> None:
    config = Home(tmp_path / "home").settings / "jupyter" / "jupyter_server_config.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"ServerApp": {"base_url": "/team/"}}')
    with start_server(tmp_path / "home") as server:
        make_project(server.home)
        wanted = {"notebook": NOTEBOOK, "kind": "dask", "minimum": 1, "maximum": 1}
        id = server.api("POST", "/clusters", wanted)["cluster"]["id"]
        status, refused = server.request("POST", f"atrium/api/clusters/{id}/watch")
        assert (status, refused["code"], refused["hint"]) == (409, "not_running", "Start it to look at it.")
        wait_for(server, id, "running")
        told = watched(server, id)
        root = told["url"]
        assert {address for address, _ in listeners(server, id)} == {"127.0.0.1"}
        assert [page["name"] for page in told["pages"]][:3] == ["Status", "Workers", "Tasks"]
        assert watched(server, id)["url"] == root

        # The pages: below the base URL, in a sandbox, with nothing of Dask's own bar.
        status, headers, _ = look(server, root)
        assert (status, headers["Location"]) == (301, f"/team/{root}status")
        status, headers, page = look(server, f"{root}status", Cookie="_xsrf=1; secret=2", Authorization="token secret")
        assert (status, headers["Referrer-Policy"]) == (200, "no-referrer")
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts;")
        assert "frame-ancestors 'self'" in policy
        assert "Set-Cookie" not in headers
        assert ".navbar{display:none}" in page
        script = re.findall(r'src="(static/js/bokeh[^"]+)"', page)[0]
        assert look(server, root + script)[1]["Content-Type"].startswith(("text/javascript", "application/javascript"))
        # Bokeh keeps what it was asked with in the page: no cookie and no token came through.
        assert "secret" not in look_into(page)

        # The connection brings data; from elsewhere it is refused.
        for origin in ("https://evil.example", "http://127.0.0.1:1"):
            with pytest.raises(HTTPClientError, match="403"):
                await connected(server, f"{root}status/ws", page, origin)
        socket = await connected(server, f"{root}status/ws", page, "null")
        assert socket.selected_subprotocol == "bokeh"
        assert "ACK" in str(await socket.read_message())
        socket.close()

        # Everybody who may look has an address of their own; kernels, nobody, and who may no longer have none.
        bo = next(one for one in server.api("GET", "/people")["people"] if one["name"] == "bo")
        server.api("PUT", f"/people/{bo['id']}/role", {"role": "viewer"})
        theirs = server.api("POST", f"/clusters/{id}/watch", person="bo")["url"]
        assert theirs != root
        assert look(server, f"{theirs}status")[0] == 200
        assert server.request("POST", f"atrium/api/clusters/{id}/watch", person=None)[0] == 401
        assert server.request("POST", f"atrium/api/clusters/{id}/watch", person=None, **kernel(server))[0] == 403

        # A ticket opens this cluster's pages only, and a guessed one nothing.
        ticket = root.split("/")[-2]
        for wrong in (root.replace(ticket, "a" * 43), root.replace(id, "other"), f"{root}../../guessed/"):
            assert look(server, wrong)[0] in (403, 404)
        # Neither the way on to workers nor a port or host of one's choice.
        port = urlsplit(server.url).port
        for elsewhere in (f"proxy/{port}/127.0.0.1/login", f"@127.0.0.1:{port}/login", f"//127.0.0.1:{port}/login"):
            assert look(server, root + elsewhere)[0] == 404
        assert server.request("PUT", f"{root}status")[0] in (403, 405)
        assert ticket not in server.log()

        # Restarted it is under the same address; stopped it says so, here and over REST.
        before = wait_for(server, id, "running")["dashboard"]
        server.api("POST", f"/clusters/{id}/restart", {})
        deadline = time.monotonic() + 60
        while wait_for(server, id, "running")["dashboard"] in (None, before):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        assert watched(server, id)["url"] == root
        assert look(server, f"{root}status")[0] == 200
        server.api("POST", f"/clusters/{id}/stop")
        wait_for(server, id, "stopped", seconds=40)
        status, _, page = look(server, f"{root}status")
        assert status == 409
        assert "The cluster does not run now." in page
        assert server.request("POST", f"atrium/api/clusters/{id}/watch")[1]["code"] == "not_running"


def look_into(page: str) -> str:
    """What Bokeh's token says."""
    token = re.findall(r'"token":"([^".]+)', page)[0]
    said = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    packed = said.get("__bk__zlib_", "")
    kept = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))) if packed else b""
    assert b"headers" in kept, said
    return kept.decode()


def kernel(server: Server) -> dict[str, str]:
    home = Home(server.home)
    storage = Storage(home.database)
    try:
        return {"Authorization": f"token {Access(home, storage, Events()).kernel_token(NOTEBOOK)}"}
    finally:
        storage.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
        ("http://127.0.0.1:4000/status?a=b", "http://127.0.0.1:4000"),
        ("http://127.0.0.1", None),
        ("http://127.0.0.1:4000@10.0.0.1:80", None),
        ("http://10.0.0.1:4000", None),
        ("https://127.0.0.1:4000", None),
        ("file:///etc/passwd", None),
        ("http://127.0.0.1:many", None),
        ("http://[", None),
        ("", None),
        (None, None),
    ],
)
def test_pages_are_only_on_this_machine(address: str | None, expected: str | None) -> None:
    assert local(address) == expected
