"""Lines of a commit, and where they are in another one: texts by their lines, notebooks by the lines of their cells."""

from __future__ import annotations

import difflib
import os
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import msgspec

from ...kit.errors import NotFound
from ..contents.notebook_diff import Cell, cells_of, paired, source_of
from .command import Git, Report
from .merge import sides
from .shallow import common
from .status import head_blob, wire_path
from .trees import SUBMODULE, differences

TELLING = 12
"""Lines that were moved away from their neighbours are the same with so many characters, and only once there."""
MOST_LINES = 50_000
"""Comparing longer texts line by line takes longer than anybody waits; their lines are found by what they say."""


class Wanted(msgspec.Struct):
    """Lines to be found again. ``first`` None: the whole cell or file.

    ``commit`` is where the lines are counted; without it ``exact`` is a piece of text near ``first``. ``own`` tells
    that they belong to this branch: others count only in what the branch changes.
    """

    path: str
    cell: str
    side: str
    commit: str
    first: int | None
    last: int | None
    exact: str
    own: bool


@dataclass(frozen=True)
class Spot:
    """``lost``: the lines are no longer there; ``apart``: they are none of this branch's business."""

    cell: str = ""
    first: int | None = None
    last: int | None = None
    lost: bool = False
    apart: bool = False


LOST, APART = Spot(lost=True), Spot(apart=True)


def keep(
    report: Report, repository: dict[str, Any], branch: str, target: str, commit: str, path: str, cell: str,
    first: int | None, last: int | None,
) -> list[str]:  # fmt: skip
    """For the review of a branch: the lines ``first`` to ``last`` of a commit's file or cell; none without ``first``.

    Raises
    ------
    NotFound
        They are not there, or there is no such review.
    """
    git = Git.of(repository)
    sides(git, branch, target)
    there = _Files(git).lines(commit, path, cell)
    if there is None or (first is not None and not 0 <= first <= (last or 0) < len(there)):
        raise NotFound(
            "no_such_lines", f"{path} has no such lines in the commit {commit[:7]}.", "Open the review again."
        )
    kept = there[first : (last or 0) + 1] if first is not None else []
    # Half a character, which JSON may hold, cannot be stored.
    return [line.encode("utf-8", "replace").decode() for line in kept]


def follow(
    report: Report, repository: dict[str, Any], branch: str, target: str, wanted: list[dict[str, Any]]
) -> dict[str, Any]:
    """``{head, fork, spots}``: the two commits of the branch's review, and where in it each of ``wanted`` is."""
    git = Git.of(repository)
    head, base, _ = sides(git, branch, target)
    fork = common(git, head, base)
    files = _Files(git)
    changed = {wire_path(one.raw) for one in differences(git, fork, head)} if fork else set()
    found = []
    for one in msgspec.convert(wanted, list[Wanted]):
        if not one.own and (one.path not in changed or files.same(fork, head, one.path, one.cell)):
            spot = APART
        else:
            spot = files.find(one, fork if one.side == "old" else head)
            if spot.lost and not one.own:
                spot = APART
        found.append(asdict(spot))
    return {"head": head, "fork": fork, "spots": found}


class _Files:
    """Files of commits; each is read once."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self.blob = cache(self._blob)
        self.cells = cache(self._cells)

    def _blob(self, commit: str, path: str) -> bytes | None:
        """None where there is none; of a submodule what a difference says of it."""
        if not commit:
            return None
        if blob := head_blob(self._git, os.fsencode(path), commit):
            return blob
        _, out = self._git.attempt("ls-tree", "-z", "--full-tree", commit, "--", path, ok=(0, 128))
        mode, _, id = out.partition(b"\t")[0].decode().rpartition(" ")
        if mode.startswith(SUBMODULE):
            return f"Subproject commit {id}".encode()
        return b"" if mode.endswith("blob") else None

    def _cells(self, commit: str, path: str) -> list[Cell] | None:
        return cells_of(self.blob(commit, path) or b"") if path.endswith(".ipynb") else None

    def lines(self, commit: str, path: str, cell: str) -> list[str] | None:
        """Of a file, or of a cell; None where there is none."""
        if cell:
            return next((_source(one) for one in self.cells(commit, path) or [] if one.get("id") == cell), None)
        blob = self.blob(commit, path)
        if not blob:
            return None if blob is None else []
        return blob.decode(errors="replace").removesuffix("\n").split("\n")

    def same(self, old: str, new: str, path: str, cell: str) -> bool:
        """Whether nothing of a cell changed; a file that has none is never asked about unless it changed."""
        return bool(cell) and self.lines(old, path, cell) == self.lines(new, path, cell)

    def find(self, wanted: Wanted, commit: str) -> Spot:
        """Where the lines are in ``commit``."""
        before = self.lines(wanted.commit, wanted.path, wanted.cell) if wanted.commit else None
        cell = self._cell(wanted, commit)
        after = self.lines(commit, wanted.path, cell)
        if after is None or (wanted.cell and not cell):
            return LOST
        if wanted.first is None:
            return Spot(cell)
        last = wanted.first if wanted.last is None else wanted.last
        at = moved(before, after, wanted.first, last) if before is not None else None
        if at is not None:
            return Spot(cell, at, at + last - wanted.first)
        length = wanted.exact.count("\n")
        at = _quoted(after, wanted.exact, None if wanted.commit else wanted.first)
        return LOST if at is None else Spot(cell, at, at + length)

    def _cell(self, wanted: Wanted, commit: str) -> str:
        """The id that the cell has now: its own, or that of the one which took its place."""
        if not wanted.cell:
            return ""
        before = (self.cells(wanted.commit, wanted.path) if wanted.commit else None) or []
        after = self.cells(commit, wanted.path) or []
        if any(one.get("id") == wanted.cell for one in after):
            return wanted.cell
        for i, j in paired(before, after) if any(one.get("id") == wanted.cell for one in before) else []:
            if i is not None and j is not None and before[i].get("id") == wanted.cell:
                return str(after[j].get("id") or "")
        return ""


def moved(before: list[str], after: list[str], first: int, last: int) -> int | None:
    """Where the lines ``first`` to ``last`` of one text begin in another; None where they are not as they were."""
    if before == after:
        return first
    if len(before) + len(after) > MOST_LINES:
        return None
    for block in difflib.SequenceMatcher(None, before, after).get_matching_blocks():
        if block.a <= first and last < block.a + block.size:
            return block.b + first - block.a
    return None


def _quoted(lines: list[str], exact: str, near: int | None) -> int | None:
    """The line that a quote begins in: of several the nearest to ``near``, or none without it."""
    text = "\n".join(lines)
    if near is None:
        # Whole lines, or it would be found within longer ones.
        text, exact = f"\n{text}\n", f"\n{exact}\n"
    if len(exact.strip()) < (TELLING if near is None else 1):
        return None
    found, at = [], text.find(exact)
    while at >= 0:
        found.append(text.count("\n", 0, at))
        at = text.find(exact, at + 1)
    if near is not None:
        return min(found, key=lambda line: abs(line - near), default=None)
    return found[0] if len(found) == 1 else None


def _source(cell: Cell) -> list[str]:
    return source_of(cell).splitlines()
