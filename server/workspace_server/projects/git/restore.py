"""One file of a worktree put back to what it was in a commit, beneath open documents; undone as a pull is."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.commits import RestoredFile

from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .graph import resolved
from .integrate import recover, replace_files
from .status import wire_path
from .trees import SUBMODULE, entry_of, store, version_on_disk
from .worktrees import bound


def restore_file(report: Report, repository: dict[str, Any], branch: str, commit: str, path: str) -> dict[str, Any]:
    """Make ``path`` in the worktree of ``branch`` what it is in ``commit``: a ``RestoredFile``."""
    git = bound(Git.of(repository), branch)
    assert git.tree is not None
    recover(git)
    source = resolved(git, commit)
    raw = _raw(git, source, path)
    inside = not path.startswith("/") and ".." not in path.split("/")
    wanted = entry_of(git, source, raw) if inside else ("", "")
    if not wanted[0] or wanted[0] in (SUBMODULE, "040000"):
        raise NotFound("no_such_file", f"{source[:7]} has no file {path}.", "Choose another commit.")
    here = version_on_disk(git.tree, raw)
    if here is not None and here.content is None:
        raise Conflict("folder_in_the_way", f"{path} is a folder now.", "Rename or remove it, then try again.")
    there = store(git, here)
    backup = replace_files(git, {raw: there}, {raw: wanted}) if there != wanted else ""
    return asdict(RestoredFile(path, source, backup))


def _raw(git: Git, commit: str, path: str) -> bytes:
    """A path as git has it; one that is no text is written with ``\\xNN`` on the wire."""
    if "\\x" in path:
        for raw in git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split(b"\0"):
            if wire_path(raw) == path:
                return raw
    return os.fsencode(path)
