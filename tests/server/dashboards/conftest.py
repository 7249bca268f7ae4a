"""A workspace with a project whose notebook has run for real, and a dashboard of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes_json

from tests.fakes.remotes import Remote, allow
from tests.fakes.servers import Server, start_server

CELLS = {
    "title": "# Sales of the stores\n\nWhat each store has sold, by day.",
    "imports": "import time\n\nimport matplotlib.pyplot as plt\nimport workspace_ext as ws",
    "write": 'ws.tables.write(ws.sql("SELECT count(*) AS n FROM sales"), "counts", mode="append")',
    "store": 'store = ws.widgets.dropdown("store", ws.sql("SELECT DISTINCT store FROM sales"), label="Store")',
    "since": 'since = ws.widgets.dropdown("since", [1, 3, 5], default=1, label="From day")',
    "heading": "## Days",
    "days": 'days = ws.sql("SELECT day, sold FROM sales WHERE store = $store AND day >= $since ORDER BY day")\ndays',
    "total": "int(days.sold.sum())",
    "plot": (
        "fig, ax = plt.subplots(figsize=(6, 4))\nax.plot(days.day, days.sold)\n"
        "ax.set(title=f'{store} since day {since}', xlabel='day', ylabel='sold')\nplt.show()"
    ),
    "moment": "store, time.time_ns()",
    "fragile": "1 / (0 if (store, since) == ('New York', 5) else 1)",
    "print": 'print("rows:", len(days))',
}
SEED = """
import pandas, sys
import workspace_ext as ws
rows = [
    {"store": store, "day": day, "sold": 100 * number + day}
    for number, store in enumerate(["Amsterdam", "New York", "San Francisco"], 1)
    for day in range(1, 8)
]
ws.tables.write(pandas.DataFrame(rows), "sales", mode="append")
"""


def notebook(cells: dict[str, str] = CELLS, **changes: str) -> str:
    """The notebook's text; ``changes`` replace cells."""
    made = []
    for id, source in {**cells, **changes}.items():
        cell = new_markdown_cell(source) if source.startswith("#") else new_code_cell(source)
        cell["id"] = id
        made.append(cell)
    kernel = {"display_name": "Project environment", "language": "python", "name": "python3"}
    return str(writes_json(new_notebook(cells=made, metadata={"kernelspec": kernel})))


@dataclass
class Shop:
    """The workspace, its project, the remote behind it and the dashboard."""

    server: Server
    remote: Remote
    project: str
    path: str
    slug: str = ""
    run: str = ""

    def publish(self, text: str) -> str:
        """Push another notebook to the followed branch; its commit, once it is production."""
        return self.follow(self.remote.push({"report.ipynb": text}))

    def follow(self, sha: str) -> str:
        """The commit, once it is production."""
        deadline = time.monotonic() + 60
        while True:
            project = self.server.api("POST", f"/projects/{self.project}/look")
            if (project["production"] or {}).get("sha") == sha:
                return sha
            assert time.monotonic() < deadline, project
            time.sleep(0.2)

    def run_now(self) -> dict[str, Any]:
        """A run of the notebook as it is in production, once it has ended."""
        run = self.server.api("POST", "/runs", {"project": self.project, "notebook": "report.ipynb"})
        deadline = time.monotonic() + 240
        while run["state"] in ("queued", "preparing", "running"):
            assert time.monotonic() < deadline, run
            time.sleep(0.2)
            run = self.server.api("GET", f"/runs/{run['id']}")
        return run

    def view(self, link: str = "") -> dict[str, Any]:
        if link:
            status, reply = self.as_link(link, "GET", f"/dashboards/{self.slug}")
            assert status == 200, reply
            return reply
        return self.server.api("GET", f"/dashboards/{self.slug}")

    def as_link(self, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self.server.request(
            method, f"atrium/api{path}", body, person=None, **{"X-Atrium-Link": token, "Content-Type": "text/plain"}
        )

    def link(self) -> tuple[str, str]:
        """Id and token of a new share link."""
        made = self.server.api("POST", f"/dashboards/{self.slug}/links", {"days": 1})
        return made["id"], made["url"].partition("#")[2]

    def ask(self, link: str = "", **values: Any) -> tuple[int, Any]:
        body = {"values": values}
        if link:
            return self.as_link(link, "POST", f"/dashboards/{self.slug}/answers", body)
        return self.server.request("POST", f"atrium/api/dashboards/{self.slug}/answers", body)

    def kernels(self) -> list[int]:
        """Processes of viewers' kernels."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_text()
            except OSError:
                continue
            if str(self.server.home / "run" / "viewer-") in command:
                found.append(int(folder.name))
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Iterator[Shop]:
    """One for all tests of a file: clone, environment and first run take their time."""
    folder = tmp_path_factory.mktemp("shop")
    home = folder / "home"
    remote = Remote(folder, {"report.ipynb": notebook(), "README.md": "# Sales\n"})
    allow(home, remote.url)
    subprocess.run(
        [sys.executable, "-c", SEED], check=True, env={**os.environ, "ATRIUM_TABLES": str(home / "tables" / "main")}
    )
    with start_server(home) as server:
        cloned = server.wait(server.api("POST", "/projects", {"url": remote.url}))
        assert cloned["state"] == "succeeded", cloned
        opened = cloned["result"]
        made = Shop(server, remote, opened["project"], opened["notebook"])
        made.follow(remote.head())
        run = made.run_now()
        assert run["state"] == "succeeded", (run, server.api("GET", f"/runs/{run['id']}/log"))
        made.run = run["id"]
        made.slug = server.api("POST", "/dashboards", {"notebook": made.path})["slug"]
        yield made
    assert made.kernels() == [], "a viewer's kernel outlived the server"


def texts(tiles: list[dict[str, Any]]) -> dict[str, str]:
    """What each tile says, in words: of text tiles the text, of tables the rows."""
    said = {}
    for tile in tiles:
        parts = [
            json.dumps(output["table"]["rows"]) if output["kind"] == "table" else output.get("text", "")
            for output in tile["outputs"]
        ]
        said[tile["id"]] = "\n".join(parts)
    return said
