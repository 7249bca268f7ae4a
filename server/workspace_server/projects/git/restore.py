"""One file of a worktree put back to what it was in a commit, beneath open documents; undone as a pull is."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.commits import RestoredFile

from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .graph import resolved
from .integrate import here, recover, replace_files
from .status import wire_path
from .trees import SUBMODULE, entry_of, store
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
    found = here(git, raw)
    if found is not None and found.content is None:
        raise Conflict("folder_in_the_way", f"{path} is a folder now.", "Rename or remove it, then try again.")
    there = store(git, found)
    if there == wanted and not os.path.lexists(git.tree / os.fsdecode(raw)):
        raise Conflict(
            "not_checked_out", f"{path} is as it was there, in a folder that is not checked out.",
            "Add that folder to those of the project.",
        )  # fmt: skip
    backup = replace_files(git, {raw: there}, {raw: wanted}) if there != wanted else ""
    return asdict(RestoredFile(path, source, backup))


def _raw(git: Git, commit: str, path: str) -> bytes:
    """A path as git has it; one that is no text is written with ``\\xNN`` on the wire."""
    if "\\x" in path:
        for raw in git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).split(b"\0"):
            if wire_path(raw) == path:
                return raw
    return os.fsencode(path)
