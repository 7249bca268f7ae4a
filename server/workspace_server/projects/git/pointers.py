"""Pointers of Git LFS, and the files of a worktree that have the contents in their place.

Git's filters stay off here, as a repository that somebody cloned could name any program for them. So git takes such a
file for changed; :func:`but_contents` knows better.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .command import Git

if TYPE_CHECKING:
    from .status import Edit

LONGEST = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n"
)
# In a worktree's part of the git directory: what the files were when their contents were put there.
PLACED = "atrium-lfs.json"


@dataclass(frozen=True)
class Pointer:
    oid: str
    size: int


def pointer(content: bytes) -> Pointer | None:
    """What a file points to; None for one that is no pointer."""
    match = _POINTER.fullmatch(content) if len(content) <= LONGEST else None
    return Pointer(match[1].decode(), int(match[2])) if match else None


def is_content(git: Git, raw: bytes, wanted: Pointer) -> bool:
    """Whether a file of the worktree is what a pointer points to."""
    assert git.tree is not None
    path = git.tree / os.fsdecode(raw)
    try:
        seen = path.lstat()
        if not stat.S_ISREG(seen.st_mode) or seen.st_size != wanted.size:
            return False
        if placed(git).get(os.fsdecode(raw)) == identity(wanted, seen):
            return True
        return digest(path) == wanted.oid
    except OSError:
        return False


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(of: Pointer, seen: os.stat_result) -> list[str | int]:
    return [of.oid, seen.st_size, seen.st_mtime_ns, seen.st_ino]


def placed(git: Git) -> dict[str, list[str | int]]:
    """Path -> :func:`identity` of the contents that were put into the worktree."""
    assert git.admin is not None
    try:
        found = json.loads((git.admin / PLACED).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def pointers_of(git: Git, blobs: Sequence[str]) -> dict[str, Pointer]:
    """Those of the blobs that are pointers."""
    unique = list(dict.fromkeys(blobs))
    if not unique:
        return {}
    sizes = git.text(
        "cat-file", "--batch-check=%(objectname) %(objectsize)", given="".join(f"{one}\n" for one in unique).encode()
    )
    small = [blob for blob, size in map(str.split, sizes.splitlines()) if size.isdigit() and int(size) <= LONGEST]
    found = {blob: pointer(git.run("cat-file", "blob", blob)) for blob in small}
    return {blob: one for blob, one in found.items() if one is not None}


def but_contents(git: Git, edits: list[Edit]) -> list[Edit]:
    """Without the files that are what their pointers in the last commit point to."""
    modified = [edit for edit in edits if edit.change == "modified" and edit.blob]
    if not modified or not _used(git):
        return edits
    found = pointers_of(git, [edit.blob for edit in modified])
    same = {edit for edit in modified if edit.blob in found and is_content(git, edit.raw, found[edit.blob])}
    return [edit for edit in edits if edit not in same]


def _used(git: Git) -> bool:
    assert git.tree is not None
    assert git.admin is not None
    if (git.admin / PLACED).exists():
        return True
    try:
        return b"filter=lfs" in (git.tree / ".gitattributes").read_bytes()
    except OSError:
        return False
