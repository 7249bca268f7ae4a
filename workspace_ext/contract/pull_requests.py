"""Pull requests on a project's git host (GitLab calls them merge requests)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .operations import WireError

HostKind = Literal["github", "gitlab", "bitbucket", "gitea"]


@dataclass(frozen=True)
class Check:
    """Something that the host runs on a commit."""

    name: str
    state: Literal["passed", "failed", "running", "skipped"]
    url: str = ""


@dataclass(frozen=True)
class HostReview:
    """What somebody, by their name on the host, last said of a pull request."""

    person: str
    state: Literal["approved", "changes_requested"]


@dataclass(frozen=True)
class PullRequest:
    """``head``: the commit that it is about; ``mergeable``: whether the host would merge it now, as far as it says."""

    number: int
    title: str
    url: str
    state: Literal["open", "merged", "closed"]
    head: str
    target: str
    draft: bool = False
    mergeable: Literal["yes", "no", "unknown"] = "unknown"
    checks: list[Check] = field(default_factory=list)
    reviews: list[HostReview] = field(default_factory=list)


@dataclass(frozen=True)
class HostedBranch:
    """A branch on its git host. ``kind`` is None where the host is of no known kind; ``guessed``: by its name only.

    ``new_url``: the page that opens a pull request. ``signed_in``: whether one keeps a token for ``host``; only then is
    ``request`` known, the newest one of this branch. ``problem``: why the host did not tell.
    """

    branch: str
    target: str
    host: str = ""
    kind: HostKind | None = None
    guessed: bool = False
    new_url: str = ""
    signed_in: bool = False
    request: PullRequest | None = None
    problem: WireError | None = None


@dataclass(frozen=True)
class MergePullRequest:
    """``head``: the commit that was looked at; with another one it is not merged."""

    number: int
    head: str
