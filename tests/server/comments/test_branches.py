"""Comments follow a notebook to another branch; that branch's tables are its own. A real project on a real server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pyarrow
import pytest
from deltalake import write_deltalake

from tests.fakes.remotes import Remote, allow
from tests.fakes.servers import start_server


@pytest.mark.parts
def test_a_branch_shares_threads_and_owns_its_tables(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    allow(home, remote.url)
    rows = pyarrow.table({"store": ["Amsterdam"]})
    with start_server(home) as server:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        project, main = opened["project"], opened["notebook"]
        made = server.api("POST", f"/projects/{project}/branches", {"name": "feature/wöche", "notebook": main})
        branch = made["notebook"]
        assert branch != main

        anchor = {"cell_id": "b", "quote": {"exact": "df = 1"}}
        begun = server.api("POST", "/comments", {"notebook": branch, "anchor": anchor, "text": "why 1?"})
        assert begun["branch"] == "feature/wöche"
        seen = server.api("GET", f"/comments?notebook={quote(main)}", person="bo")
        assert [one["id"] for one in seen["threads"]] == [begun["id"]]
        assert server.api("GET", "/comments?notebook=scratch/ana/forecast.ipynb")["threads"] == []

        write_deltalake(home / "tables" / "main" / "sales", rows)
        copies = home / "tables" / "branches" / project / "feature~2Fw~C3~B6che"
        write_deltalake(copies / "sales", pyarrow.concat_tables([rows, rows]))

        def tables(notebook: str) -> list[tuple[str, str, int]]:
            listed = server.api("GET", f"/tables?notebook={quote(notebook)}")["tables"]
            return [(one["name"], one["branch"], one["rows"]) for one in listed]

        assert tables(branch) == [("sales", "feature/wöche", 2)]
        assert tables(main) == [("sales", "", 1)]
        assert server.request("POST", "atrium/api/tables/sales/discard", {"notebook": main})[0] == 409
        server.api("POST", "/tables/sales/discard", {"notebook": branch})
        assert tables(branch) == [("sales", "", 1)]
        assert server.api("GET", "/tables/sales/preview")["total"] == 1
