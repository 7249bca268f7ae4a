"""Threads in the review of a branch: over real HTTP, with a real repository, and by the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import Server, start_server

CELL = "df = load()\ndf = df.dropna()\nplot(df)"


@pytest.mark.parts
def test_threads_live_with_their_branch(tmp_path: Path) -> None:
    home, remote = tmp_path / "home", Remote(tmp_path / "remote")
    allow(home, remote.url)
    with start_server(home) as server:
        project = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]["project"]
        branches = f"/projects/{project}/branches"
        server.api("POST", branches, {"name": "weekly"})
        tree = home / "work/projects/forecast/weekly"

        def push(text: str) -> dict[str, Any]:
            (tree / "forecast.ipynb").write_text(text)
            server.api("POST", f"{branches}/weekly/commit", {"paths": ["forecast.ipynb"], "summary": "More"})
            assert server.wait(server.api("POST", f"{branches}/weekly/push"))["state"] == "succeeded"
            review: dict[str, Any] = server.api("GET", f"{branches}/weekly/review")
            return review

        def threads(branch: str = "weekly", person: str = "bo") -> dict[str, Any]:
            path = f"{branches}/{quote(branch, safe='')}/review/threads"
            found: dict[str, Any] = server.api("GET", path, person=person)
            return found

        review = push(notebook("import pandas", CELL, "df + 1"))
        assert review["fork"] == remote.head()
        url = f"{branches}/weekly/review/threads"
        new = {"path": "forecast.ipynb", "commit": review["head"], "cell_id": "b", "first": 1, "text": "Why? @bo"}
        begun = server.api("POST", url, new)
        assert begun["anchor"]["quote"]["exact"] == "df = df.dropna()"
        old = {"path": "README.md", "commit": review["fork"], "side": "old", "first": 0, "text": "Whose?"}
        server.api("POST", url, old, person="bo")
        server.api("POST", f"/comments/{begun['id']}/comments", {"text": "So."}, person="bo")

        found = threads()
        assert (found["head"], found["fork"], found["may_comment"]) == (review["head"], review["fork"], True)
        first, second = found["threads"]
        assert first["spot"] == {"side": "new", "cell_id": "b", "first": 1, "last": 1}
        assert second["spot"] == {"side": "old", "cell_id": "", "first": 0, "last": 0}
        # They are the notebook's as well.
        [beside] = server.api("GET", f"/comments?notebook={quote('projects/forecast/main/forecast.ipynb')}")["threads"]
        assert (beside["id"], len(beside["comments"])) == (begun["id"], 2)

        push(notebook("import pandas", f"# Clean\n{CELL}", "df + 1"))
        assert threads()["threads"][0]["spot"]["first"] == 2
        push(notebook("import pandas", "df = load()", "df + 1"))
        assert threads()["threads"][0]["spot"] is None
        assert threads()["threads"][0]["thread"]["anchor"]["quote"]["exact"] == "df = df.dropna()"
        push(notebook("import pandas", f"# Again\n{CELL}", "df + 1"))

        _refused(server, url, new)
        _command(server, begun["id"])

        # Renamed; deleted, another of that name, and brought back.
        server.api("PATCH", f"{branches}/weekly", {"name": "monthly"})
        server.wait(server.api("POST", f"{branches}/monthly/push"))
        assert threads("monthly")["threads"][0]["thread"]["id"] == begun["id"]
        assert threads("weekly")["threads"] == []
        deleted = server.api("DELETE", f"{branches}/monthly")
        assert threads("monthly")["threads"] == []
        server.api("POST", f"/projects/{project}/deleted-branches/{deleted['backup']}/restore")
        assert threads("monthly")["threads"][0]["spot"]["first"] == 2
        # Merged: what is said stays with the notebook.
        merged = server.wait(server.api("POST", f"{branches}/monthly/merge", {}))
        assert merged["state"] == "succeeded", merged
        path = quote("projects/forecast/main/forecast.ipynb")
        assert begun["id"] in [one["id"] for one in server.api("GET", f"/comments?notebook={path}")["threads"]]


def _refused(server: Server, url: str, new: dict[str, Any]) -> None:
    for change, code in (
        ({"commit": "HEAD"}, 422), ({"commit": "0" * 40}, 404), ({"first": 3}, 404), ({"cell_id": "z"}, 404),
        ({"first": 2, "last": 1}, 422), ({"first": None, "last": 1}, 422), ({"first": -1}, 422),
        ({"path": "../forecast.ipynb"}, 422), ({"path": "a\0b"}, 422), ({"text": " "}, 422), ({"side": "both"}, 422),
    ):  # fmt: skip
        status, reply = server.request("POST", f"atrium/api{url}", {**new, **change})
        assert status == code, (change, reply)
    assert server.request("POST", f"atrium/api{url}", new, person=None)[0] == 401
    assert server.request("POST", f"atrium/api{url.replace('weekly', 'nothing')}", new)[0] == 404
    anchor = {"cell_id": "b", "commit": "0" * 40}
    notebook = "projects/forecast/main/forecast.ipynb"
    assert (
        server.request("POST", "atrium/api/comments", {"notebook": notebook, "anchor": anchor, "text": "x"})[0] == 422
    )
    project = url.split("/")[2]
    bo = next(one["id"] for one in server.api("GET", "/people")["people"] if one["name"] == "bo")
    about = f"/comments?notebook={quote(notebook)}"
    for role, write in (("viewer", 403), ("commenter", 200)):
        server.api("PUT", f"/people/{bo}/role", {"role": role, "project": project})
        may = {server.api("GET", path, person="bo")["may_comment"] for path in (url, about)}
        assert may == {write == 200}
        status, reply = server.request("POST", f"atrium/api{url}", {**new, "first": 0}, person="bo")
        assert status == write, reply
    server.api("DELETE", f"/comments/{reply['id']}/comments/{reply['comments'][0]['id']}", person="bo")


def _command(server: Server, thread: str) -> None:
    def run(*arguments: str) -> Any:
        done = atrium(server, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    begun = run("begin", "forecast", "weekly", "forecast.ipynb", "All of it", "--cell", "b", "--lines", "2-4")
    assert begun["anchor"]["quote"]["exact"] == CELL
    assert run("reply", begun["id"], "Yes")["comments"][1]["text"] == "Yes"
    assert run("resolve", begun["id"])["state"] == "resolved"
    assert run("reopen", begun["id"])["state"] == "open"
    assert run("resolve", thread)["state"] == "resolved"
    shown = atrium(server, "review", "forecast", "weekly").stdout
    assert "forecast.ipynb cell b:2-4" in shown
    assert "README.md:1 (old)" in shown
    assert len(run("list", "projects/forecast/weekly/forecast.ipynb")["threads"]) == 2


def atrium(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "atrium"), "comments", *arguments, "--home", str(server.home),
         "--token", server.tokens["ana"]],
        capture_output=True, text=True,
    )  # fmt: skip
