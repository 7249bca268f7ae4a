"""Webhooks over HTTP, on a real server that follows a real remote and polls but once an hour."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Remote, allow
from tests.fakes.servers import Server, start_server
from workspace_server.projects.production.webhooks import (
    LARGEST,
    MOST_A_MINUTE,
    MOST_REMEMBERED,
    REMEMBERED,
    _Memory,
    signed,
)

pytestmark = pytest.mark.parts
BODY = json.dumps({"ref": "refs/heads/main", "after": "0" * 40}).encode()


class Hook:
    """A project's webhook, as a git host has it."""

    def __init__(self, server: Server, project: str, remote: Remote) -> None:
        self.server = server
        self.remote = remote
        self.project = f"/projects/{project}"
        made = server.api("POST", f"{self.project}/webhook/secret")
        self.path, self.secret = made["path"], made["secret"]
        self._number = 0

    def digest(self, body: bytes = BODY) -> str:
        return hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def send(self, headers: dict[str, str], body: bytes = BODY) -> tuple[int, Any]:
        """Status and reply of a delivery; without an id of its own it gets the next one."""
        self._number += 1
        given = {"X-GitHub-Delivery": f"{self.secret[:8]}-{self._number}", **headers}
        address = urllib.parse.urlsplit(self.server.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        try:
            connection.request("POST", address.path + self.path, body, given)
            reply = connection.getresponse()
            content = reply.read()
            return reply.status, json.loads(content) if content else None
        finally:
            connection.close()

    def github(self, body: bytes = BODY, **headers: str) -> tuple[int, Any]:
        return self.send({"X-Hub-Signature-256": f"sha256={self.digest(body)}", **headers}, body)

    def published(self) -> str:
        sha: str = self.server.api("GET", f"{self.project}/production")["sha"]
        return sha

    def follows(self, sha: str, seconds: float = 30) -> float:
        """Seconds until ``sha`` is in production."""
        started = time.monotonic()
        while self.published() != sha:
            assert time.monotonic() - started < seconds, "production does not follow"
            time.sleep(0.02)
        return time.monotonic() - started


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hook]:
    folder = tmp_path_factory.mktemp("webhooks")
    remote = Remote(folder / "remote")
    allow(folder / "home", remote.url)
    with start_server(folder / "home", ATRIUM_POLL_SECONDS="3600") as server:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        server.api("POST", f"/projects/{opened['project']}/look")
        yield Hook(server, opened["project"], remote)


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("GitHub", {"X-Hub-Signature-256": "sha256={digest}", "X-Hub-Signature": "sha1=0", "X-GitHub-Event": "push"}),
        ("Bitbucket", {"X-Hub-Signature": "sha256={digest}", "X-Event-Key": "repo:push", "X-Request-UUID": "b-1"}),
        ("Gitea", {"X-Gitea-Signature": "{digest}", "X-Gitea-Event": "push", "X-Gitea-Delivery": "g-1"}),
        ("Forgejo", {"X-Forgejo-Signature": "{digest}", "X-Forgejo-Event": "push", "X-Forgejo-Delivery": "f-1"}),
        ("GitLab", {"X-Gitlab-Token": "{secret}", "X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "l-1"}),
    ],
)
def test_a_push_and_a_delivery_of_each_host(hook: Hook, host: str, headers: dict[str, str]) -> None:
    sha = hook.remote.push({"host.txt": host})
    given = {name: value.format(digest=hook.digest(), secret=hook.secret) for name, value in headers.items()}
    assert hook.send(given) == (202, {"outcome": "looking"})
    took = hook.follows(sha)
    print(f"{host}: {took:.2f} s from delivery to published")
    assert took <= 10
    newest = hook.server.api("GET", f"{hook.project}/production/history")["publications"][0]
    assert (newest["sha"], newest["because"], newest["by"]) == (sha, "webhook", "")


def test_what_is_not_signed_changes_nothing(hook: Hook) -> None:
    before = hook.published()
    sha = hook.remote.push({"unsigned.txt": str(time.time())})
    wrong = "0" * 64
    for headers in (
        {},
        {"X-Hub-Signature-256": f"sha256={wrong}"}, {"X-Hub-Signature": f"sha256={wrong}"},
        {"X-Hub-Signature": f"sha1={hmac.new(hook.secret.encode(), BODY, hashlib.sha1).hexdigest()}"},
        {"X-Gitea-Signature": wrong}, {"X-Forgejo-Signature": ""}, {"X-Gitlab-Token": hook.secret[:-1]},
        {"X-Gitlab-Token": "ü"}, {"X-Hub-Signature-256": f"sha256={hook.digest(BODY + b' ')}"},
        {"X-Hub-Signature-256": f"sha256={hook.digest()}".upper()},
    ):  # fmt: skip
        status, reply = hook.send(headers)
        assert (status, reply["code"]) == (401, "not_signed"), headers
    # Neither does a valid one for a project that is not there, or an API token instead of a signature.
    for path, headers in (
        (hook.path.replace(hook.project.split("/")[2], "0" * 12), {"X-Gitlab-Token": hook.secret}),
        (hook.path, {"Authorization": f"token {hook.server.tokens['ana']}"}),
    ):
        assert hook.server.request("POST", path, {}, person=None, **headers)[0] == 401
    time.sleep(1)
    assert hook.published() == before
    assert hook.server.api("GET", f"{hook.project}/webhook")["last"] == "refused"
    hook.server.api("POST", f"{hook.project}/look")
    assert hook.published() == sha


