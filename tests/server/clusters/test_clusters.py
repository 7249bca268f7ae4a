"""Real Dask and Spark clusters from a project's environment, over REST."""

from __future__ import annotations

import json
import os
import re
import threading
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.fakes.servers import Server, start_server
from tests.server.clusters.helpers import (
    NOTEBOOK,
    WHERE,
    ask,
    group,
    in_environment,
    listeners,
    look,
    make_project,
    members,
    notebook_kernel,
    prebuilt,
    wait_for,
    watched,
    where,
)
from workspace_server.clusters.engine import EngineProcess
from workspace_server.clusters.extras import extras
from workspace_server.environments import held, uv
from workspace_server.environments.runtime import materialise
from workspace_server.environments.service import build_blocking, declare
from workspace_server.kit.errors import Failed
from workspace_server.kit.home import Home

OTHER = NOTEBOOK.replace("forecast", "churn")

UV = tomllib.loads((Path(uv.__file__).with_name("uv.toml")).read_text())


@pytest.mark.parts
def test_dask_from_the_project_environment_and_through_a_crash_of_the_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with start_server(home, keep_clusters=True) as server:
        make_project(home, "six==1.17.0")
        assert ask(server, NOTEBOOK)[1]["code"] == "no_cluster_attached"
        status, refused = server.request(
            "POST", "atrium/api/clusters", {"notebook": NOTEBOOK, "kind": "dask", "minimum": 3, "maximum": 2}
        )
        assert (status, refused["field"]) == (422, "maximum")

        made = server.api("POST", "/clusters", {"notebook": NOTEBOOK, "kind": "dask", "minimum": 1, "maximum": 2})
        id = made["cluster"]["id"]
        assert made["environment_changes"] is True
        assert made["cluster"]["name"] == "small"
        # The kernel's question waits for the environment and the scheduler.
        status, told = ask(server, NOTEBOOK)
        assert (status, told["kind"]) == (200, "dask"), f"{told}\n{server.log()[-2000:]}"
        # A branch's notebook has it at once; another notebook has not.
        make_project(home, "six==1.17.0", branch="weekly")
        assert ask(server, NOTEBOOK.replace("main", "weekly"))[1] == told
        assert ask(server, NOTEBOOK.replace("forecast.ipynb", "other.ipynb"))[0] == 404

        listed = server.api("GET", f"/clusters?notebook={NOTEBOOK}", person="bo")
        assert listed["attached"] == id
        assert (listed["clusters"][0]["state"], listed["clusters"][0]["matches"]) == ("running", True)
        server.process.kill()
        server.process.wait()
    before = group(home, id)
    assert before

    with start_server(home, keep_clusters=True) as server:
        assert wait_for(server, id, "running", seconds=30)["workers"] == 1
        assert group(home, id)[0] == before[0]
        server.api("POST", "/environments/prebuild", {"notebook": NOTEBOOK})
        # Work on it: it runs in the project's environment, and a second worker joins while there is enough to do.
        said = in_environment(
            server, NOTEBOOK,
            "import time\nfrom distributed import Client\n"
            "def work(i):\n    import six, sys, time; time.sleep(0.3); return six.__version__, sys.prefix\n"
            f"client = Client({told['address']!r})\n"
            "found = set(client.gather(client.map(work, range(40))))\n"
            "print(found, len(client.scheduler_info()['workers']))",
        )  # fmt: skip
        environment = server.api("GET", f"/environments?notebook={NOTEBOOK}")["id"]
        assert said == f"{{('1.17.0', '{home}/environments/{environment}')}} 2"

        # Requirements that changed: the kernel is not given workers of another environment until a restart.
        (home / "work" / "projects" / "forecast" / "main" / "requirements.txt").write_text("six==1.16.0\n")
        assert server.api("GET", f"/clusters?notebook={NOTEBOOK}")["clusters"][0]["matches"] is False
        status, refused = ask(server, NOTEBOOK)
        assert (status, refused["code"]) == (409, "other_environment")
        server.api("POST", f"/clusters/{id}/restart", {"notebook": NOTEBOOK})
        assert ask(server, NOTEBOOK)[0] == 200
        after = group(home, id)
        assert not set(after) & set(before)

        # A worker that is shot comes back; the whole cluster shot is failed, and says so to the kernel.
        os.kill(after[0], 9)
        failed = wait_for(server, id, "failed", seconds=30)
        assert failed["error"]["code"] == "cluster_failed"
        assert failed["error"]["message"].startswith("The cluster was killed from outside")
        status, refused = ask(server, NOTEBOOK)
        assert (status, refused["code"]) == (503, "cluster_failed")
        assert members(after[0]) == []

        server.api("POST", f"/clusters/{id}/restart", {})
        wait_for(server, id, "running")
        leader = group(home, id)[0]
        server.api("POST", f"/clusters/{id}/stop")
        wait_for(server, id, "stopped", seconds=40)
        assert members(leader) == []
        assert ask(server, NOTEBOOK)[1]["code"] == "cluster_stopped"
        assert server.api("POST", "/clusters/detach", {"notebook": NOTEBOOK})["environment_changes"] is True
        assert server.api("GET", f"/clusters?notebook={NOTEBOOK}")["attached"] is None
        server.api("DELETE", f"/clusters/{id}")
        assert server.api("GET", "/clusters")["clusters"] == []
        assert server.request("GET", f"atrium/api/clusters/{id}")[0] == 404


