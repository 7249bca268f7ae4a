"""A Spark Connect server that is there already: environments built where its tasks run, or said why not."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.servers import Server, start_server
from tests.fakes.spark_server import SparkServer, make_base
from tests.server.clusters.helpers import (
    ASK,
    NOTEBOOK,
    WHERE,
    ask,
    listener,
    make_project,
    notebook_kernel,
    prebuilt,
    printed,
    refusal,
    wait_for,
    where,
)
from workspace_ext import spark_environment
from workspace_server.clusters.misfit import other_spark
from workspace_server.clusters.store import ClusterRow

# A function for each group, on executors that have the environment.
APPLY = """
import pandas as pd
def versions(group):
    import os, six, sys
    return pd.DataFrame({"six": [six.__version__], "environment": [os.path.basename(sys.prefix)]})
frame = pd.DataFrame({"store": ["a", "b", "a"], "units": [1.0, 2.0, 3.0]})
print(ws.cluster.apply(frame, "store", versions).to_dict("list"))
"""

# The alert of a TLS server that hears something else.
ALERT = b"\x15\x03\x03\x00\x02\x02\x46"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("existing") / "home") as running:
        make_project(running.home, "six==1.17.0")
        yield running


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, package_cache: Path) -> Iterator[SparkServer]:
    folder = tmp_path_factory.mktemp("spark")
    made = SparkServer(folder / "server", make_base(folder / "base"))
    try:
        made.start()
        yield made
    finally:
        made.close()


def create(server: Server, there: SparkServer) -> str:
    wanted = {"notebook": NOTEBOOK, "kind": "spark", "address": there.address}
    id: str = server.api("POST", "/clusters", wanted)["cluster"]["id"]
    return id


@pytest.mark.parts
def test_what_is_no_spark_connect_server_is_refused_at_once(server: Server) -> None:
    refused = partial(refusal, server, "spark")
    assert refused("10.0.0.1:15002") == (422, "invalid_address", "address")
    assert refused("tcp://10.0.0.1:8786") == (422, "invalid_address", "address")
    assert refused("sc://10.0.0.1:15002/;use_ssl=true") == (422, "tls_server", "address")
    assert refused("sc://10.0.0.1:15002/;token=abc") == (422, "tls_server", "address")
    with listener(b"") as address:
        nobody = address.replace("tcp", "sc")
    assert refused(nobody) == (503, "no_scheduler", f"Nothing listens at {nobody}.")
    for said, code in ((b"SSH-2.0-OpenSSH_9.2\r\n", "not_spark"), (ALERT, "tls_server")):
        with listener(said) as address:
            assert refused(address.replace("tcp", "sc"))[:2] == (409, code)
    assert server.api("GET", "/clusters")["clusters"] == []


@pytest.mark.parts
def test_a_notebook_has_its_environment_there_or_is_told_why_not(server: Server, there: SparkServer) -> None:
    # Where an environment cannot be built no task runs: the cluster's row says why, and so does the query.
    there.lose_uv()
    why = f"No environment on {platform.node()}: it has no uv, which builds it; install it there: pip install uv"
    id = create(server, there)
    failed = wait_for(server, id, "failed")
    assert failed["error"]["message"] == f"The cluster ended: {why}."
    with notebook_kernel(server, NOTEBOOK) as notebook:
        told = json.dumps({"id": id, "kind": "spark", "address": there.address, "elsewhere": True})
        notebook.run(f"import os; os.environ['ATRIUM_CLUSTER'] = {told!r}")
        notebook.run(WHERE)
        [error] = [each for each in notebook.run(ASK) if each["kind"] == "error"]
        assert why in error["evalue"]
        assert there.environments() == []

        # Once it can be, the session that there was has it.
        notebook.run("del os.environ['ATRIUM_CLUSTER']")
        there.find_uv()
        server.api("POST", f"/clusters/{id}/restart", {})
        running = wait_for(server, id, "running")
        assert (running["address"], running["message"]) == (there.address, "")
        status, answer = ask(server, NOTEBOOK)
        assert (status, answer["address"], answer["elsewhere"]) == (200, there.address, True)
        ours = f"{prebuilt(server, NOTEBOOK)['id']}-spark"
        assert where(notebook) == ("1.17.0", ours)
        found = {"store": ["a", "b"], "six": ["1.17.0"] * 2, "environment": [ours] * 2}
        assert printed(notebook, APPLY) == f"{found}\n"
        assert there.environments() == [ours]
        assert not list(there.folder.glob("home/.cache/atrium/.building-*"))
        deadline = time.monotonic() + 60
        while (now := server.api("GET", f"/clusters/{id}"))["workers"] != 2:  # As its pages tell.
            assert time.monotonic() < deadline, now
            time.sleep(0.2)

        # What is stopped is the workspace's own session; when the server itself ends, that is a failed cluster.
        notebook.run("mine = ws.cluster.spark()")
        server.api("POST", f"/clusters/{id}/stop")
        wait_for(server, id, "stopped")
        assert printed(notebook, "print(mine.range(3).count())") == "3\n"
    server.api("POST", f"/clusters/{id}/restart", {})
    wait_for(server, id, "running")
    there.close()
    failed = wait_for(server, id, "failed")
    assert failed["error"]["message"] == f"The cluster ended: the server at {there.address} has gone."
    server.api("POST", f"/clusters/{id}/restart", {})
    failed = wait_for(server, id, "failed")
    assert failed["error"]["message"] == f"Nothing listens at {there.address}."


def test_another_version_of_spark_is_told() -> None:
    ours, there = (ClusterRow(name="small", address=address) for address in ("", "sc://10.0.0.1:15002"))
    assert other_spark(ours, "4.3.1", "4.3.0") is None
    assert other_spark(ours, "", "4.3.0") is None
    told = [other_spark(row, "4.2.1", "4.3.0") for row in (ours, there)]
    assert [one and one.message for one in told] == [
        "The cluster small runs Spark 4.2.1, and this notebook's environment has pyspark 4.3.0."
    ] * 2
    assert [one and one.hint for one in told] == [
        "Restart the cluster from its chip: it then runs Spark 4.3.",
        "Attach one that runs Spark 4.3.",
    ]


def test_what_hosts_are_told_leaves_out_what_spark_brings(tmp_path: Path) -> None:
    folder = tmp_path / "0123abcd"
    folder.mkdir()
    pandas, spark, six = (
        f"{name} \\\n    --hash=sha256:0123\n" for name in ("pandas==2.3.3", "pyspark==4.3.0", "six==1.17.0")
    )
    (folder / "requirements.lock").write_text(pandas + spark + six)
    told = spark_environment.told_of(folder)
    assert (told["environment"], told["lock"]) == ("0123abcd-spark", pandas + six)
    with pytest.raises(spark_environment.ClusterError, match="has no lock"):
        spark_environment.told_of(tmp_path)
