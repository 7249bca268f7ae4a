"""The REST client and the command over it, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.fakes.servers import Server
from workspace_ext.client import Client, ClientError
from workspace_ext.client.decode import decode
from workspace_ext.contract.access import Person, PersonList
from workspace_ext.contract.operations import Operation, OperationList

OPERATION = {
    "id": "1", "kind": "a.b", "title": "t", "state": "failed", "message": "", "done": 0, "total": 0, "started": "x",
    "ended": None, "owner": "", "subject": "", "error": {"code": "c", "message": "m", "hint": "h"}, "result": [1],
    "added_in_a_later_version": True,
}  # fmt: skip


def test_json_becomes_the_contracts_dataclasses() -> None:
    (operation,) = decode(OperationList, {"operations": [OPERATION]}).operations
    assert isinstance(operation, Operation)
    assert operation.error is not None
    assert operation.error.message == "m"
    assert operation.result == [1]


def test_calls_refusals_and_the_command(server: Server) -> None:
    client = Client(server.url, server.tokens["ana"])
    assert client.call("GET", "/me", reply=Person).display_name == "Ana"
    assert len(client.call("GET", "/people", reply=PersonList).people) == 2
    with pytest.raises(ClientError) as refusal:
        client.call("GET", "/operations/none")
    assert (refusal.value.status, refusal.value.code) == (404, "no_such_operation")
    with pytest.raises(ClientError) as nobody:
        Client(server.url).call("GET", "/me")
    assert nobody.value.status == 401
    with pytest.raises(ClientError, match="No workspace answers"):
        Client("http://127.0.0.1:9/").call("GET", "/me")

    def atrium(*arguments: str, token: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "import sys; from workspace_ext.cli import main; sys.exit(main())", *arguments],
            env={**os.environ, "ATRIUM_HOME": str(server.home), "ATRIUM_TOKEN": token},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    listed = atrium("tables", "list", "--json", token=server.tokens["ana"])
    assert listed.returncode == 0, listed.stderr
    json.loads(listed.stdout)
    refused = atrium("tables", "list", token="wrong")
    assert refused.returncode == 1
    assert "not signed in" in refused.stderr
    assert atrium("tables", "list", token="").returncode == 1
