"""A clone of the last commits only: where its history begins, and fetching the rest.

Git keeps the commits whose parents are not here in a file of the git directory. Everything of the commits that are here
is here, so that nothing has to be fetched in the middle of a diff, a merge or a publication.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...kit.errors import Conflict
from .command import Git, Report
from .fetching import fetch
from .remote import HEADS, UPLOAD


def beginnings(directory: Path) -> frozenset[str]:
    """The commits whose parents are not here; none where the whole history is."""
    try:
        return frozenset((directory / "shallow").read_text().split())
    except FileNotFoundError:
        return frozenset()


def common(git: Git, ours: str, theirs: str) -> str:
    """The commit that both come from; empty where there is none.

    Raises
    ------
    Conflict
        It may be older than what is here.
    """
    base = git.text("merge-base", ours, theirs, ok=(0, 1))
    if not base and beginnings(git.directory):
        raise Conflict(
            "shallow", "The commit that both branches come from is older than what is here of the history.",
            "Fetch the rest of the project's history, then try again.",
        )  # fmt: skip
    return base


def fetch_rest(report: Report, repository: dict[str, Any]) -> None:
    """Fetch the history that is not here, with the tags; nothing happens where it is whole."""
    git = Git.of(repository)
    if beginnings(git.directory):
        fetch(git, report, "--unshallow", UPLOAD, "--end-of-options", git.url, HEADS, "+refs/tags/*:refs/tags/*")
