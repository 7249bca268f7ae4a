"""A project that had no remote gets one: everything that its own remote has is pushed there."""

from __future__ import annotations

from typing import Any

from ...kit.errors import Conflict
from .command import Git, Report
from .remote import heads, push_commit

_ORIGIN = "refs/remotes/origin/"


def connect(report: Report, repository: dict[str, Any], branch: str) -> list[str]:
    """Push every branch of the project to the repository's ``url``, ``branch`` first; the branches. Interrupted, it can
    be done again.

    Raises
    ------
    Conflict
        There is something else already.
    """
    git = Git.of(repository)
    report("Looking at the repository", 0, 0)
    listed = git.text("for-each-ref", "--format=%(refname) %(objectname)", _ORIGIN.rstrip("/")).splitlines()
    ours = {ref.removeprefix(_ORIGIN): sha for ref, sha in map(str.split, listed)}
    ours.pop("HEAD", None)
    there = heads(git)["heads"]
    if other := sorted(name for name, sha in there.items() if ours.get(name) != sha):
        raise Conflict(
            "remote_not_empty", f"{git.url} has commits already: {', '.join(other[:3])}.",
            "Give an empty repository. To work on that one, clone it.", "url",
        )  # fmt: skip
    # Hosts take the branch that comes first for the default one.
    names = sorted(ours.keys() - there.keys(), key=lambda name: (name != branch, name))
    for number, name in enumerate(names):
        report(f"Pushing {name}", number, len(names))
        if not push_commit(git, ours[name], name):
            raise Conflict("remote_not_empty", f"Somebody else pushed to {git.url}.", "Clone it instead.", "url")
    git.run("config", "remote.origin.url", git.url)
    return names
