"""Which cluster a notebook gets, and what it is told when it gets none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import workspace_ext as ws
from workspace_ext import cluster


class Workspace(ThreadingHTTPServer):
    """Answers like the server's route, with what the test sets."""

    reply: tuple[int, object] = (200, {})
    seen: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Workspace

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Authorization"]))
        status, body = self.server.reply
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode() if not isinstance(body, bytes) else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def workspace(tables_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    server = Workspace(("127.0.0.1", 0), Handler)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("ATRIUM_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("ATRIUM_TOKEN", "secret")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_workspace_says_which_cluster_is_attached(workspace: Workspace) -> None:
    workspace.reply = (200, {"id": "c1", "kind": "dask", "address": "tcp://127.0.0.1:8786"})
    assert cluster._attachment("dask") == cluster.Attachment("c1", "dask", "tcp://127.0.0.1:8786")
    assert workspace.seen == [("/atrium/api/kernel/cluster", "token secret")]


def test_a_run_keeps_its_cluster(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATRIUM_CLUSTER", '{"id": "c2", "kind": "spark", "address": "sc://127.0.0.1:1"}')
    assert cluster._attachment("spark") == cluster.Attachment("c2", "spark", "sc://127.0.0.1:1")
    assert workspace.seen == []


def test_the_other_kind_says_what_to_attach(workspace: Workspace) -> None:
    workspace.reply = (200, {"id": "c1", "kind": "dask", "address": "tcp://127.0.0.1:8786"})
    with pytest.raises(ws.ClusterError) as caught:
        ws.cluster.spark()
    assert caught.value.message == "This notebook is attached to a Dask cluster, not to Spark."
    assert caught.value.hint == "Attach a Spark cluster from the cluster chip in the toolbar."


def test_no_cluster_repeats_what_the_workspace_says(workspace: Workspace) -> None:
    workspace.reply = (404, {"code": "no_cluster", "message": "No cluster is attached.", "hint": "Choose one."})
    with pytest.raises(ws.ClusterError, match=r"^No cluster is attached\.\nChoose one\.$"):
        ws.cluster.dask()


@pytest.mark.parametrize("reply", [(502, b"<html>"), (500, [])])
def test_an_odd_answer_is_named(workspace: Workspace, reply: tuple[int, object]) -> None:
    workspace.reply = reply
    with pytest.raises(ws.ClusterError, match=f"answered {reply[0]} when asked for the cluster"):
        ws.cluster.dask()


def test_a_cluster_that_is_starting_has_no_address_yet(workspace: Workspace) -> None:
    workspace.reply = (200, {"id": "c1", "kind": "dask", "address": None})
    with pytest.raises(ws.ClusterError, match="still starting"):
        ws.cluster.dask()


def test_a_workspace_that_is_gone_is_named(tables_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATRIUM_URL", "http://127.0.0.1:9")
    with pytest.raises(ws.ClusterError, match=r"http://127\.0\.0\.1:9 does not answer"):
        ws.cluster.spark()


def test_an_environment_without_the_library_says_so(workspace: Workspace) -> None:
    workspace.reply = (200, {"id": "c1", "kind": "spark", "address": "sc://127.0.0.1:9"})
    with pytest.raises(ws.ClusterError, match=r"cannot use Spark: No module named 'pyspark'(.|\n)*cluster chip"):
        ws.cluster.spark()
