"""Merge requests of GitLab. See https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from workspace_ext.contract.pull_requests import Check, HostReview, PullRequest

from .http import Api

_STATES: dict[str, Literal["open", "merged", "closed"]] = {"opened": "open", "merged": "merged", "locked": "open"}
_CHECKS = {"success": "passed", "failed": "failed", "canceled": "failed", "skipped": "skipped", "manual": "skipped"}
_SOON = {"unchecked", "checking", "preparing", "ci_still_running", "approvals_syncing"}


def gitlab_newest(api: Api, path: str, branch: str, target: str) -> PullRequest | None:
    project = f"/projects/{quote(path, safe='')}"
    listed = api.get(
        f"{project}/merge_requests", source_branch=branch, target_branch=target, order_by="created_at", per_page=1
    )
    if not listed:
        return None
    number = listed[0]["iid"]
    found = api.get(f"{project}/merge_requests/{number}")
    state = _STATES.get(found["state"], "closed")
    checks: list[Any] = []
    approvals: dict[str, Any] = {}
    if state == "open":
        checks = api.get(f"{project}/repository/commits/{found['sha']}/statuses", per_page=100) or []
        # Missing where the host's edition has no approvals.
        approvals = api.get(f"{project}/merge_requests/{number}/approvals") or {}
    told = found.get("detailed_merge_status", "unchecked")
    return PullRequest(
        number, found["title"], found["web_url"], state, found["sha"], found["target_branch"],
        bool(found.get("draft")),
        "unknown" if told in _SOON or state != "open" else "yes" if told == "mergeable" else "no",
        [Check(one["name"], _state(one["status"]), one.get("target_url") or "") for one in checks],
        [HostReview(one["user"]["username"], "approved") for one in approvals.get("approved_by") or []],
    )  # fmt: skip


def gitlab_merge(api: Api, path: str, number: int, head: str) -> None:
    api.send("PUT", f"/projects/{quote(path, safe='')}/merge_requests/{number}/merge", {"sha": head})


def gitlab_size(api: Api, path: str) -> int:
    """Told to those who may see the project's statistics."""
    told = api.get(f"/projects/{quote(path, safe='')}", statistics="true")
    return int(told["statistics"]["repository_size"])


def _state(status: str) -> Any:
    return _CHECKS.get(status, "running")
