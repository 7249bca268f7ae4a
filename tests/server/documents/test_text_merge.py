"""Three versions of a text into one, and into a shared text that people have their cursors in."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Assoc, Doc, StickyIndex, Text

from workspace_server.documents.collaboration.text_edits import apply
from workspace_server.kit.notebooks.text_merge import (
    Hunk,
    applied,
    hunks,
    matches,
    merge_marked,
    merge_text,
    rising,
)

WORDS = [
    "x",
    "total",
    "=",
    " ",
    "  ",
    "(",
    ")",
    "\n",
    "\r\n",
    "é",
    "e\u0301",
    "👩🏽‍🚀",
    "🇨🇭",
    "שלום",
    "مرحبا",
    "漢",
    "字",
    "_a1",
    "#️⃣",
]
texts = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)


def shared(value: str) -> Text:
    doc: Doc[Text] = Doc()
    text = doc.get("source", type=Text)
    text += value
    return text


@given(st.text())
def test_changes_of_any_text_lead_from_one_to_the_other(text: str) -> None:
    other = text[::-1]
    assert applied(text, hunks(text, other)) == other
    assert applied("", hunks("", text)) == text


@given(texts, texts)
def test_a_shared_text_follows_and_other_clients_too(before: str, after: str) -> None:
    text = shared(before)
    other: Doc[Text] = Doc()
    other.apply_update(text.doc.get_update())
    text.doc.observe(lambda event: other.apply_update(event.update))
    apply(text, before, hunks(before, after))
    assert str(text) == after
    assert str(other.get("source", type=Text)) == after


@given(texts, texts, texts)
@settings(max_examples=300)
def test_both_sides_get_the_same_wherever_they_do_not_clash(base: str, ours: str, theirs: str) -> None:
    there, here = merge_text(base, ours, theirs), merge_text(base, theirs, ours)
    assert len(there.clashes) == len(here.clashes)
    if not there.clashes:
        assert applied(ours, there.edits) == applied(theirs, here.edits)
    for clash in there.clashes:
        assert ours[clash.ours_start : clash.ours_end] != clash.theirs


@given(texts, texts, texts)
@settings(max_examples=300)
def test_markers_hold_both_sides(base: str, ours: str, theirs: str) -> None:
    one, other = merge_marked(base, ours, theirs), merge_marked(base, theirs, ours)
    assert bool(one.clashes) == bool(merge_text(base, ours, theirs).clashes)
    marked, swapped = applied(ours, one.edits), applied(theirs, other.edits)
    assert _side(marked, ours=True) == _side(swapped, ours=False)
    assert _side(marked, ours=False) == _side(swapped, ours=True)
    if not one.edits:
        assert marked == ours


def _side(marked: str, ours: bool) -> list[str]:
    """The lines of one side, without the markers."""
    lines: list[str] = []
    inside = None
    for line in re.split(r"\r?\n", marked):
        if line.startswith("<<<<<<< "):
            inside = True
        elif line == "=======" and inside:
            inside = False
        elif line.startswith(">>>>>>> "):
            inside = None
        elif inside in (None, ours):
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def test_words_of_one_line_are_merged() -> None:
    base = "total = compute(first, last)  # slow\n"
    ours = "total = compute(first, final)  # slow\n"
    theirs = "total = compute(start, last)  # fast\n"
    merged = merge_text(base, ours, theirs)
    assert not merged.clashes
    assert applied(ours, merged.edits) == "total = compute(start, final)  # fast\n"


def test_the_same_change_is_made_once() -> None:
    base = "a = 1\nb = 2\nc = 3\n"
    both = "a = 1\nb = 20\nc = 3\nd = 4\n"
    assert merge_text(base, both, both.replace("a = 1", "a = 10")).edits == [Hunk(4, 5, "10")]
    assert merge_text(base, both, both) == merge_text(base, both, base) == merge_text("", "", "")


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("word\n", "words\n", "sword\n"),
        ("a\n", "a\nours\n", "a\ntheirs\n"),
        ("a\nb\n", "a\n", "a\nB\n"),
        ("x = 👩🏽\n", "x = 👩🏿\n", "x = 👩🏻\n"),
        ("cafe\n", "cafe\u0301\n", "cafes\n"),
    ],
)
def test_changes_that_touch_are_a_clash(base: str, ours: str, theirs: str) -> None:
    merged = merge_text(base, ours, theirs)
    assert len(merged.clashes) == 1
    assert merged.edits == []


def test_letters_that_belong_together_stay_together() -> None:
    base = "x = '👩🏽‍🚀'\r\nname = 'e\u0301te'\r\nשלום = 1\r\n漢字かな\r\n"
    ours = base.replace("👩🏽‍🚀", "👩🏿‍🚀").replace("な", "语")
    theirs = base.replace("e\u0301te", "e\u0301te\u0301").replace("= 1", "= 2").replace("漢", "英")
    merged = merge_text(base, ours, theirs)
    text = shared(ours)
    apply(text, ours, merged.edits)
    expected = "x = '👩🏿‍🚀'\r\nname = 'e\u0301te\u0301'\r\nשלום = 2\r\n英字か语\r\n"
    assert not merged.clashes
    assert str(text) == expected


def test_cursors_elsewhere_stay_where_they_are() -> None:
    base = "first line\nsecond line\nthird line\n"
    text = shared(base)
    places = [base.index(word) for word in ("second", "third")]
    cursors: list[StickyIndex] = [text.sticky_index(place, Assoc.AFTER) for place in places]
    theirs = "the very first line\nsecond line\nmore\nthird row\n"
    apply(text, base, merge_text(base, base, theirs).edits)
    assert str(text) == theirs
    with text.doc.transaction() as transaction:
        now = [cursor.get_index(transaction) for cursor in cursors]
    assert [theirs[place:].split()[0] for place in now] == ["second", "third"]


def test_git_understands_the_markers() -> None:
    base = "1\n2\n3\n4\n5\n"
    merged = merge_marked(base, "1\ntwo\n3\n4\nfive\n", "1\nzwei\n3\nvier\nfünf\n")
    assert applied("1\ntwo\n3\n4\nfive\n", merged.edits) == (
        "1\n<<<<<<< in the workspace\ntwo\n=======\nzwei\n>>>>>>> on disk\n3\nvier\n"
        "<<<<<<< in the workspace\nfive\n=======\nfünf\n>>>>>>> on disk\n"
    )


def test_a_last_line_without_an_end_gets_one_between_markers() -> None:
    merged = merge_marked("a\r\nb", "a\r\nB", "a\r\nbb")
    marked = "a\r\n<<<<<<< in the workspace\r\nB\r\n=======\r\nbb\r\n>>>>>>> on disk\r\n"
    assert applied("a\r\nB", merged.edits) == marked


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_matches_rise_and_match(a: list[int], b: list[int]) -> None:
    ends = (0, 0)
    for i, j, length in matches(a, b):
        assert i >= ends[0]
        assert j >= ends[1]
        assert length > 0
        assert a[i : i + length] == b[j : j + length]
        ends = (i + length, j + length)


@given(st.permutations(range(8)))
def test_a_longest_rising_subsequence(values: list[int]) -> None:
    found = [values[index] for index in rising(values)]
    assert found == sorted(found)
    best = [1] * len(values)
    for index, value in enumerate(values):
        best[index] = 1 + max([best[k] for k in range(index) if values[k] < value], default=0)
    assert len(found) == max(best)


@pytest.mark.parametrize("kind", ["usual", "all the same", "nothing in common", "shuffled"])
def test_twenty_thousand_lines_take_no_minutes(kind: str) -> None:
    generator = random.Random(7)
    lines = [
        f"    value_{number} = compute({number % 17}, other)\n" if number % 4 else "\n" for number in range(20_000)
    ]
    if kind == "all the same":
        lines = ["    }\n"] * 20_000
    ours, theirs = list(lines), list(lines)
    for number in range(0, 20_000, 100):
        ours[number] = ours[number].rstrip("\n") + " # here\n"
        theirs[number + 50] = "# there\n"
    if kind == "nothing in common":
        theirs = [f"{generator.random()} other\n" for _ in lines]
    if kind == "shuffled":
        generator.shuffle(theirs)
    base, here, there = "".join(lines), "".join(ours), "".join(theirs)
    began = time.process_time()
    merged = merge_text(base, here, there)
    took = time.process_time() - began
    if kind == "usual":
        assert not merged.clashes
        result = applied(here, merged.edits)
        assert (result.count("# here"), result.count("# there")) == (200, 200)
    print(f"{kind}: {took:.3f} s")
    # Comparing each line with each would take minutes.
    assert took < 15
