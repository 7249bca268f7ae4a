"""`atrium demo --check`: the whole journey through the REST API, on a server and a home of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from workspace_ext.client import Client, ClientError
from workspace_ext.contract.operations import Operation

from ..kit.home import Home
from . import example, real, story
from .journey import Step, expect, play
from .process import person, remove, server

PROJECT = "forecast"
NOTEBOOK = "forecast.ipynb"
BRANCH = "forecast-weekly"


def check(csv: str | None = None, broken: str | None = None, keep: bool = False) -> int:
    """Play the journey and print a row a step.

    Parameters
    ----------
    csv
        Forecast this file (columns ``ds``, ``y``) instead of the example's tables.
    broken
        Name of a step before which the server is killed, to see that the check finds it.
    keep
        Leave the temporary home behind.

    Returns
    -------
    int
        0 when every step did what it promises.
    """
    # An AF_UNIX path, which kernels may use, holds about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="atrium-check-"))
    home = Home(folder / "home")
    try:
        url = real.prepare(home, Path(csv).resolve()) if csv else example.prepare(home)
        with server(home) as (process, address):
            journey = Journey(home, address, url, days=real.DAYS if csv else 90)
            steps = journey.steps()
            if broken is not None:
                steps = _break(steps, broken, process)
            return play(steps)
    finally:
        if keep:
            print(f"Kept: {folder}")
        else:
            remove(folder)


class Journey:
    """Steps 2 to 13 of the story, as two people and somebody with only a link."""

    def __init__(self, home: Home, address: str, url: str, days: int) -> None:
        self.home = home
        self.url = url
        self.days = days
        self.ana = Client(address, person(home, "ana"))
        self.bo = Client(address, person(home, "bo"))
        self.address = address
        self.project = ""
        self.run: dict[str, Any] = {}
        self.slug = ""

    def steps(self) -> list[Step]:
        return [
            Step("clone", self.clone),
            Step("branch", self.branch),
            Step("environment", self.environment),
            Step("run", self.run_toy),
            Step("comment", self.comment),
            Step("spark", self.spark),
            Step("dask", self.dask),
            Step("table", self.table),
            Step("commit and push", self.commit),
            Step("merge", self.merge),
            Step("production", self.production),
            Step("schedule", self.schedule),
            Step("scheduled run", self.run_now),
            Step("dashboard", self.dashboard),
            Step("viewer", self.viewer),
        ]

    def clone(self) -> str:
        opened = self._done(self.ana, "POST", "/projects", {"url": self.url, "name": PROJECT})
        (project,) = self.ana.call("GET", "/projects")["projects"]
        self.project = project["id"]
        expect(opened["notebook"].endswith(f"main/{NOTEBOOK}"), f"the first notebook is {opened['notebook']}")
        expect(self._contents(opened["notebook"])["content"]["cells"], "the notebook has no cells")
        return f"{opened['notebook']} is there, on main"

    def branch(self) -> str:
        note = {"type": "file", "format": "text", "content": "Ask Bo where the sales are.\n"}
        self.ana.call("PUT", f"//api/contents/projects/{PROJECT}/main/notes.md", note)
        opened = self.ana.call("POST", f"/projects/{self.project}/branches", {"name": BRANCH, "source": "main"})
        expect(opened["carried"] == ["notes.md"], f"carried {opened['carried']}")
        expect(
            self._contents(f"{self._folder()}/notes.md")["content"] == note["content"], "the note did not come along"
        )
        expect(not (self.home.work / f"projects/{PROJECT}/main/notes.md").exists(), "the note is still on main")
        return f"{BRANCH} from main, uncommitted notes.md carried along"

    def environment(self) -> str:
        notebook = {"notebook": f"{self._folder()}/{NOTEBOOK}"}
        status = self.ana.call("POST", "/environments/prebuild", notebook)
        status = self._until(
            lambda: self.ana.call("GET", "/environments", query=notebook),
            lambda status: status["state"] != "building",
            "the environment is still being built",
        )
        expect(status["state"] == "ready", f"{status['error']}")
        names = {package["name"] for package in status["packages"]}
        expect({"prophet", "pandas", "ipykernel"} <= names, f"only {sorted(names)}")
        return f"{status['count']} packages from {status['source']}, locked and built once"

    def run_toy(self) -> str:
        cells = self._run_notebook(NOTEBOOK)
        pictures = [one for one in cells["run"]["outputs"] if "image/png" in one.get("data", {})]
        expect(pictures, "the plot is missing")
        return "six cells on the kernel, outputs written by the server, plot included"

    def comment(self) -> str:
        anchor = {"cell_id": "read", "quote": {"exact": "pd.read_csv"}}
        notebook = f"{self._folder()}/{NOTEBOOK}"
        thread = self.ana.call(
            "POST", "/comments", {"notebook": notebook, "anchor": anchor, "text": "Where does our sales data live?"}
        )
        self.bo.call("POST", f"/comments/{thread['id']}/comments", {"text": "In the table sales."})
        (seen,) = self.ana.call("GET", "/comments", query={"notebook": notebook})["threads"]
        who = [comment["author"]["name"] for comment in seen["comments"]]
        expect(who == ["ana", "bo"], f"written by {who}")
        self.ana.call("POST", f"/comments/{thread['id']}/resolve")
        return "a question, an answer, resolved; the file is untouched"

    def spark(self) -> str:
        self._write("spark.ipynb", story.on_spark(self.days))
        cluster = self._attach("spark.ipynb", "spark")
        cells = self._run_notebook("spark.ipynb")
        said = _text(cells["on-cluster"])
        stores = _number(said, "stores")
        expect(_number(said, "rows") == self.days * stores, f"Spark said {said!r}")
        self.ana.call("DELETE", f"/clusters/{cluster['id']}")
        (self.home.work / self._folder() / "spark.ipynb").unlink()
        return f"pyspark.pandas read the table, {stores} stores forecast {self.days} days each"

    def dask(self) -> str:
        self._attach(NOTEBOOK, "dask")
        weekly = story.weekly(self.days)
        self._write(NOTEBOOK, weekly)
        self.before = self._versions()
        self._restart_kernel(NOTEBOOK)
        cells = self._run_notebook(NOTEBOOK)
        expect(list(cells) == [cell.id for cell in weekly.cells], f"the notebook's cells are {list(cells)}")
        said = _text(cells["on-cluster"])
        stores = _number(said, "stores")
        expect(_number(said, "rows") == self.days * stores, f"Dask said {said!r}")
        return f"{stores} stores forecast {self.days} days each, one task a store"

    def table(self) -> str:
        expect(self._versions() == self.before, f"production tables went from {self.before} to {self._versions()}")
        copies = self.ana.call("GET", "/tables", query={"notebook": f"{self._folder()}/{NOTEBOOK}"})["tables"]
        copy = next((one for one in copies if one["name"] == "forecasts" and one["branch"]), None)
        expect(copy is not None, f"no copy of forecasts on the branch among {copies}")
        return "forecasts written to the branch's own copy, production's versions unchanged"

    def commit(self) -> str:
        branch = f"/projects/{self.project}/branches/{BRANCH}"
        status = self.ana.call("GET", f"{branch}/status")
        paths = [file["path"] for file in status["files"]]
        expect(set(paths) == {NOTEBOOK, "notes.md"}, f"git sees {paths}")
        commit = self.ana.call("POST", f"{branch}/commit", {"paths": paths, "summary": "Forecast each store, weekly"})
        expect(commit["author"] == "Ana", f"the author is {commit['author']}")
        self._done(self.ana, "POST", f"{branch}/push")
        after = self.ana.call("GET", f"{branch}/status")
        expect(not after["files"] and not after["ahead"], f"left: {after}")
        return f"{commit['sha'][:7]} by Ana, suggested summary {status['summary']!r}"

    def merge(self) -> str:
        branch = f"/projects/{self.project}/branches/{BRANCH}"
        review = self.bo.call("GET", f"{branch}/review")
        expect(not review["conflicts"] and review["commits"], f"the review says {review}")
        self._done(self.bo, "POST", f"{branch}/merge")
        remote = self.url.removeprefix("file://")
        log = subprocess.run(
            ["git", "log", "-1", "--format=%H %an", "main"], cwd=remote, capture_output=True, text=True, check=True
        ).stdout.split()
        self.merged = log[0]
        expect(log[1] == "Bo", f"the merge is by {log[1]}")
        cells = sum(len(file["cells"]) for file in review["files"])
        return f"{len(review['commits'])} commit, {cells} cells reviewed by Bo, {self.merged[:7]} on the remote's main"

    def production(self) -> str:
        found = self._until(
            lambda: self.ana.call("GET", f"/projects/{self.project}")["production"] or {},
            lambda production: production.get("sha") == self.merged,
            "production did not follow",
        )
        path = Path(found["path"])
        written = [one for one in path.rglob("*") if one.stat().st_mode & 0o222]
        expect(not written, f"writable: {written[:3]}")
        return f"read-only checkout of {found['sha'][:7]}"

    def schedule(self) -> str:
        wanted = {"cron": "0 6 * * 1", "time_zone": "Europe/Amsterdam"}
        preview = self.ana.call("POST", "/schedules/preview", wanted)
        expect(preview["next_words"][0].startswith("Mon"), f"next is {preview['next_words']}")
        self.weekly = self.ana.call(
            "POST",
            "/schedules",
            {
                **wanted,
                "project": self.project,
                "notebook": NOTEBOOK,
                "cluster": {"kind": "dask", "minimum": 1, "maximum": 2},
            },
        )
        with contextlib.suppress(ClientError):
            self.ana.call("POST", "/schedules/preview", {"cron": "61 6 * * 1", "time_zone": "Europe/Amsterdam"})
            expect(False, "minute 61 was accepted")
        return f"{self.weekly['words']}, next {preview['next_words'][0]}"

    def run_now(self) -> str:
        run = self.ana.call("POST", f"/schedules/{self.weekly['id']}/run")
        self.run = self._until(
            lambda: self.ana.call("GET", f"/runs/{run['id']}"),
            lambda run: run["state"] not in ("queued", "preparing", "running"),
            "the run goes on",
        )
        expect(self.run["state"] == "succeeded", f"{self.run['state']}: {self.run['error']}")
        expect(self.run["commit"] == self.merged, f"it ran {self.run['commit']}")
        written = {table["name"]: table["version"] for table in self.run["tables"]}
        expected = self.before.get("forecasts", -1) + 1
        expect(written == {"forecasts": expected}, f"it wrote {written}, not version {expected} of forecasts")
        page = self.ana.fetch("GET", f"/runs/{run['id']}/notebook.html").decode()
        expect("Sales forecast" in page, "the executed notebook is not there as HTML")
        return f"papermill ran {self.merged[:7]}, wrote forecasts version {expected}, kept as HTML"

    def dashboard(self) -> str:
        made = self.ana.call("POST", "/dashboards", {"notebook": f"projects/{PROJECT}/main/{NOTEBOOK}"})
        self.slug = made["slug"]
        view = self.ana.call("GET", f"/dashboards/{self.slug}")
        names = [widget["name"] for widget in view["widgets"]]
        expect(names == ["forecast_date", "store"], f"the widgets are {names}")
        expect(view["provenance"]["run"] == self.run["id"], f"it shows {view['provenance']}")
        link = self.ana.call("POST", f"/dashboards/{self.slug}/links", {"label": "the board"})
        self.link = link["url"].partition("#")[2]
        return f"two widgets, {len(view['tiles'])} tiles proposed, the run's results at once, a link that expires"

    def viewer(self) -> str:
        viewer = Client(self.address, self.link)
        view = viewer.call("GET", f"/dashboards/{self.slug}")
        expect("forecast_store" not in json.dumps(view), "the viewer is shown code")
        widgets = {widget["name"]: widget for widget in view["widgets"]}
        shown = {name: widget["value"] for name, widget in widgets.items()}
        other = next(choice for choice in widgets["store"]["choices"] if choice != shown["store"])
        answers = f"/dashboards/{self.slug}/answers"
        answer = viewer.call("POST", answers, {"values": {**shown, "store": other}})
        before = {tile["id"]: tile["outputs"] for tile in view["tiles"]}
        changed = [tile["id"] for tile in answer["tiles"] if tile["outputs"] != before[tile["id"]]]
        expect({"selected", "plot-selected"} <= set(changed), f"{other} changed only {changed}")
        again = viewer.call("POST", answers, {"values": {**shown, "store": other}})
        expect(again["cached"] and again["tiles"] == answer["tiles"], "the same question was computed twice")
        self._refused(viewer, "POST", answers, {"values": {"store": "__import__('os')"}}, 422)
        self._refused(viewer, "GET", "/projects", None, 403)
        self._refused(viewer, "POST", "/documents/execute", {"notebook": "x.ipynb"}, 403)
        self._refused(viewer, "GET", "//api/contents", None, 403)
        self._refused(viewer, "POST", "//api/kernels", {}, 403)
        self._refused(Client(self.address), "GET", f"/dashboards/{self.slug}", None, 401)
        expect(self._versions()["forecasts"] == self.run["tables"][0]["version"], "a viewer changed a table")
        return (
            f"{shown['store']} and {other} differ, {answer['seconds']:.1f} s, then cached; code, files, kernels refused"
        )

    # Helpers

    def _folder(self) -> str:
        return f"projects/{PROJECT}/{BRANCH}"

    def _done(self, client: Client, method: str, path: str, body: Any = None) -> Any:
        return client.wait(client.call(method, path, body, reply=Operation)).result

    def _contents(self, path: str) -> Any:
        return self.ana.call("GET", f"//api/contents/{path}", query={"content": 1})

    def _write(self, name: str, notebook: nbformat.NotebookNode) -> None:
        model = {"type": "notebook", "format": "json", "content": notebook}
        self.ana.call("PUT", f"//api/contents/{self._folder()}/{name}", model)

    def _versions(self) -> dict[str, int]:
        return {table["name"]: table["version"] for table in self.ana.call("GET", "/tables")["tables"]}

    def _attach(self, notebook: str, kind: str) -> dict[str, Any]:
        wanted = {"notebook": f"{self._folder()}/{notebook}", "kind": kind, "minimum": 1, "maximum": 2}
        cluster = self.ana.call("POST", "/clusters", wanted)["cluster"]
        found: dict[str, Any] = self._until(
            lambda: self.ana.call("GET", f"/clusters/{cluster['id']}"),
            lambda cluster: cluster["state"] in ("running", "failed", "stopped"),
            f"the {kind} cluster does not start",
        )
        expect(found["state"] == "running", f"the {kind} cluster: {found['error']} {found['log'][-500:]}")
        return found

    def _restart_kernel(self, notebook: str) -> None:
        for session in self.ana.call("GET", "//api/sessions"):
            if session["path"] == f"{self._folder()}/{notebook}":
                self.ana.call("POST", f"//api/kernels/{session['kernel']['id']}/restart")

    def _run_notebook(self, name: str) -> dict[str, Any]:
        """Run every cell on the server; the cells by id, as the file has them afterwards."""
        notebook = f"{self._folder()}/{name}"
        request = self.ana.call("POST", "/documents/execute", {"notebook": notebook})
        request = self._until(
            lambda: self.ana.call("GET", f"/documents/requests/{request['id']}"),
            lambda request: request["done"],
            "the cells still run",
        )
        wrong = [cell for cell in request["cells"] if cell["state"] != "ok"]
        expect(not wrong, f"{wrong[:1]}")
        count = len(request["cells"])
        cells: dict[str, Any] = self._until(
            lambda: {cell["id"]: cell for cell in self._contents(notebook)["content"]["cells"]},
            lambda cells: sum(bool(cell.get("execution_count")) for cell in cells.values()) == count,
            "the outputs are not in the file",
            20,
        )
        return cells

    def _refused(self, client: Client, method: str, path: str, body: Any, status: int) -> None:
        try:
            client.fetch(method, path, body)
        except ClientError as error:
            expect(error.status == status, f"{method} {path} answered {error.status}, not {status}: {error}")
        else:
            expect(False, f"{method} {path} was allowed")

    def _until(self, ask: Any, done: Any, otherwise: str, seconds: float = 600) -> Any:
        deadline = time.monotonic() + seconds
        while not done(value := ask()):
            expect(time.monotonic() < deadline, f"{otherwise} after {seconds:.0f} s: {str(value)[:500]}")
            time.sleep(0.3)
        return value


def _text(cell: dict[str, Any]) -> str:
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def _number(said: str, what: str) -> int:
    words = said.replace(",", " ").split()
    expect(what in words, f"it said {said!r}")
    return int(words[words.index(what) - 1])


def _break(steps: list[Step], name: str, process: subprocess.Popen[bytes]) -> list[Step]:
    """Kill the server before the step ``name``."""
    expect(any(step.name == name for step in steps), f"there is no step {name!r}")

    def broken(step: Step) -> str:
        process.kill()
        process.wait()
        return step.play()

    return [Step(step.name, lambda step=step: broken(step)) if step.name == name else step for step in steps]  # type: ignore[misc]
