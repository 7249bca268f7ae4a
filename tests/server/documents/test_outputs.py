"""From kernel messages to what a cell shows."""

from __future__ import annotations

from typing import Any

import pytest

from workspace_server.documents.outputs import LARGEST, Outputs, write


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def display(text: str, id: str = "") -> dict[str, Any]:
    return {"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": id} if id else {}}


def test_text_of_one_stream_is_one_output() -> None:
    outputs = Outputs()
    for message in (stream("a"), stream("b\n"), stream("oh", "stderr"), stream("c")):
        outputs.apply(*message)
    assert [(one["name"], one["text"]) for one in outputs.items] == [
        ("stdout", "ab\n"), ("stderr", "oh"), ("stdout", "c"),
    ]  # fmt: skip


def test_changed_from_is_the_first_that_changed_since_the_last_write() -> None:
    outputs = Outputs()
    outputs.apply(*stream("a"))
    outputs.apply("display_data", display("1", "x"))
    outputs.apply(*stream("b"))
    assert outputs.changed_from == 0
    outputs.flushed()
    assert outputs.changed_from is None
    outputs.apply(*stream("c"))
    assert outputs.changed_from == 2
    outputs.apply("update_display_data", display("2", "x"))
    assert outputs.changed_from == 1
    assert outputs.items[1]["data"] == {"text/plain": "2"}
    assert not outputs.update(display("3", "unknown"))


def test_clear_output_at_once_and_with_the_next_output() -> None:
    outputs = Outputs()
    outputs.apply(*stream("a"))
    outputs.apply("clear_output", {"wait": True})
    assert outputs.items
    outputs.apply(*stream("b"))
    assert [one["text"] for one in outputs.items] == ["b"]
    outputs.flushed()
    outputs.apply("clear_output", {"wait": False})
    assert (outputs.items, outputs.changed_from) == ([], 0)


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["10%\r20%\r30%"], "30%"),
        (["10%\r", "20%\r", "done\n"], "done\n"),
        (["long line\rab"], "abng line"),
        (["one\r\ntwo\r\n"], "one\ntwo\n"),
        (["one\r", "\ntwo"], "one\ntwo"),
        (["first\nabc", "\b\bX"], "first\naX"),
        (["\b\ba"], "a"),
        (["kept\nold\rnew"], "kept\nnew"),
        (["äöü\rx"], "xöü"),
    ],
)
def test_a_terminal_goes_back(pieces: list[str], shown: str) -> None:
    text, returned = "", False
    for piece in pieces:
        text, returned = write(text, piece, returned)
    assert text == shown


def test_a_progress_bar_is_no_flood() -> None:
    outputs = Outputs()
    for step in range(3 * LARGEST // 1000):
        outputs.apply(*stream("\r" + f"{step:1000}"))
    assert len(outputs.items) == 1
    assert len(outputs.items[0]["text"]) == 1000


def test_a_flood_is_cut_and_says_so_and_the_error_still_shows() -> None:
    outputs = Outputs()
    for _ in range(12):
        outputs.apply(*stream("x" * (LARGEST // 10)))
    outputs.apply("display_data", display("y"))
    outputs.apply("error", {"ename": "E", "evalue": "no", "traceback": []})
    assert [one["output_type"] for one in outputs.items] == ["stream", "stream", "error"]
    assert len(outputs.items[0]["text"]) == LARGEST
    assert "8 MB" in outputs.items[1]["text"]
