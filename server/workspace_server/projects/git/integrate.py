"""Brings commits into a worktree that people work in: one transaction, which can be undone, and killed at any moment.

Everything is computed before anything is touched. Then what the worktree holds is kept in a backup, a note says what is
about to happen, files are written, and last of all the branch moves. A note that is found later is an interrupted one:
its files go back to what they were. What people type in open documents meanwhile is merged by their rooms, which see a
file change beneath them like any other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from workspace_ext.contract.merges import MergeChoice, Pulled

from ...kit.errors import Conflict, NotFound
from ..contents import conflicts as choosing
from ..contents.conflicts import Choices
from ..contents.file_merge import Version, merge_file
from .command import Git, Report
from .commit import BACKUPS, find_backup, keep_backup
from .cone import cone_of, is_left_out, mark_absent
from .lfs import is_placed
from .shallow import common
from .status import changes, distance, wire_path
from .trees import (
    LINK,
    SUBMODULE,
    Difference,
    Entries,
    authorship,
    commit_tree,
    differences,
    entry,
    entry_of,
    merge_trees,
    remove_file,
    store,
    tree_with,
    version,
    version_on_disk,
    versions,
)
from .worktrees import NOTE, bound, find

MAKING = ".atrium-new"


@dataclass(frozen=True)
class Note:
    """The branch goes from commit ``old`` to ``new``; commit ``before`` holds what the files were, ``after`` what they
    become (both with everything that is not committed). ``kept``: a reference to ``before``, which
    comes and goes with it. ``leaves`` is renamed ``becomes`` at the end: a reference that is gone says that all was
    done, where no branch moves."""

    old: str
    new: str
    before: str
    after: str
    kept: str = ""
    leaves: str = ""
    becomes: str = ""


def integrate(
    report: Report,
    repository: dict[str, Any],
    branch: str,
    source: str,
    how: str,
    made: list[dict[str, Any]],
    message: str,
) -> dict[str, Any]:
    """Bring the remote's branch ``source``, as it was fetched, into the worktree of ``branch``: a ``Pulled``.

    Parameters
    ----------
    how
        ``merge`` or ``rebase``, where both have commits.
    made
        ``MergeChoice`` objects.
    message
        Of a merge commit.
    """
    git = bound(Git.of(repository), branch)
    recover(git)
    theirs = git.commit(f"refs/remotes/origin/{source}")
    if not theirs:
        raise Conflict(
            "no_upstream", f"{source!r} is not on the remote.", "Push it first; then there is something to pull."
        )
    ours = git.commit("HEAD")
    ahead, behind = distance(git, ours, theirs)
    nothing = Pulled(branch, source, ours, 0, [])
    if not behind:
        return asdict(nothing)
    report("Merging", 0, 0)
    choices = Choices(msgspec.convert(made, list[MergeChoice]))
    new, left = _combined(git, ours, theirs, ahead, how, choices, message)
    if left:
        return asdict(Pulled(branch, source, ours, behind, [], conflicts=[one.wire() for one in left]))
    note, left = planned(git, ours, new, choices)
    if left:
        return asdict(Pulled(branch, source, ours, behind, [], conflicts=[one.wire() for one in left]))
    backup = keep_backup(git, note.before)
    report("Writing files", 0, 0)
    perform(git, note)
    touched = [wire_path(one.raw) for one in differences(git, note.before, note.after)]
    return asdict(Pulled(branch, source, new, behind, touched, backup))


def undo(report: Report, repository: dict[str, Any], branch: str, backup: str) -> dict[str, Any]:
    """Take an integration back: the branch, and the files with what was not committed. What was written since stays.

    Returns
    -------
    A ``Pulled``, of the way back.
    """
    return undone(bound(Git.of(repository), branch), branch, backup)


def undone(git: Git, branch: str, backup: str, leaves: str = "", becomes: str = "") -> dict[str, Any]:
    """The same; see :class:`Note` for the references."""
    recover(git)
    before = find_backup(git, backup)
    parents = git.text("rev-list", "--parents", "--max-count=1", before).split()[1:]
    if len(parents) != 2:
        raise NotFound("no_such_backup", f"{backup!r} is no backup of a pull.", "A discard is undone by restoring it.")
    old, after = parents
    new = git.commit(f"{after}^")
    if git.commit("HEAD") != new:
        raise Conflict(
            "moved_on", f"{branch!r} has new commits since, so this cannot simply be taken back.",
            "Revert what you do not want, or begin a branch from an earlier commit.",
        )  # fmt: skip
    perform(git, Note(new, old, after, before, "", leaves, becomes))
    git.run("update-ref", "-d", BACKUPS + backup)
    return asdict(Pulled(branch, branch, old, 0, [wire_path(one.raw) for one in differences(git, before, after)]))


def recover_all(report: Report, repository: dict[str, Any]) -> list[str]:
    """Put back what was interrupted in any worktree; the branches concerned."""
    git = Git.of(repository)
    return [branch for tree, (admin, branch) in find(git.directory).items() if recover(git.within(tree, admin))]


def recover(git: Git) -> bool:
    """Put back what an integration had written before it was interrupted. Whether there was one."""
    assert git.admin is not None
    note = _read(git.admin / NOTE)
    if note is None:
        return False
    done = note.leaves and not git.commit(note.leaves)
    if git.commit("HEAD") == note.old and not done:
        _sweep(git, note)
        _write_files(git, replace(note, old=note.new, new=note.old, before=note.after, after=note.before))
        _follow_index(git, note.new, note.old)
        if note.kept:
            git.attempt("update-ref", "-d", note.kept, ok=(0, 1, 128))
    _forget(git.admin / NOTE)
    return True


def _sweep(git: Git, note: Note) -> None:
    """Remove the files that were being written."""
    assert git.tree is not None
    folders = {(git.tree / os.fsdecode(one.raw)).parent for one in differences(git, note.before, note.after)}
    for folder in folders:
        for half in folder.glob(f".*{MAKING}"):
            half.unlink(missing_ok=True)


def _combined(
    git: Git, ours: str, theirs: str, ahead: int, how: str, choices: Choices, message: str
) -> tuple[str, list[choosing.Conflict]]:
    """The commit that has both, and what is left to choose."""
    if not ahead:
        return theirs, []
    base = common(git, ours, theirs)
    if not base:
        raise Conflict(
            "unrelated", "The two branches have no commit in common.", "Begin a new branch from the one that you want."
        )
    if how == "rebase":
        return _replayed(git, base, ours, theirs, choices)
    tree, left = merge_trees(git, base, ours, theirs, choices)
    if left:
        return "", left
    return commit_tree(git, tree, message, ours, theirs), []


def _replayed(git: Git, base: str, ours: str, theirs: str, choices: Choices) -> tuple[str, list[choosing.Conflict]]:
    """One's own commits, one after the other, on theirs; each keeps its author, its time and its message."""
    made = theirs
    for commit in git.text("rev-list", "--reverse", "--topo-order", f"{base}..{ours}", "--").split():
        parents = git.text("rev-list", "--parents", "--max-count=1", commit).split()[1:]
        if len(parents) > 1:
            raise Conflict(
                "merge_commits", "Your commits contain a merge, which cannot be replayed.", "Pull with a merge instead."
            )
        tree, left = merge_trees(git, parents[0], made, commit, choices)
        if left:
            return "", left
        if tree == git.text("rev-parse", f"{made}^{{tree}}"):
            continue
        author, (body,) = authorship(git, commit, "%B")
        made = commit_tree(git, tree, f"{body}\n", made, env=author)
    return made, []


