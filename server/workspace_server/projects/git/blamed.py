"""Who wrote the cells of notebooks, remembered in the git directory, so that a restart forgets nothing.

What is kept is kept for a commit and a path: neither ever stands for another notebook or another past, so that nothing
kept can be out of date. Only walks that reached the beginning are kept, which no later fetch makes wrong.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec

from .command import Git

# A new number whenever cells are followed in another way.
FOLDER = "atrium-blame-1"
MOST_BYTES = 32 * 2**20
MOST_COMMITS = 4

Known = dict[str, list[str]]
"""Commit -> the commit of each cell of the notebook there."""


class _Kept(msgspec.Struct):
    path: str
    known: Known


def known(git: Git, path: str) -> Known:
    """What was kept of a notebook; what cannot be read is nothing."""
    file = _file(git, path)
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
        os.utime(file)
    except (OSError, msgspec.DecodeError):
        return {}
    shas = {sha for commit, owners in kept.known.items() for sha in (commit, *owners)}
    sound = kept.path == _name(path) and all(re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha) for sha in shas)
    return kept.known if sound else {}


def keep(git: Git, path: str, commit: str, owners: list[str]) -> None:
    """Keep who wrote the cells of a notebook as a commit has it; of what was used longest ago, something goes."""
    file, before = _file(git, path), known(git, path)
    if before.get(commit) == owners:
        return
    before.pop(commit, None)
    last = list(before.items())[-(MOST_COMMITS - 1) :]
    content = msgspec.json.encode(_Kept(_name(path), dict([*last, (commit, owners)])))
    making = file.with_name(f".{uuid4().hex}")
    # On a full disk it is looked for again, which only takes longer.
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        try:
            making.write_bytes(content)
            making.replace(file)
        finally:
            making.unlink(missing_ok=True)
        _bound(file.parent)


def _bound(folder: Path) -> None:
    seen = sorted(((file, file.stat()) for file in folder.iterdir()), key=lambda one: one[1].st_mtime_ns)
    size = sum(stat.st_size for _, stat in seen)
    for file, stat in seen:
        if size <= MOST_BYTES:
            break
        file.unlink(missing_ok=True)
        size -= stat.st_size


def _file(git: Git, path: str) -> Path:
    return git.directory / FOLDER / f"{hashlib.sha256(_name(path).encode()).hexdigest()[:32]}.json"


def _name(path: str) -> str:
    """Also of a path that is no text."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")
