"""What people type, before git sees it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace_server.kit.errors import Invalid
from workspace_server.projects.names import (
    branch_of,
    check_branch,
    check_project_name,
    folder_of,
    project_name,
    protocols_for,
)


@pytest.mark.parametrize(
    "name", ["main", "forecast-weekly", "feature/x/y", "release-1.2", "prévision", "予測", "a@b", "x#1", "100%"]
)
def test_branch_names_that_git_takes(name: str) -> None:
    assert check_branch(name) == name
    assert branch_of(folder_of(name)) == name
    assert "/" not in folder_of(name)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "-x", "--upload-pack=x", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a.lock", ".a",
        "a/.b", "a/", "/a", "a//b", "@", "a@{1}", "HEAD", "refs/heads/x", "a\nb", "a\x7fb", "x" * 300, "a.", "\udc80",
    ],
)  # fmt: skip
def test_branch_names_that_cannot_be(name: str) -> None:
    with pytest.raises(Invalid) as error:
        check_branch(name)
    assert error.value.field == "name"
    assert "cannot be a branch: " in error.value.message


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_a_name_that_passes_is_one_that_git_takes(name: str) -> None:
    try:
        check_branch(name)
    except Invalid:
        return
    subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=True)
    assert Path(folder_of(name)).name == folder_of(name)
    assert branch_of(folder_of(name)) == name


@pytest.mark.parametrize(
    "url",
    ["https://github.com/a/b.git", "https://host:8443/b", "ssh://git@host/a/b", "git@github.com:a/b.git"],
)
def test_addresses_that_anybody_may_clone(url: str) -> None:
    assert protocols_for(url, []) == "https:ssh"


@pytest.mark.parametrize(
    "url",
    [
        "file:///srv/other", "/srv/other", "../other", "ext::sh -c evil", "fd::7", "http://host/a", "git://host/a",
        "-uevil", "--upload-pack=evil", "https://host/a\r\nb", "https://host/a b", "ftp://host/a", "", "a", "C:/a",
        "https://host", "https:///a", "ssh://-oProxyCommand=evil/a", "-oProxyCommand=evil@host:a", "git@-oX:a",
        "https://user:secret@host/a", "https://token@host/a", "ssh://user:secret@host/a", "https://host:x/a",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(Invalid) as error:
        protocols_for(url, ["file:///srv/allowed"])
    assert error.value.field == "url"


def test_other_schemes_only_for_the_exact_address() -> None:
    allowed = ["file:///srv/allowed", "http://127.0.0.1:3000/a", "ext::sh -c evil", "git://host/a"]
    assert protocols_for("file:///srv/allowed", allowed) == "https:ssh:file"
    assert protocols_for("http://127.0.0.1:3000/a", allowed) == "https:ssh:http"
    for url in ("file:///srv/allowed/../other", "file:///srv/allowed/", "ext::sh -c evil", "git://host/a"):
        with pytest.raises(Invalid):
            protocols_for(url, allowed)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/team/forecast.git", "forecast"), ("git@host:team/forecast", "forecast"),
        ("file:///srv/my%20project.git/", "my-project"), ("https://host/..", "project"),
        ("https://host/.git", "project"),
    ],
)  # fmt: skip
def test_the_name_that_an_address_suggests(url: str, name: str) -> None:
    assert project_name(url) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", ".a", "a.git", "a\n", "x" * 65, "a b"])
def test_project_names_that_cannot_be(name: str) -> None:
    with pytest.raises(Invalid):
        check_project_name(name)
