"""What each role may do: in the table, in a database of before, and on a real server."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import PASSWORD, Server, start_server
from workspace_ext.contract.access import Role
from workspace_server.access.roles import JUPYTER, LEAST, RANK, place_of
from workspace_server.access.service import KERNEL_ACTIONS, Access, as_caller
from workspace_server.app import Atrium
from workspace_server.kit import storage as kit_storage
from workspace_server.kit.errors import Conflict, Invalid, NotFound
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.http import Caller
from workspace_server.kit.storage import Storage

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
PEOPLE: tuple[Role, ...] = ("owner", "editor", "commenter", "viewer")


class Project:
    def __init__(self, id: str, name: str) -> None:
        self.id, self.name = id, name


class Shelf:
    """Projects by id and by name."""

    def __init__(self, *projects: Project) -> None:
        self.projects = list(projects)

    def get(self, id: str, /) -> Project:
        return self._one(lambda project: project.id == id)

    def by_name(self, name: str, /) -> Project:
        return self._one(lambda project: project.name == name)

    def _one(self, which: Callable[[Project], bool]) -> Project:
        for project in self.projects:
            if which(project):
                return project
        raise NotFound("no_such_project", "There is no such project.")


@contextmanager
def opened(folder: Path, *projects: Project) -> Iterator[Access]:
    home = Home(folder)
    home.prepare()
    storage = Storage(home.database)
    storage.migrate()
    access = Access(home, storage, Events())
    access.wire(Shelf(*projects))
    access.load()
    yield access
    storage.close()


def test_every_action_of_every_route_has_a_role(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    atrium = Atrium(home)
    actions = {route.action for route in atrium.routes() if not route.public} - KERNEL_ACTIONS
    atrium.storage.close()
    assert actions <= LEAST.keys(), "an action that is not in access/roles.py is nobody's"
    assert set(RANK) == set(get_args(Role))


def test_the_documentation_says_the_same() -> None:
    page = (Path(__file__).parents[3] / "docs" / "access.md").read_text()
    assert dict(re.findall(r"^\| `([a-z-]+:[a-z-]+)` \| (\w+) \|$", page, re.MULTILINE)) == LEAST


def test_what_roles_may() -> None:
    may = {role: {action for action, least in LEAST.items() if RANK[role] >= RANK[least]} for role in RANK}
    assert may["viewer"] < may["commenter"] < may["editor"] < may["owner"]
    assert all(action.endswith((":read", ":view", ":update-me")) for action in may["viewer"])
    assert may["commenter"] - may["viewer"] == {"comments:write"}
    assert "write" not in JUPYTER["events"], "nobody writes to Jupyter's bus of events"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("projects/demo/main/a.ipynb", ("projects", "demo")),
        ("/projects//demo/./main", ("projects", "demo")),
        ("scratch/ana/../../projects/demo/a", ("projects", "demo")),
        ("scratch/ana", ("scratch", "ana")),
        ("a.ipynb", ("", "")),
        ("other/projects/demo", ("", "")),
        ("", None),
        ("projects", None),
        ("scratch/", None),
        ("projects/..", None),
        ("../../projects", None),
    ],
)
def test_where_a_path_is(path: str, place: tuple[str, str] | None) -> None:
    assert place_of(path) == place


def test_the_first_is_an_owner_the_next_are_editors(tmp_path: Path) -> None:
    with opened(tmp_path) as access:
        ana, bo = access.add("ana", PASSWORD), access.add("bo", PASSWORD)
        vera = access.add("vera", PASSWORD, role="viewer")
        assert [one.role for one in (ana, bo, vera)] == ["owner", "editor", "viewer"]
        assert [access.role(one.id) for one in (ana, bo, vera)] == ["owner", "editor", "viewer"]
        with pytest.raises(NotFound):
            access.role("nobody")
        assert not access.may_write("nobody", "a.ipynb")
        assert not access.allows(Caller("person", id="nobody"), "projects:read", {})
        assert not access.allows(as_caller(ana), "no:such-action", {})


def test_the_last_owner_stays_one(tmp_path: Path) -> None:
    with opened(tmp_path) as access:
        ana, bo = access.add("ana", PASSWORD), access.add("bo", PASSWORD)
        with pytest.raises(Conflict, match="only owner"):
            access.set_role(ana.id, "editor")
        access.set_role(ana.id, "owner")
        access.set_role(bo.id, "owner")
        assert access.set_role(ana.id, "viewer").role == "viewer"
        assert access.person(ana.id).role == "viewer"
        with pytest.raises(Conflict):
            access.set_role(bo.id, "commenter")
        with pytest.raises(Invalid):
            access.set_role(ana.id, None)
        with pytest.raises(Invalid):
            access.set_role(ana.id, "king")  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            access.set_role("nobody", "viewer")


def test_roles_of_a_project(tmp_path: Path) -> None:
    demo, other = Project("1", "demo"), Project("2", "other")
    with opened(tmp_path, demo, other) as access:
        access.add("ana", PASSWORD)
        bo, vera = access.add("bo", PASSWORD), access.add("vera", PASSWORD, role="viewer")
        access.set_role(bo.id, "viewer", "1")
        access.set_role(vera.id, "editor", "2")
        with pytest.raises(NotFound):
            access.set_role(bo.id, "viewer", "3")
        assert (access.role(bo.id), access.role(bo.id, "1"), access.role(bo.id, "2")) == ("editor", "viewer", "editor")

        assert not access.may_write(bo.id, "projects/demo/main/a.ipynb")
        assert access.may_write(bo.id, "projects/other/main/a.ipynb")
        assert access.may_write(vera.id, "projects/other/main/a.ipynb")
        assert not access.may_write(vera.id, "projects/demo/main/a.ipynb")
        assert not access.may_write(vera.id, "a.ipynb")

        caller = as_caller(vera)
        assert access.allows(caller, "documents:run", {}), "somewhere she may"
        assert access.varies(caller)
        assert access.admits(caller, "documents:run", {}, {"notebook": "projects/other/main/a.ipynb"})
        assert not access.admits(caller, "documents:run", {}, {"notebook": "projects/demo/main/a.ipynb"})
        assert not access.admits(caller, "documents:run", {}, {"notebook": "projects/gone/main/a.ipynb"})
        assert not access.admits(caller, "documents:run", {}, {})
        assert access.admits(caller, "jobs:write", {}, {"project": "2", "notebook": "a.ipynb"})
        assert not access.varies(as_caller(access.by_name("ana")))

        assert access.set_role(bo.id, None, "1").projects == {}
        assert access.may_write(bo.id, "projects/demo/main/a.ipynb")


def test_a_project_made_again_has_no_old_roles(tmp_path: Path) -> None:
    with opened(tmp_path, Project("1", "demo")) as access:
        access.add("ana", PASSWORD)
        bo = access.add("bo", PASSWORD)
        access.set_role(bo.id, "viewer", "1")
    with opened(tmp_path, Project("2", "demo")) as access:
        assert access.may_write(bo.id, "projects/demo/main/a.ipynb")
        assert access.roles(bo.id).projects == {}


def test_scratch_is_each_persons_own(tmp_path: Path) -> None:
    with opened(tmp_path) as access:
        ana, bo = access.add("ana", PASSWORD), access.add("bo", PASSWORD)
        vera = access.add("vera", PASSWORD, role="viewer")
        assert access.may_write(bo.id, "scratch/bo/a.ipynb")
        assert not access.may_write(bo.id, "scratch/ana/a.ipynb")
        assert not access.may_write(bo.id, "scratch/bo/../ana/a.ipynb")
        assert access.may_write(ana.id, "scratch/bo/a.ipynb"), "owners tidy up"
        assert not access.may_write(vera.id, "scratch/vera/a.ipynb")


def test_asking_is_quick(tmp_path: Path) -> None:
    with opened(tmp_path, Project("1", "demo")) as access:
        access.add("ana", PASSWORD)
        bo = access.add("bo", PASSWORD)
        access.set_role(bo.id, "viewer", "1")
        started = time.thread_time()
        for _ in range(2000):
            access.may_write(bo.id, "projects/demo/main/notebooks/a.ipynb")
        took = (time.thread_time() - started) / 2000
        print(f"may_write: {took * 1e6:.1f} us")
        assert took < 500e-6


def test_a_database_of_version_0_1(tmp_path: Path) -> None:
    """Made by its one migration, with people who might all do everything."""
    home = Home(tmp_path)
    home.prepare()
    storage = Storage(home.database)
    config = Config()
    config.set_main_option("script_location", str(Path(kit_storage.__file__).parent / "migrations"))
    with storage.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for id, name, created in (("b", "bo", "2026-02-01"), ("a", "ana", "2026-01-01"), ("c", "carla", "2026-03-01")):
            connection.execute(
                text("INSERT INTO users VALUES (:id, :name, :name, '#123456', 'hash', :created)"),
                {"id": id, "name": name, "created": created},
            )
        connection.execute(text("INSERT INTO sign_ins VALUES ('hash', 'b', '2026-02-01')"))
    storage.migrate()
    for _ in range(2):
        access = Access(home, storage, Events())
        access.load()
        assert {person.name: person.role for person in access.people()} == {
            "ana": "owner", "bo": "editor", "carla": "editor",
        }  # fmt: skip
    with storage.session() as session:
        assert session.scalar(text("SELECT user_id FROM sign_ins")) == "b"
        assert set(session.scalars(text("SELECT role FROM users"))) == {"owner", "editor"}
    storage.close()


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a person of each role, and a project that was put there by hand."""
    home = tmp_path_factory.mktemp("roles") / "home"
    with start_server(home, people=PEOPLE) as server:
        for role in PEOPLE[1:]:
            atrium("users", "role", role, role, "--home", str(home))
        _until(lambda: server.api("GET", "/me", person="viewer")["role"] == "viewer")
        status, reply = server.request("PUT", "api/contents/a.ipynb", _file(NOTEBOOK), person="owner")
        assert status == 201, reply
        yield server


