"""Who last changed each cell of a notebook: its history read backwards, every cell followed until its source differs.

Cells are the same where their ids are; those without one, or whose ids a tool has renewed, where their sources are, in
order. Only sources count: running a notebook again changes no cell.
"""

from __future__ import annotations

import difflib
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from workspace_ext.contract.commits import Blame, CellBlame

from ...kit.errors import Invalid
from .blamed import keep, known
from .command import Git, Report
from .graph import parents_of
from .shallow import beginnings
from .status import commits_named, head_blob, on_disk
from .trees import versions
from .worktrees import bound

MOST_COMMITS = 5000
# Versions of a notebook that are held in memory at once.
MOST_BYTES = 64 * 2**20

Cell = tuple[str, str, str]
"""Id, type, source."""


class _Cell(msgspec.Struct):
    """Outputs are skipped rather than read."""

    cell_type: str = "code"
    id: str = ""
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


_DECODER = msgspec.json.Decoder(_Notebook)


def read(content: bytes) -> list[Cell] | None:
    """The cells of a notebook (format 4); None for what is none, an empty list for an absent file."""
    if not content.strip():
        return []
    try:
        cells = _DECODER.decode(content).cells
    except (msgspec.DecodeError, RecursionError):
        return None
    return [
        (cell.id, cell.cell_type, cell.source if isinstance(cell.source, str) else "".join(cell.source))
        for cell in cells
    ]


