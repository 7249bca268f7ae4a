"""Pull requests of bitbucket.org. See https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/."""

from __future__ import annotations

from typing import Any, Literal

from workspace_ext.contract.pull_requests import Check, HostReview, PullRequest

from ...kit.errors import Conflict
from .http import Api

_STATES: dict[str, Literal["open", "merged", "closed"]] = {"OPEN": "open", "MERGED": "merged"}
_CHECKS = {"SUCCESSFUL": "passed", "INPROGRESS": "running", "STOPPED": "skipped"}


def bitbucket_newest(api: Api, path: str, branch: str, target: str) -> PullRequest | None:
    requests = f"/repositories/{path}/pullrequests"
    listed = api.get(
        requests, q=f"source.branch.name = {_quoted(branch)} AND destination.branch.name = {_quoted(target)} AND "
        '(state = "OPEN" OR state = "MERGED" OR state = "DECLINED")', sort="-created_on", pagelen=1,
    )  # fmt: skip
    if not listed or not listed.get("values"):
        return None
    number = listed["values"][0]["id"]
    found = api.get(f"{requests}/{number}")
    state = _STATES.get(found["state"], "closed")
    statuses = (api.get(f"{requests}/{number}/statuses", pagelen=100) or {}) if state == "open" else {}
    return PullRequest(
        number, found["title"], found["links"]["html"]["href"], state, found["source"]["commit"]["hash"],
        found["destination"]["branch"]["name"], bool(found.get("draft")),
        checks=[
            Check(one.get("name") or one["key"], _state(one["state"]), one.get("url") or "")
            for one in statuses.get("values", [])
        ],
        reviews=[
            HostReview((one.get("user") or {}).get("display_name") or "somebody", one["state"])
            for one in found.get("participants", []) if one.get("state") in ("approved", "changes_requested")
        ],
    )  # fmt: skip


def bitbucket_merge(api: Api, path: str, number: int, head: str) -> None:
    requests = f"/repositories/{path}/pullrequests/{number}"
    # This host takes no commit along: look just before.
    found = api.get(requests)
    if found is None or not head.startswith(found["source"]["commit"]["hash"]):
        raise Conflict("head_moved", "The branch has other commits on the host now.", "Look again, then merge.")
    api.send("POST", f"{requests}/merge", {"merge_strategy": "merge_commit"})


def bitbucket_size(api: Api, path: str) -> int:
    return int(api.get(f"/repositories/{path}")["size"])


def _state(state: str) -> Any:
    return _CHECKS.get(state, "failed")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
