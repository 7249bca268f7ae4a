"""Branches are renamed, deleted, and brought back. A deleted branch is put aside whole: a reference keeps its commits,
its folder lies in the trash with what git does not know, too."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workspace_ext.contract.lives import BranchCost

from ...kit.clock import iso, now
from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .folders import settle
from .status import changes
from .worktrees import bound, find, free_folder, remove_tree, track

DELETED = "refs/backup/deleted/"
FACTS, MOVING = "branch.json", "moving"


@dataclass(frozen=True)
class Kept:
    """What a deleted branch was; ``folder`` and ``admin`` are empty where it had no worktree."""

    branch: str
    head: str
    folder: str
    admin: str
    by: str
    deleted: str


def costs(report: Report, repository: dict[str, Any], target: str, branch: str = "") -> list[dict[str, Any]]:
    """A ``BranchCost`` of one branch, or of every one that is here."""
    git = Git.of(repository)
    trees = {name: git.within(tree, admin) for tree, (admin, name) in find(git.directory).items() if name}
    names = [branch] if branch else _locals(git)
    found = []
    for name in names:
        head = git.commit(f"refs/heads/{name}")
        if not head:
            raise _missing(git, name)
        edits = changes(trees[name]) if name in trees else []
        goal = git.commit(f"refs/remotes/origin/{target}")
        found.append(
            BranchCost(
                name, target,
                unpushed=_count(git, head, "--not", "--remotes=origin"),
                unmerged=_count(git, head, f"^{goal}") if goal else 0,
                changes=len(edits),
                upstream=git.exists(f"refs/remotes/origin/{name}"),
            )
        )  # fmt: skip
    return [asdict(cost) for cost in found]


def rename(report: Report, repository: dict[str, Any], branch: str, name: str) -> dict[str, Any]:
    """The branch under another name. Its folder stays where it is, so that nothing that is open there moves."""
    git = Git.of(repository)
    head = git.commit(f"refs/heads/{branch}")
    if not head:
        raise _missing(git, branch)
    if git.exists(f"refs/heads/{name}") or git.exists(f"refs/remotes/origin/{name}"):
        raise Conflict("branch_exists", f"There is a branch {name!r} already.", "Choose another name.", "name")
    here = next(((tree, admin) for tree, (admin, one) in find(git.directory).items() if one == branch), None)
    # In this order: whenever this is interrupted, the worktree is on a branch that exists.
    git.run("update-ref", f"refs/heads/{name}", head, "")
    if here is not None:
        git.within(*here).run("symbolic-ref", "-m", f"renamed from {branch}", "HEAD", f"refs/heads/{name}")
    git.run("update-ref", "-d", f"refs/heads/{branch}", head)
    _forget_upstream(git, branch)
    return {"folder": str(here[0]) if here else "", "remote": git.exists(f"refs/remotes/origin/{branch}")}


def delete(report: Report, repository: dict[str, Any], branch: str, trash: str, by: str) -> dict[str, Any]:
    """Put the branch aside, its folder into a folder of its own below ``trash``: ``{backup}``."""
    git = Git.of(repository)
    head = git.commit(f"refs/heads/{branch}")
    if not head:
        raise _missing(git, branch)
    here = next(((tree, admin) for tree, (admin, one) in find(git.directory).items() if one == branch), None)
    moment = now()
    backup = f"{moment:%Y%m%dT%H%M%S%f}"
    aside = Path(trash) / backup
    aside.mkdir(parents=True)
    folder, admin = (str(here[0]), here[1].name) if here else ("", "")
    kept = Kept(branch, head, folder, admin, by, iso(moment))
    (aside / FACTS).write_text(json.dumps(asdict(kept)))
    (aside / MOVING).touch()
    git.run("update-ref", f"{DELETED}{backup}", head, "")
    if here is not None:
        shutil.move(here[0], aside / "tree")
        shutil.move(here[1], aside / "admin")
    git.run("update-ref", "-d", f"refs/heads/{branch}", head)
    _forget_upstream(git, branch)
    (aside / MOVING).unlink()
    return {"backup": backup}


def restore(report: Report, repository: dict[str, Any], backup: str, trash: str) -> dict[str, Any]:
    """Bring a deleted branch back, with its folder as it was: ``{branch, folder}``."""
    git = Git.of(repository)
    aside = Path(trash) / backup
    kept = read_kept(aside)
    if kept is None:
        raise NotFound(
            "no_such_backup", "This branch is not kept any more.", "It was brought back, or kept for long enough."
        )
    if git.exists(f"refs/heads/{kept.branch}"):
        raise Conflict(
            "branch_exists", f"There is a branch {kept.branch!r} again.", "Rename that one first, then bring this back."
        )
    folder = _put_back(git, aside, kept)
    if folder:
        # Since then, others may have been chosen.
        settle(bound(git, kept.branch))
    return {"branch": kept.branch, "folder": folder}


def recover(report: Report, repository: dict[str, Any], trash: str) -> list[str]:
    """Bring back what was being deleted, or brought back, when somebody was killed; the branches."""
    git = Git.of(repository)
    back = []
    for aside in sorted(Path(trash).glob("*")):
        kept = read_kept(aside)
        if kept is None:
            remove_tree(aside)
        elif (aside / MOVING).exists():
            _put_back(git, aside, kept)
            back.append(kept.branch)
    return back


def forget(report: Report, repository: dict[str, Any], backup: str, trash: str) -> None:
    """Let go of a deleted branch for good."""
    git = Git.of(repository)
    remove_tree(Path(trash) / backup)
    git.attempt("update-ref", "-d", f"{DELETED}{backup}", ok=(0, 1, 128))


def read_kept(aside: Path) -> Kept | None:
    """What a folder of the trash holds."""
    try:
        return Kept(**json.loads((aside / FACTS).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _put_back(git: Git, aside: Path, kept: Kept) -> str:
    (aside / MOVING).touch()
    local = f"refs/heads/{kept.branch}"
    if not git.exists(local):
        git.run("update-ref", local, kept.head, "")
    folder = ""
    if kept.folder:
        folder = str(_tree_back(git, aside, kept))
    if git.exists(f"refs/remotes/origin/{kept.branch}"):
        track(git, kept.branch)
    git.attempt("update-ref", "-d", f"{DELETED}{aside.name}", ok=(0, 1, 128))
    remove_tree(aside)
    return folder


def _tree_back(git: Git, aside: Path, kept: Kept) -> Path:
    admin, folder = git.directory / "worktrees" / kept.admin, Path(kept.folder)
    if (aside / "admin").exists():
        number = 1
        while admin.exists():
            number += 1
            admin = git.directory / "worktrees" / f"{kept.admin}{number}"
        admin.parent.mkdir(exist_ok=True)
        shutil.move(aside / "admin", admin)
    if (aside / "tree").exists():
        if folder.exists():
            folder = free_folder(git, folder.parent, kept.branch, there=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        (aside / "tree" / ".git").write_text(f"gitdir: {admin}\n")
        (admin / "gitdir").write_text(f"{folder / '.git'}\n")
        (admin / "HEAD").write_text(f"ref: refs/heads/{kept.branch}\n")
        shutil.move(aside / "tree", folder)
    return folder


def _forget_upstream(git: Git, branch: str) -> None:
    git.attempt("config", "--remove-section", f"branch.{branch}", ok=(0, 1, 128))


def _locals(git: Git) -> list[str]:
    return git.text("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").splitlines()


def _count(git: Git, *revisions: str) -> int:
    return int(git.text("rev-list", "--count", *revisions))


def _missing(git: Git, branch: str) -> NotFound:
    if git.exists(f"refs/remotes/origin/{branch}"):
        return NotFound(
            "only_remote", f"{branch!r} is on the remote only, so there is nothing of it here.",
            "Delete or rename it there; then it is gone here with the next look.",
        )  # fmt: skip
    return NotFound("no_such_branch", f"There is no branch {branch!r} here.", "Check the spelling.")
