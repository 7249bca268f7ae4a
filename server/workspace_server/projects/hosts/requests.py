"""What workers ask git hosts: about pull requests, and how large a repository is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from workspace_ext.contract.pull_requests import HostKind, PullRequest

from ...kit.errors import AtriumError, Unavailable
from ..git.command import Git, Report
from .addresses import Hosted
from .bitbucket import bitbucket_merge, bitbucket_newest, bitbucket_size
from .github import gitea_merge, gitea_newest, github_merge, github_newest, github_size
from .gitlab import gitlab_merge, gitlab_newest, gitlab_size
from .http import Api

Newest = Callable[[Api, str, str, str], PullRequest | None]
Merge = Callable[[Api, str, int, str], None]
_HOSTS: dict[HostKind, tuple[Newest, Merge]] = {
    "github": (github_newest, github_merge),
    "gitlab": (gitlab_newest, gitlab_merge),
    "bitbucket": (bitbucket_newest, bitbucket_merge),
    "gitea": (gitea_newest, gitea_merge),
}
_SIZES: dict[HostKind, Callable[[Api, str], int]] = {
    "github": github_size,
    "gitlab": gitlab_size,
    "bitbucket": bitbucket_size,
    "gitea": github_size,
}


def newest(
    report: Report, repository: dict[str, Any], hosted: dict[str, Any], branch: str, target: str
) -> dict[str, Any]:
    """The newest pull request of a branch: ``{signed_in, request}``, a ``PullRequest`` or None. Without a token nothing
    is asked."""
    git, at = Git.of(repository), Hosted(**hosted)
    if git.sign_in.kind != "token":
        return {"signed_in": False, "request": None}
    try:
        found = _HOSTS[at.kind][0](_api(git, at), at.path, branch, target)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise _odd(at) from None
    return {"signed_in": True, "request": asdict(found) if found is not None else None}


def merge(report: Report, repository: dict[str, Any], hosted: dict[str, Any], number: int, head: str) -> None:
    """Merge a pull request if ``head`` is still its commit."""
    git, at = Git.of(repository), Hosted(**hosted)
    if git.sign_in.kind != "token":
        raise Unavailable(
            "authentication_needed", f"{at.host} merges only for those who sign in.",
            f"Add a token for {at.host} in Projects → Credentials.",
        )  # fmt: skip
    try:
        _HOSTS[at.kind][1](_api(git, at), at.path, number, head)
    except (KeyError, TypeError, AttributeError, IndexError):
        raise _odd(at) from None


def size(report: Report, repository: dict[str, Any], hosted: dict[str, Any]) -> int | None:
    """How large a repository is on its host, in bytes; None where the host does not tell."""
    git, at = Git.of(repository), Hosted(**hosted)
    try:
        return _SIZES[at.kind](_api(git, at), at.path)
    except (KeyError, TypeError, AttributeError, IndexError, AtriumError):
        return None


def _api(git: Git, at: Hosted) -> Api:
    return Api(at.api, at.kind, at.host, git.sign_in, git.inside)


def _odd(at: Hosted) -> Unavailable:
    return Unavailable(
        "not_an_api", f"{at.host} does not answer as a host of the kind {at.kind!r} does.",
        "The operator names kinds of hosts in settings/git-hosts.json.",
    )  # fmt: skip
