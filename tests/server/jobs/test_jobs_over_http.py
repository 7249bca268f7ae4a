"""The room on a real server with a real repository, over REST and the command, across a restart and a kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Remote, allow
from tests.fakes.servers import Server, start_server
from tests.server.jobs.conftest import notebook
from workspace_server.jobs.keeper import clock_runs
from workspace_server.kit.home import Home

pytestmark = [pytest.mark.parts, pytest.mark.timeout(600)]

MONDAY = {"cron": "0 6 * * 1", "time_zone": "Europe/Amsterdam"}
HOSTILE = """from IPython.display import HTML, Javascript, Markdown, SVG, display
evil = '<img src=x onerror="alert(1)"><script>alert(2)</script><iframe src="https://example.org"></iframe>'
display(HTML(evil + '<a href="javascript:alert(3)">x</a><b>shown</b>'), Javascript('alert(4)'), Markdown(evil))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(5)"><script>alert(6)</script></svg>'))
print(evil)"""


class Tags(HTMLParser):
    """What elements a page has, as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.add(tag)
        self.attributes |= given.keys()
        self.links += [given["href"] or ""] if "href" in given else []
        self.pictures += [given["src"] or ""] if "src" in given else []


def ended(server: Server, id: str, seconds: float = 180) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        run: dict[str, Any] = server.api("GET", f"/runs/{id}")
        if run["ended"]:
            return run
        assert time.monotonic() < deadline, run
        time.sleep(0.2)


def page(server: Server, path: str) -> tuple[str, str]:
    """The text of a page and its policy."""
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"token {server.tokens['ana']}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read().decode(), reply.headers["Content-Security-Policy"]


def atrium(server: Server, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "atrium"), *arguments],
        env={**os.environ, "ATRIUM_URL": server.url, "ATRIUM_TOKEN": server.tokens["ana"]},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_schedules_runs_and_restarts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    slow = notebook("print('kept')", "import time\ntime.sleep(8)\nprint('there')")
    files = {"weekly.ipynb": notebook(HOSTILE), "sub/slow.ipynb": slow, "sub/broken.ipynb": notebook("1/0")}
    remote = Remote(tmp_path / "remote", files)
    allow(home, remote.url)
    with start_server(home) as server:
        project = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]["project"]
        _published(server, project)
        _refused(server, project)
        wish = {"project": project, "notebook": "weekly.ipynb", **MONDAY}
        preview = server.api("POST", "/schedules/preview", wish)
        assert preview["commit"] == remote.head()
        assert preview["words"] == "At 06:00 on Monday"
        assert len(preview["next"]) == 3
        assert preview["next_words"][0].startswith("Mon ")
        made = server.api("POST", "/schedules", {**wish, "run_now": True})
        assert made["next"] == preview["next"][0]
        (bar,) = made["recent"]
        run = ended(server, bar["id"])
        assert run["state"] == "succeeded", (run, server.api("GET", f"/runs/{run['id']}/log")["text"])
        assert run["commit"] == remote.head()
        _page(server, run)

        assert server.request("POST", f"atrium/api/schedules/{made['id']}/run", person=None)[0] == 401
        paused = server.api("PATCH", f"/schedules/{made['id']}", {"enabled": False}, person="bo")
        assert (paused["enabled"], paused["next"]) == (False, None)
        assert server.request("PATCH", f"atrium/api/schedules/{made['id']}", {"cron": "x"})[1]["field"] == "cron"
        _command(server)
        server.api("DELETE", f"/schedules/{made['id']}")
        assert server.request("GET", f"atrium/api/schedules/{made['id']}")[0] == 404
        assert server.api("GET", f"/runs/{run['id']}")["schedule"] is None

        # A run outlives the server, gracefully stopped and killed.
        first = server.api("POST", "/runs", {"project": project, "notebook": "sub/slow.ipynb"})["id"]
        _begun(server, first)
    assert clock_runs(Home(home))
    with start_server(home) as server:
        assert ended(server, first)["state"] == "succeeded"
        second = server.api("POST", "/runs", {"project": project, "notebook": "sub/slow.ipynb"})["id"]
        _begun(server, second)
        os.kill(server.process.pid, signal.SIGKILL)
    with start_server(home) as server:
        assert ended(server, second)["state"] == "succeeded"
        assert "there" in server.api("GET", f"/runs/{second}/log")["text"]
    deadline = time.monotonic() + 20
    while clock_runs(Home(home)):
        assert time.monotonic() < deadline, "the clock goes with the server when nothing runs"
        time.sleep(0.1)