def atrium(*arguments: str, wrong: bool = False, input: str | None = None) -> str:
    command = [sys.executable, "-m", "workspace_server", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, input=input)
    assert (done.returncode != 0) is wrong, done.stderr
    return done.stderr if wrong else done.stdout


def _file(content: Any) -> dict[str, Any]:
    return {"type": "notebook", "format": "json", "content": content}


def _until(what: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_command(roles: Server) -> None:
    home = ("--home", str(roles.home))
    lines = [line.split("\t") for line in atrium("users", "list", *home).splitlines()]
    assert {line[0]: line[2] for line in lines} == {role: role for role in PEOPLE}
    assert "only owner" in atrium("users", "role", "owner", "viewer", *home, wrong=True)
    assert "no project named" in atrium("users", "role", "viewer", "editor", "--project", "none", *home, wrong=True)
    # A running server hears of it.
    atrium("users", "role", "commenter", "editor", *home)
    _until(lambda: roles.api("GET", "/me", person="commenter")["role"] == "editor")
    atrium("users", "role", "commenter", "commenter", *home)
    _until(lambda: roles.api("GET", "/me", person="commenter")["role"] == "commenter")


def test_the_command_adds_people(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path / "home"))
    add = ("users", "add", "ana", "--password-stdin", *home)
    assert "Use at least 8" in atrium(*add, wrong=True, input="short\n")
    assert atrium(*add, input="long enough\n") == "ana can sign in now, as owner.\n"
    assert "person named ana already" in atrium(*add, wrong=True, input="long enough\n")
    token = atrium("users", "token", "ana", *home).strip()
    with start_server(tmp_path / "home", people=()) as server:
        server.tokens["ana"] = token
        assert server.api("GET", "/me")["name"] == "ana"


