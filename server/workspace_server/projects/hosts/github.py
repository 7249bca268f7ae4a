"""Pull requests of GitHub, and of Gitea and Forgejo, whose API is like it."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from workspace_ext.contract.pull_requests import Check, HostReview, PullRequest

from .http import Api

_RUNS = {"success": "passed", "neutral": "passed", "skipped": "skipped", "stale": "skipped"}
_STATUSES = {"success": "passed", "pending": "running", "warning": "passed", "skipped": "skipped"}
# Gitea writes REQUEST_CHANGES.
_REVIEWS: dict[str, Literal["approved", "changes_requested"]] = {
    "APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested", "REQUEST_CHANGES": "changes_requested",
}  # fmt: skip


def github_newest(api: Api, path: str, branch: str, target: str) -> PullRequest | None:
    """See https://docs.github.com/en/rest/pulls, /checks and /commits/statuses."""
    owner = path.partition("/")[0]
    listed = api.get(f"/repos/{path}/pulls", head=f"{owner}:{branch}", base=target, state="all", per_page=1)
    if not listed:
        return None
    found = api.get(f"/repos/{path}/pulls/{listed[0]['number']}")
    head = found["head"]["sha"]
    is_open = found["state"] == "open"
    runs = (api.get(f"/repos/{path}/commits/{head}/check-runs", per_page=100) or {}) if is_open else {}
    checks = [
        Check(run["name"], _run(run), run.get("html_url") or "") for run in runs.get("check_runs", [])
    ]  # fmt: skip
    return _request(api, path, found, [*checks, *_statuses(api, path, head)] if is_open else [])


def gitea_newest(api: Api, path: str, branch: str, target: str) -> PullRequest | None:
    """See https://docs.gitea.com/api and https://forgejo.org/docs/latest/user/api-usage/."""
    for page in range(1, 4):
        listed = api.get(f"/repos/{path}/pulls", state="all", sort="recentupdate", page=page, limit=50) or []
        for one in listed:
            if one["head"]["ref"] == branch and one["base"]["ref"] == target:
                found = api.get(f"/repos/{path}/pulls/{one['number']}")
                is_open = found["state"] == "open"
                return _request(api, path, found, _statuses(api, path, found["head"]["sha"]) if is_open else [])
        if len(listed) < 50:
            break
    return None


def github_merge(api: Api, path: str, number: int, head: str) -> None:
    api.send("PUT", f"/repos/{path}/pulls/{number}/merge", {"sha": head, "merge_method": "merge"})


def gitea_merge(api: Api, path: str, number: int, head: str) -> None:
    api.send("POST", f"/repos/{path}/pulls/{number}/merge", {"Do": "merge", "head_commit_id": head})


def github_size(api: Api, path: str) -> int:
    """Both tell kilobytes."""
    return int(api.get(f"/repos/{path}")["size"]) * 1024


def _request(api: Api, path: str, found: dict[str, Any], checks: list[Check]) -> PullRequest:
    number, is_open = found["number"], found["state"] == "open"
    reviews = (api.get(f"/repos/{path}/pulls/{number}/reviews") or []) if is_open else []
    mergeable = found.get("mergeable")
    return PullRequest(
        number, found["title"], found["html_url"], "open" if is_open else "merged" if found.get("merged") else "closed",
        found["head"]["sha"], found["base"]["ref"], bool(found.get("draft")),
        "unknown" if mergeable is None or not is_open else "yes" if mergeable else "no", checks, _last_said(reviews),
    )  # fmt: skip


def _run(run: dict[str, Any]) -> Any:
    if run.get("status") != "completed":
        return "running"
    return _RUNS.get(run.get("conclusion") or "", "failed")


def _statuses(api: Api, path: str, head: str) -> list[Check]:
    told = api.get(f"/repos/{path}/commits/{quote(head)}/status") or {}
    return [
        # Gitea has named the same field "status".
        Check(one["context"], _state(one.get("state") or one.get("status") or ""), one.get("target_url") or "")
        for one in told.get("statuses") or []
    ]


def _state(state: str) -> Any:
    return _STATUSES.get(state, "failed")


def _last_said(reviews: list[dict[str, Any]]) -> list[HostReview]:
    """Of each person the last that approves or asks for changes; a comment takes neither back."""
    last: dict[str, HostReview | None] = {}
    for one in reviews:
        person, state = (one.get("user") or {}).get("login") or "somebody", one.get("state", "")
        if state == "DISMISSED" or one.get("dismissed"):
            last[person] = None
        elif state in _REVIEWS:
            last[person] = HostReview(person, _REVIEWS[state])
    return [one for one in last.values() if one is not None]