@pytest.mark.parts
def test_spark_brings_its_bounds_and_runs_in_the_project_environment(server: Server) -> None:
    make_project(server.home, "six==1.17.0", "pandas")
    made = server.api("POST", "/clusters", {"notebook": NOTEBOOK, "kind": "spark", "maximum": 2, "name": "Ours"})
    id = made["cluster"]["id"]
    status, refused = server.request("POST", f"atrium/api/clusters/{id}/scale", {"minimum": 1, "maximum": 3})
    assert (status, refused["code"]) == (409, "spark_keeps_its_size")
    assert refused["hint"] == "Stop it, change the number, then start it."
    status, told = 503, None
    while status == 503 and server.api("GET", f"/clusters/{id}")["state"] != "failed":
        status, told = ask(server, NOTEBOOK)
    assert status == 200, server.api("GET", f"/clusters/{id}")
    assert told["address"].startswith("sc://127.0.0.1:")
    look_at_sparks_pages(server, id)
    server.api("POST", "/environments/prebuild", {"notebook": NOTEBOOK})
    environment = server.api("GET", f"/environments?notebook={NOTEBOOK}")
    versions = {one["name"]: one["version"] for one in environment["packages"]}
    assert versions["pyspark"].startswith("4.3.")
    assert versions["pandas"].startswith("2.")
    said = in_environment(
        server, NOTEBOOK,
        "import sys; from pyspark.sql import SparkSession\n"
        f"session = SparkSession.builder.remote({told['address']!r}).create()\n"
        "def where(frames):\n"
        "    import six, sys\n"
        "    for frame in frames: yield frame.assign(id=len(sys.prefix), version=six.__version__, prefix=sys.prefix)\n"
        "rows = session.range(4).mapInPandas(where, 'id long, version string, prefix string').collect()\n"
        "print({(row.version, row.prefix) for row in rows})",
    )  # fmt: skip
    assert said == f"{{('1.17.0', '{server.home}/environments/{environment['id']}')}}"
    told_uv = next(one for one in UV["dependency-metadata"] if one["name"] == "pyspark")
    written = in_environment(
        server, NOTEBOOK, "import json; from importlib.metadata import requires; print(json.dumps(requires('pyspark')))"
    )
    if versions["pyspark"] == told_uv["version"]:
        assert {str(Requirement(one)) for one in told_uv["requires-dist"]} == {
            str(Requirement(one)) for one in json.loads(written)
        }
    _check_that_each_notebook_works_in_its_own_environment(server, id)
    leader = group(server.home, id)[0]
    server.api("DELETE", f"/clusters/{id}")
    deadline = time.monotonic() + 30
    while members(leader):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _check_that_each_notebook_works_in_its_own_environment(server: Server, id: str) -> None:
    """On one Spark server: notebooks of two projects, also after the requirements of one of them changed."""
    make_project(server.home, "six==1.16.0", "pandas", project="churn")
    server.api("POST", f"/clusters/{id}/attach", {"notebook": OTHER})
    before = group(server.home, id)[0]
    with notebook_kernel(server, NOTEBOOK) as first, notebook_kernel(server, OTHER) as other:
        ours, theirs = ("1.17.0", prebuilt(server, NOTEBOOK)["id"]), ("1.16.0", prebuilt(server, OTHER)["id"])
        for one in (first, other):
            one.run(WHERE)
        assert [where(one) for one in (first, other, first, other)] == [ours, theirs] * 2

        make_project(server.home, "six==1.16.0", "pandas")
        [cluster] = server.api("GET", f"/clusters?notebook={NOTEBOOK}")["clusters"]
        assert (cluster["state"], cluster["matches"], cluster["misfit"]) == ("running", True, None)
        # The kernel that runs goes on as it began; the one after it has what is declared now.
        assert [where(one) for one in (first, other)] == [ours, theirs]
        with notebook_kernel(server, NOTEBOOK) as again:
            again.run(WHERE)
            assert [where(one) for one in (again, first, other, again)] == [theirs, ours, theirs, theirs]
    assert group(server.home, id)[0] == before
    # Spark keeps Pythons of each environment for the next query: none of them is removed beneath those.
    for _, environment in (ours, theirs):
        with held.alone(Home(server.home), environment, 0) as alone:
            assert not alone


