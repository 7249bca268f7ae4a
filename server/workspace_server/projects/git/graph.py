"""The history of branches, read in pages, and what is in a commit. Reads only, in worker processes."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.commits import CommitDetails, CommitGraph, Comparison, GraphCommit, Ref
from workspace_ext.contract.projects import FileChange

from ...kit.errors import Conflict, NotFound
from .command import Git, Report
from .diff import commits_diff
from .shallow import beginnings
from .status import commits, distance, numbers, readable, wire_path
from .trees import differences

MOST_COMMITS = 1000
MOST_FILES = 1000
_PLACES: dict[str, Any] = {"refs/heads/": "branch", "refs/remotes/origin/": "remote", "refs/tags/": "tag"}


def graph(
    report: Report,
    repository: dict[str, Any],
    branch: str,
    message: str,
    author: str,
    path: str,
    skip: int,
    limit: int,
    at: str,
) -> dict[str, Any]:
    """A page of history, as a ``CommitGraph``; the arguments are those of a ``GraphQuery``."""
    git = Git.of(repository)
    names = references(git)
    wanted = {(branch, "branch"), (branch, "remote")}
    tips = sorted(
        sha for sha, refs in names.items() if any(
            (ref.name, ref.kind) in wanted if branch else ref.kind != "tag" for ref in refs
        )
    )  # fmt: skip
    if branch and not tips:
        raise NotFound("no_such_branch", f"There is no branch {branch!r}.", "Check the spelling.")
    state = hashlib.sha256("\n".join(tips).encode()).hexdigest()[:16]
    if at and at != state:
        raise Conflict("moved_on", "There are new commits since.", "Look again from the beginning.")
    limit = max(1, min(limit, MOST_COMMITS))
    if not tips:
        return asdict(CommitGraph([], False, state))
    found = _walk(git, tips, names, message, author, path, max(0, skip), limit + 1)
    if not skip and not author and not path and (sha := _named(git, message)):
        found = [*_read(git, names, "--no-walk", sha), *(one for one in found if one.sha != sha)]
    return asdict(CommitGraph(found[:limit], len(found) > limit, state, bool(beginnings(git.directory))))


def _walk(
    git: Git, tips: list[str], names: dict[str, list[Ref]], message: str, author: str, path: str, skip: int, limit: int
) -> list[GraphCommit]:
    sought = [f"--grep={message}"] if message else []
    sought += [f"--author={author}"] if author else []
    # Children before parents, whatever the clocks of those who made them said: what draws the lines relies on it.
    return _read(
        git, names, "--topo-order", f"--skip={skip}", f"--max-count={limit}", "--regexp-ignore-case",
        "--fixed-strings", *sought, "--stdin", tips=tips, path=path,
    )  # fmt: skip


def _read(
    git: Git, names: dict[str, list[Ref]], *arguments: str, tips: list[str] | None = None, path: str = ""
) -> list[GraphCommit]:
    # Anywhere in a path, and nothing in it is a pattern but the two stars.
    places = [":(icase)*" + re.sub(r"([*?\[\]\\])", r"\\\1", path) + "*"] if path else []
    out = git.text(
        "log", "--no-show-signature", "-z", "--format=%H%x01%P%x01%an%x01%ae%x01%aI%x01%s", *arguments, "--", *places,
        given="\n".join(tips).encode() + b"\n" if tips is not None else None, env={"GIT_LITERAL_PATHSPECS": "0"},
    )  # fmt: skip
    listed = []
    for record in filter(None, out.split("\0")):
        sha, parents, name, mail, time, title = readable(record).split("\x01", 5)
        listed.append(GraphCommit(sha, parents.split(), title, name, mail, time, names.get(sha, [])))
    return listed


def details(report: Report, repository: dict[str, Any], sha: str) -> dict[str, Any]:
    """A commit and what it changed: a ``CommitDetails``."""
    git = Git.of(repository)
    full = resolved(git, sha)
    commit, refs = commits(git, full, 1)[0], references(git).get(full, [])
    if full in beginnings(git.directory):
        return asdict(CommitDetails(commit, [], refs, Comparison("", full, 0, 0, []), unknown=True))
    parents = parents_of(git, full)
    return asdict(CommitDetails(commit, parents, refs, _compared(git, parents, full)))


def compare(report: Report, repository: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """What lies between two commits: a ``Comparison``."""
    git = Git.of(repository)
    full = resolved(git, new)
    return asdict(_compared(git, [resolved(git, old)] if old else parents_of(git, full), full))


def compare_file(report: Report, repository: dict[str, Any], old: str, new: str, path: str) -> dict[str, Any]:
    """One file between two commits: a ``FileDiff``."""
    git = Git.of(repository)
    full = resolved(git, new)
    before = _before(git, [resolved(git, old)] if old else parents_of(git, full))
    one = next((one for one in differences(git, before, full) if wire_path(one.raw) == path), None)
    if one is None:
        raise NotFound("not_changed", f"{path} is the same in both.", "Look at the list of changes again.")
    return asdict(commits_diff(git, before, full, one.raw, one.change))


def _compared(git: Git, olds: list[str], new: str) -> Comparison:
    before = _before(git, olds)
    listed = differences(git, before, new)
    lines = numbers(git, before, new)
    files = [FileChange(wire_path(one.raw), one.change, None, *lines.get(one.raw, (0, 0))) for one in listed]
    behind, ahead = distance(git, olds[0], new) if olds else (0, 1)
    return Comparison(olds[0] if olds else "", new, ahead, behind, files[:MOST_FILES], len(files) > MOST_FILES)


def _before(git: Git, olds: list[str]) -> str:
    """What the first commit is compared with is the empty tree."""
    return olds[0] if olds else git.text("hash-object", "-t", "tree", "--stdin", given=b"")


def references(git: Git) -> dict[str, list[Ref]]:
    """The names of each commit that has one."""
    names: defaultdict[str, list[Ref]] = defaultdict(list)
    listed = git.text("for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", *_PLACES)
    for line in listed.splitlines():
        sha, peeled, ref = line.split(" ", 2)
        for place, kind in _PLACES.items():
            name = ref.removeprefix(place)
            if name not in (ref, "HEAD"):
                names[peeled or sha].append(Ref(readable(name), kind))
    return names


def resolved(git: Git, name: str) -> str:
    """The commit that a branch, a tag or an id stands for.

    Raises
    ------
    NotFound
    """
    for place in _PLACES:
        if full := git.commit(place + name):
            return full
    if full := _named(git, name):
        return full
    raise NotFound(
        "no_such_commit", f"There is no commit, branch or tag {name[:200]!r} here.", "Check the spelling, or fetch."
    )


def _named(git: Git, sha: str) -> str:
    """The commit that has an id, or the only one whose id begins so; an empty string for anything else."""
    return git.commit(sha) if re.fullmatch(r"[0-9a-f]{7,64}", sha) else ""


def parents_of(git: Git, commit: str) -> list[str]:
    return git.text("rev-list", "--parents", "--max-count=1", commit).split()[1:]
