"""How commits lie to each other: what production is behind, what was rewritten, what may be pinned."""

from __future__ import annotations

from typing import Any

from ...kit.errors import Invalid
from .command import Git, Report
from .status import distance

# A reference for each published commit, so that git never removes what production may go back to.
PUBLISHED = "refs/atrium/published"


def compare(report: Report, repository: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """From ``old`` to ``new`` (commits or references): ``{new, summary, behind, rewritten}``.

    ``behind``: how many commits ``old`` lacks; ``rewritten``: it is not in the history of ``new``. ``new`` is empty
    in the answer when there is no such commit, and nothing is compared when ``old`` is empty.
    """
    git = Git.of(repository)
    target = git.commit(new)
    if not target:
        return {"new": "", "summary": "", "behind": 0, "rewritten": False}
    summary = git.run("log", "--max-count=1", "--no-show-signature", "--format=%s", "--end-of-options", target, "--")
    ahead, behind = 0, 0
    if old:
        ahead, behind = distance(git, old, target) if git.commit(old) else (1, 0)
    return {
        "new": target, "summary": summary.decode(errors="replace").strip(), "behind": behind, "rewritten": ahead > 0,
    }  # fmt: skip


def publishable(report: Report, repository: dict[str, Any], sha: str, branch: str) -> str:
    """The full id of a commit that is in the history of ``branch`` on the remote, or of what was published.

    Raises
    ------
    Invalid
        It is not.
    """
    git = Git.of(repository)
    full = git.commit(sha)
    # A branch may be named like a commit.
    if not full.startswith(sha):
        full = ""
    found = full and git.text(
        "for-each-ref", "--count=1", f"--contains={full}", "--format=%(refname)",
        f"refs/remotes/origin/{branch}", PUBLISHED,
    )  # fmt: skip
    if not found:
        raise Invalid(
            "not_of_production",
            f"{sha[:12]} is not a commit of {branch!r}, and never was in production.",
            "`atrium projects production PROJECT --history` lists what was.",
            "sha",
        )
    return full


def included(report: Report, repository: dict[str, Any], sha: str, head: str) -> dict[str, Any]:
    """Whether ``sha`` is ``head`` or in its history: ``{sha, included}``. A commit that is not here is not."""
    git = Git.of(repository)
    full = git.commit(sha)
    if not full.startswith(sha) or not full:
        return {"sha": sha, "included": False}
    status, _ = git.attempt("merge-base", "--is-ancestor", full, head, ok=(0, 1))
    return {"sha": full, "included": status == 0}
