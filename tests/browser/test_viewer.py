"""Who may only read: everything loads without an error, nothing that they do changes anything, nothing is offered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, expect

from tests.browser.people import Person, chromium, picture
from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_viewer_looks_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote", {"forecast.ipynb": notebook("1 + 1", outputs="hello\n")})
    allow(home, remote.url)
    with start_server(home) as server, chromium() as browser:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        bo = server.api("GET", "/me", person="bo")["id"]
        # An editor elsewhere, a viewer of this project.
        server.api("PUT", f"/people/{bo}/role", {"role": "viewer", "project": opened["project"]})
        person = Person(browser, server, "bo")

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                person.problems.append(f"{message.text} {message.location.get('url', '')}")

        person.page.on("console", heard)
        person.sign_in()
        person.page.goto(f"{server.url}lab/tree/{opened['notebook']}")
        expect(person.notebook.locator(".jp-OutputArea-output")).to_have_text("hello\n")
        expect(person.notebook.get_by_text("Read-only", exact=True)).to_be_visible()

        before = (home / "work" / opened["notebook"]).read_text()
        person.cell(0).locator(".cm-content").click()
        person.page.keyboard.type("xyz")
        person.page.keyboard.press("Shift+Enter")
        person.page.keyboard.press("Escape")
        person.page.keyboard.press("b")
        person.page.keyboard.press("Control+s")
        person.page.wait_for_timeout(3000)
        expect(person.notebook.locator(".jp-Cell")).to_have_count(1)
        expect(person.cell(0).locator(".cm-content")).to_have_text("1 + 1")
        expect(person.page.locator(".jp-Dialog")).to_have_count(0)
        assert (home / "work" / opened["notebook"]).read_text() == before
        assert server.api("GET", f"/documents/queue?notebook={opened['notebook']}")["cells"] == []
        assert server.request("GET", "api/kernels")[1] == []
        # The project's commits and the review of a branch are there to read.
        server.api("POST", f"/projects/{opened['project']}/branches", {"name": "weekly"})
        tree, branch = home / "work/projects/forecast/weekly", f"/projects/{opened['project']}/branches/weekly"
        (tree / "forecast.ipynb").write_text(notebook("2 + 2"))
        server.api("POST", f"{branch}/commit", {"paths": ["forecast.ipynb"], "summary": "Two"})
        assert server.wait(server.api("POST", f"{branch}/push"))["state"] == "succeeded"
        (tree / "forecast.ipynb").write_text(notebook("3 + 3"))
        person.page.goto(f"{server.url}lab/tree/projects/forecast/weekly/forecast.ipynb")
        person.chip("weekly").click()
        field = person.page.get_by_label("Branch to switch to", exact=True)
        field.fill("another")
        expect(person.page.get_by_text("Create another")).to_have_count(0)
        field.fill("")
        person.page.get_by_role("button", name="Commits and review", exact=True).click()
        view = person.page.locator(".atrium-Git")
        expect(view.get_by_role("note")).to_contain_text("ask an owner for the role of an editor")
        view.get_by_role("list", name="Changes").get_by_text("forecast.ipynb").click()
        expect(view.get_by_text("3 + 3").first).to_be_visible()
        expect(view.get_by_role("button", name=re.compile("^(Commit|Discard|Push|Pull)"))).to_have_count(0)
        picture(person.page, "viewer-changes", "main")
        view.get_by_role("button", name="Review", exact=True).click()
        expect(view.get_by_text("It merges cleanly")).to_be_visible()
        expect(view.get_by_role("button", name=re.compile("Merge"))).to_have_count(0)
        picture(person.page, "viewer-review", "main", dark=True)

        # JupyterLab's own, for a notebook without a session.
        assert [one for one in person.problems if "(reading 'kernel')" not in one] == []
