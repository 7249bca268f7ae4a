"""Three versions of a text into one, word by word.

What both sides started from, split into words, tells what each has changed; changes that do not touch are all made,
the same change is made once, and others are conflicts (the rule of diff3, here with words for lines).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

OURS = "in the workspace"
THEIRS = "on disk"

_COMPARED = 250_000
"""Pairs of words or lines beyond which a stretch without any unique one counts as changed altogether."""

_MARKS = "\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f"
_IDEOGRAPHS = "\u2e80-\u2fff\u3040-\ua4cf\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_PUNCTUATION = r"!-/:-@\[-\^`{-~\u2010-\u2027\u2030-\u205e\u3000-\u303f"
# Whatever is neither space, punctuation nor ideograph belongs to a word, so that emoji with their modifiers and
# letters with their accents stay whole.
_TOKEN = re.compile(
    rf"\r\n|[\r\n]|[^\S\r\n]+|[{_PUNCTUATION}{_IDEOGRAPHS}][{_MARKS}]*|[^\s{_PUNCTUATION}{_IDEOGRAPHS}]+"
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Hunk:
    """``base[start:end]`` became ``text``. Offsets count code points."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Clash:
    """A stretch that both sides changed, each in its way: offsets in the base and in ours."""

    start: int
    end: int
    ours_start: int
    ours_end: int
    theirs: str


@dataclass(frozen=True)
class TextMerge:
    """``edits`` bring theirs into ours, in ours' offsets and ascending; ``clashes`` are left alone."""

    edits: list[Hunk]
    clashes: list[Clash]