def planned(git: Git, ours: str, new: str, choices: Choices) -> tuple[Note, list[choosing.Conflict]]:
    """What the worktree becomes when the branch goes from ``ours`` to ``new``."""
    assert git.tree is not None
    edits = {edit.raw for edit in changes(git)}
    coming = differences(git, ours, new)
    coming_to = {one.raw: one.new for one in coming}
    _refuse_full_submodules(git, coming)
    # What git ignores here and the commits bring is somebody's, too.
    edits |= {one.raw for one in coming if not one.old[0] and version_on_disk(git.tree, one.raw) is not None}
    before: dict[bytes, tuple[str, str]] = {}
    after: dict[bytes, tuple[str, str]] = {}
    left: list[choosing.Conflict] = []
    for raw in edits:
        here = version_on_disk(git.tree, raw)
        if here is not None and here.content is None:
            continue
        before[raw] = store(git, here)
        if raw not in coming_to:
            after[raw] = before[raw]
            continue
        path = wire_path(raw)
        merged = merge_file(
            path, version(git, entry_of(git, ours, raw)), here, version(git, coming_to[raw]),
            choices.within(path, "changes"),
        )  # fmt: skip
        left += merged.conflicts
        after[raw] = store(git, merged.version)
    if left:
        return Note(ours, new, "", ""), left
    return _noted(git, ours, new, before, after), []


def _refuse_full_submodules(git: Git, coming: Sequence[Difference]) -> None:
    """A file cannot come where somebody has the folder of a submodule full."""
    assert git.tree is not None
    for one in coming:
        folder = git.tree / os.fsdecode(one.raw)
        becomes_file = one.old[0] == SUBMODULE and one.new[0] not in ("", SUBMODULE)
        if becomes_file and folder.is_dir() and not folder.is_symlink() and any(folder.iterdir()):
            raise Conflict(
                "folder_in_the_way", f"{wire_path(one.raw)} becomes a file, and is a folder with files here.",
                "Turn that submodule off, or move the folder away; then try again.",
            )  # fmt: skip


def _noted(git: Git, old: str, new: str, before: Entries, after: Entries, title: str = "Before") -> Note:
    """What files of the worktree are, and what they become, as a note; ``title`` is the message of what is kept."""
    becoming = commit_tree(git, tree_with(git, new, after), "After\n", new)
    return Note(old, new, commit_tree(git, tree_with(git, old, before), f"{title}\n", old, becoming), becoming)