def look_at_sparks_pages(server: Server, id: str) -> None:
    assert {address for address, _ in listeners(server, id)} == {"127.0.0.1"}
    root = watched(server, id)["url"]
    status, headers, _ = look(server, root)
    assert (status, headers["Location"]) == (302, f"/{root}jobs/")
    status, headers, page = look(server, f"{root}jobs/")
    assert (status, headers.get("X-Frame-Options"), headers.get("Set-Cookie")) == (200, None, None)
    assert headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")
    # What it links to and loads is behind the same address; nothing can be killed from there.
    links = re.findall(r'(?:href|src)="([^"#]+)"', page)
    assert {one for one in links if not one.startswith((f"/{root}", "?", "http"))} == set()
    assert "kill" not in page
    script = next(one for one in links if "/webui.js" in one)
    assert look(server, script.lstrip("/"))[0] == 200
    assert json.loads(look(server, f"{root}api/v1/applications")[2])[0]["name"]


@pytest.mark.parts
def test_an_environment_that_cannot_be_built_fails_the_cluster_with_its_message(server: Server) -> None:
    make_project(server.home, "no-such-package-xyz123")
    id = server.api("POST", "/clusters", {"notebook": NOTEBOOK, "kind": "dask"})["cluster"]["id"]
    failed = wait_for(server, id, "failed", seconds=60)
    assert failed["error"]["code"] == "unknown_package"
    status, told = ask(server, NOTEBOOK)
    assert status == 503
    assert "no-such-package-xyz123" in told["message"]
    assert told["hint"] == "Check its spelling. Then restart the cluster."
    retried = server.api("POST", "/environments/retry", {"notebook": NOTEBOOK})
    assert retried["source"] == "requirements.txt"