def matches(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[tuple[int, int, int]]:
    """Where ``a`` and ``b`` are the same: ``(start in a, start in b, length)``, ascending.

    Elements that each side has once are matched first (the patience method), which keeps what belongs together
    together and long texts fast; the rest by :class:`difflib.SequenceMatcher`.
    """
    todo = [(0, len(a), 0, len(b))]
    while todo:
        alo, ahi, blo, bhi = todo.pop()
        if ahi == alo or bhi == blo:
            continue
        length = 0
        while alo + length < ahi and blo + length < bhi and a[alo + length] == b[blo + length]:
            length += 1
        if length:
            yield alo, blo, length
            todo.append((alo + length, ahi, blo + length, bhi))
            continue
        while alo < ahi - length and blo < bhi - length and a[ahi - 1 - length] == b[bhi - 1 - length]:
            length += 1
        if length:
            # What is found later comes earlier: the end waits on the stack.
            todo += [(ahi - length, ahi, bhi - length, bhi), (alo, ahi - length, blo, bhi - length)]
            continue
        if anchors := _unique(a, b, alo, ahi, blo, bhi):
            bounds = [*anchors, (ahi, bhi)]
            gaps = [(alo, bounds[0][0], blo, bounds[0][1])]
            gaps += [(i, next_i, j, next_j) for (i, j), (next_i, next_j) in zip(anchors, bounds[1:], strict=True)]
            todo += reversed(gaps)
        elif (ahi - alo) * (bhi - blo) <= _COMPARED:
            matcher = SequenceMatcher(None, a[alo:ahi], b[blo:bhi], autojunk=False)
            for i, j, length in matcher.get_matching_blocks()[:-1]:
                yield alo + i, blo + j, length


def _unique(
    a: Sequence[Hashable], b: Sequence[Hashable], alo: int, ahi: int, blo: int, bhi: int
) -> list[tuple[int, int]]:
    """Pairs of elements that are there once on each side, as many as rise on both."""
    in_a, in_b = Counter(a[alo:ahi]), Counter(b[blo:bhi])
    place = {b[j]: j for j in range(blo, bhi) if in_b[b[j]] == 1}
    pairs = [(i, place[a[i]]) for i in range(alo, ahi) if in_a[a[i]] == 1 and a[i] in place]
    return [pairs[index] for index in rising([j for _, j in pairs])]


def rising(values: Sequence[int]) -> list[int]:
    """Indexes of a longest rising subsequence of distinct values."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, value in enumerate(values):
        at = bisect_left(tails, value)
        before.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [value]
        ends[at : at + 1] = [index]
    found = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(index)
        index = before[index]
    return found[::-1]


def _changes(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[tuple[int, int, int, int]]:
    i = j = 0
    for at, bt, length in [*matches(a, b), (len(a), len(b), 0)]:
        if i < at or j < bt:
            yield i, at, j, bt
        i, j = at + length, bt + length


def hunks(base: str, other: str, words: bool = True) -> list[Hunk]:
    """What was changed in ``base``: by line, and then (``words``) by word within the lines that changed."""
    if base == other:
        return []
    a, b = base.splitlines(True), other.splitlines(True)
    starts = _offsets(a)
    found = []
    for i0, i1, j0, j1 in _changes(a, b):
        if not words:
            found.append(Hunk(starts[i0], starts[i1], "".join(b[j0:j1])))
            continue
        before, after = _TOKEN.findall("".join(a[i0:i1])), _TOKEN.findall("".join(b[j0:j1]))
        offsets = _offsets(before, starts[i0])
        for k0, k1, l0, l1 in _changes(before, after):
            found.append(Hunk(offsets[k0], offsets[k1], "".join(after[l0:l1])))
    return found


def _offsets(parts: Sequence[str], start: int = 0) -> list[int]:
    offsets = [start]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return offsets


def distance(changes: Sequence[Hunk]) -> int:
    """How much was changed, in characters."""
    return sum(hunk.end - hunk.start + len(hunk.text) for hunk in changes)


def merge_text(base: str, ours: str, theirs: str, words: bool = True) -> TextMerge:
    """What brings ``theirs`` into ``ours``, both made from ``base``: see :func:`hunks`."""
    if theirs in (base, ours):
        return TextMerge([], [])
    edits: list[Hunk] = []
    clashes: list[Clash] = []
    shift = 0
    for mine, yours in _groups(hunks(base, ours, words), hunks(base, theirs, words)):
        start = min(hunk.start for hunk in (*mine, *yours))
        end = max(hunk.end for hunk in (*mine, *yours))
        grown = sum(len(hunk.text) - (hunk.end - hunk.start) for hunk in mine)
        ours_start, ours_end = start + shift, end + shift + grown
        if yours:
            there = _with(base, start, end, yours)
            if not mine:
                edits += [Hunk(hunk.start + shift, hunk.end + shift, hunk.text) for hunk in yours]
            elif there != ours[ours_start:ours_end]:
                clashes.append(Clash(start, end, ours_start, ours_end, there))
        shift += grown
    return TextMerge(edits, clashes)


def _groups(ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> Iterator[tuple[list[Hunk], list[Hunk]]]:
    """Changes that touch one another, together."""
    ordered = sorted(
        [*((hunk, True) for hunk in ours), *((hunk, False) for hunk in theirs)],
        key=lambda one: (one[0].start, one[0].end),
    )
    group: tuple[list[Hunk], list[Hunk]] = ([], [])
    end = -1
    for hunk, is_ours in ordered:
        if hunk.start > end and (group[0] or group[1]):
            yield group
            group = ([], [])
        group[0 if is_ours else 1].append(hunk)
        end = max(end, hunk.end)
    if group[0] or group[1]:
        yield group


def _with(base: str, start: int, end: int, changes: Sequence[Hunk]) -> str:
    parts = []
    at = start
    for hunk in changes:
        parts += [base[at : hunk.start], hunk.text]
        at = hunk.end
    return "".join([*parts, base[at:end]])


def merge_both(base: str, ours: str, theirs: str) -> list[Hunk]:
    """Like :func:`merge_text`, with what clashes one behind the other: the edits that bring theirs into ours.

    What was typed in one go and has arrived in part clashes as well: then the longer text has all of the shorter one.
    """
    merged = merge_text(base, ours, theirs)
    yours = hunks(base, theirs)
    edits = list(merged.edits)
    for clash in merged.clashes:
        here = ours[clash.ours_start : clash.ours_end]
        if (grown := _insertions(here, clash.theirs)) is not None:
            edits += [Hunk(clash.ours_start + at, clash.ours_start + at, text) for at, text in grown]
        elif _insertions(clash.theirs, here) is None:
            new = [hunk.text for hunk in yours if clash.start <= hunk.start and hunk.end <= clash.end]
            missing = "".join(text for text in new if text not in here)
            apart = " " if _WORD.match(here[-1:]) and _WORD.match(missing[:1]) else ""
            edits.append(Hunk(clash.ours_end, clash.ours_end, apart + missing))
    return sorted(
        (edit for edit in edits if edit.text or edit.end > edit.start), key=lambda edit: (edit.start, edit.end)
    )


def common(one: str, other: str, words: bool = True) -> str:
    """The words, or lines, that both have, in their order."""
    a, b = (_TOKEN.findall(text) if words else text.splitlines(True) for text in (one, other))
    return "".join(part for i, _, length in matches(a, b) for part in a[i : i + length])


def _insertions(text: str, grown: str) -> list[tuple[int, str]] | None:
    """What makes ``text`` into ``grown`` by inserting alone; None if that is not possible."""
    found: list[tuple[int, str]] = []
    at = 0
    for place, character in enumerate(text):
        next_at = grown.find(character, at)
        if next_at < 0:
            return None
        if next_at > at:
            found.append((place, grown[at:next_at]))
        at = next_at + 1
    return [*found, (len(text), grown[at:])] if at < len(grown) else found


def merge_marked(base: str, ours: str, theirs: str) -> TextMerge:
    """Like :func:`merge_text`, with Git's markers around the lines where both sides clash."""
    merged = merge_text(base, ours, theirs)
    if not merged.clashes:
        return merged
    mine, yours = hunks(base, ours), hunks(base, theirs)
    regions: list[tuple[int, int]] = []
    for clash in merged.clashes:
        start, end = _grown(base, clash.start, clash.end, [*mine, *yours])
        if regions and start <= regions[-1][1]:
            start, end = _grown(base, min(start, regions[-1][0]), max(end, regions[-1][1]), [*mine, *yours])
            regions.pop()
        regions.append((start, end))
    newline = "\r\n" if "\r\n" in base else "\n"
    edits: list[Hunk] = []
    clashes: list[Clash] = []
    settled: list[tuple[int, int]] = []
    for start, end in regions:
        before = sum(len(hunk.text) - (hunk.end - hunk.start) for hunk in mine if hunk.end < start)
        inside = [hunk for hunk in mine if start <= hunk.start and hunk.end <= end]
        here = _with(base, start, end, inside)
        there = _with(base, start, end, [hunk for hunk in yours if start <= hunk.start and hunk.end <= end])
        ours_start = start + before
        ours_end = ours_start + len(here)
        settled.append((ours_start, ours_end))
        if here == there:
            continue
        clashes.append(Clash(start, end, ours_start, ours_end, there))
        edits.append(Hunk(ours_start, ours_start, f"<<<<<<< {OURS}{newline}"))
        below = f"{_ended(here, newline)}======={newline}{there}{_ended(there, newline)}>>>>>>> {THEIRS}{newline}"
        edits.append(Hunk(ours_end, ours_end, below))
    outside = [edit for edit in merged.edits if all(edit.end < start or edit.start > end for start, end in settled)]
    # A stable sort keeps the two markers of an empty stretch in their order.
    return TextMerge(sorted([*outside, *edits], key=lambda edit: edit.start), clashes)


def _grown(base: str, start: int, end: int, changes: Sequence[Hunk]) -> tuple[int, int]:
    """Whole lines, and every change that touches them."""
    while True:
        first = base.rfind("\n", 0, start) + 1
        last = end
        if not (end > first and base[end - 1] == "\n"):
            last = base.find("\n", end) + 1 or len(base)
        touching = [hunk for hunk in changes if hunk.start <= last and hunk.end >= first]
        wider = min([first, *(hunk.start for hunk in touching)]), max([last, *(hunk.end for hunk in touching)])
        if wider == (start, end):
            return wider
        start, end = wider


def _ended(text: str, newline: str) -> str:
    return newline if text and not text.endswith("\n") else ""


def applied(text: str, edits: Sequence[Hunk]) -> str:
    """``text`` with the edits made."""
    return _with(text, 0, len(text), edits)
