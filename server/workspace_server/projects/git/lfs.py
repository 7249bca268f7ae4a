"""Contents of Git LFS: which files of a commit have theirs there, fetching them, putting them into a worktree.

They are kept in the git directory where git-lfs keeps them, once for all branches, and copied from there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from workspace_ext.contract.large_files import LargeFile

from ...kit.errors import Conflict
from .command import Git, Report
from .cone import cone_of, is_left_out
from .lfs_api import Batch
from .pointers import LONGEST, PLACED, Pointer, identity, is_content, placed, pointer, pointers_of
from .stage import Chosen
from .status import wire_path
from .trees import own_index
from .worktrees import bound


def stored(git: Git, commit: str) -> dict[bytes, Pointer]:
    """The files of a commit whose contents are in LFS."""
    blobs: dict[bytes, str] = {}
    for line in git.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        head, _, raw = line.partition(b"\t")
        if head.startswith(b"100"):
            blobs[raw] = head.split(b" ")[2].decode()
    told = [blob for raw, blob in blobs.items() if raw.rpartition(b"/")[2] == b".gitattributes"]
    if not any(b"filter=lfs" in git.run("cat-file", "blob", blob) for blob in told):
        return {}
    with own_index(git, commit) as index:
        filtered = _filtered(git, blobs, "--cached", env=index)
    found = pointers_of(git, [blobs[raw] for raw in filtered])
    return {raw: found[blobs[raw]] for raw in filtered if blobs[raw] in found}


def _filtered(git: Git, raws: Iterable[bytes], *options: str, env: Mapping[str, str] | None = None) -> list[bytes]:
    """Those of the paths that git's attributes give to LFS."""
    given = b"".join(raw + b"\0" for raw in raws)
    said = git.run("check-attr", *options, "-z", "--stdin", "filter", env=env, given=given).split(b"\0")
    return [raw for raw, value in zip(said[::3], said[2::3], strict=False) if value == b"lfs"]


def listed(report: Report, repository: dict[str, Any], branch: str) -> list[dict[str, Any]]:
    """Every ``LargeFile`` of a worktree."""
    git = bound(Git.of(repository), branch)
    return [
        asdict(LargeFile(wire_path(raw), one.size, not _is_pointer(git, raw))) for raw, one in _checked_out(git).items()
    ]


def _checked_out(git: Git) -> dict[bytes, Pointer]:
    cone = cone_of(git)
    return {raw: one for raw, one in stored(git, git.commit("HEAD")).items() if not is_left_out(git, cone, raw)}


def sizes(report: Report, repository: dict[str, Any], commit: str) -> dict[str, int]:
    """How many bytes the contents of a commit's files have together, and how many of these are not here."""
    git = Git.of(repository)
    unique = {one.oid: one for one in stored(git, commit).values()}.values()
    missing = sum(one.size for one in unique if not content(git, one).exists())
    return {"total": sum(one.size for one in unique), "missing": missing}


def fetch(
    report: Report, repository: dict[str, Any], commit: str = "", branch: str = "", paths: list[str] | None = None
) -> int:
    """Fetch what the files of a commit, or of a branch's worktree, (those named, or all) point to, as far as it is not
    here; how many bytes."""
    git = Git.of(repository)
    there = _checked_out(bound(git, branch)) if branch else stored(git, commit)
    wanted = {one.oid: one for raw, one in there.items() if not paths or wire_path(raw) in paths}
    missing = [one for one in wanted.values() if not content(git, one).exists()]
    if not missing:
        return 0
    making = git.directory / "lfs" / "tmp"
    shutil.rmtree(making, ignore_errors=True)  # of a fetch that was killed
    making.mkdir(parents=True)
    total, done = sum(one.size for one in missing), 0
    try:
        for one, download in Batch(git).downloads(missing):
            half = making / one.oid

            def told(so_far: int, before: int = done) -> None:
                report("Fetching large files", before + so_far, total)

            download(half, told)
            final = content(git, one)
            final.parent.mkdir(parents=True, exist_ok=True)
            half.rename(final)
            done += one.size
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return done


def place(report: Report, repository: dict[str, Any], branch: str, paths: list[str]) -> list[str]:
    """Put what was fetched into the worktree, where the pointers are; the paths."""
    git = bound(Git.of(repository), branch)
    assert git.admin is not None
    done, known = [], placed(git)
    for raw, one in stored(git, git.commit("HEAD")).items():
        if (not paths or wire_path(raw) in paths) and _is_pointer(git, raw) and fill(git, raw, one):
            assert git.tree is not None
            known[os.fsdecode(raw)] = identity(one, (git.tree / os.fsdecode(raw)).lstat())
            done.append(wire_path(raw))
    made = git.admin / f"{PLACED}.new"
    made.write_text(json.dumps(known))
    made.replace(git.admin / PLACED)
    return done


def fill(git: Git, raw: bytes, one: Pointer) -> bool:
    """Replace a pointer in ``git.tree`` by its content; false where that is not here."""
    assert git.tree is not None
    path, kept = git.tree / os.fsdecode(raw), content(git, one)
    if not kept.exists():
        return False
    making = path.with_name(f".{uuid4().hex}.atrium-new")
    try:
        shutil.copyfile(kept, making)
        shutil.copymode(path, making)
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)
    return True


def content(git: Git, one: Pointer) -> Path:
    """Where the content is kept."""
    return git.directory / "lfs" / "objects" / one.oid[:2] / one.oid[2:4] / one.oid


def refuse(git: Git, chosen: Chosen) -> None:
    """Do not commit the content of a file that belongs into LFS.

    Raises
    ------
    Conflict
    """
    assert git.tree is not None
    there = [edit for edit in chosen.edits if edit.change != "deleted"]
    filtered = set(_filtered(git, [edit.raw for edit in there])) if there else set()
    if wrong := [edit.path for edit in there if edit.raw in filtered and not _is_pointer(git, edit.raw)]:
        raise Conflict(
            "lfs", f"{', '.join(wrong[:3])} belongs into Git LFS, so that a commit from here would hold its content.",
            "Commit it in a terminal with git-lfs, or untick it.",
        )  # fmt: skip


def has_contents(git: Git, raws: Iterable[bytes]) -> bool:
    """Whether the contents of one of these files were put into the worktree."""
    known = placed(git)
    return any(os.fsdecode(raw) in known for raw in raws)


def is_placed(git: Git, raw: bytes, blob: str) -> bool:
    """Whether a file of the worktree is what the pointer ``blob`` points to."""
    found = pointers_of(git, [blob]) if blob else {}
    return blob in found and is_content(git, raw, found[blob])


def _is_pointer(git: Git, raw: bytes) -> bool:
    assert git.tree is not None
    path = git.tree / os.fsdecode(raw)
    try:
        return path.is_file() and path.stat().st_size <= LONGEST and pointer(path.read_bytes()) is not None
    except OSError:
        return False
