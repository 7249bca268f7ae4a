"""Which folders of a repository a worktree holds: git's sparse checkout in its cone mode, written as git itself does.

What lies in a chosen folder is there, with everything below; so are the files directly in a folder above one, and those
at the top. All other files are known to the index as ever, marked as not there, so that they are in every commit.
The choice of the project is in the git directory, where new worktrees take it from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .command import Git

PATTERNS = Path("info", "sparse-checkout")
_TOP = ["/*", "!/*/"]


@dataclass(frozen=True)
class Cone:
    """``folders``: paths from the top, none within another."""

    folders: frozenset[bytes]

    @classmethod
    def of(cls, folders: Iterable[str]) -> Cone:
        raws = {os.fsencode(folder) for folder in folders}
        return cls(frozenset(raw for raw in raws if raws.isdisjoint(_above(raw))))

    def has(self, raw: bytes) -> bool:
        """Whether the file of this path belongs here."""
        folder = raw.rpartition(b"/")[0]
        return not folder or folder in self._partly or self.whole(folder)

    def whole(self, folder: bytes) -> bool:
        """Whether everything below a folder belongs here."""
        return folder in self.folders or not self.folders.isdisjoint(_above(folder))

    @cached_property
    def _partly(self) -> frozenset[bytes]:
        return frozenset(above for folder in self.folders for above in _above(folder))

    def text(self) -> str:
        """As git writes it."""
        lines = [*_TOP]
        for folder in sorted(self._partly):
            lines += [f"/{_quoted(folder)}/", f"!/{_quoted(folder)}/*/"]
        lines += [f"/{_quoted(folder)}/" for folder in sorted(self.folders)]
        return "".join(f"{line}\n" for line in lines)


def chosen(directory: Path) -> list[str] | None:
    """The folders that were chosen for a project, by its git directory; None where that is everything."""
    cone = _read(directory)
    return None if cone is None else sorted(os.fsdecode(folder) for folder in cone.folders)


def choose(directory: Path, folders: Iterable[str] | None) -> None:
    """Keep the choice; ``directory``: the project's, or a worktree's part of it."""
    file = directory / PATTERNS
    if folders is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(exist_ok=True)
    making = file.with_suffix(".new")
    making.write_bytes(os.fsencode(Cone.of(folders).text()))
    making.replace(file)


def cone_of(git: Git) -> Cone | None:
    """What the worktree holds; None where that is everything, or where somebody chose by other patterns in a terminal,
    of which only git knows."""
    assert git.admin is not None
    cone = _read(git.admin)
    if cone is not None and git.text("config", "--type=bool", "--get", "core.sparseCheckout", ok=(0, 1)) != "true":
        return None
    return cone


def turn_on(git: Git) -> None:
    """Have git, also in a terminal, heed the choice of each worktree. One without any is whole."""
    for name in ("core.sparseCheckout", "core.sparseCheckoutCone"):
        git.run("config", name, "true")


def mark(git: Git, how: str, raws: Sequence[bytes]) -> None:
    """Mark files in the index: ``--skip-worktree`` as not there, ``--no-skip-worktree`` as there."""
    if raws:
        git.run("update-index", "-z", how, "--stdin", given=b"".join(raw + b"\0" for raw in raws))


def mark_absent(git: Git, raws: Iterable[bytes]) -> None:
    """After the index has got other entries: those that do not belong here, and are not here, are marked so."""
    cone = cone_of(git)
    if cone is not None:
        mark(git, "--skip-worktree", [raw for raw in raws if is_left_out(git, cone, raw)])


def is_left_out(git: Git, cone: Cone | None, raw: bytes) -> bool:
    """Whether a file is not in the worktree because it does not belong there."""
    assert git.tree is not None
    return cone is not None and not cone.has(raw) and not os.path.lexists(git.tree / os.fsdecode(raw))


def _read(directory: Path) -> Cone | None:
    try:
        lines = os.fsdecode((directory / PATTERNS).read_bytes()).splitlines()
    except OSError:
        return None
    if lines[:2] != _TOP:
        return None
    partly = {line[1:-2] for line in lines[2:] if line.startswith("!")}
    folders = [line for line in lines[2:] if line not in partly and not line.startswith("!")]
    if not all(re.fullmatch(r"/.+/", line) for line in folders):
        return None
    return Cone(frozenset(os.fsencode(re.sub(r"\\(.)", r"\1", line[1:-1])) for line in folders))


def _above(folder: bytes) -> list[bytes]:
    parts = folder.split(b"/")
    return [b"/".join(parts[:number]) for number in range(1, len(parts))]


def _quoted(folder: bytes) -> str:
    return re.sub(r"([*?\[\\])", r"\\\1", os.fsdecode(folder))
