"""What running cells show, on its way into the document: not too fast, not too much."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from workspace_server.documents.collaboration.blobs import LARGE, Blobs
from workspace_server.documents.connection import Execution
from workspace_server.documents.writing import EVERY, OutputWriter
from workspace_server.kit.notebooks.notebook_json import blob_hash


class Place:
    """A notebook with one cell that runs, and the writer; ``sent`` are the sizes of its changes."""

    def __init__(self, folder: Path) -> None:
        self.notebook = YNotebook()
        cell: dict[str, Any] = {
            "cell_type": "code",
            "id": "a",
            "source": "",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        self.notebook.set({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        self.sent: list[int] = []
        self.notebook.ydoc.observe(lambda event: self.sent.append(len(event.update)))
        self.blobs = Blobs(folder / "blobs")
        self.run = Execution("a")
        self.writer = OutputWriter(lambda: self.notebook, lambda one: one is self.run, self.blobs)

    def show(self, kind: str, **content: Any) -> None:
        self.run.outputs.apply(kind, content)
        self.writer.changed(self.run)

    def print(self, text: str) -> None:
        self.show("stream", name="stdout", text=text)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.notebook.get_cell(0)["outputs"]
        return found

    def whole(self) -> list[dict[str, Any]]:
        return [self.blobs.expand(output) for output in self.outputs]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_first_output_is_there_at_once_and_all_at_the_end(place: Place) -> None:
    async def run() -> None:
        place.print("a")
        await asyncio.sleep(0.1)
        assert place.outputs == [{"output_type": "stream", "name": "stdout", "text": "a"}]
        place.print("b")
        place.show("display_data", data={"text/plain": "c"}, metadata={})
        await place.writer.settle(place.run)
        assert [one.get("text") for one in place.outputs] == ["ab", None]

    asyncio.run(run())


def test_a_flood_is_bounded_while_it_lasts_and_whole_at_its_end(place: Place) -> None:
    async def run() -> None:
        text = ""
        for number in range(60):
            line = f"line {number} " + "x" * 80 + "\n"
            text += line * 500
            place.print(line * 500)
            await asyncio.sleep(0.02)
        assert sum(place.sent) < 700_000
        (growing,) = place.outputs
        assert growing["output_type"] == "stream"
        assert len(growing["text"]) < 150_000
        assert " MB more …]" in growing["text"]
        await place.writer.settle(place.run)
        (placeholder,) = place.outputs
        assert blob_hash(placeholder) is not None
        assert len(json.dumps(placeholder)) < 250_000
        assert place.whole() == [{"output_type": "stream", "name": "stdout", "text": text}]

    asyncio.run(run())


def test_a_large_picture_is_stored_before_the_document_shows_it(place: Place) -> None:
    async def run() -> None:
        picture = {"image/png": "A" * (2 * LARGE)}
        place.show("display_data", data=picture, metadata={}, transient={"display_id": "x"})
        await asyncio.sleep(0.2)
        (placeholder,) = place.outputs
        assert blob_hash(placeholder) is not None
        assert place.whole()[0]["data"] == picture
        # The update of a display that has been stored meanwhile.
        place.show("update_display_data", data={"text/plain": "small"}, metadata={}, transient={"display_id": "x"})
        await place.writer.settle(place.run)
        assert place.outputs == [{"output_type": "display_data", "data": {"text/plain": "small"}, "metadata": {}}]
        assert sum(place.sent) < 10_000

    asyncio.run(run())


def test_an_animation_is_slowed_down_but_its_last_frame_shows(place: Place) -> None:
    async def run() -> None:
        for number in range(100):
            place.show("clear_output", wait=True)
            place.show("display_data", data={"image/png": f"{number:04}" * 20_000}, metadata={})
            await asyncio.sleep(0.02)
        assert 3 <= len([size for size in place.sent if size > 50_000]) <= 2 / EVERY + 2
        await place.writer.settle(place.run)
        assert place.outputs[0]["data"]["image/png"].startswith("0099")

    asyncio.run(run())


def test_what_threads_show_after_the_end_is_there_as_well(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.documents.writing.QUIET", 0.1)

    async def run() -> None:
        place.print("x" * 400_000)
        await place.writer.settle(place.run)
        first = blob_hash(place.outputs[0])
        place.print("late\n")
        await asyncio.sleep(1)
        assert first is not None
        assert blob_hash(place.outputs[0]) not in (None, first)
        assert place.whole()[0]["text"].endswith("xlate\n")
        # The same cell runs again: what the earlier run still shows has no place.
        earlier, place.run = place.run, Execution("a")
        earlier.outputs.apply("stream", {"name": "stdout", "text": "too late"})
        place.writer.changed(earlier)
        await place.writer.close()
        assert "too late" not in place.whole()[0]["text"]

    asyncio.run(run())


def test_a_cell_that_was_moved_gets_everything_again(place: Place) -> None:
    async def run() -> None:
        place.print("a")
        place.show("display_data", data={"text/plain": "b"}, metadata={})
        await asyncio.sleep(0.1)
        place.notebook.set_cell(0, {**place.notebook.get_cell(0), "outputs": []})
        place.show("display_data", data={"text/plain": "c"}, metadata={})
        await place.writer.settle(place.run)
        assert len(place.outputs) == 3

    asyncio.run(run())


def test_what_runs_when_the_server_stops_is_whole(place: Place) -> None:
    async def run() -> None:
        place.print("x" * 400_000)
        await asyncio.sleep(0.2)
        assert blob_hash(place.outputs[0]) is None
        await place.writer.close()
        assert place.whole()[0]["text"] == "x" * 400_000

    asyncio.run(run())