def _published(server: Server, project: str) -> None:
    deadline = time.monotonic() + 60
    while server.request("GET", f"atrium/api/projects/{project}/production")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _begun(server: Server, run: str) -> None:
    deadline = time.monotonic() + 60
    while not server.api("GET", f"/runs/{run}")["message"].startswith("cell 2"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _refused(server: Server, project: str) -> None:
    wish = {"project": project, "notebook": "weekly.ipynb", **MONDAY}
    for change, field, message in (
        ({"cron": "61 * * * *"}, "cron", "'61 * * * *': minute 61 is not between 0 and 59."),
        ({"time_zone": "Mars"}, "time_zone", "There is no time zone 'Mars'."),
        ({"notebook": "../../etc/x.ipynb"}, "notebook", None),
        ({"notebook": "weekly.py"}, "notebook", None),
        ({"notebook": "nothing.ipynb"}, "notebook", None),
        ({"parameters": {"n": {"code": "x"}}}, "parameters[...]", None),
        ({"parameters": {"import os; n": 1}}, "parameters", None),
        ({"cluster": {"kind": "dask", "minimum": 3, "maximum": 2}}, "cluster", None),
        ({"cluster": {"kind": "ray"}}, "cluster.kind", None),
        ({"cluster": {"kind": "dask", "maximum": 2, "gpus": 1}}, "maximum", None),
        ({"cluster": {"kind": "spark", "maximum": 1, "gpus": 1}}, "gpus", None),
        ({"timeout": 0}, "timeout", None),
        ({"timeout": "soon"}, "timeout", None),
    ):
        status, reply = server.request("POST", "atrium/api/schedules", {**wish, **change})
        assert (status, reply.get("field")) == (422, field), (change, reply)
        assert message is None or reply["message"] == message
    assert server.request("POST", "atrium/api/schedules", {**wish, "project": "nothing"})[0] == 404
    assert server.request("POST", "atrium/api/schedules", wish, person=None)[0] == 401
    assert server.api("GET", "/schedules") == {"schedules": []}


def _page(server: Server, run: dict[str, Any]) -> None:
    for path in (f"atrium/runs/{run['id']}?theme=dark", f"atrium/api/runs/{run['id']}/notebook.html"):
        text, policy = page(server, path)
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        assert "default-src 'none'" in policy
        tags = Tags(text)
        assert not tags.names & {"script", "iframe", "object", "embed", "form", "svg", "link", "base"}
        assert not [name for name in tags.attributes if name.startswith("on")]
        assert all(url.startswith(("#", "https://", "http://")) for url in tags.links)
        assert all(url.startswith("data:image/") for url in tags.pictures)
        assert "<b>shown</b>" in text
    text, _ = page(server, f"atrium/runs/{run['id']}")
    assert run["commit"][:7] in text
    assert "Succeeded" in text
    assert server.request("GET", f"atrium/runs/{run['id']}", person=None)[0] == 401
    assert server.request("GET", "atrium/runs/../../x")[0] == 404
    executed = server.request("GET", f"atrium/api/runs/{run['id']}/notebook.ipynb")[1]
    assert executed["nbformat"] == 4


def _command(server: Server) -> None:
    status, text = atrium(server, "jobs", "list")
    assert status == 0, text
    assert "At 06:00 on Monday (Europe/Amsterdam)" in text
    status, text = atrium(server, "jobs", "add", "forecast", "sub/broken.ipynb", "--cron", "0 99 * * *")
    assert status == 1
    assert "hour 99 is not between 0 and 23" in text
    status, text = atrium(
        server, "jobs", "add", "forecast", "sub/broken.ipynb", "--cron", "5 4 * * *", "--time-zone", "UTC", "--json"
    )
    assert status == 0, text
    assert json.loads(text)["parameters"] == {}
    status, text = atrium(server, "jobs", "run", "broken", "--wait")
    assert status == 1
    assert "Cell 1 raised ZeroDivisionError" in text
    failed = json.loads(atrium(server, "runs", "list", "--json")[1])["runs"][0]
    assert failed["state"] == "failed"
    assert "ZeroDivisionError" in atrium(server, "runs", "log", failed["id"])[1]
    assert atrium(server, "jobs", "delete", "broken")[0] == 0
