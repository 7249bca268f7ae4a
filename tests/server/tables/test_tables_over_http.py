"""Tables over real HTTP, through the command, and live."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pyarrow
import pytest
from deltalake import write_deltalake

from tests.fakes.servers import Server


def listen(server: Server, heard: threading.Event, room: str, id: str) -> threading.Thread:
    """Set ``heard`` once the stream tells of ``id``; returns when the stream is open."""
    request = urllib.request.Request(server.url + "atrium/api/events")
    request.add_header("Authorization", f"token {server.tokens['bo']}")
    opened = threading.Event()

    def follow() -> None:
        with urllib.request.urlopen(request, timeout=60) as stream:
            for line in stream:
                opened.set()
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    if (event["room"], event["id"]) == (room, id):
                        heard.set()
                        return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    assert opened.wait(20)
    return thread


@pytest.mark.parts
def test_tables_over_http(server: Server) -> None:
    assert server.api("GET", "/tables") == {"tables": []}
    heard = threading.Event()
    thread = listen(server, heard, "tables", "sales")
    rows = pyarrow.table({"store": ["Amsterdam", None], "units": [3, 4]})
    write_deltalake(server.home / "tables" / "main" / "sales", rows)
    assert heard.wait(20), "nobody was told of the new table"
    thread.join(10)

    assert [one["name"] for one in server.api("GET", "/tables", person="bo")["tables"]] == ["sales"]
    preview = server.api("GET", "/tables/sales/preview?limit=1")
    assert preview == {
        "columns": [{"name": "store", "type": "string"}, {"name": "units", "type": "number"}],
        "rows": [["Amsterdam", 3]],
        "total": 2,
        "version": 0,
    }
    assert server.api("GET", "/tables/sales/history")["versions"][0]["rows"] == 2

    assert server.request("GET", "atrium/api/tables", person=None)[0] == 401
    assert server.request("GET", "atrium/api/tables/nothing/preview")[0] == 404
    for name in ("..%2f..%2fsecrets", "%2e%2e", "sales%00", "Sales"):
        status, reply = server.request("GET", f"atrium/api/tables/{name}/preview")
        assert (status, reply["code"]) == (422, "invalid_table_name"), name
    status, reply = server.request("GET", "atrium/api/tables/sales/preview?limit=many")
    assert (status, reply["field"]) == (422, "limit")
    assert server.request("POST", "atrium/api/tables/sales/discard", {"notebook": "scratch/ana/x.ipynb"})[0] == 409

    write_deltalake(server.home / "tables" / "main" / "sales", rows, mode="append")
    assert server.api("POST", "/tables/sales/restore", {"version": 0})["rows"] == 2
    assert json.loads(command(server, "restore", "sales", "1", "--json").stdout)["rows"] == 4
    assert json.loads(command(server, "restore", "sales", "0", "--json").stdout)["version"] == 4

    # The command shows the same.
    assert "sales" in command(server, "list").stdout
    assert command(server, "preview", "sales").stdout.split() == ["store", "units", "Amsterdam", "3", "4"]
    assert json.loads(command(server, "history", "sales", "--json").stdout)["versions"][0]["restored"] == 0
    missing = command(server, "preview", "sale")
    assert missing.returncode == 1
    assert "Did you mean sales?" in missing.stderr


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "atrium"), "tables", *arguments, "--home", str(server.home),
         "--token", server.tokens["ana"]],
        capture_output=True, text=True,
    )  # fmt: skip