@pytest.mark.parts
def test_an_engine_of_a_run_needs_no_server(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    project = home.projects / "forecast" / "main"
    project.mkdir(parents=True)
    environment = build_blocking(home, declare(project, project, extras("dask")))
    folder = home.runs / "r1" / "cluster"
    engine = EngineProcess.start(environment.python, "dask", 1, 1, folder, materialise(home), grace=60)
    try:
        state = engine.wait_running(90)
        assert state.address is not None
        assert state.address.startswith("tcp://127.0.0.1:")
        adopted = EngineProcess.adopt(folder)
        assert adopted is not None
        assert adopted.pid == engine.pid
    finally:
        engine.stop()
    assert members(engine.pid) == []
    assert EngineProcess.adopt(folder) is None

    # It serves as long as somebody renews, and ends by itself when nobody has for a while.
    engine = EngineProcess.start(environment.python, "dask", 1, 1, folder, materialise(home), grace=5)
    try:
        while engine.alive() and engine.state().state == "starting":
            engine.renew()
            time.sleep(0.2)
        began = time.monotonic()
        while time.monotonic() - began < 7:
            engine.renew()
            time.sleep(0.2)
        assert engine.state().state == "running"
        deadline = time.monotonic() + 60
        while engine.alive():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert (engine.state().state, engine.state().message) == ("stopped", "Nobody used it")
    finally:
        engine.stop()
    assert members(engine.pid) == []

    # What cannot start says so at once, in its own words.
    without = build_blocking(home, declare(project, project))
    engine = EngineProcess.start(without.python, "dask", 1, 1, folder, materialise(home))
    with pytest.raises(Failed, match="no Dask"):
        engine.wait_running(60)


@pytest.mark.parts
def test_two_people_create_and_delete_at_once(server: Server) -> None:
    make_project(server.home)
    made: list[dict[str, Any]] = []

    def create(person: str) -> None:
        made.append(server.api("POST", "/clusters", {"notebook": NOTEBOOK, "kind": "dask"}, person=person)["cluster"])

    threads = [threading.Thread(target=create, args=(person,)) for person in ("ana", "bo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one["name"] for one in made} == {"small", "small 2"}
    # Deleted while their environment is still being built: nothing may start afterwards.
    for one in made:
        server.api("DELETE", f"/clusters/{one['id']}")
    deadline = time.monotonic() + 30
    while server.api("GET", f"/environments?notebook={NOTEBOOK}")["state"] == "building":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(2)
    assert not list(server.home.glob("clusters/*/process.json"))


@pytest.mark.parts
def test_its_size_changes_while_it_runs_and_it_stops_when_nobody_has_work(server: Server) -> None:
    make_project(server.home)
    wanted = {"notebook": NOTEBOOK, "kind": "dask", "minimum": 1, "maximum": 1}
    for wrong in ({"memory": "plenty"}, {"threads": 0}, {"idle_seconds": -1}):
        status, refused = server.request("POST", "atrium/api/clusters", {**wanted, **wrong})
        assert (status, refused["field"]) == (422, next(iter(wrong)))

    idle = server.api("POST", "/clusters", {**wanted, "idle_seconds": 2})["cluster"]
    ours = server.api("POST", "/clusters", {**wanted, "idle_seconds": 0, "threads": 2, "memory": "600 MiB"})["cluster"]
    assert (ours["created_by"], ours["threads"], ours["memory"]) == ("ana", 2, "600MiB")
    assert ours["notebooks"] == ["forecast/forecast.ipynb"]
    wait_for(server, ours["id"], "running")
    server.api("POST", f"/clusters/{ours['id']}/scale", {"minimum": 2, "maximum": 2})
    deadline = time.monotonic() + 60
    while (now := server.api("GET", f"/clusters/{ours['id']}"))["workers"] != 2 or now["idle_since"] is None:
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    address = ask(server, NOTEBOOK)[1]["address"]
    server.api("POST", "/environments/prebuild", {"notebook": NOTEBOOK})
    said = in_environment(
        server, NOTEBOOK,
        "from distributed import Client\n"
        f"workers = Client({address!r}).scheduler_info()['workers'].values()\n"
        "print(sorted((one['nthreads'], one['memory_limit']) for one in workers))",
    )  # fmt: skip
    assert said == f"[(2, {600 * 2**20}), (2, {600 * 2**20})]"
    status, refused = server.request("POST", f"atrium/api/clusters/{ours['id']}/scale", {"minimum": 3, "maximum": 2})
    assert (status, refused["code"]) == (422, "invalid_workers")

    stopped = wait_for(server, idle["id"], "stopped", seconds=60)
    assert (stopped["message"], stopped["error"]) == ("Stopped after 2 s without work.", None)
    assert not (server.home / "clusters" / idle["id"] / "process.json").exists()
    assert server.api("GET", f"/clusters/{ours['id']}")["state"] == "running"
    # It says so until somebody starts it again.
    assert server.api("POST", f"/clusters/{idle['id']}/restart", {})["message"] != stopped["message"]
