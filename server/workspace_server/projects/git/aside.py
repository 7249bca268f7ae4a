"""Changes that are put aside and brought back, also beneath open documents: by the same steps as a pull.

Not git's own stash, which is one list for all worktrees, keeps no untracked files unless told, and writes lines into
notebooks.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, cast

from workspace_ext.contract.asides import Aside, BroughtBack
from workspace_ext.contract.merges import Side

from ...kit.clock import now
from ...kit.errors import Conflict, NotFound
from ..contents.conflicts import Choices
from ..contents.file_merge import Version, merge_file
from .command import Git, Report
from .commit import match_index
from .integrate import Note, here, perform, recover, rename_reference, replace_files, undone
from .stage import choose, staged
from .status import changes, wire_path
from .trees import commit_tree, differences, store, version
from .worktrees import bound

ASIDE, DROPPED = "refs/atrium/aside/", "refs/backup/aside/"
_FORMAT = "%(refname:lstrip=3)%00%(authorname)%00%(authordate:iso-strict)%00%(contents)%01"


def put_aside(report: Report, repository: dict[str, Any], branch: str, paths: list[str], note: str) -> dict[str, Any]:
    """Put the named changed files, or all of them, back to the last commit and keep what they were: an ``Aside``."""
    git = bound(Git.of(repository), branch)
    recover(git)
    chosen = choose(git, paths or [edit.path for edit in changes(git)], {})
    if any(edit.change == "conflicted" for edit in chosen.edits):
        raise Conflict("conflicts", "Some of these files have conflicts.", "Settle them first.")
    head = git.commit("HEAD")
    # With their outputs, also where commits are made without.
    tree = staged(replace(git, strip_outputs=False), head, chosen)
    kept = commit_tree(git, tree, f"{branch}\n\n{note}\n", head)
    name = f"{now():%Y%m%dT%H%M%S%f}"
    # First: where this is interrupted, what was staged is no more than unstaged.
    match_index(git, chosen.edits)
    perform(git, Note(head, head, kept, head, ASIDE + name))
    return asdict(next(one for one in _listed(git) if one.name == name))


def listed(report: Report, repository: dict[str, Any]) -> list[dict[str, Any]]:
    """Every ``Aside`` of the project, newest first."""
    return [asdict(one) for one in _listed(Git.of(repository))]


def bring_back(report: Report, repository: dict[str, Any], branch: str, name: str, take: str) -> dict[str, Any]:
    """Bring what was put aside into the worktree of ``branch``, merged with what is there: a ``BroughtBack``.

    Raises
    ------
    Conflict
        The same was changed since, and ``take`` does not say what then: ``mine`` (what is there),
        ``theirs`` or ``both``.
    """
    git = bound(Git.of(repository), branch)
    recover(git)
    kept = _find(git, name)
    before: dict[bytes, tuple[str, str]] = {}
    after: dict[bytes, tuple[str, str]] = {}
    clash = []
    for one in differences(git, f"{kept}^", kept):
        there, path = here(git, one.raw), wire_path(one.raw)
        choices = Choices((), path, "changes", otherwise=cast(Side, take) if take else None)
        merged = merge_file(path, version(git, one.old), there, version(git, one.new), choices)
        if merged.conflicts:
            clash.append(path)
        before[one.raw], after[one.raw] = _stored(git, there), _stored(git, merged.version)
    if clash:
        raise Conflict(
            "aside_conflicts", f"{', '.join(clash[:5])} changed in the same places since, so nothing was brought back.",
            "Choose what stays there, or bring it back on another branch.",
        )  # fmt: skip
    backup = replace_files(git, before, after, leaves=ASIDE + name, becomes=DROPPED + name)
    return asdict(BroughtBack(name, [wire_path(raw) for raw in after], backup))


def undo_bring_back(report: Report, repository: dict[str, Any], branch: str, name: str, backup: str) -> None:
    """Put it aside again, and take it out of the worktree; what was written since stays."""
    git = bound(Git.of(repository), branch)
    undone(git, branch, backup, _dropped(git, name), ASIDE + name)


def drop(report: Report, repository: dict[str, Any], name: str) -> None:
    """Take it off the list."""
    git = Git.of(repository)
    _find(git, name)
    rename_reference(git, ASIDE + name, DROPPED + name)


def keep(report: Report, repository: dict[str, Any], name: str) -> None:
    """Back on the list."""
    git = Git.of(repository)
    rename_reference(git, _dropped(git, name), ASIDE + name)


def _dropped(git: Git, name: str) -> str:
    if not name.isalnum() or not git.commit(DROPPED + name):
        raise _gone(name)
    return DROPPED + name


def _listed(git: Git) -> list[Aside]:
    found = []
    out = git.text("for-each-ref", "--sort=-refname", f"--format={_FORMAT}", ASIDE.rstrip("/"))
    for record in filter(str.strip, out.split("\x01")):
        name, by, time, message = record.lstrip("\n").split("\0", 3)
        branch, _, note = message.partition("\n")
        paths = [wire_path(one.raw) for one in differences(git, f"{ASIDE}{name}^", ASIDE + name)]
        found.append(Aside(name, branch, note.strip(), by, time, paths))
    return found


def _stored(git: Git, file: Version | None) -> tuple[str, str]:
    """Also of a folder or a submodule: as if it were not there."""
    return store(git, file if file is not None and file.content is not None else None)


def _find(git: Git, name: str) -> str:
    kept = git.commit(ASIDE + name) if name.isalnum() else ""
    if not kept:
        raise _gone(name)
    return kept


def _gone(name: str) -> NotFound:
    return NotFound("no_such_aside", f"Nothing is put aside as {name!r}.", "It may have been brought back already.")
