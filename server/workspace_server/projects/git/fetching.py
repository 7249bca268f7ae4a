"""Fetching into a git directory that holds something already.

What git refuses must not be there afterwards: the next fetch would find it there, ask for nothing, and let it in. Git
throws away most of what it refuses. But it leaves a pack in its place where it finds a bad ``.gitmodules`` only at the
very end, because the tree that names the file was stored as a difference from another.
"""

from __future__ import annotations

import json
from pathlib import Path

from ...kit.errors import AtriumError
from .command import Git, Report

NOTE = "atrium-fetch.json"
"""The packs that were there before a fetch that has not ended well."""


def fetch(git: Git, report: Report, *arguments: str) -> None:
    """``git fetch``, one at a time in a git directory.

    Raises
    ------
    AtriumError
        It did not succeed; nothing that it brought is there. Where this is killed, the next call sees to that.
    """
    note = git.directory / NOTE
    _forget(git, note)
    note.write_text(json.dumps(_packs(git)))
    try:
        git.follow(report, "fetch", "--progress", *arguments)
    except AtriumError:
        _forget(git, note)
        raise
    note.unlink()


def _packs(git: Git) -> list[str]:
    return sorted(each.stem for each in _folder(git).glob("pack-*.pack"))


def _folder(git: Git) -> Path:
    return git.directory / "objects" / "pack"


def _forget(git: Git, note: Path) -> None:
    """Remove the packs that came with a fetch which did not end well, but none that somebody has made meanwhile of what
    is used here."""
    try:
        before = json.loads(note.read_text())
    except FileNotFoundError:
        return
    except ValueError:
        before = _packs(git)  # It was killed before it began.
    came = [name for name in _packs(git) if name not in before]
    used = _used(git) if came else None
    if used is not None:
        for name in came:
            # Git adds to a pack what the differences in it start from, which is used and elsewhere, too.
            if not _only_there(git, name, used & _objects(git, name)):
                for part in (".idx", ".rev", ".bitmap", ".promisor", ".keep", ".pack"):
                    (_folder(git) / f"{name}{part}").unlink(missing_ok=True)
    note.unlink()


def _only_there(git: Git, pack: str, objects: set[str]) -> set[str]:
    """Those of the objects of a pack that are in no other, nor by themselves."""
    for other in _packs(git):
        if objects and other != pack:
            objects = objects - _objects(git, other)
    return {each for each in objects if not (git.directory / "objects" / each[:2] / each[2:]).exists()}


def _objects(git: Git, pack: str) -> set[str]:
    try:
        index = (_folder(git) / f"{pack}.idx").read_bytes()
    except FileNotFoundError:
        return set()
    return {line.split()[1] for line in git.text("show-index", given=index).splitlines()}


def _used(git: Git) -> set[str] | None:
    """Everything that a reference, a worktree or its index leads to; None where that cannot be told."""
    status, listed = git.attempt("rev-list", "--objects", "--all", "--reflog", "--indexed-objects", ok=range(256))
    return {line[:40].decode() for line in listed.splitlines()} if status == 0 else None
