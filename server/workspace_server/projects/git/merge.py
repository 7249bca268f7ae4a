"""Review, merge on the remote, and pull. A merge is computed on commits alone: there is no worktree to leave behind."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workspace_ext.contract.projects import FileDiff, Review

from ...kit.errors import Conflict, NotFound
from ..contents.conflicts import Choices
from .command import Git, Report
from .diff import commits_diff
from .lfs import has_contents
from .remote import fetch_now, push_commit
from .shallow import common
from .status import changes, commits, distance, wire_path
from .trees import differences, merge_trees
from .worktrees import bound

MOST_FILES = 100
MOST_COMMITS = 100


def review(report: Report, repository: dict[str, Any], branch: str, target: str) -> dict[str, Any]:
    """What merging the remote's ``branch`` into its ``target`` would bring."""
    git = Git.of(repository)
    fetch_now(git, report)
    head, base, unpushed = sides(git, branch, target)
    ahead, behind = distance(git, head, base)
    fork = common(git, head, base)
    files: list[FileDiff] = []
    listed = differences(git, fork, head) if fork else []
    for one in listed[:MOST_FILES]:
        files.append(commits_diff(git, fork, head, one.raw, one.change))
    _, conflicts = _merged(git, base, head) if ahead and fork else ("", [])
    made = commits(git, f"{base}..{head}", MOST_COMMITS)
    more = len(listed) > MOST_FILES
    return asdict(Review(branch, target, head, base, made, files, conflicts, behind, unpushed, more, fork))


def merge(report: Report, repository: dict[str, Any], branch: str, target: str, message: str) -> dict[str, Any]:
    """Merge the remote's ``branch`` into its ``target`` with a merge commit of the person's, and push that."""
    git = Git.of(repository)
    for _ in range(2):
        report("Fetching", 0, 0)
        fetch_now(git, report)
        head, base, unpushed = sides(git, branch, target)
        if unpushed:
            raise Conflict(
                "not_pushed", f"{unpushed} commits of {branch!r} are not on the remote yet.", "Push them first."
            )
        if git.attempt("merge-base", "--is-ancestor", head, base, ok=(0, 1))[0] == 0:
            raise Conflict("nothing_to_merge", f"{target!r} has everything of {branch!r} already.", "Nothing to do.")
        report("Merging", 0, 0)
        tree, conflicts = _merged(git, base, head)
        if conflicts:
            raise Conflict(
                "merge_conflicts",
                f"{branch!r} and {target!r} both changed {_named(conflicts)}, so they cannot be merged by themselves.",
                f"Update {branch} from {target} (atrium projects pull --from {target}): you choose what stays.",
            )
        made = git.text("commit-tree", "-p", base, "-p", head, "-m", message, tree)
        report("Pushing", 0, 0)
        if push_commit(git, made, target):
            return {"branch": branch, "target": target, "sha": made}
    raise Conflict(
        "target_moves", f"{target!r} changed on the remote while it was merged, twice.", "Try again in a moment."
    )


def sides(git: Git, branch: str, target: str) -> tuple[str, str, int]:
    """The remote's commits of both branches, and how many local commits are not pushed."""
    base = git.commit(f"refs/remotes/origin/{target}")
    if not base:
        raise NotFound("no_such_branch", f"The remote has no branch {target!r}.", "Choose another branch to follow.")
    head, local = git.commit(f"refs/remotes/origin/{branch}"), git.commit(f"refs/heads/{branch}")
    if not head:
        if not local:
            raise NotFound("no_such_branch", f"There is no branch {branch!r}.", "Check the spelling.")
        raise Conflict("not_pushed", f"{branch!r} is not on the remote yet.", "Push it first.")
    return head, base, distance(git, local, head)[0] if local else 0


def _merged(git: Git, base: str, head: str) -> tuple[str, list[str]]:
    """The merged tree, and the files in conflict."""
    fork = common(git, head, base)
    tree, conflicts = merge_trees(git, fork, base, head, Choices(()))
    return tree, list(dict.fromkeys(conflict.path for conflict in conflicts))


def _named(paths: list[str]) -> str:
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")


def incoming(report: Report, repository: dict[str, Any], branch: str) -> dict[str, Any]:
    """What moving on to the remote's commits, as they were fetched, would change: ``{sha, paths, edited}``; ``edited``
    tells whether tracked files have changes.

    Raises
    ------
    Conflict
        Both sides have new commits, or an affected file has changes that are not committed.
    """
    git = bound(Git.of(repository), branch)
    theirs = git.commit(f"refs/remotes/origin/{branch}")
    if not theirs:
        raise Conflict(
            "no_upstream", f"{branch!r} is not on the remote.", "Push it first; then there is something to pull."
        )
    ours = git.commit("HEAD")
    ahead, behind = distance(git, ours, theirs)
    if not behind:
        return {"sha": ours, "paths": [], "edited": False}
    if ahead:
        raise Conflict(
            "diverged",
            f"{branch!r} has {ahead} commits here and {behind} on the remote, so it cannot simply move forward.",
            f"In a terminal: git rebase origin/{branch}; or begin a new branch from here.",
        )
    touched = {one.raw for one in differences(git, ours, theirs)}
    edits = changes(git)
    clash = sorted(edit.path for edit in edits if edit.raw in touched)
    if clash:
        raise Conflict(
            "uncommitted_changes",
            f"The pull would overwrite changes that are not committed: {_named(clash)}.",
            "Commit or discard them first.",
        )
    edited = any(edit.change != "untracked" for edit in edits) or has_contents(git, touched)
    return {"sha": theirs, "paths": [wire_path(raw) for raw in sorted(touched)], "edited": edited}


def fast_forward(report: Report, repository: dict[str, Any], branch: str, sha: str) -> dict[str, Any]:
    """Move the worktree to ``sha``, which is ahead of it."""
    git = bound(Git.of(repository), branch)
    git.run("merge", "--ff-only", "--quiet", "--no-verify-signatures", "--no-autostash", "--end-of-options", sha)
    return {"branch": branch, "sha": git.commit("HEAD")}
