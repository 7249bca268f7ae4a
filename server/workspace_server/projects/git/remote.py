"""What talks to the remote: look, clone, fetch, push. The address comes from the database, never from a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...kit.errors import Conflict, Failed, NotFound
from ..names import folder_of
from . import fetching, worktrees
from .command import Git, Report
from .cone import choose, turn_on
from .first import MAIN, first_commit, init

HEADS = "+refs/heads/*:refs/remotes/origin/*"
# Named here, because a config could name another program.
UPLOAD, RECEIVE = "--upload-pack=git-upload-pack", "--receive-pack=git-receive-pack"


def look(report: Report, repository: dict[str, Any]) -> dict[str, Any]:
    """The remote's branches and their commits, and its default branch."""
    return heads(Git.of(repository))


def heads(git: Git) -> dict[str, Any]:
    listed = git.text("ls-remote", "--symref", UPLOAD, "--end-of-options", git.url, "HEAD", "refs/heads/*")
    default = ""
    found: dict[str, str] = {}
    for line in listed.splitlines():
        value, _, ref = line.partition("\t")
        if ref == "HEAD" and value.startswith("ref: refs/heads/"):
            default = value.removeprefix("ref: refs/heads/")
        elif ref.startswith("refs/heads/"):
            found[ref.removeprefix("refs/heads/")] = value
    if default not in found:
        default = next((name for name in ("main", "master", *sorted(found)) if name in found), "")
    return {"default": default, "heads": found}


def clone(
    report: Report,
    repository: dict[str, Any],
    trees: str,
    final: str,
    final_trees: str,
    depth: int = 0,
    folders: list[str] | None = None,
) -> dict[str, Any]:
    """Make the git directory and, below ``trees``, the default branch's worktree: ``{branch, sha, folder}``.

    ``depth``: only so many of the last commits of each branch, and no tags, which would bring old ones.
    ``folders``: check out only these, and the files at the top.

    The caller moves both to where they stay, ``final`` and ``final_trees``, when everything is ready.
    """
    git = Git.of(repository)
    report("Looking at the repository", 0, 0)
    remote = heads(git)
    branch = remote["default"]
    init(git)
    git.run("config", "remote.origin.url", git.url)
    git.run("config", "remote.origin.fetch", HEADS)
    much = [f"--depth={depth}", "--no-tags"] if depth else []
    tags = [] if depth else ["+refs/tags/*:refs/tags/*"]
    git.follow(report, "fetch", "--progress", *much, UPLOAD, "--end-of-options", git.url, HEADS, *tags)
    if not branch:
        # Nobody has pushed anything: it begins here, and the remote has it with the first push.
        branch, head = MAIN, first_commit(git, Path(final).name.removesuffix(".git"))
    elif not (head := git.commit(f"refs/remotes/origin/{branch}")):
        raise Failed("branch_gone", f"The branch {branch!r} went away while it was cloned.", "Try again.")
    report("Checking out files", 0, 0)
    git.run("update-ref", f"refs/heads/{branch}", head)
    git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    worktrees.track(git, branch)
    folder = folder_of(branch)
    if folders is not None:
        turn_on(git)
        choose(git.directory, folders)
    worktrees.add(git, branch, Path(trees) / folder, (Path(final), Path(final_trees) / folder))
    return {"branch": branch, "sha": head, "folder": folder}


def fetch(report: Report, repository: dict[str, Any]) -> dict[str, Any]:
    """Bring the remote's branches up to date here, if anything changed there: ``{heads, default, changed}``."""
    git = Git.of(repository)
    remote = heads(git)
    known = dict(
        line.split(" ")
        for line in git.text(
            "for-each-ref", "--format=%(refname:lstrip=3) %(objectname)", "refs/remotes/origin"
        ).splitlines()
    )
    changed = known != remote["heads"]
    if changed:
        fetch_now(git, report)
    return {**remote, "changed": changed}


def fetch_now(git: Git, report: Report) -> None:
    fetching.fetch(git, report, "--prune", UPLOAD, "--end-of-options", git.url, HEADS)


def push(report: Report, repository: dict[str, Any], branch: str) -> dict[str, Any]:
    """Push the branch to the remote's branch of the same name."""
    git = Git.of(repository)
    head = git.commit(f"refs/heads/{branch}")
    if not head:
        raise NotFound("no_such_branch", f"There is no branch {branch!r} here.", "Check the spelling.")
    report("Pushing", 0, 0)
    if not push_commit(git, head, branch):
        fetch_now(git, report)
        raise Conflict(
            "not_fast_forward",
            f"{branch!r} has commits on the remote that are not here yet.",
            "Pull first, then push again.",
        )
    worktrees.track(git, branch)
    return {"branch": branch, "sha": head}


def push_commit(git: Git, commit: str, branch: str) -> bool:
    """Push; false when the remote's branch is not an ancestor of the commit."""
    status, out = git.attempt(
        "push", "--porcelain", "--no-verify", RECEIVE, "--end-of-options", git.url, f"{commit}:refs/heads/{branch}",
        ok=(0, 1), mark=b"!\t",
    )  # fmt: skip
    if status == 0:
        git.run("update-ref", f"refs/remotes/origin/{branch}", commit)
        return True
    rejection = next((line for line in out.decode(errors="replace").splitlines() if line.startswith("!")), "")
    if "[rejected]" in rejection and ("fetch first" in rejection or "non-fast-forward" in rejection):
        return False
    if "stale info" in rejection or "cannot lock ref" in rejection or "failed to update ref" in rejection:
        return False  # somebody pushed between our look and our push
    reason = rejection.rpartition("\t")[2] or "it gave no reason"
    raise Conflict(
        "push_refused",
        f"The remote refused {branch!r}: {reason}.",
        "Its rules may protect this branch: push another branch and have it reviewed there.",
    )
