"""Git hosts' APIs, speaking the JSON that each documents, for one pull request of one repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "tok-en/with:odd@letters"


@dataclass
class PullRequestHost:
    """What a host knows; ``merge`` is called when it is merged there. ``seen`` has every Authorization-like header.

    ``broken``: answer everything with this status. ``elsewhere``: redirect everything to that address.
    """

    kind: str
    path: str = "team/forecast"
    branch: str = "weekly"
    head: str = "a" * 40
    state: str = "open"
    exists: bool = True
    mergeable: bool | None = True
    merge: Callable[[], None] = lambda: None
    seen: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: int = 0
    elsewhere: str = ""

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any] | None:
        prefix = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1", "bitbucket": "/2.0"}[self.kind]
        if not path.startswith(prefix):
            return None
        self.asked.append(f"{method} {path}")
        given = headers.get("Authorization") or headers.get("Private-Token") or headers.get("PRIVATE-TOKEN") or ""
        self.seen.append(given)
        if self.elsewhere:
            return 302, self.elsewhere + path
        if self.broken:
            return self.broken, {"message": "Something is wrong here"}
        expected = {"github": f"Bearer {TOKEN}", "gitlab": TOKEN, "gitea": f"token {TOKEN}"}.get(self.kind)
        if expected is not None and given != expected:
            return 401, {"message": "Bad credentials"}
        parts = urlsplit(path.removeprefix(prefix))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = getattr(self, f"_{self.kind}")(method, parts.path, query, json.loads(body) if body else {})
        return answer if answer is not None else (404, {"message": "Not Found"})

    def _merged(self, head: str) -> tuple[int, Any] | None:
        if head and head != self.head:
            return 409, {"message": "Head branch was modified. Review and try the merge again."}
        if self.mergeable is False:
            return 405, {"message": 'Required status check "tests" is failing.'}
        self.state = "merged"
        self.merge()
        return None

    def _github(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any] | None:
        repo = f"/repos/{self.path}"
        one = {
            "number": 7, "title": "Weekly", "html_url": f"https://host.example/{self.path}/pull/7", "draft": False,
            "state": "open" if self.state == "open" else "closed", "merged": self.state == "merged",
            "mergeable": self.mergeable, "head": {"ref": self.branch, "sha": self.head}, "base": {"ref": "main"},
        }  # fmt: skip
        if path == f"{repo}/pulls":
            mine = query["head"] == f"team:{self.branch}" and query["base"] == "main"
            return 200, [one] if self.exists and mine else []
        if path == f"{repo}/pulls/7/reviews":
            return 200, [
                {"user": {"login": "bo"}, "state": "CHANGES_REQUESTED"}, {"user": {"login": "bo"}, "state": "APPROVED"},
                {"user": {"login": "bo"}, "state": "COMMENTED"}, {"user": None, "state": "DISMISSED"},
            ]  # fmt: skip
        if path == f"{repo}/pulls/7/merge" and method == "PUT":
            return self._merged(body["sha"]) or (200, {"merged": True, "sha": "f" * 40})
        if path == f"{repo}/pulls/7":
            return 200, one
        if path == f"{repo}/commits/{self.head}/check-runs":
            return 200, {"total_count": 2, "check_runs": [
                {"name": "tests", "status": "completed", "conclusion": "success", "html_url": "https://host.example/1"},
                {"name": "lint", "status": "in_progress", "conclusion": None, "html_url": None},
            ]}  # fmt: skip
        if path == f"{repo}/commits/{self.head}/status":
            return 200, {"state": "failure", "statuses": [{"context": "ci", "state": "failure", "target_url": None}]}
        return None

    def _gitea(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any] | None:
        repo = f"/repos/{self.path}"
        one = {
            "number": 7, "title": "Weekly", "html_url": f"https://host.example/{self.path}/pulls/7",
            "state": "open" if self.state == "open" else "closed", "merged": self.state == "merged",
            "mergeable": bool(self.mergeable), "head": {"ref": self.branch, "sha": self.head}, "base": {"ref": "main"},
        }  # fmt: skip
        if path == f"{repo}/pulls":
            return 200, [one] if self.exists else []
        if path == f"{repo}/pulls/7/reviews":
            return 200, [
                {"user": {"login": "bo"}, "state": "APPROVED", "dismissed": False},
                {"user": {"login": "cleo"}, "state": "REQUEST_CHANGES", "dismissed": True},
            ]
        if path == f"{repo}/pulls/7/merge" and method == "POST":
            return self._merged(body["head_commit_id"]) or (200, {})
        if path == f"{repo}/pulls/7":
            return 200, one
        if path == f"{repo}/commits/{self.head}/status":
            return 200, {"state": "pending", "statuses": [
                {"context": "tests", "status": "success", "target_url": ""},
                {"context": "lint", "status": "pending", "target_url": ""},
                {"context": "ci", "status": "error", "target_url": ""},
            ]}  # fmt: skip
        return None

    def _gitlab(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any] | None:
        project, _, rest = path.removeprefix("/projects/").partition("/")
        if unquote(project) != self.path:
            return None
        one = {
            "iid": 7, "title": "Weekly", "web_url": f"https://host.example/{self.path}/-/merge_requests/7",
            "state": {"open": "opened"}.get(self.state, self.state), "draft": False, "sha": self.head,
            "target_branch": "main",
            "detailed_merge_status": {True: "mergeable", False: "ci_must_pass", None: "checking"}[self.mergeable],
        }  # fmt: skip
        if rest == "merge_requests":
            return 200, [one] if self.exists and query["source_branch"] == self.branch else []
        if rest == "merge_requests/7/approvals":
            return 200, {"approved_by": [{"user": {"username": "bo", "name": "Bo"}}]}
        if rest == "merge_requests/7/merge" and method == "PUT":
            return self._merged(body["sha"]) or (200, {**one, "state": "merged"})
        if rest == "merge_requests/7":
            return 200, one
        if rest == f"repository/commits/{self.head}/statuses":
            return 200, [
                {"name": "tests", "status": "success", "target_url": "https://host.example/1"},
                {"name": "lint", "status": "running", "target_url": None},
                {"name": "ci", "status": "failed", "target_url": None},
            ]
        return None

    def _bitbucket(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any] | None:
        requests = f"/repositories/{self.path}/pullrequests"
        one = {
            "id": 7, "title": "Weekly", "state": self.state.upper(), "draft": False,
            "links": {"html": {"href": f"https://host.example/{self.path}/pull-requests/7"}},
            "source": {"branch": {"name": self.branch}, "commit": {"hash": self.head[:12]}},
            "destination": {"branch": {"name": "main"}},
            "participants": [
                {"user": {"display_name": "Bo"}, "approved": True, "state": "approved", "role": "REVIEWER"},
                {"user": {"display_name": "Cleo"}, "approved": False, "state": None, "role": "PARTICIPANT"},
            ],
        }  # fmt: skip
        if path == requests:
            mine = f'source.branch.name = "{self.branch}"' in query["q"]
            return 200, {"values": [one] if self.exists and mine else []}
        if path == f"{requests}/7/statuses":
            return 200, {"values": [
                {"key": "T", "name": "tests", "state": "SUCCESSFUL", "url": "https://host.example/1"},
                {"key": "L", "name": "lint", "state": "INPROGRESS", "url": ""},
                {"key": "ci", "state": "FAILED", "url": ""},
            ]}  # fmt: skip
        if path == f"{requests}/7/merge" and method == "POST":
            return self._merged("") or (200, {**one, "state": "MERGED"})
        return (200, one) if path == f"{requests}/7" else None
