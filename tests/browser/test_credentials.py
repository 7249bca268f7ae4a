"""A private repository: git is not let in, one signs in where one is, and later forgets the token."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person, chromium
from tests.fakes.remotes import Guard, Remote, allow, git, slow_http
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.parts]


def test_signing_in_where_git_was_not_let_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    guard = Guard({"ana-there": "ghp_right", "robot": "glpat_follow"})
    with slow_http(tmp_path / "remote", guard=guard) as base, chromium() as browser:
        git(remote.path, "config", "http.receivepack", "true")
        url = f"{base}/forecast.git"
        allow(home, url)
        with start_server(home, ATRIUM_POLL_SECONDS="1") as server:
            ana = Person(browser, server, "ana")
            ana.sign_in()
            panel = ana.page.get_by_role("region", name="Projects")
            clone = panel.get_by_role("form", name="Clone repository")
            clone.get_by_label("Repository URL").fill(url)
            clone.get_by_role("button", name="Clone", exact=True).click()
            host = url.split("/")[2]
            form = panel.get_by_role("form", name=f"Sign in to {host}")
            expect(clone.get_by_role("alert")).to_contain_text("wants to know who you are")
            expect(form.get_by_label("Token")).to_have_attribute("type", "password")

            form.get_by_label("User name").fill("ana-there")
            form.get_by_label("Token").fill("ghp_wrong")
            form.get_by_label("Token").press("Enter")
            expect(clone.get_by_role("alert")).to_contain_text("was refused (HTTP 401)")
            form.get_by_label("Token").fill("ghp_right")
            form.get_by_role("button", name="Sign in and clone").click()
            expect(panel.get_by_role("list", name="Projects")).to_contain_text("forecast")
            expect(ana.notebook).to_be_visible()
            assert "ghp_" not in ana.page.content()

            panel.get_by_role("button", name="Credentials", exact=True).click()
            view = panel.get_by_role("region", name="Credentials")
            rows = view.get_by_role("list", name="Credentials")
            expect(rows).to_contain_text("ana-there")
            view.get_by_role("button", name="Add", exact=True).click()
            add = view.get_by_role("form", name="Add credential")
            add.get_by_label("For", exact=True).select_option(label="Following forecast")
            add.get_by_label("User name").fill("robot")
            add.get_by_label("Token", exact=True).fill("glpat_follow")
            add.get_by_role("button", name="Add credential").click()
            expect(rows).to_contain_text("Following forecast")
            expect(panel.locator(".atrium-Commit")).to_have_text(remote.head()[:7])

            rows.get_by_role("button", name=f"Delete the credential for {host}").press("Enter")
            rows.get_by_role("button", name="Delete", exact=True).click()
            expect(rows).not_to_contain_text("ana-there")
            assert set(guard.let_in) == {"ana-there", "robot"}
            assert ana.problems == []
