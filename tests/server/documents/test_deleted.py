"""A file that is deleted beneath its open document."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, allow
from tests.fakes.servers import start_server


@pytest.mark.parts
def test_a_deleted_notebook_can_be_committed_while_its_room_is_open(tmp_path: Path) -> None:
    remote = Remote(tmp_path)
    home = tmp_path / "home"
    allow(home, remote.url)
    with start_server(home) as server:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        asked = server.api("POST", "/documents/execute", {"notebook": opened["notebook"], "cell_ids": ["b"]})
        while not asked["done"]:
            time.sleep(0.2)
            asked = server.api("GET", f"/documents/requests/{asked['id']}")
        (home / "work" / opened["notebook"]).unlink()

        (project,) = server.api("GET", "/projects")["projects"]
        branch = f"/projects/{project['id']}/branches/main"
        assert [file["change"] for file in server.api("GET", f"{branch}/status")["files"]] == ["deleted"]
        server.api("POST", f"{branch}/commit", {"paths": ["forecast.ipynb"], "summary": "Without the notebook"})
        assert server.api("GET", f"{branch}/status")["files"] == []
        assert not (home / "work" / opened["notebook"]).exists()
