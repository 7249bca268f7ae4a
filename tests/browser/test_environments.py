"""All about an environment, and a package added to it, by clicks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.notebooks import FRONT, open_notebook
from tests.browser.people import Person, chromium
from tests.fakes.indexes import index
from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import Server, start_server

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
        another_index_takes_a_consent(ana, page, file, f"{folder}/n.ipynb")
        assert ana.problems == []


def trust(server: Server, *arguments: str) -> str:
    """What `atrium environments trust` says to Ana."""
    atrium = [sys.executable, "-c", "from workspace_ext.cli import main; raise SystemExit(main())"]
    told = {**os.environ, "ATRIUM_URL": server.url, "ATRIUM_TOKEN": server.tokens["ana"]}
    return subprocess.run(
        [*atrium, "environments", "trust", *arguments], env=told, capture_output=True, text=True, check=True
    ).stdout


def another_index_takes_a_consent(ana: Person, page: Page, file: Path, notebook: str) -> None:
    """In the notebook's menu by an owner, nobody else; taken back where all about the environment is."""
    server = ana.server
    chip = page.locator(f"{FRONT} .jp-Toolbar .atrium-Chip").filter(
        has_text=re.compile("Restart kernel|Environment failed")
    )
    tabs = page.locator(".lm-DockPanel .lm-TabBar-tabLabel")
    report, menu = page.locator(".atrium-Report"), page.locator(".atrium-Environment")
    with index({}) as address:
        line = f"--extra-index-url {address}"
        file.write_text(f"six==1.17.0\n{line}\n")
        tabs.filter(has_text=re.compile(r"^n\.ipynb")).click()
        expect(chip).to_have_text("Environment failed")
        chip.click()
        expect(menu.get_by_role("alert")).to_contain_text("requirements.txt, line 2")
        expect(menu.locator(".atrium-Consent")).to_contain_text("Packages are then looked for at 127.0.0.1 first.")
        picture(page, "environment-consent")
        given = {"notebook": notebook, "kind": "index", "line": line, "what": address}
        assert server.request("POST", "atrium/api/environments/trusted", given, person="bo")[0] == 403
        assert not server.api("GET", f"/environments?notebook={notebook}", person="bo")["may_consent"]
        told = f"Packages would be looked for at 127.0.0.1 first: {address} (requirements.txt, line 2)."
        assert trust(server, notebook) == f"{told}\nAgree with --yes.\n"
        menu.get_by_role("button", name="Trust and build").click()
        page.keyboard.press("Escape")
        expect(chip).to_have_text("Restart kernel", timeout=300_000)

        tabs.filter(has_text="Environment: n.ipynb").click()
        trusted = report.get_by_role("region", name="Trusted in this project")
        expect(trusted.get_by_role("listitem")).to_contain_text(f"{line}package indexana")
        trusted.scroll_into_view_if_needed()
        picture(page, "environment-trusted")
        assert f"{address}" in trust(server, notebook)
        trusted.get_by_role("button", name="Revoke").click()
        expect(trusted).to_have_count(0)
        tabs.filter(has_text=re.compile(r"^n\.ipynb")).click()
        expect(chip).to_have_text("Environment failed")