def replace_files(
    git: Git, before: Entries, after: Entries, title: str = "Before", leaves: str = "", becomes: str = ""
) -> str:
    """Make files of the worktree, which are as ``before``, what they are in ``after``; the branch stays. The backup.

    See :class:`Note` for the references.
    """
    head = git.commit("HEAD")
    note = replace(_noted(git, head, head, before, after, title), leaves=leaves, becomes=becomes)
    backup = keep_backup(git, note.before)
    perform(git, note)
    return backup


def perform(git: Git, note: Note) -> None:
    """Do what a note says. Killed at any moment, :func:`recover` puts everything back."""
    assert git.admin is not None
    _write(git.admin / NOTE, note)
    if note.kept:
        git.run("update-ref", note.kept, note.before, "")
    _write_files(git, note)
    _follow_index(git, note.old, note.new)
    git.run("update-ref", "-m", "atrium: pull", "HEAD", note.new, note.old)
    if note.leaves:
        rename_reference(git, note.leaves, note.becomes)
    _forget(git.admin / NOTE)


def rename_reference(git: Git, old: str, new: str) -> None:
    """Both at once, or neither."""
    kept = git.commit(old)
    git.run("update-ref", "--stdin", given=f"start\nupdate {new} {kept}\ndelete {old} {kept}\ncommit\n".encode())


def _write_files(git: Git, note: Note) -> None:
    """Make the files of the worktree, which are as ``note.before``, what they are in ``note.after``. Those that have
    changed meanwhile are merged, and nothing that was written goes. What is in no folder that is checked out here
    stays so where only commits change it."""
    assert git.tree is not None
    coming = []
    left_out = _left_out(git, note)
    for one in differences(git, note.before, note.after):
        if one.raw in left_out or (one.old[0] == SUBMODULE and _left_alone(git.tree, one)):
            continue
        there = entry(version_on_disk(git.tree, one.raw), one.old[1] or one.new[1])
        if there != one.new:
            coming.append((one, there == one.old or is_placed(git, one.raw, one.old[1])))
    for (one, is_clean), new in zip(coming, versions(git, (one.new for one, _ in coming)), strict=True):
        made = new
        if not is_clean:
            path, here = wire_path(one.raw), version_on_disk(git.tree, one.raw)
            keeping = Choices((), path, "changes", otherwise="both")
            made = merge_file(path, version(git, one.old), here, new, keeping).version
        if made is None:
            remove_file(git.tree, one.raw)
        else:
            _replace(git.tree, one.raw, made)


def _left_out(git: Git, note: Note) -> set[bytes]:
    """The files that the commits change, and nobody else, and that are not here."""
    cone = cone_of(git)
    if cone is None:
        return set()
    beside = ((note.old, note.before), (note.new, note.after))
    edited = {one.raw for commit, files in beside for one in differences(git, commit, files)}
    coming = {one.raw for one in differences(git, note.old, note.new)}
    return {raw for raw in coming - edited if is_left_out(git, cone, raw)}


def here(git: Git, raw: bytes) -> Version | None:
    """A file of the worktree; one that is not checked out, as the last commit has it."""
    assert git.tree is not None
    found = version_on_disk(git.tree, raw)
    if found is None and is_left_out(git, cone_of(git), raw):
        return version(git, entry_of(git, "HEAD", raw))
    return found


def _left_alone(tree: Path, one: Difference) -> bool:
    """Whether the folder of a submodule stays as it is; an empty one that is not needed goes. What is in it is the
    matter of :mod:`.submodules`."""
    folder = tree / os.fsdecode(one.raw)
    if one.new[0] != SUBMODULE and folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
    return not one.new[0] or one.new[0] == SUBMODULE


def _replace(tree: Path, raw: bytes, file: Version) -> None:
    """Whole, or not at all; never through a link that leads out of the worktree."""
    path = tree / os.fsdecode(raw)
    for parent in reversed(path.relative_to(tree).parents[:-1]):
        if (tree / parent).is_symlink():
            (tree / parent).unlink()
        (tree / parent).mkdir(exist_ok=True)
    if file.content is None:
        if path.is_symlink() or path.is_file():
            path.unlink()
        path.mkdir(exist_ok=True)
        return
    making = path.with_name(f".{uuid4().hex}{MAKING}")
    try:
        if file.mode == LINK:
            making.symlink_to(os.fsdecode(file.content))
        else:
            descriptor = os.open(
                making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755 if file.mode == "100755" else 0o644
            )
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(file.content)
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def _follow_index(git: Git, old: str, new: str) -> None:
    """Move the worktree's index along; what somebody has staged there stays where that is possible."""
    status, _ = git.attempt("read-tree", "-m", old, new, ok=(0, 1, 128))
    if status:
        git.run("read-tree", new)
    if cone_of(git) is not None:
        came = [one.raw for one in differences(git, old, new) if one.new[0]]
        mark_absent(git, git.run("ls-files", "-z").split(b"\0")[:-1] if status else came)
    git.attempt("update-index", "-q", "--refresh", ok=(0, 1))


def _read(path: Path) -> Note | None:
    try:
        return Note(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def _write(path: Path, note: Note) -> None:
    making = path.with_suffix(".new")
    making.write_text(json.dumps(asdict(note)))
    making.replace(path)


def _forget(path: Path) -> None:
    path.unlink()