@pytest.mark.parametrize("person", ["viewer", "commenter"])
def test_who_only_reads(roles: Server, person: str) -> None:
    def status(method: str, path: str, body: Any = None) -> int:
        return roles.request(method, path, body, person=person)[0]

    # Everything may be looked at.
    for path in (
        "api/contents", "api/contents/a.ipynb", "files/a.ipynb", "api/kernels", "api/sessions", "api/terminals",
        "api/kernelspecs", "api/me", "api/status", "atrium/api/projects", "atrium/api/people", "atrium/api/tables",
        "atrium/api/documents/open", "atrium/api/dashboards", "atrium/api/runs", "atrium/api/clusters", "lab",
    ):  # fmt: skip
        assert status("GET", path) == 200, path
    assert roles.request("GET", "api/contents/a.ipynb", person=person)[1]["writable"] is False

    # Nothing may be changed or run.
    (roles.home / "work" / "projects" / "demo" / "main").mkdir(parents=True, exist_ok=True)
    for method, path, body in (
        ("PUT", "api/contents/a.ipynb", _file(NOTEBOOK)),
        ("PUT", f"api/contents/scratch/{person}/new.ipynb", _file(NOTEBOOK)),
        ("PUT", "api/contents/projects/demo/main/new.ipynb", _file(NOTEBOOK)),
        ("POST", "api/contents/", {"type": "notebook"}),
        ("POST", "api/contents/a.ipynb/checkpoints", None),
        ("POST", "api/contents/a.ipynb/trust", None),
        ("PATCH", "api/contents/a.ipynb", {"path": "b.ipynb"}),
        ("DELETE", "api/contents/a.ipynb", None),
        ("POST", "api/kernels", {}),
        ("POST", "api/sessions", {"path": "a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {}}),
        ("POST", "api/terminals", {}),
        ("POST", "api/shutdown", None),
        ("POST", "api/events", {"schema_id": "x", "version": "1", "data": {}}),
        ("PATCH", "api/config/notebook", {"a": 1}),
        ("POST", "lab/api/plugins", {"cmd": "disable", "plugin_name": "x"}),
        ("POST", "lab/api/extensions", {"cmd": "install", "extension_name": "x"}),
        ("POST", "lab/api/build", None),
        ("POST", "atrium/api/documents/execute", {"notebook": "a.ipynb"}),
        ("POST", "atrium/api/projects", {"url": "https://example.org/x.git"}),
        ("POST", "atrium/api/clusters", {"notebook": "a.ipynb", "kind": "dask"}),
        ("POST", "atrium/api/environments/prebuild", {"notebook": "a.ipynb"}),
        ("POST", "atrium/api/runs", {"project": "x", "notebook": "a.ipynb"}),
        ("PUT", f"atrium/api/people/{_id(roles, person)}/role", {"role": "owner"}),
    ):  # fmt: skip
        assert status(method, path, body) == 403, f"{method} {path}"
    assert (roles.home / "work" / "a.ipynb").exists()
    reply = roles.request("POST", "atrium/api/documents/execute", {"notebook": "a.ipynb"}, person=person)[1]
    assert reply["code"] == "not_allowed"
    assert "takes an editor" in reply["message"]

    # What is their own stays theirs.
    assert roles.api("PATCH", "/me", {"color": "#123456"}, person=person)["color"] == "#123456"
    space = {"data": {"layout": person}, "metadata": {"id": "default"}}
    assert status("PUT", "lab/api/workspaces/default", space) == 204


def _id(server: Server, name: str) -> str:
    return str(next(one["id"] for one in server.api("GET", "/people", person="owner")["people"] if one["name"] == name))


def test_only_commenters_and_above_comment(roles: Server) -> None:
    thread = {"notebook": "a.ipynb", "anchor": {"cell_id": "c", "part": "source"}, "text": "What is this?"}
    assert roles.request("POST", "atrium/api/comments", thread, person="viewer")[0] == 403
    for person in ("commenter", "editor", "owner"):
        status, made = roles.request("POST", "atrium/api/comments", thread, person=person)
        assert status == 200, made
        assert made["created_by"]["name"] == person
    assert len(roles.api("GET", "/comments?notebook=a.ipynb", person="viewer")["threads"]) == 3


def test_editors_edit_and_owners_administer(roles: Server) -> None:
    def status(person: str, method: str, path: str, body: Any = None) -> int:
        return roles.request(method, path, body, person=person)[0]

    assert status("editor", "PUT", "api/contents/e.ipynb", _file(NOTEBOOK)) == 201
    assert roles.request("GET", "api/contents/e.ipynb", person="editor")[1]["writable"] is True
    assert status("editor", "PUT", "api/contents/scratch/owner/x.ipynb", _file(NOTEBOOK)) == 403
    for root in ("projects", "scratch"):
        assert status("editor", "DELETE", f"api/contents/{root}") == 403
        assert status("owner", "PATCH", f"api/contents/{root}", {"path": "elsewhere"}) == 403
    assert status("editor", "POST", "api/contents/", {"type": "directory"}) == 201
    assert status("editor", "POST", "api/events", {"schema_id": "x", "version": "1", "data": {}}) == 403
    assert status("owner", "POST", "api/events", {"schema_id": "x", "version": "1", "data": {}}) == 403
    assert status("editor", "POST", "lab/api/plugins", {"cmd": "disable", "plugin_name": "x"}) == 403
    assert status("editor", "PUT", f"atrium/api/people/{_id(roles, 'viewer')}/role", {"role": "owner"}) == 403
    assert status("owner", "PUT", f"atrium/api/people/{_id(roles, 'owner')}/role", {"role": "viewer"}) == 409
    assert status("owner", "PUT", f"atrium/api/people/{_id(roles, 'viewer')}/role", {"role": "king"}) == 422
    assert status("owner", "PUT", "atrium/api/people/nobody/role", {"role": "viewer"}) == 404
    # A link out of one's own folder leads to where it leads.
    scratch = roles.home / "work" / "scratch"
    (scratch / "owner").mkdir(exist_ok=True)
    (scratch / "editor").mkdir(exist_ok=True)
    (scratch / "editor" / "link").symlink_to("../owner")
    assert status("editor", "PUT", "api/contents/scratch/editor/link/x.ipynb", _file(NOTEBOOK)) == 403
    assert not list((scratch / "owner").iterdir())


def test_a_role_takes_effect_at_once(roles: Server) -> None:
    path = f"/people/{_id(roles, 'viewer')}/role"
    assert roles.api("PUT", path, {"role": "editor"}, person="owner") == {"role": "editor", "projects": {}}
    assert roles.request("PUT", "api/contents/v.ipynb", _file(NOTEBOOK), person="viewer")[0] == 201
    assert roles.api("PUT", path, {"role": "viewer"}, person="owner")["role"] == "viewer"
    assert roles.request("PUT", "api/contents/v.ipynb", _file(NOTEBOOK), person="viewer")[0] == 403
    assert roles.api("GET", path + "s", person="viewer")["role"] == "viewer"


def test_a_viewer_gets_no_kernel(roles: Server) -> None:
    """Not over its WebSocket either, of a kernel that an editor started."""
    status, session = roles.request(
        "POST", "api/sessions",
        {"path": "a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {"name": "python3"}}, person="editor",
    )  # fmt: skip
    assert status == 201, session
    kernel = session["kernel"]["id"]
    try:
        assert _opens(roles, f"api/kernels/{kernel}/channels", "viewer") == 403
        assert _opens(roles, f"api/kernels/{kernel}/channels", "commenter") == 403
        assert _opens(roles, "terminals/websocket/1", "viewer") == 403
        assert _opens(roles, "api/events/subscribe", "viewer") == 101, "JupyterLab listens as it starts"
        for method, path in (
            ("POST", f"api/kernels/{kernel}/interrupt"), ("POST", f"api/kernels/{kernel}/restart"),
            ("DELETE", f"api/kernels/{kernel}"), ("DELETE", f"api/sessions/{session['id']}"),
        ):  # fmt: skip
            assert roles.request(method, path, person="viewer")[0] == 403, path
        assert roles.request("GET", f"api/kernels/{kernel}", person="viewer")[0] == 200
        assert asyncio.run(_demoted_while_connected(roles, f"api/kernels/{kernel}/channels")) == 4403
        body = {"cells": [{"cell_id": "x", "source": "1"}], "path": "a.ipynb", "request_id": "1"}
        assert roles.request("POST", f"api/kernels/{kernel}/execute", body, person="viewer")[0] == 403
    finally:
        assert roles.request("DELETE", f"api/sessions/{session['id']}", person="editor")[0] == 204


async def _demoted_while_connected(server: Server, path: str) -> int | None:
    """The close code that an editor gets who sends to a kernel after having been made a viewer."""
    url = server.url.replace("http", "ws", 1) + path
    socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {server.tokens['editor']}"}))
    role = f"/people/{_id(server, 'editor')}/role"
    asked = {
        "header": {"msg_id": "1", "msg_type": "kernel_info_request", "session": "s", "username": "", "version": "5.3"},
        "parent_header": {}, "metadata": {}, "content": {}, "buffers": [], "channel": "shell",
    }  # fmt: skip
    try:
        await socket.write_message(json.dumps(asked))
        assert await socket.read_message() is not None
        await asyncio.to_thread(server.api, "PUT", role, {"role": "viewer"}, person="owner")
        await socket.write_message(json.dumps(asked))
        while await asyncio.wait_for(socket.read_message(), 30) is not None:
            pass
    finally:
        await asyncio.to_thread(server.api, "PUT", role, {"role": "editor"}, person="owner")
        code = socket.close_code
        await _closed(socket)
    return code


async def _closed(socket: WebSocketClientConnection) -> None:
    """Both sides have let go."""
    connection: Any = socket.protocol
    socket.close()
    while connection is not None and not connection.stream.closed():
        await asyncio.sleep(0.05)


def _opens(server: Server, path: str, person: str) -> int:
    async def connect() -> int:
        request = HTTPRequest(
            server.url.replace("http", "ws", 1) + path, headers={"Authorization": f"token {server.tokens[person]}"}
        )
        try:
            socket = await websocket_connect(request)
        except HTTPClientError as error:
            return error.code
        await _closed(socket)
        return 101

    return asyncio.run(connect())


@pytest.mark.parts
def test_roles_of_a_project_on_a_server(tmp_path: Path) -> None:
    """Bo is an editor who only looks on in one project, Vera a viewer who edits in the other."""
    home = tmp_path / "home"
    remotes = {name: Remote(tmp_path / name, {"a.ipynb": notebook("1")}) for name in ("one", "two")}
    allow(home, *(remote.url for remote in remotes.values()))
    with start_server(home, people=("ana", "bo", "vera")) as server:
        projects = {
            name: server.wait(server.api("POST", "/projects", {"url": remote.url, "name": name}))["result"]["project"]
            for name, remote in remotes.items()
        }
        ids = {one["name"]: one["id"] for one in server.api("GET", "/people")["people"]}
        server.api("PUT", f"/people/{ids['bo']}/role", {"role": "viewer", "project": projects["one"]})
        server.api("PUT", f"/people/{ids['vera']}/role", {"role": "viewer"})
        atrium("users", "role", "vera", "editor", "--project", "two", "--home", str(home))
        assert "vera\tVera\tviewer\ttwo: editor" in atrium("users", "list", "--home", str(home))
        _until(lambda: bool(server.api("GET", f"/people/{ids['vera']}/roles")["projects"]))

        def status(person: str, method: str, path: str, body: Any = None) -> int:
            return server.request(method, path, body, person=person)[0]

        for person in ("ana", "bo", "vera"):
            told = server.api("GET", "/projects", person=person)["projects"]
            may = {one["name"]: (one["may_write"], one["may_administer"]) for one in told}
            owner = person == "ana"
            assert may == {"one": (owner, owner), "two": (True, owner)}
            assert server.api("GET", f"/projects/{projects['one']}", person=person)["may_write"] is owner

        thread = {"anchor": {"cell_id": "a", "part": "source"}, "text": "What is this?"}
        for person, closed, open_ in (("bo", "one", "two"), ("vera", "one", "two")):
            for name, allowed in ((closed, False), (open_, True)):
                path, id = f"projects/{name}/main", projects[name]
                for least, method, url, body in (
                    (201, "PUT", f"api/contents/{path}/{person}.ipynb", _file(NOTEBOOK)),
                    (200, "POST", "atrium/api/comments", {"notebook": f"{path}/a.ipynb", **thread}),
                    (200, "POST", f"atrium/api/projects/{id}/branches/main/discard", {"paths": []}),
                    (404, "POST", "atrium/api/runs", {"project": id, "notebook": "none.ipynb"}),
                ):
                    got = status(person, method, url, body)
                    assert (got != 403) is allowed, f"{person} {method} {url}: {got}"
                    assert not allowed or got in (least, 409, 422), f"{person} {method} {url}: {got}"
                if not allowed:
                    assert status(person, "GET", f"api/contents/{path}/a.ipynb") == 200
                    started = {"path": f"{path}/a.ipynb", "name": "a.ipynb", "type": "notebook", "kernel": {}}
                    assert status(person, "POST", "api/sessions", started) == 403
                    execute = {"notebook": f"{path}/a.ipynb"}
                    assert status(person, "POST", "atrium/api/documents/execute", execute) == 403
        # Not by moving something there, nor out of there.
        for old, new in (("two/main/bo.ipynb", "one/main/bo.ipynb"), ("one/main/a.ipynb", "two/main/b.ipynb")):
            assert status("bo", "PATCH", f"api/contents/projects/{old}", {"path": f"projects/{new}"}) == 403
        assert status("bo", "PUT", "api/contents/projects/two/../one/main/x.ipynb", _file(NOTEBOOK)) == 403
        assert not (home / "work" / "projects" / "one" / "main" / "x.ipynb").exists()

        # A thread of that project is of that project, by whatever it is named.
        begun = server.api("POST", "/comments", {"notebook": "projects/one/main/a.ipynb", **thread})
        assert status("bo", "POST", f"atrium/api/comments/{begun['id']}/resolve") == 403
        assert status("ana", "POST", f"atrium/api/comments/{begun['id']}/resolve") == 200

        # An owner of one project gives roles there only.
        server.api("PUT", f"/people/{ids['bo']}/role", {"role": "owner", "project": projects["two"]})
        role = f"atrium/api/people/{ids['vera']}/role"
        assert status("bo", "PUT", role, {"role": "commenter", "project": projects["two"]}) == 200
        assert status("bo", "PUT", role, {"role": "commenter", "project": projects["one"]}) == 403
        assert status("bo", "PUT", role, {"role": "editor"}) == 403
        assert status("vera", "PUT", "api/contents/projects/two/main/y.ipynb", _file(NOTEBOOK)) == 403


def test_read_only_files_and_ids(roles: Server) -> None:
    """The contents manager as a browser sees it: a mode of 0444 is respected, and a new file is a new document."""
    file = roles.home / "work" / "frozen.ipynb"
    file.write_text(json.dumps(NOTEBOOK))
    file.chmod(0o444)
    assert roles.request("GET", "api/contents/frozen.ipynb", person="owner")[1]["writable"] is False
    assert roles.request("PUT", "api/contents/frozen.ipynb", _file(NOTEBOOK), person="owner")[0] == 403

    def document(path: str) -> str:
        status, reply = roles.request(
            "PUT", f"api/collaboration/session/{path}", {"format": "json", "type": "notebook"}, person="owner"
        )
        assert status in (200, 201), reply
        return str(reply["fileId"])

    roles.request("PUT", "api/contents/n.ipynb", _file(NOTEBOOK), person="owner")
    first = document("n.ipynb")
    assert roles.request("PATCH", "api/contents/n.ipynb", {"path": "m.ipynb"}, person="owner")[0] == 200
    assert document("m.ipynb") == first
    assert roles.request("DELETE", "api/contents/m.ipynb", person="owner")[0] == 204
    roles.request("PUT", "api/contents/m.ipynb", _file(NOTEBOOK), person="owner")
    assert document("m.ipynb") != first
