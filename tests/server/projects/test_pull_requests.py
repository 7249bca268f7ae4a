"""Pull requests on git hosts: where they are opened, how they stand, merged with the person's own token alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.hosts import TOKEN, PullRequestHost
from tests.fakes.remotes import Remote, allow, git, slow_http
from tests.server.projects.conftest import Room
from workspace_ext.contract.credentials import KeepCredential
from workspace_ext.contract.projects import Project
from workspace_ext.contract.pull_requests import HostReview, MergePullRequest
from workspace_server.kit.errors import Conflict, NotFound, Unavailable
from workspace_server.projects.hosts import addresses
from workspace_server.projects.hosts.addresses import hosted_at
from workspace_server.projects.hosts.requests import merge, newest


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://github.com/team/forecast.git", "https://github.com/team/forecast/compare/main...a/b%23c?expand=1"),
        ("git@github.com:team/forecast.git", "https://github.com/team/forecast/compare/main...a/b%23c?expand=1"),
        ("ssh://git@ssh.github.com:443/team/forecast", "https://github.com/team/forecast/compare/main...a/b%23c?expand=1"),
        ("https://gitlab.com/team/sub/forecast.git", "https://gitlab.com/team/sub/forecast/-/merge_requests/new?"
         "merge_request%5Bsource_branch%5D=a%2Fb%23c&merge_request%5Btarget_branch%5D=main"),
        ("git@bitbucket.org:team/forecast.git", "https://bitbucket.org/team/forecast/pull-requests/new?source=a%2Fb%23c&dest=main"),
        ("https://codeberg.org/team/forecast.git", "https://codeberg.org/team/forecast/compare/main...a/b%23c"),
        ("https://git.named.org:8443/team/forecast", "https://git.named.org:8443/team/forecast/compare/main...a/b%23c"),
    ],
)  # fmt: skip
def test_the_page_that_opens_one(url: str, page: str) -> None:
    at = hosted_at(url, {"git.named.org:8443": "gitea"})
    assert at is not None
    assert not at.guessed
    assert at.new_url("a/b#c", "main") == page


def test_a_guess_is_said_to_be_one_and_the_unknown_stays_unknown() -> None:
    guessed = hosted_at("ssh://git@gitlab.example.org:2222/team/forecast.git", {})
    assert guessed is not None
    assert (guessed.kind, guessed.guessed, guessed.origin) == ("gitlab", True, "https://gitlab.example.org")
    assert guessed.api == "https://gitlab.example.org/api/v4"
    forgejo = hosted_at("https://my-forgejo.example.org/team/forecast", {})
    assert forgejo is not None
    assert (forgejo.kind, forgejo.guessed) == ("gitea", True)
    for url in (
        "https://git.example.org/team/forecast", "https://notgithub.com/team/forecast", "file:///srv/forecast.git",
        "https://github.com/alone", "https://bitbucket.example.org/scm/team/forecast.git",
    ):  # fmt: skip
        assert hosted_at(url, {}) is None
    assert hosted_at("https://github.com/t/f", {}).api == "https://api.github.com"  # type: ignore[union-attr]


def write_kinds(room: Room, base: str, kind: str) -> None:
    named = {base.partition("://")[2]: kind}
    (room.home.settings / "git-hosts.json").write_text(json.dumps(named))


async def cloned(room: Room, remote: Remote, base: str) -> Project:
    url = f"{base}/team/forecast.git"
    allow(room.home.path, url)
    remote.push({"weekly.txt": "w"}, "weekly")
    return await room.clone(url)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote" / "team")


def at_the_host(remote: Remote, kind: str) -> PullRequestHost:
    def merged() -> None:
        git(remote.elsewhere, "checkout", "--quiet", "main")
        git(remote.elsewhere, "merge", "--quiet", "--no-ff", "-m", "Merged there", "weekly")
        git(remote.elsewhere, "push", "--quiet", "origin", "main")

    return PullRequestHost(kind, merge=merged)


CHECKS = [("tests", "passed"), ("lint", "running"), ("ci", "failed")]


@pytest.mark.parts
@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
async def test_how_one_stands_and_merging_it(room: Room, remote: Remote, tmp_path: Path, kind: str) -> None:
    host = at_the_host(remote, kind)
    with slow_http(tmp_path / "remote", api=host) as base:
        write_kinds(room, base, kind)
        project = await cloned(room, remote, base)
        host.head = remote.head("weekly")
        requests, me = room.projects.pull_requests, room.ana.id
        before = await requests.of(project.id, "weekly", me)
        assert (before.kind, before.guessed, before.signed_in, before.request) == (kind, False, False, None)
        assert before.new_url.startswith(f"{base}/team/forecast/")
        assert host.asked == []
        with pytest.raises(Unavailable, match="only for those who sign in"):
            await requests.merge(project.id, "weekly", MergePullRequest(7, host.head), me)

        room.projects.credentials.keep(me, KeepCredential(base, "token", TOKEN, "ana"))
        known = await requests.of(project.id, "weekly", me)
        request = known.request
        assert known.problem is None
        assert request is not None
        assert (request.number, request.title, request.state, request.mergeable) == (7, "Weekly", "open", "yes")
        assert (request.head, request.target) == (host.head, "main")
        assert [(check.name, check.state) for check in request.checks] == CHECKS
        assert request.reviews == [HostReview("bo", "approved")]
        # Nobody else's token is used: Bo has none here.
        assert not (await requests.of(project.id, "weekly", room.bo.id)).signed_in

        with pytest.raises(Conflict, match="did not merge it"):
            await requests.merge(project.id, "weekly", MergePullRequest(7, "b" * 40), me)
        host.mergeable = False
        assert (await requests.of(project.id, "weekly", me)).request == replace(request, mergeable="no")
        with pytest.raises(Conflict, match='Required status check "tests" is failing'):
            await requests.merge(project.id, "weekly", MergePullRequest(7, host.head), me)
        host.mergeable = True
        after = await requests.merge(project.id, "weekly", MergePullRequest(7, host.head), me)
        assert after.request is not None
        assert (after.request.state, after.request.checks) == ("merged", [])
        production = room.projects.production(project.id)
        assert production is not None
        assert production.sha == remote.head()
        assert git(remote.path, "log", "-1", "--format=%s", "main") == "Merged there"
        host.exists = False
        assert (await requests.of(project.id, "weekly", me)).request is None


@pytest.mark.parts
async def test_what_a_host_refuses_is_said_and_the_token_goes_nowhere_else(
    room: Room, remote: Remote, tmp_path: Path
) -> None:
    host, other = at_the_host(remote, "github"), PullRequestHost("github")
    with slow_http(tmp_path / "remote", api=host) as base, slow_http(tmp_path / "remote", api=other) as elsewhere:
        write_kinds(room, base, "github")
        project = await cloned(room, remote, base)
        room.projects.credentials.keep(room.ana.id, KeepCredential(base, "token", TOKEN, "ana"))
        requests = room.projects.pull_requests

        async def problem() -> str:
            known = await requests.of(project.id, "weekly", room.ana.id)
            assert known.new_url
            assert known.problem is not None
            assert TOKEN not in f"{known}"
            return known.problem.code

        host.elsewhere = elsewhere
        assert await problem() == "host_failed"
        assert other.seen == []
        host.elsewhere = ""
        for status, code in ((401, "authentication_refused"), (403, "authentication_refused"), (502, "host_failed")):
            host.broken = status
            assert await problem() == code
        host.broken = 0
        host.kind = "gitlab"  # what answers there is something else
        assert (await requests.of(project.id, "weekly", room.ana.id)).request is None
        assert not list((room.home.run / "sign-ins").glob("*"))
    assert await problem() == "unreachable"

    (room.home.settings / "git-hosts.json").unlink()
    assert (await requests.of(project.id, "weekly", room.ana.id)).kind is None
    with pytest.raises(NotFound):
        await requests.merge(project.id, "weekly", MergePullRequest(7, "a"), room.ana.id)


def test_bitbucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = PullRequestHost("bitbucket", branch="weekly")
    lent = tmp_path / "lent"
    lent.write_text("https://ana:secret%2Ftoken@bitbucket.org\n")
    sign_in = {"kind": "token", "file": str(lent)}
    repository = {"directory": str(tmp_path), "home": str(tmp_path), "sign_in": sign_in, "inside": True}
    at = {"kind": "bitbucket", "guessed": False, "origin": "https://bitbucket.org", "path": "team/forecast"}
    with slow_http(tmp_path, api=host) as base:
        monkeypatch.setattr(addresses, "_OWN_APIS", {"bitbucket.org": f"{base}/2.0"})
        found = newest(lambda *_: None, repository, at, "weekly", "main")["request"]
        assert (found["number"], found["state"], found["mergeable"]) == (7, "open", "unknown")
        assert [(check["name"], check["state"]) for check in found["checks"]] == CHECKS
        assert found["reviews"] == [{"person": "Bo", "state": "approved"}]
        assert set(host.seen) == {"Basic YW5hOnNlY3JldC90b2tlbg=="}
        with pytest.raises(Conflict, match="other commits"):
            merge(lambda *_: None, repository, at, 7, "b" * 40)
        merge(lambda *_: None, repository, at, 7, host.head)
        assert host.state == "merged"
        host.exists = False
        assert newest(lambda *_: None, repository, at, "weekly", "main")["request"] is None
