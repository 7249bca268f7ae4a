"""All about an environment, and a package added to it, by clicks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.notebooks import FRONT, open_notebook
from tests.browser.people import PICTURES, Person, chromium, picture
from tests.fakes.indexes import index
from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_package_is_added(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(
        tmp_path / "remote",
        {"requirements.txt": "six==1.16.0  # ours\n", "n.ipynb": notebook("import six", "%pip install tqdm==4.67.1")},
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
        file = server.home / "work" / folder / "requirements.txt"
        expect(view).to_contain_text("Declared by requirements.txt", timeout=120_000)
        expect(view.get_by_role("region", name="Changed since main")).to_contain_text("No version changes")
        row = view.get_by_role("listitem").filter(has_text="traitlets")
        expect(row).to_contain_text("needed by")

        field = view.get_by_label("Package", exact=True)
        what_a_cell_installs_is_declared(ana, page, f"{folder}/n.ipynb")
        assert file.read_text() == "six==1.16.0  # ours\ntqdm==4.67.1\n"
        a_lock_is_kept(ana, page, file, f"{folder}/n.ipynb")
        field.fill("six==99")
        page.keyboard.press("Enter")
        expect(view.get_by_role("alert")).to_contain_text("No release of six fits six==99")
        field.fill("six==1.17.0")
        page.keyboard.press("Enter")
        proposal = view.locator(".atrium-Report-proposal")
        expect(proposal).to_contain_text("+six==1.17.0  # ours")
        expect(proposal.get_by_role("listitem")).to_have_text("six1.16.0→1.17.0")
        picture(page, "environment-proposal")
        assert file.read_text() == "six==1.16.0  # ours\ntqdm==4.67.1\n"
        proposal.get_by_role("button", name="Write requirements.txt").click()
        changed = view.get_by_role("region", name="Changed since main")
        expect(changed.get_by_role("listitem").first).to_have_text("six1.16.0→1.17.0", timeout=300_000)
        assert file.read_text() == "six==1.17.0  # ours\ntqdm==4.67.1\n"
        picture(page, "environment", phone="main")
        view.get_by_role("button", name="Copy the lock").click()
        expect(view.get_by_role("button", name="Copied")).to_be_visible()
        assert "six==1.17.0" in page.evaluate("navigator.clipboard.readText()")
        another_index_takes_a_consent(ana, page, file, f"{folder}/n.ipynb")
        assert ana.problems == []


def what_a_cell_installs_is_declared(ana: Person, page: Page, notebook: str) -> None:
    """It is told at the cell, with the mend; that comes to the kernel without a restart, and the chip says so."""
    server, view = ana.server, page.locator(".atrium-Report")
    chip = page.locator(f"{FRONT} .jp-Toolbar .atrium-Chip")
    tabs = page.locator(".lm-DockPanel .lm-TabBar-tabLabel")

    def kernel() -> dict[str, Any]:
        sessions = server.request("GET", "api/sessions")[1]
        id = next(one["kernel"]["id"] for one in sessions if one["path"] == notebook)
        status: dict[str, Any] = server.api("GET", f"/documents/kernels/{id}")
        return status

    while (before := kernel())["state"] != "started":
        page.wait_for_timeout(200)
    tabs.filter(has_text=re.compile(r"^n\.ipynb")).click()
    cell = page.locator(f"{FRONT} .jp-Cell").nth(1)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    note = cell.locator(".atrium-DriftNote")
    expect(note).to_contain_text("This cell installs tqdm==4.67.1. The project does not declare it", timeout=120_000)
    expect(chip.filter(has_text="tqdm==4.67.1 is not declared")).to_be_visible()
    picture(page, "environment-drift")
    note.get_by_role("button", name="Add tqdm==4.67.1 to requirements.txt").click()
    expect(view.locator(".atrium-Report-proposal")).to_contain_text("+tqdm==4.67.1", timeout=120_000)
    view.get_by_role("button", name="Write requirements.txt").click()
    tabs.filter(has_text=re.compile(r"^n\.ipynb")).click()
    added = chip.filter(has_text="1 package added")
    expect(added).to_be_visible(timeout=300_000)
    expect(note).to_have_count(0)
    assert kernel()["environment"] != before["environment"]
    added.click()
    expect(page.locator(".atrium-Environment")).to_contain_text("no restart needed: tqdm 4.67.1")
    picture(page, "environment-added")
    page.keyboard.press("Escape")
    tabs.filter(has_text="Environment: n.ipynb").click()


def a_lock_is_kept(ana: Person, page: Page, file: Path, notebook: str) -> None:
    """Written on demand, told when it does not fit any more, written again."""
    lock, asked = file.with_name("pylock.toml"), file.read_text()
    chip = page.locator(f"{FRONT} .jp-Toolbar .atrium-Chip")
    tabs = page.locator(".lm-DockPanel .lm-TabBar-tabLabel")
    kept = page.locator(".atrium-Report").get_by_role("region", name="Lock", exact=True)
    kept.get_by_role("button", name="Write lock file").click()
    expect(kept).to_contain_text("pylock.toml locks requirements.txt, and fits it.", timeout=120_000)
    picture(page, "environment-lock")
    assert atrium(ana.server, "lock", notebook, "--check") == "pylock.toml is up to date.\n"
    file.write_text(f"{asked}iniconfig\n")
    tabs.filter(has_text=re.compile(r"^n\.ipynb")).click()
    stale = chip.filter(has_text="Lock out of date")
    stale.click(timeout=60_000)
    menu = page.locator(".atrium-Environment")
    expect(menu).to_contain_text("iniconfig (requirements.txt, line 3) is not in it.")
    picture(page, "environment-stale")
    assert "pylock.toml is out of date: iniconfig" in atrium(ana.server, "lock", notebook, "--check", status=1)
    menu.get_by_role("button", name="Write pylock.toml again").click()
    expect(stale).to_have_count(0, timeout=120_000)
    assert 'name = "iniconfig"' in lock.read_text()
    if PICTURES:
        page.keyboard.press("Escape")
        ana.menu("Settings", "Theme", "JupyterLab Dark")
        page.wait_for_timeout(1500)
        chip.filter(has_text=" added").click()
        picture(page, "environment-dark")
    page.keyboard.press("Escape")
    lock.unlink()
    file.write_text(asked)
    tabs.filter(has_text="Environment: n.ipynb").click()


def atrium(server: Server, *arguments: str, status: int = 0) -> str:
    """What `atrium environments ...` says to Ana, and that it ends with that status."""
    command = [sys.executable, "-c", "from workspace_ext.cli import main; raise SystemExit(main())"]
    told = {**os.environ, "ATRIUM_URL": server.url, "ATRIUM_TOKEN": server.tokens["ana"]}
    done = subprocess.run([*command, "environments", *arguments], env=told, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


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
        assert atrium(server, "trust", notebook) == f"{told}\nAgree with --yes.\n"
        menu.get_by_role("button", name="Trust and build").click()
        page.keyboard.press("Escape")
        expect(chip).to_have_text("Restart kernel", timeout=300_000)

        tabs.filter(has_text="Environment: n.ipynb").click()
        trusted = report.get_by_role("region", name="Trusted in this project")
        expect(trusted.get_by_role("listitem")).to_contain_text(f"{line}package indexana")
        trusted.scroll_into_view_if_needed()
        picture(page, "environment-trusted")
        assert f"{address}" in atrium(server, "trust", notebook)
        trusted.get_by_role("button", name="Revoke").click()
        expect(trusted).to_have_count(0)
        tabs.filter(has_text=re.compile(r"^n\.ipynb")).click()
        expect(chip).to_have_text("Environment failed")