def test_a_replayed_delivery_and_a_ping_do_not_look(hook: Hook) -> None:
    signature = {"X-Hub-Signature-256": f"sha256={hook.digest()}", "X-GitHub-Delivery": "the-same"}
    first = hook.remote.push({"replay.txt": "1"})
    assert hook.send(signature) == (202, {"outcome": "looking"})
    hook.follows(first)
    second = hook.remote.push({"replay.txt": "2"})
    assert hook.send(signature) == (202, {"outcome": "repeated"})
    assert hook.github(**{"X-GitHub-Event": "ping"}) == (202, {"outcome": "ping"})
    assert hook.send({"X-Hub-Signature": f"sha256={hook.digest()}", "X-Event-Key": "diagnostics:ping"})[1] == {
        "outcome": "ping"
    }
    time.sleep(1)
    assert hook.published() == first
    assert hook.github()[0] == 202
    hook.follows(second)


def test_many_deliveries_are_few_looks(hook: Hook) -> None:
    sha = hook.remote.push({"many.txt": "x"})
    for _ in range(20):
        assert hook.github() == (202, {"outcome": "looking"})
    hook.follows(sha)
    publications = hook.server.api("GET", f"{hook.project}/production/history")["publications"]
    assert [one["sha"] for one in publications].count(sha) == 1


def test_a_body_may_have_25_mb_and_not_more(hook: Hook) -> None:
    full = b"x" * LARGEST
    assert hook.github(full) == (202, {"outcome": "looking"})
    resident = _resident(hook.server)
    status, reply = hook.github(full + b"x")
    assert (status, reply["code"]) == (413, "too_large")
    # Also one that does not say how long it is, and one that is far longer: neither is held.
    status, reply = _chunked(hook, 4 * LARGEST)
    assert (status, reply["code"]) == (413, "too_large")
    assert _resident(hook.server) - resident < LARGEST
    assert hook.github()[0] == 202


def test_the_secret_is_replaced_and_deleted_by_owners_only(hook: Hook) -> None:
    for method, path in (("GET", "webhook"), ("POST", "webhook/secret"), ("DELETE", "webhook/secret")):
        assert hook.server.request(method, f"atrium/api{hook.project}/{path}", person="bo")[0] == 403
        assert hook.server.request(method, f"atrium/api{hook.project}/{path}", person=None)[0] == 401
    told = hook.server.api("GET", f"{hook.project}/webhook")
    assert (told["path"], told["by"]) == (hook.path, "Ana")
    assert hook.secret not in json.dumps(told)
    database = b"".join(path.read_bytes() for path in hook.server.home.glob("atrium.db*"))
    assert hook.secret.encode() not in database
    old = hook.secret
    hook.secret = hook.server.api("POST", f"{hook.project}/webhook/secret")["secret"]
    assert hook.send({"X-Gitlab-Token": old})[0] == 401
    assert hook.github()[0] == 202
    hook.server.api("DELETE", f"{hook.project}/webhook/secret")
    assert hook.github()[0] == 401
    assert hook.server.request("DELETE", f"atrium/api{hook.project}/webhook/secret")[0] == 404
    hook.secret = hook.server.api("POST", f"{hook.project}/webhook/secret")["secret"]


def test_too_many_in_a_minute_are_told_so(hook: Hook) -> None:
    hook.secret = hook.server.api("POST", f"{hook.project}/webhook/secret")["secret"]
    statuses = [hook.send({"X-Gitlab-Token": "wrong"})[0] for _ in range(MOST_A_MINUTE)]
    assert set(statuses) == {401}
    status, reply = hook.github()
    assert (status, reply["code"]) == (429, "too_many")
    # What is not signed at all does not count, and a new secret begins anew.
    hook.secret = hook.server.api("POST", f"{hook.project}/webhook/secret")["secret"]
    assert {hook.send({})[0] for _ in range(MOST_A_MINUTE + 1)} == {401}
    assert hook.github()[0] == 202


def test_what_is_remembered_is_bounded_and_ends_after_a_day() -> None:
    memory = _Memory()
    assert not memory.repeated("a", 0)
    assert memory.repeated("a", REMEMBERED - 1)
    assert not memory.repeated("a", REMEMBERED)
    for number in range(2 * MOST_REMEMBERED):
        memory.repeated(str(number), REMEMBERED)
    assert len(memory.seen) == MOST_REMEMBERED
    assert not signed("secret", {}, b"")


def _chunked(hook: Hook, size: int) -> tuple[int, Any]:
    address = urllib.parse.urlsplit(hook.server.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    chunk = b"x" * 2**20
    try:
        headers = {"X-Hub-Signature-256": f"sha256={'0' * 64}"}
        parts = (chunk for _ in range(size // len(chunk)))
        connection.request("POST", address.path + hook.path, parts, headers, encode_chunked=True)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def _resident(server: Server) -> int:
    """Bytes that the server's process has in memory."""
    pages = (Path("/proc") / str(server.process.pid) / "statm").read_text().split()[1]
    return int(pages) * 4096
