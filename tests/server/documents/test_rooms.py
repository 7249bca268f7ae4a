"""Rooms over real files and a real journal, in this process: opening, saving, closing, dying, coming back."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.filemanager import AsyncFileContentsManager
from jupyter_ydoc import YNotebook
from pycrdt import Text

from workspace_server.documents.collaboration import file_sync
from workspace_server.documents.collaboration.files import FileIds
from workspace_server.documents.collaboration.room import Room
from workspace_server.documents.collaboration.rooms import Rooms
from workspace_server.documents.collaboration.shared import Shared
from workspace_server.documents.errors import NoSuchFile, NoSuchNotebook
from workspace_server.kit.errors import Conflict
from workspace_server.kit.home import Home
from workspace_server.kit.notebooks.notebook_json import blob_hash


class Watcher:
    """A client that reads nothing but what the server says by itself."""

    def __init__(self) -> None:
        self.identity: dict[str, Any] = {"username": "ana", "display_name": "Ana"}
        self.may_write = True
        self.frames: list[bytes] = []
        self.dropped = ""

    def send(self, *frames: bytes) -> None:
        self.frames += frames

    def drop(self, why: str) -> None:
        self.dropped = why


@asynccontextmanager
async def rooms_of(home: Home) -> AsyncIterator[Rooms]:
    contents = AsyncFileContentsManager(root_dir=str(home.work))
    files = FileIds(home.work, home.journal, grace=1.0)
    rooms = Rooms(home)
    rooms.bind(contents, files)
    rooms.start()
    try:
        yield rooms
    finally:
        await rooms.close()
        files.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def write(home: Home, path: str, *sources: str, minor: int = 5) -> Path:
    file = home.work / path
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(sources)
    ]
    if minor < 5:
        for cell in cells:
            del cell["id"]
    file.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}))
    return file


def sources(file: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


def type_into(room: Room, cell: int, text: str) -> None:
    source = room.notebook.ycells[cell]["source"]
    source += text


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def test_a_change_is_in_the_file_within_two_seconds_however_long_people_type(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            begun = asyncio.get_running_loop().time()
            while not sources(file)[0].startswith("x....."):
                type_into(room, 0, ".")
                await asyncio.sleep(0.05)
                assert asyncio.get_running_loop().time() - begun < 4
            await room.save()
            assert sources(file) == [str(room.notebook.ycells[0]["source"]), "y"]

    run(scenario)


def test_an_idle_room_is_closed_and_comes_back_the_same(home: Home) -> None:
    async def scenario() -> None:
        write(home, "a.ipynb", "x")
        async with rooms_of(home) as rooms:
            rooms.idle = 0.1
            async with rooms.hold("a.ipynb", "Ana") as room:
                type_into(room, 0, " = 1")
                state, lineage = room.ydoc.get_state(), room.lineage
            await until(lambda: rooms.get(room.id) is None)
            async with rooms.hold("a.ipynb", "Ana") as again:
                assert again is not room
                assert again.lineage == lineage
                assert str(again.notebook.ycells[0]["source"]) == "x = 1"
                # Who was away knows nothing that is not there, nor lacks more than what was written since.
                missing = again.ydoc.get_update(state)
                assert len(missing) < 400

    run(scenario)


def test_what_was_journaled_survives_a_death_before_any_save(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_sync, "SAVE_AFTER", 1000.0)

    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y")
        async with rooms_of(home) as rooms:
            room = await rooms.open(rooms.document_id("a.ipynb"))
            type_into(room, 0, " = 1")
            await room.settled()
            # Dead: neither saved nor closed.
            rooms._rooms.clear()
        assert sources(file) == ["x", "y"]
        # Somebody edits the file while no server runs.
        content = json.loads(file.read_text())
        content["cells"][1]["source"] = "y = 2"
        file.write_text(json.dumps(content))
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            assert [str(cell["source"]) for cell in room.notebook.ycells] == ["x = 1", "y = 2"]
            await room.save()
            assert sources(file) == ["x = 1", "y = 2"]

    run(scenario)


def test_a_death_between_the_file_and_its_note_is_no_change_of_somebody_elses(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x")
        async with rooms_of(home) as rooms:
            room = await rooms.open(rooms.document_id("a.ipynb"))
            type_into(room, 0, " = 1")
            await room.save()
            type_into(room, 0, "0")
            await room.settled()
            rooms._rooms.clear()
        assert sources(file) == ["x = 1"]
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            assert str(room.notebook.ycells[0]["source"]) == "x = 10"
            assert not room.notices

    run(scenario)


def test_a_file_whose_branch_was_deleted_leaves_no_stray_folder(home: Home) -> None:
    async def scenario() -> None:
        (home.work / "weekly").mkdir()
        file = write(home, "weekly/a.ipynb", "x")
        tree = file.parent
        (tree / ".git").write_text("gitdir: elsewhere\n")
        async with rooms_of(home) as rooms, rooms.hold("weekly/a.ipynb", "Ana") as room:
            tree.rename(home.path / "deleted")
            await until(lambda: room.sync.missing)
            (notice,) = room.notices
            assert (notice["kind"], notice["message"]) == ("file-missing", "The branch of weekly/a.ipynb was deleted.")
            type_into(room, 0, " = 1")
            for by_hand in (False, True):
                with pytest.raises(Conflict) as refused:
                    await room.save(by_hand=by_hand)
                assert refused.value.code == "branch_gone"
            assert not tree.exists()
            # It comes back, and what was typed meanwhile with it.
            (home.path / "deleted").rename(tree)
            await until(lambda: sources(file) == ["x = 1"])

    run(scenario)


def test_a_file_that_was_deleted_outside_stays_open_and_can_be_written_again(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            room.clients.add(watcher := Watcher())
            file.unlink()
            await until(lambda: room.sync.missing)
            assert [notice["kind"] for notice in room.notices] == ["file-missing"]
            assert len(watcher.frames) == 1
            type_into(room, 0, " = 1")
            # Longer than a file may be gone and come back as the same.
            await until(lambda: rooms.path_of(room.id) is None)
            await asyncio.sleep(file_sync.SAVE_AFTER + 0.5)
            assert not file.exists()
            with pytest.raises(Conflict):
                await room.save()
            await room.save(by_hand=True)
            assert sources(file) == ["x = 1"]
            assert rooms.document_id("a.ipynb") == room.id
            assert rooms.path_of(room.id) == "a.ipynb"
            room.clients.discard(watcher)
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            assert room.content()["cells"][0]["source"] == "x = 1"  # type: ignore[index]

    run(scenario)


def test_a_file_that_is_no_notebook_for_a_while_is_not_overwritten(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_sync, "UNREADABLE_FOR", 0.1)

    async def scenario() -> None:
        file = write(home, "a.ipynb", "x")
        good = file.read_text()
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            file.write_text("<<<<<<< HEAD\n" + good + "\n=======\n>>>>>>> other\n")
            type_into(room, 0, " = 1")
            await until(lambda: room.sync.unreadable)
            assert "conflict" in room.sync.unreadable
            await asyncio.sleep(1.5)
            assert file.read_text().startswith("<<<<<<<")
            file.write_text(good)
            await until(lambda: file.read_text() != good)
            assert sources(file) == ["x = 1"]
            assert [notice["kind"] for notice in room.notices] == ["file-unreadable", "file-back"]

    run(scenario)


def test_who_opened_the_file_before_a_save_and_writes_after_it_is_heard(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x", "y")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            with file.open("r+") as slow:
                content = json.load(slow)
                type_into(room, 0, " = 1")
                await room.save()
                content["cells"][1]["source"] = "y = 2"
                slow.seek(0)
                json.dump(content, slow)
                slow.truncate()
            await until(lambda: sources(file) == ["x = 1", "y = 2"])

    run(scenario)


def test_two_paths_to_one_file_are_one_room(home: Home) -> None:
    async def scenario() -> None:
        write(home, "a.ipynb", "x")
        (home.work / "b.ipynb").symlink_to("a.ipynb")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as one, rooms.hold("b.ipynb", "Bo") as other:
            assert one is other
            await one.save()
            assert (home.work / "b.ipynb").is_symlink()

    run(scenario)


def test_a_file_that_moves_takes_its_room_along(home: Home) -> None:
    async def scenario() -> None:
        write(home, "a.ipynb", "x")
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            (home.work / "a.ipynb").rename(home.work / "b.ipynb")
            await until(lambda: room.path == "b.ipynb")
            assert room.document.path == "b.ipynb"
            type_into(room, 0, " = 1")
            await room.save()
            assert sources(home.work / "b.ipynb") == ["x = 1"]
            assert not (home.work / "a.ipynb").exists()

    run(scenario)


def test_texts_keep_their_line_ends(home: Home) -> None:
    async def scenario() -> None:
        file = home.work / "notes.md"
        file.write_bytes("# Ü\r\nא‎ 👩‍💻\r\n".encode())
        async with rooms_of(home) as rooms:
            id = f"text:file:{rooms.files.index('notes.md')}"
            async with rooms.hold_id(id, "Ana") as room:
                text = room.content()
                assert text == "# Ü\nא‎ 👩‍💻\n"
                source = room.ydoc.get("source", type=Text)
                source += "end\n"
                await room.save()
            assert file.read_bytes() == "# Ü\r\nא‎ 👩‍💻\r\nend\r\n".encode()

    run(scenario)


def test_a_read_only_file_is_left_alone(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x")
        file.chmod(0o444)
        before = file.read_bytes()
        async with rooms_of(home) as rooms, rooms.hold("a.ipynb", "Ana") as room:
            assert room.read_only
            type_into(room, 0, " = 1")
            with pytest.raises(PermissionError):
                await room.save()
        assert file.read_bytes() == before

    run(scenario)


def test_old_formats_have_no_ids_in_their_file(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "old.ipynb", "x", "y", minor=2)
        async with rooms_of(home) as rooms, rooms.hold("old.ipynb", "Ana") as room:
            type_into(room, 1, " = 1")
            await room.save()
            content = json.loads(file.read_text())
            assert content["nbformat_minor"] == 2
            assert all("id" not in cell for cell in content["cells"])
            assert sources(file) == ["x", "y = 1"]

    run(scenario)


def test_what_is_no_document_has_no_room(home: Home) -> None:
    async def scenario() -> None:
        write(home, "a.ipynb", "x")
        async with rooms_of(home) as rooms:
            with pytest.raises(NoSuchNotebook):
                rooms.document_id("nothing.ipynb")
            wrong = ["", "json:notebook:", "json:notebook:unknown", "json:file:x", "text:notebook:x", "base64:file:x"]
            for id in wrong:
                with pytest.raises(NoSuchFile):
                    await rooms.open(id)

    run(scenario)


def test_other_extensions_find_shared_documents(home: Home) -> None:
    async def scenario() -> None:
        write(home, "a.ipynb", "x")
        async with rooms_of(home) as rooms:
            shared = Shared(rooms)
            asked: dict[str, Any] = {"path": "a.ipynb", "content_type": "notebook", "file_format": "json"}
            assert await shared.get_document(**asked) is None
            live = await shared.get_document(**asked, create=True, copy=False)
            copy = await shared.get_document(room_id=rooms.document_id("a.ipynb"))
            assert isinstance(live, YNotebook)
            assert isinstance(copy, YNotebook)
            for document, more in ((copy, " copied"), (live, " = 1")):
                source = document.ycells[0]["source"]
                source += more
            assert copy.source["cells"][0]["source"] == "x copied"
            room = rooms.get(rooms.document_id("a.ipynb"))
            assert room is not None
            assert room.content()["cells"][0]["source"] == "x = 1"  # type: ignore[index]
            with pytest.raises(ValueError, match="path"):
                await shared.get_document(path="a.ipynb")

    run(scenario)


def test_a_large_output_is_in_the_file_and_kept_as_long_as_something_shows_it(home: Home) -> None:
    async def scenario() -> None:
        file = write(home, "a.ipynb", "x")
        content = json.loads(file.read_text())
        shown = {"output_type": "stream", "name": "stdout", "text": "shown\n" * 100_000}
        content["cells"][0]["outputs"] = [shown]
        file.write_text(json.dumps(content))
        async with rooms_of(home) as rooms:
            folder = home.journal / "blobs"
            async with rooms.hold("a.ipynb", "Ana") as room:
                (kept,) = folder.iterdir()
                assert len(json.dumps(room.content())) < 250_000
                type_into(room, 0, "y")
                await room.save()
                (output,) = json.loads(file.read_text())["cells"][0]["outputs"]
                assert "".join(output["text"]) == shown["text"]
            unused = rooms.blobs.shrink({**shown, "text": "unused" * 100_000})
            for blob in folder.iterdir():
                os.utime(blob, (0, 0))
            rooms.blobs_elsewhere = lambda: {str(blob_hash(unused))}
            assert await rooms.collect_blobs() == 0
            for blob in folder.iterdir():
                os.utime(blob, (0, 0))
            rooms.blobs_elsewhere = set
            assert await rooms.collect_blobs() == 1
            assert {blob.name.partition(".")[0] for blob in folder.iterdir()} == {kept.name}

    run(scenario)
