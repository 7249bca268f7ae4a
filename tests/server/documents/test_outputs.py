"""From kernel messages to what a cell shows."""

from __future__ import annotations

from typing import Any

import pytest

from workspace_server.documents.outputs import BESIDE, MOST, Outputs
from workspace_server.documents.streams import KEPT, LONG, PART, PART_LINES, Stream, first_part, last_part, write


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
        (["long\rab\rc\r"], "cbng"),
        (["a\b\b\bX\rlonger\b"], "longe"),
    ],
)
def test_a_terminal_goes_back(pieces: list[str], shown: str) -> None:
    text, returned = "", False
    for piece in pieces:
        text, returned = write(text, piece, returned)
    assert text == shown


def test_a_progress_bar_is_no_flood() -> None:
    outputs = Outputs()
    for step in range(3 * KEPT // 1000):
        outputs.apply(*stream("\r" + f"{step:1000}"))
    assert len(outputs.items) == 1
    assert len(outputs.items[0]["text"]) == 1000


def text(outputs: Outputs) -> str:
    """Of its only stream, whole."""
    (item,) = outputs.take(whole=True).items
    whole: str = item.output["text"]
    return whole


def test_a_long_text_is_shown_in_part_and_kept_whole() -> None:
    outputs = Outputs()
    lines = [f"{number} {'x' * 60}\n" for number in range(2 * LONG // 60)]
    for line in lines:
        outputs.apply(*stream(line))
    (growing,) = outputs.items
    assert len(growing["text"]) < LONG // 2
    assert growing["text"].startswith(lines[0])
    assert growing["text"].endswith(lines[-1])
    assert " kB more …]" in growing["text"] or " MB more …]" in growing["text"]
    assert outputs.are_long
    assert text(outputs) == "".join(lines)
    assert not outputs.are_long


def test_of_a_flood_the_first_8_mb_are_kept_and_the_end_and_the_error_still_shows() -> None:
    outputs = Outputs()
    lines = [f"{number:09}\n" for number in range(KEPT // 5)]
    for first in range(0, len(lines), 1000):
        outputs.apply(*stream("".join(lines[first : first + 1000])))
    whole = text(outputs)
    assert KEPT <= len(whole) < KEPT + 3 * PART
    assert whole.startswith("".join(lines[:100]))
    assert whole.endswith("".join(lines[-PART // 20 :]))
    assert "Atrium keeps the first 8 MB" in whole
    outputs.apply("display_data", display("y"))
    outputs.apply("error", {"ename": "E", "evalue": "no", "traceback": []})
    assert [one["output_type"] for one in outputs.items] == ["stream", "stream", "error"]
    assert "left out" in outputs.items[1]["text"]


def test_one_text_larger_than_all_that_is_kept() -> None:
    outputs = Outputs()
    outputs.apply(*stream("a" * KEPT + "b" * KEPT + "c"))
    whole = text(outputs)
    assert whole.startswith("aaa")
    assert whole.endswith("bbc")
    assert len(whole) < KEPT + 3 * PART


def test_so_many_outputs_in_turns_keep_their_text_but_not_their_order() -> None:
    outputs = Outputs()
    for number in range(MOST):
        outputs.apply(*stream(f"{number}\n"))
        outputs.apply(*stream(f"{number}!\n", "stderr"))
    assert len(outputs.items) == MOST
    assert outputs.items[-2]["text"].endswith(f"\n{MOST - 1}\n")
    assert outputs.items[-1]["text"].endswith(f"\n{MOST - 1}!\n")


def test_too_many_displays_are_left_out_and_that_is_said() -> None:
    outputs = Outputs()
    for number in range(MOST + 100):
        outputs.apply("display_data", display(str(number)))
    assert len(outputs.items) == MOST + 1
    assert "left out" in outputs.items[-1]["text"]
    outputs.apply("clear_output", {})
    outputs.apply("display_data", display("again"))
    assert len(outputs.items) == 1


def test_a_placeholder_stays_until_its_text_goes_on() -> None:
    outputs = Outputs()
    outputs.apply(*stream("x" * 2 * LONG))
    (item,) = outputs.take(whole=True).items
    item.output = {"output_type": "display_data", "data": {"a": "placeholder"}}
    outputs.apply("display_data", display("y"))
    assert outputs.take().start == 1
    assert outputs.take(whole=True).items == []
    assert outputs.items[0]["data"] == {"a": "placeholder"}
    other = Outputs()
    other.apply(*stream("x" * 2 * LONG))
    other.take(whole=True)
    other.apply(*stream("\nlate\n"))
    assert other.take().items[0].output["text"].endswith("late\n")
    assert text(other) == "x" * 2 * LONG + "\nlate\n"


@pytest.mark.parametrize("size", [7, 1000, 70_000])
def test_nothing_is_left_out_below_the_limit(size: int) -> None:
    whole = "".join(f"line {number}\n" for number in range(30_000))
    printed = Stream("stdout")
    for start in range(0, len(whole), size):
        printed.write(whole[start : start + size], KEPT)
    assert printed.text() == whole
    assert printed.shown().endswith(whole[-3000:])


def test_text_without_a_new_line_is_bounded_as_well() -> None:
    printed = Stream("stdout")
    for _ in range(20_000):
        printed.write("y" * 500, KEPT)
    assert KEPT <= len(printed.text()) < KEPT + 3 * PART
    assert len(printed.shown()) < LONG


def test_pictures_beyond_the_limit_are_left_out_and_a_display_may_change_for_ever() -> None:
    outputs = Outputs()
    for _ in range(30):
        outputs.apply("display_data", display("p" * 5_000_000))
    assert [one["output_type"] for one in outputs.items] == ["display_data"] * (BESIDE // 5_000_100) + ["stream"]
    outputs.apply("clear_output", {"wait": False})
    outputs.apply("display_data", display("0", "x"))
    for number in range(100):
        outputs.apply("update_display_data", display(f"{number}" + "p" * 5_000_000, "x"))
    outputs.apply("display_data", display("y"))
    assert [one["data"]["text/plain"][:3] for one in outputs.items] == ["99p", "y"]


def test_the_parts_of_a_long_text() -> None:
    short = "".join(f"{number:09}\n" for number in range(50_000))
    assert first_part(short) == short[: 10 * PART_LINES]
    assert last_part(short) == short[-10 * PART_LINES :]
    wide = ("w" * 999 + "\n") * 500
    assert first_part(wide) == wide[:PART]
    assert last_part(wide).endswith("w\n")
    assert PART - 2000 < len(last_part(wide)) <= PART
    assert first_part("z" * 2 * PART) == last_part("z" * 2 * PART) == "z" * PART
    assert last_part("short\n") == "short\n"
