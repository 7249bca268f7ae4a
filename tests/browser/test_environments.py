"""All about an environment, and a package added to it, by clicks."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.notebooks import FRONT, open_notebook
from tests.browser.people import Person, chromium
from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PICTURES = os.environ.get("ATRIUM_SCREENSHOTS")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_a_package_is_added(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(
        tmp_path / "remote", {"requirements.txt": "six==1.16.0  # ours\n", "n.ipynb": notebook("import six")}
    )
    allow(home, remote.url)
    with start_server(home) as server, chromium() as browser:
        opened = server.wait(server.api("POST", "/projects", {"url": remote.url}))["result"]
        project = server.api("GET", f"/projects/{opened['project']}")
        server.api("POST", f"/projects/{opened['project']}/branches", {"name": "more"})
        folder = f"projects/{project['name']}/more"

        ana = Person(browser, server, "ana")
        page = open_notebook(ana, f"{folder}/n.ipynb")
        chip = (
            page.locator(f"{FRONT} .jp-Toolbar").locator(".atrium-Chip").filter(has_text=re.compile(r"\d+ packages$"))
        )
        expect(chip).to_be_visible(timeout=300_000)
        chip.click()
        page.get_by_role("button", name="Details, add a package").click()
        view = page.locator(".atrium-Report")
        expect(view).to_contain_text("Declared by requirements.txt", timeout=120_000)
        expect(view.get_by_role("region", name="Changed since main")).to_contain_text("No version changes")
        row = view.get_by_role("listitem").filter(has_text="traitlets")
        expect(row).to_contain_text("needed by")

        field = view.get_by_label("Package", exact=True)
        field.fill("six==99")
        page.keyboard.press("Enter")
        expect(view.get_by_role("alert")).to_contain_text("No release of six fits six==99")
        field.fill("six==1.17.0")
        page.keyboard.press("Enter")
        proposal = view.locator(".atrium-Report-proposal")
        expect(proposal).to_contain_text("+six==1.17.0  # ours")
        expect(proposal.get_by_role("listitem")).to_have_text("six1.16.0→1.17.0")
        picture(page, "environment-proposal")
        file = server.home / "work" / folder / "requirements.txt"
        assert file.read_text() == "six==1.16.0  # ours\n"
        proposal.get_by_role("button", name="Write requirements.txt").click()
        changed = view.get_by_role("region", name="Changed since main")
        expect(changed.get_by_role("listitem")).to_have_text("six1.16.0→1.17.0", timeout=300_000)
        assert file.read_text() == "six==1.17.0  # ours\n"
        picture(page, "environment")
        view.get_by_role("button", name="Copy the lock").click()
        expect(view.get_by_role("button", name="Copied")).to_be_visible()
        assert "six==1.17.0" in page.evaluate("navigator.clipboard.readText()")
        assert ana.problems == []
