"""A branch and a project: renamed, deleted, brought back, put to rest, by clicks in the Projects panel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.notebooks import open_notebook
from tests.browser.people import Person, chromium, picture
from tests.fakes.remotes import Remote, allow, git
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def choose(page: Page, key: str, label: str) -> None:
    """Choose from a row's menu, as somebody does who finds the button."""
    row = page.locator(f".atrium-Projects .atrium-List-row[data-key$='{key}']")
    row.hover()
    row.get_by_role("button", name="More of").click()
    page.locator(".lm-Menu-itemLabel").get_by_text(label, exact=True).click()


def test_the_lives_of_a_branch_and_a_project(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote")
    allow(home, remote.url)
    with start_server(home) as server, chromium() as browser:
        expect.set_options(timeout=30_000)
        cloned = server.wait(server.api("POST", "/projects", {"url": remote.url, "name": "forecast"}))
        project = cloned["result"]["project"]
        server.api("POST", f"/projects/{project}/branches", {"name": "weekly"})
        tree = home / "work/projects/forecast/weekly"
        (tree / "new.txt").write_text("only here")
        ana = Person(browser, server, "ana")
        page = open_notebook(ana, "projects/forecast/weekly/forecast.ipynb")
        panel = page.locator("#atrium-projects")
        expect(panel).to_be_visible()

        # Another name: what is open stays open, and its chip says so.
        choose(page, "branch weekly", "Rename Branch…")
        panel.get_by_label("New name").fill("daily")
        picture(page, "rename")
        panel.get_by_role("button", name="Rename branch").click()
        expect(ana.chip("daily")).to_be_visible()
        assert git(tree, "branch", "--show-current") == "daily"
        choose(page, "branch main", "Delete Branch…")
        expect(panel.get_by_text("Production of forecast follows main")).to_be_visible()
        panel.get_by_role("button", name="Close", exact=True).click()

        # Put aside beneath the open notebook, and brought back.
        panel.get_by_role("button", name=re.compile("Commit .* of daily")).click()
        view = page.locator(".atrium-Git")
        view.get_by_role("button", name=re.compile("Put .* aside")).click()
        expect(view.get_by_text("Nothing has changed since the last commit.")).to_be_visible()
        assert not (tree / "new.txt").exists()
        picture(page, "aside")
        view.get_by_role("button", name="Bring back").click()
        expect(view.get_by_text("Brought back")).to_be_visible()
        assert (tree / "new.txt").read_text() == "only here"
        picture(page, "brought-back")

        # Deleted, with what that costs, and back again.
        choose(page, "branch daily", "Delete Branch…")
        form = panel.get_by_role("region", name="Delete daily")
        expect(form).to_contain_text(re.compile("files? with changes that are not committed"))
        expect(form).to_contain_text("1 open document (forecast.ipynb), used by Ana")
        picture(page, "delete-branch")
        form.get_by_role("button", name="Delete branch").click()
        expect(panel.get_by_text("Deleted daily.")).to_be_visible()
        assert not tree.exists()
        picture(page, "deleted-branch")
        panel.get_by_role("button", name="Undo").click()
        expect(panel.locator("[data-key$='branch daily']")).to_be_visible()
        assert (tree / "new.txt").read_text() == "only here"
        page.locator(".lm-TabBar-tabLabel", has_text="forecast.ipynb").click()
        expect(ana.chip("daily")).to_be_visible()

        # The project: at rest behind a filter, then deleted by its name, then back.
        choose(page, project, "Archive Project")
        expect(panel.locator(f"[data-key='{project}']")).to_have_count(0)
        panel.get_by_role("button", name="Show 1 archived").click()
        picture(page, "archived")
        choose(page, project, "Unarchive Project")
        expect(panel.locator("[data-key$='branch daily']")).to_be_visible()
        choose(page, project, "Delete Project…")
        form = panel.get_by_role("form", name="Delete forecast")
        expect(form).to_contain_text(re.compile(r"daily: \d files? not committed"))
        go = form.get_by_role("button", name="Delete project")
        expect(go).to_be_disabled()
        form.get_by_label("Type forecast to delete it").fill("forecast")
        picture(page, "delete-project", "panel")
        go.click()
        expect(panel.get_by_text("Deleted forecast.")).to_be_visible()
        assert not tree.exists()
        panel.get_by_role("button", name="Deleted lately").click()
        panel.get_by_role("button", name="Bring back forecast").click()
        expect(panel.locator("[data-key$='branch daily']")).to_be_visible()
        assert (tree / "new.txt").read_text() == "only here"
        picture(page, "back")

        # One that is not cloned, of a folder of hers.
        folder = home / "work/scratch/ana/study"
        folder.mkdir(parents=True)
        (folder / "README.md").write_text("# Study")
        panel.get_by_role("button", name="New", exact=True).click()
        form = panel.get_by_role("form", name="New project")
        form.get_by_label("Begin with").select_option("folder")
        form.get_by_label("Folder").fill("scratch/ana/study")
        expect(form.get_by_label("Name")).to_have_value("study")
        picture(page, "new-project")
        form.get_by_role("button", name="Create project").click()
        expect(panel.get_by_text("study has no notebook on main yet.")).to_be_visible()
        assert git(home / "work/projects/study/main", "log", "--format=%an") == "Ana"
        assert ana.problems == []
