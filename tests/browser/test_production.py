"""Production by clicks and keys: pinned, rolled back, let go; the webhook; what is told of a rewritten main."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person, chromium, picture
from tests.fakes.remotes import Remote, allow, git
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_production_is_held_let_go_and_hooked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    allow(home, remote.url)
    first = remote.head()
    with start_server(home, ATRIUM_POLL_SECONDS="3600") as server, chromium() as browser:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        project = f"/projects/{opened['project']}"
        server.api("POST", f"{project}/look")
        second = remote.push({"a.txt": "a"}, message="Add a")
        server.api("POST", f"{project}/look")

        ana = Person(browser, server, "ana")
        ana.sign_in()
        page = ana.page
        row = page.locator("#atrium-projects .atrium-List-row").filter(has_text="production")
        expect(row).to_contain_text(second[:7])
        # The whole way by keys: to the row, into the view.
        row.focus()
        page.keyboard.press("Enter")
        view = page.locator(".atrium-Production")
        lines = view.get_by_role("list", name="Publications").get_by_role("listitem")
        expect(lines).to_have_count(2)
        expect(lines.first).to_contain_text("looked at")
        picture(page, "production-follows")

        lines.nth(1).focus()
        page.keyboard.press("Enter")
        form = view.get_by_role("form", name="Pin production")
        form.get_by_role("button", name=f"Pin to {first[:7]}").click()
        expect(form.get_by_role("alert")).to_have_text("A pin needs a reason.")
        form.get_by_role("textbox").fill("a.txt is wrong")
        page.keyboard.press("Enter")
        expect(view).to_contain_text("Pinned by Ana just now: a.txt is wrong · 1 commit behind main")
        expect(row.get_by_role("img", name="Pinned by Ana")).to_be_visible()
        assert server.api("GET", f"{project}/production")["sha"] == first
        picture(page, "production-pinned")
        view.get_by_role("button", name="Follow main again").click()
        expect(row).to_contain_text(second[:7])

        view.get_by_role("button", name="Make a secret").click()
        secret = view.get_by_label("Secret", exact=True).input_value()
        url = view.get_by_role("textbox", name="Payload URL").input_value()
        third = remote.push({"b.txt": "b"}, message="Add b")
        delivery = urllib.request.Request(url, b"{}", {"X-Gitlab-Token": secret}, method="POST")
        with urllib.request.urlopen(delivery, timeout=60) as reply:
            assert reply.status == 202
        expect(row).to_contain_text(third[:7])
        expect(lines.first).to_contain_text("said the git host")
        expect(view).to_contain_text("Last delivery: Production was looked at.")
        picture(page, "production-webhook")

        git(remote.path, "update-ref", "refs/heads/main", first)
        server.api("POST", f"{project}/look")
        expect(page.locator(".Toastify__toast").filter(has_text="was rewritten")).to_be_visible()
        expect(lines.first).to_contain_text("forced")
        remote.path.rename(remote.path.with_suffix(".away"))
        view.get_by_role("button", name="Look now").click()
        expect(view.get_by_role("button", name="Retry")).to_be_visible()
        expect(row.get_by_role("img", name="Not updated")).to_be_visible()
        picture(page, "production-problem")
        remote.path.with_suffix(".away").rename(remote.path)
        view.get_by_role("button", name="Retry").click()
        expect(row.get_by_role("img", name="Not updated")).to_have_count(0)
        assert ana.problems == []

        # Who owns nothing sees what was in production, and neither pins nor secrets.
        bo = Person(browser, server, "bo")
        bo.sign_in()
        bo.page.locator("#atrium-projects .atrium-List-row").filter(has_text="production").click()
        theirs = bo.page.locator(".atrium-Production")
        expect(theirs.get_by_role("list", name="Publications").get_by_role("listitem")).to_have_count(7)
        expect(theirs.get_by_role("button", name="Pin")).to_have_count(0)
        expect(theirs.get_by_role("region", name="Webhook")).to_have_count(0)