def blame(report: Report, repository: dict[str, Any], branch: str, path: str) -> dict[str, Any]:
    """A ``Blame`` of a notebook as the worktree of ``branch`` has it."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    raw = path.encode(errors="surrogateescape")
    # Neither by dots nor through a link to anything that is not the project's.
    inside = (git.tree / path).resolve().is_relative_to(git.tree.resolve())
    here = read(on_disk(git.tree, raw)) if inside and b"\n" not in raw else None
    if not here:
        raise Invalid("no_notebook", f"{path} is no notebook with cells.", "Choose a notebook.", "path")
    head = git.commit("HEAD")
    committed = read(head_blob(git, raw, head)) or []
    walk = _Walk(git, len(committed))
    last = walk.follow(head, path, {i: i for i in range(len(committed))})
    was = {j: i for i, j in unchanged(committed, here)}
    cells = [
        CellBlame(j + 1, cell[0], walk.owner[was[j]] if j in was else "", was.get(j) in walk.older)
        for j, cell in enumerate(here)
    ]
    told = Blame(path, cells, commits_named(git, sorted({cell.commit for cell in cells} - {""})), walk.complete)
    if last and walk.complete:
        keep(git, path, last, walk.owner)
    return asdict(told)


def unchanged(before: Sequence[Cell], after: Sequence[Cell]) -> list[tuple[int, int]]:
    """The positions (before, after) of the cells that say the same in both."""
    if before == after:
        return [(i, i) for i in range(len(after))]
    by_id = {cell[0]: i for i, cell in reversed(list(enumerate(before))) if cell[0]}
    pairs, left, taken = [], [], set()
    for j, cell in enumerate(after):
        i = by_id.pop(cell[0], None)
        if i is None:
            left.append(j)
            continue
        taken.add(i)
        if before[i][1:] == cell[1:]:
            pairs.append((i, j))
    rest = [i for i in range(len(before)) if i not in taken]
    matcher = difflib.SequenceMatcher(None, [before[i][1:] for i in rest], [after[j][1:] for j in left], autojunk=False)
    for one in matcher.get_matching_blocks():
        pairs += zip(rest[one.a : one.a + one.size], left[one.b : one.b + one.size], strict=True)
    return pairs


class _Walk:
    """``owner``: the commit of each cell of the last commit's notebook, once it has been followed; ``older``: the cells
    that may be from before it, as nobody looked any further. A cell that reaches a commit of which it is known is not
    followed."""

    def __init__(self, git: Git, size: int) -> None:
        self._git = git
        self._looked = 0
        self.owner = [""] * size
        self.complete = True
        self.older: set[int] = set()
        self._beginnings = beginnings(git.directory)

    def follow(self, start: str, path: str, cells: dict[int, int]) -> str:
        """Follow ``cells`` (position in the notebook of ``start`` -> in ``owner``) into the past.

        Returns
        -------
        The last commit up to ``start`` that changed the notebook; empty where there is none.
        """
        history = self._history(start, path)
        if not history:
            return ""
        read_ = _Versions(self._git, path, history)
        last, kept = next(iter(history)), known(self._git, path)
        following: defaultdict[str, dict[int, int]] = defaultdict(dict, {last: cells})
        for sha, parents in history.items():
            mine = following.pop(sha, {})
            if mine and len(kept.get(sha, ())) > max(mine):
                for at, which in mine.items():
                    self.owner[which] = kept[sha][at]
                continue
            for parent in parents:
                if mine and parent in history:
                    for i, j in unchanged(read_.of(parent), read_.of(sha)):
                        if j in mine:
                            following[parent][i] = mine.pop(j)
            if mine and (sha in self._beginnings or any(parent not in history for parent in parents)):
                self.complete = False
                self.older.update(mine.values())
            if mine and not parents and sha not in self._beginnings:
                mine = self._before_it_was_renamed(sha, path, read_.of(sha), mine)
            for which in mine.values():
                self.owner[which] = sha
        return last

    def _history(self, start: str, path: str) -> dict[str, list[str]]:
        """The commits that changed a path, each before its parents among them."""
        most = MOST_COMMITS - self._looked
        out = self._git.text("rev-list", "--topo-order", "--parents", f"--max-count={most}", start, "--", path)
        listed = {sha: parents for sha, *parents in map(str.split, out.splitlines())}
        self._looked += len(listed)
        return listed

    def _before_it_was_renamed(self, sha: str, path: str, now: list[Cell], cells: dict[int, int]) -> dict[int, int]:
        """Follow cells on under the name that the notebook had before; those that are new with it."""
        for parent in parents_of(self._git, sha)[:1]:
            fields = self._git.run(
                "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", "--no-commit-id", parent, sha
            ).split(b"\0")
            for old, new in zip(fields[1::3], fields[2::3], strict=False):
                if new == path.encode(errors="surrogateescape") and self._looked < MOST_COMMITS:
                    then = read(head_blob(self._git, old, parent)) or []
                    earlier = {i: cells.pop(j) for i, j in unchanged(then, now) if j in cells}
                    self.follow(parent, old.decode(errors="surrogateescape"), earlier)
                    return cells
        return cells


class _Versions:
    """A notebook in the commits that changed it; many are read at a time, and what is the same is held once."""

    def __init__(self, git: Git, path: str, history: dict[str, list[str]]) -> None:
        self._git = git
        self._history = history
        self._cells: dict[Cell, Cell] = {}
        self._read: dict[str, list[Cell] | None] = {}
        asked = "".join(f"{sha}:{path}\n" for sha in history).encode(errors="surrogateescape")
        told = git.run("cat-file", "--batch-check=%(objectname) %(objectsize) %(objecttype)", given=asked)
        self._blobs: dict[str, str] = {}
        seen: set[str] = set()
        self._unread: deque[tuple[str, int]] = deque()
        for sha, line in zip(history, told.decode(errors="replace").splitlines(), strict=False):
            words = line.split(" ")
            if words[-1] == "blob":
                blob, size = words[0], int(words[1])
                if blob not in seen:
                    seen.add(blob)
                    self._unread.append((blob, size))
                self._blobs[sha] = blob

    def of(self, sha: str) -> list[Cell]:
        """A version that cannot be read is taken for the one before it."""
        while sha:
            blob = self._blobs.get(sha, "")
            while blob and blob not in self._read:
                self._read_more()
            if not blob:
                return []
            if (cells := self._read[blob]) is not None:
                return cells
            sha = next(iter(self._history[sha]), "")
        return []

    def _read_more(self) -> None:
        some = [self._unread.popleft()]
        while self._unread and sum(size for _, size in some) + self._unread[0][1] <= MOST_BYTES:
            some.append(self._unread.popleft())
        contents = versions(self._git, (("100644", blob) for blob, _ in some))
        for (blob, _), version in zip(some, contents, strict=True):
            cells = read(version.content or b"") if version is not None else None
            self._read[blob] = [self._cells.setdefault(cell, cell) for cell in cells] if cells is not None else None
