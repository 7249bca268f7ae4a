"""The history of documents: what is kept by itself, and going back to it, beneath real rooms and a real server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from pycrdt import Text

from tests.fakes.servers import Server, start_server
from workspace_server.access.service import Access
from workspace_server.documents.collaboration.files import FileIds
from workspace_server.documents.collaboration.points import Points
from workspace_server.documents.collaboration.room import Room
from workspace_server.documents.collaboration.rooms import Rooms
from workspace_server.documents.errors import NoSuchCell, NoSuchPoint
from workspace_server.documents.history import EVERY, History
from workspace_server.kit.errors import Forbidden, Invalid
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.storage import Storage

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def code(id: str, source: str, *texts: str) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": text}} for text in texts]
    return {
        "cell_type": "code", "id": id, "metadata": {}, "source": source, "outputs": outputs, "execution_count": None,
    }  # fmt: skip


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def append(room: Room, cell: int, text: str) -> None:
    source = room.document.ycells[cell]["source"]  # type: ignore[attr-defined]
    source += text


def sources(file: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


@dataclass
class Place:
    """A history above real rooms of the files in ``work``, at a time of its own."""

    history: History
    points: Points
    rooms: Rooms
    work: Path
    person: str
    now: datetime = BEGIN
    allowed: bool = True

    @asynccontextmanager
    async def open(self, path: str) -> AsyncIterator[Room]:
        async with self.rooms.hold(path, "Ana") as room:
            yield room

    async def type(self, room: Room, cell: int, text: str) -> None:
        """Typed at the end of a cell, and saved."""
        append(room, cell, text)
        await room.save()

    async def kept(self, path: str) -> list[tuple[str, list[str]]]:
        """Kind and sources of each version, the oldest first, once what is under way is written."""
        await asyncio.gather(*self.history._tasks)
        listed = await self.history.list(self.person, path)
        found: list[tuple[str, list[str]]] = []
        for point in reversed(listed.points):
            content = self.points.read(point.id)
            cells = [content] if isinstance(content, str) else [cell["source"] for cell in content["cells"]]
            found.append((point.kind, cells))
        return found


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    home = Home(tmp_path / "home")
    home.prepare()
    storage = Storage(home.database)
    storage.migrate()
    events = Events()
    access = Access(home, storage, events)
    ana = access.add("ana", "correct horse")
    contents = AsyncLargeFileManager(root_dir=str(home.work))
    rooms = Rooms(home)
    files = FileIds(home.work, home.journal)
    rooms.bind(contents, files)
    made: Place | None = None

    def clock() -> datetime:
        return made.now if made is not None else BEGIN

    points = Points(home.journal / "points.db", clock)
    history = History(points, rooms, access, events, lambda _person, _path: made is not None and made.allowed, clock)
    rooms.saved = history.changed
    rooms.start()
    made = Place(history, points, rooms, home.work, ana.id)
    yield made
    await rooms.close()
    await history.close()
    files.close()
    storage.close()


@pytest.fixture
def file(place: Place) -> Path:
    path = place.work / "a.ipynb"
    path.write_text(notebook(code("a", "x = 1"), code("b", "y = 2")))
    return path


async def test_a_version_every_ten_minutes_of_editing(place: Place, file: Path) -> None:
    async with place.open("a.ipynb") as room:
        assert await place.kept("a.ipynb") == []
        for minute in range(25):
            await place.type(room, 0, f" {minute}")
            await asyncio.gather(*place.history._tasks)
            place.now += timedelta(minutes=1)
        kept = await place.kept("a.ipynb")
        assert [cells[0].split()[-1] for _, cells in kept] == ["0", "10", "20"]
        assert {kind for kind, _ in kept} == {"automatic"}
        # Nobody edits: nothing is kept. Then the last one leaves.
        place.now += timedelta(hours=5)
        assert len(await place.kept("a.ipynb")) == 3
        place.history.left(room)
        assert (await place.kept("a.ipynb"))[-1][1][0].endswith(" 24")
        place.history.left(room)
        assert len(await place.kept("a.ipynb")) == 4


async def test_a_document_is_kept_as_it_was_when_it_was_first_opened(place: Place, file: Path) -> None:
    place.rooms.loaded = place.history.opened
    async with place.open("a.ipynb") as room:
        assert await place.kept("a.ipynb") == [("from disk", ["x = 1", "y = 2"])]
        named = await place.history.name(place.person, "a.ipynb", "first")
        assert (named.kind, named.name, named.people) == ("from disk", "first", ["Ana"])
        place.history.opened(room)
        await place.type(room, 0, "0")
        assert [kind for kind, _ in await place.kept("a.ipynb")] == ["from disk"]


async def test_a_restart_does_not_begin_the_ten_minutes_anew(place: Place, file: Path) -> None:
    async with place.open("a.ipynb") as room:
        await place.type(room, 0, " one")
        await place.kept("a.ipynb")
        place.history._edits.clear()
        place.now += EVERY / 2
        await place.type(room, 0, " two")
        assert len(await place.kept("a.ipynb")) == 1
        place.now += EVERY / 2
        await place.type(room, 0, " three")
        assert [cells[0] for _, cells in await place.kept("a.ipynb")] == ["x = 1 one", "x = 1 one two three"]


async def test_editors_are_named(place: Place, file: Path) -> None:
    async with place.open("a.ipynb") as room:
        place.history.changed(room, ["Bo"])
        await place.kept("a.ipynb")
        place.history.changed(room, ["Bo"])
        place.history.changed(room, ["Ana"])
        append(room, 0, "!")
        assert (await place.history.before(room, "before merge")).people == ["Ana", "Bo"]
        assert (await place.history.list(place.person, "a.ipynb")).points[1].people == ["Bo"]


async def test_going_back_and_forth(place: Place, file: Path) -> None:
    async with place.open("a.ipynb") as room:
        first = await place.history.name(place.person, "a.ipynb", "  the   first ")
        assert (first.kind, first.name, first.people) == ("named", "the first", ["Ana"])
        await place.type(room, 0, "0")
        del room.document.ycells[1]  # type: ignore[attr-defined]
        found = await place.history.diff(place.person, first.id, "now")
        assert [(cell.change, cell.before, cell.after) for cell in found.cells] == [
            ("modified", 0, 0),
            ("removed", 1, None),
        ]
        assert (found.earlier.id, found.later, found.same) == (first.id, None, False)

        back = await place.history.restore(place.person, first.id)
        assert back.changed
        assert back.before.kind == "before restore"
        await room.save()
        assert sources(file) == ["x = 1", "y = 2"]
        assert (await place.history.diff(place.person, first.id, "now")).same
        assert not (await place.history.restore(place.person, first.id)).changed

        undone = await place.history.restore(place.person, back.before.id)
        assert undone.changed
        await room.save()
        assert sources(file) == ["x = 10"]

        # One cell, changed or gone.
        await place.history.restore(place.person, first.id, 1)
        await room.save()
        assert sources(file) == ["x = 10", "y = 2"]
        await place.history.restore(place.person, first.id, 0)
        await room.save()
        assert sources(file) == ["x = 1", "y = 2"]
        with pytest.raises(NoSuchCell):
            await place.history.restore(place.person, first.id, 7)


async def test_what_is_typed_while_one_goes_back_stays(place: Place, file: Path) -> None:
    async with place.open("a.ipynb") as room:
        first = await place.history.name(place.person, "a.ipynb", "first")
        await place.type(room, 0, "0")
        writing = asyncio.create_task(place.history.restore(place.person, first.id))
        before = place.history._before

        async def slowly(*arguments: Any) -> Any:
            point = await before(*arguments)
            append(room, 1, "  # typed meanwhile")
            return point

        place.history._before = slowly  # type: ignore[method-assign,assignment]
        assert (await writing).changed
        await room.save()
        assert sources(file) == ["x = 1", "y = 2  # typed meanwhile"]


def shown(room: Room) -> list[list[str]]:
    """What each cell shows, its first letters."""
    content = room.content()
    assert isinstance(content, dict)
    return [[output["data"]["text/plain"][:3] for output in cell["outputs"]] for cell in content["cells"]]


async def test_outputs_come_back(place: Place) -> None:
    file = place.work / "a.ipynb"
    many = [code("b", "y", *["two" * 26_000] * 10), code("c", "z", *["six" * 25_000] * 10)]
    file.write_text(notebook(code("a", "x", "one"), *many))
    two, six = ["two"] * 10, ["six"] * 10
    async with place.open("a.ipynb") as room:
        place.history.changed(room)
        await place.kept("a.ipynb")
        (automatic,) = (await place.history.list(place.person, "a.ipynb")).points
        kept = place.points.read(automatic.id)
        assert isinstance(kept, dict)
        assert ["outputs" in cell for cell in kept["cells"]] == [True, False, True]
        cells = room.document.ycells  # type: ignore[attr-defined]
        cells[0]["outputs"].clear()
        found = await place.history.diff(place.person, automatic.id, "now")
        assert [cell.outputs for cell in found.cells] == [1, 0, 0]
        # Those that were not kept stay as they are.
        back = await place.history.restore(place.person, automatic.id)
        assert shown(room) == [["one"], two, six]
        # What was there before is kept whole, whatever its size.
        cells[1]["outputs"].clear()
        await place.history.restore(place.person, back.before.id)
        assert shown(room) == [[], two, six]


async def test_a_large_output_is_kept_as_long_as_a_version_needs_it(place: Place) -> None:
    file = place.work / "a.ipynb"
    file.write_text(notebook(code("a", "x", "large" * 300_000)))
    async with place.open("a.ipynb") as room:
        first = await place.history.name(place.person, "a.ipynb", "first")
        (hash,) = place.points.blobs_used()
        assert b"largelarge" in place.rooms.blobs.read(hash)
        room.document.ycells[0]["outputs"].clear()  # type: ignore[attr-defined]
        await room.save()
        await place.history.restore(place.person, first.id)
        await room.save()
        (cell,) = json.loads(file.read_text())["cells"]
        assert "".join(cell["outputs"][0]["data"]["text/plain"]) == "large" * 300_000


async def test_a_text(place: Place) -> None:
    file = place.work / "notes.md"
    file.write_text("# Notes\none\ntwo\n")
    first = await place.history.name(place.person, "notes.md", "first")
    async with place.history._hold("notes.md", "Ana") as room:
        text = room.ydoc.get("source", type=Text)
        text += "three\n"
        found = await place.history.diff(place.person, first.id, "now")
        assert (found.kind, found.text.splitlines()[-1]) == ("text", "+three")
        back = await place.history.restore(place.person, first.id)
        assert room.content() == "# Notes\none\ntwo\n"
        await place.history.restore(place.person, back.before.id)
        assert room.content() == "# Notes\none\ntwo\nthree\n"
        with pytest.raises(NoSuchCell):
            await place.history.restore(place.person, first.id, 0)


async def test_versions_are_compared_with_each_other(place: Place, file: Path) -> None:
    async with place.open("a.ipynb") as room:
        first = await place.history.name(place.person, "a.ipynb", "first")
        await place.type(room, 0, "0")
        second = await place.history.name(place.person, "a.ipynb", "second")
        found = await place.history.diff(place.person, second.id, "previous")
        assert (found.earlier.id, found.later and found.later.id) == (first.id, second.id)
        assert found.cells[0].diff.splitlines()[1:] == ["-x = 1", "+x = 10"]
        assert (await place.history.diff(place.person, first.id, second.id)).cells == found.cells
        oldest = await place.history.diff(place.person, first.id, "previous")
        assert oldest.later is not None
        assert (oldest.same, oldest.earlier.id, oldest.later.id) == (True, first.id, first.id)


async def test_names(place: Place, file: Path) -> None:
    async with place.open("a.ipynb"):
        first = await place.history.name(place.person, "a.ipynb", "first")
        again = await place.history.name(place.person, "a.ipynb", "second")
        assert [point.name for point in (await place.history.list(place.person, "a.ipynb")).points] == [
            "second",
            "first",
        ]
        assert (await place.history.rename(place.person, again.id, "")).kind == "automatic"
        for wrong in (" ", "x" * 101):
            with pytest.raises(Invalid):
                await place.history.name(place.person, "a.ipynb", wrong)
        await place.history.delete(place.person, first.id)
        with pytest.raises(NoSuchPoint):
            await place.history.diff(place.person, first.id, "now")


async def test_who_may_not_write_may_look(place: Place, file: Path) -> None:
    async with place.open("a.ipynb"):
        first = await place.history.name(place.person, "a.ipynb", "first")
        place.allowed = False
        listed = await place.history.list(place.person, "a.ipynb")
        assert (listed.writable, len(listed.points)) == (False, 1)
        assert (await place.history.diff(place.person, first.id, "now")).same
        for change in (
            place.history.restore(place.person, first.id),
            place.history.name(place.person, "a.ipynb", "x"),
            place.history.rename(place.person, first.id, "x"),
            place.history.delete(place.person, first.id),
        ):
            with pytest.raises(Forbidden):
                await change


# A real server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("history") / "home") as running:
        yield running


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def history(server: Server, path: str) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = server.api("GET", f"/documents/history?path={quote(path)}")["points"]
    return points


@pytest.mark.parts
def test_over_http(server: Server) -> None:
    path = "team/a b.ipynb"
    file = server.home / "work" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(notebook(code("a", "x = 1"), code("b", "y = 2")))
    assert history(server, path) == []
    first = server.api("POST", "/documents/history", {"path": path, "name": "first"})
    assert (first["name"], first["people"]) == ("first", ["Ana"])

    # Somebody edits it, with an editor on disk; the room takes it over.
    file.write_text(notebook(code("a", "x = 1"), code("b", "y = 3"), code("c", "z")))
    one = f"/documents/history/{first['id']}"
    found = until(lambda: (diff := server.api("GET", one)) and not diff["same"] and diff)
    assert [cell["change"] for cell in found["cells"]] == ["same", "modified", "added"]

    restored = server.api("POST", f"{one}/restore", {}, person="bo")
    assert (restored["changed"], restored["before"]["people"]) == (True, ["Bo"])
    until(lambda: sources(file) == ["x = 1", "y = 2"])
    server.api("POST", f"/documents/history/{restored['before']['id']}/restore", {})
    until(lambda: sources(file) == ["x = 1", "y = 3", "z"])

    # It follows the file when that is renamed, and stays when another takes its place.
    status, _ = server.request("PATCH", f"api/contents/{quote(path)}", {"path": "team/b.ipynb"})
    assert status == 200
    assert [point["id"] for point in history(server, "team/b.ipynb")][-1] == first["id"]
    file.write_text(notebook(code("a", "another")))
    assert history(server, path) == []

    assert server.request("GET", "atrium/api/documents/history?path=nothing.ipynb")[0] == 404
    assert server.request("GET", "atrium/api/documents/history/nothing")[0] == 404
    assert server.request("GET", f"atrium/api{one}", person=None)[0] == 401
    server.api("DELETE", one)
    assert server.request("GET", f"atrium/api{one}")[0] == 404


@pytest.mark.parts
def test_roles(server: Server) -> None:
    path = "scratch/ana/mine.ipynb"
    file = server.home / "work" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(notebook(code("a", "x = 1")))
    made = server.api("POST", "/documents/history", {"path": path, "name": "mine"})
    seen = server.api("GET", f"/documents/history?path={path}", person="bo")
    assert (seen["writable"], len(seen["points"])) == (False, 1)
    assert server.api("GET", f"/documents/history/{made['id']}", person="bo")["same"]
    status, said = server.request("POST", f"atrium/api/documents/history/{made['id']}/restore", {}, person="bo")
    assert (status, said["code"]) == (403, "read_only")


@pytest.mark.parts
def test_what_was_there_before_a_run_is_kept_by_itself(server: Server) -> None:
    path = "scratch/ana/edited.ipynb"
    file = server.home / "work" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(notebook(code("a", "print('seen')")))
    asked = server.api("POST", "/documents/execute", {"notebook": path})
    until(lambda: server.api("GET", f"/documents/requests/{asked['id']}")["done"], 120)
    (point,) = until(lambda: history(server, path))
    assert point["kind"] == "from disk"
    found = server.api("GET", f"/documents/history/{point['id']}")
    assert [(cell["change"], cell["outputs"]) for cell in found["cells"]] == [("same", 1)]


@pytest.mark.parts
def test_from_the_command_line(server: Server) -> None:
    path = "scratch/ana/c.ipynb"
    file = server.home / "work" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(notebook(code("a", "x = 1")))

    def atrium(*arguments: str) -> Any:
        main = "import sys; from workspace_ext.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", main, "documents", *arguments, "--json"]
        said = subprocess.run(
            [*command, "--url", server.url, "--token", server.tokens["ana"]], check=True, capture_output=True, text=True
        )
        return json.loads(said.stdout)

    made = atrium("history", path, "--name", "first")
    file.write_text(notebook(code("a", "x = 2"), code("b", "y")))
    until(lambda: not server.api("GET", f"/documents/history/{made['id']}")["same"])
    atrium("restore", made["id"], "--cell", "1")
    until(lambda: sources(file) == ["x = 1", "y"])
    atrium("restore", made["id"])
    until(lambda: sources(file) == ["x = 1"])
    assert [point["name"] for point in atrium("history", path)["points"]][-1] == "first"
    atrium("forget", made["id"])
    assert made["id"] not in [point["id"] for point in history(server, path)]
