"""The room on a real server, over REST and the command: two people, a restart, a kill -9 in the middle of a clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Remote, allow, git, notebook, slow_http
from tests.fakes.servers import Server, start_server

pytestmark = pytest.mark.parts


def test_the_path_over_rest_and_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    allow(home, remote.url)
    (home / "settings" / "suggestions.json").write_text(json.dumps([{"name": "forecast", "url": remote.url}]))
    with start_server(home, ATRIUM_POLL_SECONDS="1") as server:
        assert server.api("GET", "/projects") == {"projects": []}
        suggested = server.api("GET", "/projects/suggestions")["suggestions"]
        assert suggested == [{"name": "forecast", "url": remote.url}]
        status, reply = server.request("POST", "atrium/api/projects", {"url": "file:///etc"})
        assert (status, reply["code"], reply["field"]) == (422, "url_not_allowed", "url")

        started = server.api("POST", "/projects", {"url": suggested[0]["url"]})
        assert started["kind"] == "projects.clone"
        opened = server.wait(started)["result"]
        assert opened["notebook"] == "projects/forecast/main/forecast.ipynb"
        project = opened["project"]
        assert server.request("GET", f"api/contents/{opened['notebook']}")[0] == 200

        made = server.api(
            "POST", f"/projects/{project}/branches", {"name": "feature/wöche", "notebook": opened["notebook"]}
        )
        assert made["notebook"] == "projects/forecast/feature~wöche/forecast.ipynb"
        tree = home / "work" / made["folder"]
        (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = 3", "df + 1"))
        branch = f"/projects/{project}/branches/feature%2Fw%C3%B6che"
        listed = server.api("GET", branch + "/status", person="bo")
        assert [(file["path"], file["cells"]) for file in listed["files"]] == [("forecast.ipynb", 1)]
        diff = server.api("GET", branch + "/diff?path=forecast.ipynb")
        assert diff["cells"][0]["diff"].endswith("+df = 3")
        commit = server.api(
            "POST", branch + "/commit", {"paths": ["forecast.ipynb"], "summary": listed["summary"]}, person="bo"
        )
        assert (commit["author"], commit["summary"]) == ("Bo", "Change 1 cell of forecast.ipynb")
        assert server.wait(server.api("POST", branch + "/push"))["state"] == "succeeded"
        assert server.api("GET", branch + "/review")["commits"][0]["sha"] == commit["sha"]
        merged = server.wait(server.api("POST", branch + "/merge", {}))
        assert merged["state"] == "succeeded", merged
        assert server.api("GET", f"/projects/{project}/production")["sha"] == remote.head()
        assert [one["sha"] for one in server.api("GET", branch + "/log?limit=1")["commits"]] == [commit["sha"]]
        assert server.request("GET", f"atrium/api/projects/{project}/branches/-x/status")[0] == 404
        assert server.request("GET", "atrium/api/projects/none")[0] == 404

        # Somebody else's push, found by polling alone.
        sha = remote.push({"b.txt": "b"})
        deadline = time.monotonic() + 60
        while server.api("GET", f"/projects/{project}/production")["sha"] != sha:
            assert time.monotonic() < deadline
            time.sleep(0.2)

        _command(server, remote)

    remote.push({"c.txt": "c"})
    with start_server(home, ATRIUM_POLL_SECONDS="1") as server:
        deadline = time.monotonic() + 60
        while server.api("GET", f"/projects/{project}/production")["sha"] != remote.head():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        branches = server.api("GET", f"/projects/{project}")["branches"]
        assert [one["name"] for one in branches] == ["feature/wöche", "main", "third"]
        assert server.request("DELETE", f"atrium/api/projects/{project}?name=other")[1]["field"] == "name"
        server.api("DELETE", f"/projects/{project}?name=forecast&now=true")
        assert list((home / "git").iterdir()) == []


def _command(server: Server, remote: Remote) -> None:
    def atrium(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from workspace_ext.cli import main; sys.exit(main())", "projects",
             *arguments, "--json", "--home", str(server.home)],
            env={**os.environ, "ATRIUM_TOKEN": server.tokens["ana"]}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert [one["name"] for one in atrium("list")["projects"]] == ["forecast"]
    assert atrium("branch", "forecast", "second")["branch"] == "second"
    (server.home / "work" / "projects" / "forecast" / "second" / "README.md").write_text("x")
    assert [file["path"] for file in atrium("status", "forecast", "--branch", "second")["files"]] == ["README.md"]
    assert atrium("commit", "forecast", "--branch", "second", "-m", "Second")["author"] == "Ana"
    atrium("push", "forecast", "--branch", "second")
    atrium("merge", "forecast", "second")
    _the_past(server, atrium)
    assert atrium("rename-branch", "forecast", "second", "third")["folder"] == "projects/forecast/second"
    (server.home / "work" / "projects" / "forecast" / "second" / "README.md").write_text("y")
    assert atrium("aside", "put", "forecast", "--branch", "third", "-m", "later")["paths"] == ["README.md"]
    assert [one["note"] for one in atrium("aside", "list", "forecast")] == ["later"]
    assert atrium("aside", "back", "forecast", "--branch", "third")["paths"] == ["README.md"]
    assert atrium("delete-branch", "forecast", "third", "--cost")["unmerged"] == 0
    backup = atrium("delete-branch", "forecast", "third")["backup"]
    assert [one["backup"] for one in atrium("trash", "forecast")] == [backup]
    assert atrium("restore", "forecast", "--branch", "third")["branch"] == "third"
    data = server.home / "work" / "projects" / "forecast" / "main" / "data"
    assert atrium("folders", "forecast", "--remove", "data")["chosen"] == []
    assert not data.exists()
    assert atrium("folders", "forecast", "--add", "data")["chosen"] == ["data"]
    assert atrium("folders", "forecast", "--all")["folders"][0]["path"] == "data"
    assert data.exists()
    assert atrium("new", "notes")["readme"] == "projects/notes/main/README.md"
    atrium("delete", "notes", "--name", "notes", "--now")
    atrium("delete", "forecast", "--name", "forecast")
    assert [one["name"] for one in atrium("trash")] == ["forecast"]
    assert atrium("restore", "forecast")["name"] == "forecast"
    atrium("archive", "forecast")
    assert atrium("list")["projects"][0]["archived"]
    atrium("unarchive", "forecast")
    assert atrium("production", "forecast")["sha"] == remote.head()
    assert git(remote.path, "log", "-1", "--format=%s", "main") == "Merge second"


def _the_past(server: Server, atrium: Callable[..., Any]) -> None:
    found = atrium("log", "forecast", "--branch", "second", "--message", "second")["commits"]
    assert [one["summary"] for one in found] == ["Second"]
    assert [one["path"] for one in atrium("show", "forecast", found[0]["sha"])["changes"]["files"]] == ["README.md"]
    before = found[0]["parents"][0]
    assert atrium("compare", "forecast", before, "second")["ahead"] == 1
    assert len(atrium("blame", "forecast", "forecast.ipynb", "--branch", "second")["cells"]) == 3
    back = atrium("restore-file", "forecast", "README.md", "--from", before, "--branch", "second")
    assert (server.home / "work" / "projects" / "forecast" / "second" / "README.md").read_text() != "x"
    path = "/projects/{}/branches/second/undo-pull".format(atrium("list")["projects"][0]["id"])
    server.api("POST", path, {"backup": back["backup"]})
    assert atrium("pull-request", "forecast", "--branch", "second")["kind"] is None


def test_a_server_killed_in_the_middle_of_a_clone_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote", files={"big.txt": os.urandom(2_000_000).hex()})
    with slow_http(remote.path.parent, seconds=20) as base:
        url = f"{base}/forecast.git"
        allow(home, url)
        with start_server(home) as server:
            operation = server.api("POST", "/projects", {"url": url})
            deadline = time.monotonic() + 30
            while "Receiving" not in server.api("GET", f"/operations/{operation['id']}")["message"]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert list((home / "git").iterdir())
            server.process.kill()
            server.process.wait()
        with start_server(home) as server:
            assert server.api("GET", "/projects") == {"projects": []}
            assert list((home / "git").iterdir()) == []
            assert list((home / "work" / "projects").iterdir()) == []
            allow(home, remote.url)
            done = server.wait(server.api("POST", "/projects", {"url": remote.url}))
            assert done["state"] == "succeeded", done
