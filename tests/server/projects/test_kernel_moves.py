"""A kernel goes on in another branch: it keeps its variables, and knows where it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import Server, start_server

pytestmark = pytest.mark.parts

WHERE = "import os; print({!r}, x, os.getcwd(), os.environ['ATRIUM_BRANCH'], os.environ.get('ATRIUM_TABLES_BRANCH'))"


def test_a_kernel_is_taken_along_to_a_branch_and_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    files = {"forecast.ipynb": notebook("x = 41", ""), "requirements.txt": "six\n"}
    remote = Remote(tmp_path / "remote", files=files)
    allow(home, remote.url)
    with start_server(home) as server:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        main, project = opened["notebook"], opened["project"]
        assert _run(server, main, "a", "x = 41; print('first')", "first") == "first\n"
        there = f" 41 {home}/work/projects/forecast/main main None\n"
        assert _run(server, main, "b", WHERE.format("second"), "second") == "second" + there

        made = server.api("POST", f"/projects/{project}/branches", {"name": "week/ly", "notebook": main})
        session = server.request("GET", "api/sessions")[1][0]
        target = made["notebook"]
        moved = {"path": target, "name": "forecast.ipynb", "type": "notebook"}
        status, reply = server.request("PATCH", f"api/sessions/{session['id']}", moved)
        assert (status, reply["kernel"]["id"]) == (200, session["kernel"]["id"]), reply
        copies = home / "tables" / "branches" / project
        told = _run(server, target, "b", WHERE.format("third"), "third")
        assert told.startswith(f"third 41 {home}/work/projects/forecast/week~ly week/ly {copies}/"), told

        status, _ = server.request("PATCH", f"api/sessions/{session['id']}", {**moved, "path": main})
        assert status == 200
        assert _run(server, main, "b", WHERE.format("fourth"), "fourth") == "fourth" + there
        assert len(server.request("GET", "api/kernels")[1]) == 1


def _run(server: Server, path: str, cell: str, source: str, begins: str) -> str:
    """What the cell printed, from the notebook's file, once it is the output that ``begins`` so."""
    asked = {"notebook": path, "cell_ids": [cell], "sources": {cell: source}}
    request: dict[str, Any] = server.api("POST", "/documents/execute", asked)
    deadline = time.monotonic() + 240
    while not request["done"]:
        assert time.monotonic() < deadline, server.log()[-3000:]
        time.sleep(0.2)
        request = server.api("GET", f"/documents/requests/{request['id']}")
    assert [one["state"] for one in request["cells"]] == ["ok"], request
    while True:
        cells = json.loads((server.home / "work" / path).read_text())["cells"]
        outputs = next(one for one in cells if one["id"] == cell)["outputs"]
        text = "".join("".join(output["text"]) for output in outputs)
        if text.startswith(begins):
            return text
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
