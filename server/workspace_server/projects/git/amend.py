"""The last commit of a branch made anew, as long as nobody else can have it."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

from workspace_ext.contract.committing import LastCommit
from workspace_ext.contract.operations import WireError

from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .commit import BACKUPS, match_index
from .lfs import refuse
from .stage import choose, staged
from .status import Edit, commits, wire_path
from .trees import authorship, commit_tree, differences
from .worktrees import bound

# What a commit was made in place of, by the commit.
AMENDED = f"{BACKUPS}amended/"
_TRAILER = re.compile(r"co-authored-by:\s*([^<>\n]+ <[^<>\s]+>)\s*", re.I)


def last_commit(report: Report, repository: dict[str, Any], branch: str) -> dict[str, Any]:
    """A ``LastCommit``: what an amendment begins with, or why there can be none."""
    git = bound(Git.of(repository), branch)
    found = commits(git, "HEAD", 1)[0]
    lines = found.description.split("\n")
    co_authors: list[str] = []
    while lines and (match := _TRAILER.fullmatch(lines[-1])):
        co_authors.insert(0, match[1])
        lines.pop()
    refusal = _refusal(git, found.sha)
    refused = WireError(refusal.code, refusal.message, refusal.hint) if refusal is not None else None
    described = replace(found, description="\n".join(lines).strip())
    return asdict(LastCommit(described, co_authors, refused))


def amend(
    report: Report,
    repository: dict[str, Any],
    branch: str,
    paths: list[str],
    message: str,
    partial: dict[str, list[str]],
    commit: str,
) -> dict[str, Any]:
    """Replace ``commit``, which is the last one, by one with this message and with what is chosen besides. Its author
    and their time stay; a backup keeps it."""
    git = bound(Git.of(repository), branch)
    chosen = choose(git, paths, partial, none=True)
    refuse(git, chosen)
    head = git.commit("HEAD")
    if head != commit:
        raise Conflict(
            "moved_on", f"{branch!r} has another commit since, so {commit[:7]} is not the last one any more.",
            "Look again, and amend that one or make another commit.",
        )  # fmt: skip
    if (refusal := _refusal(git, head)) is not None:
        raise refusal
    tree = staged(git, head, chosen) if chosen.edits else git.text("rev-parse", f"{head}^{{tree}}")
    author, (was, parents, body) = authorship(git, head, "%T", "%P", "%B")
    if tree == was and message.strip() == body.strip():
        raise Conflict("nothing_to_amend", "Nothing would be different.", "Change the message, or tick some changes.")
    made = commit_tree(git, tree, message, *parents.split(), env=author)
    git.run("update-ref", AMENDED + made, head)
    git.run("update-ref", "-m", f"commit (amend): {message.splitlines()[0]}", "HEAD", made, head)
    match_index(git, chosen.edits)
    return asdict(commits(git, made, 1)[0])


def undo(report: Report, repository: dict[str, Any], branch: str, commit: str) -> dict[str, Any]:
    """Have the commit again that ``commit``, the last one, was made in place of; files stay as they are."""
    git = bound(Git.of(repository), branch)
    before = git.commit(AMENDED + commit) if commit.isalnum() else ""
    if not before:
        raise NotFound("no_such_backup", f"{commit[:7]} is no amended commit.", "It may have been undone already.")
    if git.commit("HEAD") != commit:
        raise Conflict(
            "moved_on", f"{branch!r} has another commit since, so this cannot simply be taken back.",
            "Revert what you do not want.",
        )  # fmt: skip
    if (refusal := _refusal(git, commit)) is not None:
        raise refusal
    git.run("update-ref", "-m", "atrium: undo amend", "HEAD", before, commit)
    match_index(git, [Edit(one.raw, wire_path(one.raw), "modified") for one in differences(git, before, commit)])
    git.run("update-ref", "-d", AMENDED + commit)
    return asdict(commits(git, before, 1)[0])


def _refusal(git: Git, sha: str) -> Conflict | None:
    refs = git.text("for-each-ref", "--format=%(refname:lstrip=2)", f"--contains={sha}", "refs/remotes/").split()
    there = [ref for ref in refs if not ref.endswith("/HEAD")]
    if not there:
        return None
    return Conflict(
        "pushed", f"{sha[:7]} is on the remote already ({there[0]}), so others may have built on it.",
        "Make another commit that corrects it.",
    )  # fmt: skip
