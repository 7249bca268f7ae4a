"""The past of a project by clicks and keys: the graph, a search, a comparison, a file brought back, who wrote a cell; a
review that is commented on, and its pull request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.notebooks import FRONT, open_notebook
from tests.browser.people import Person, chromium, picture
from tests.fakes.hosts import TOKEN, PullRequestHost
from tests.fakes.remotes import Remote, allow, git, notebook, slow_http
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NOTEBOOK = "projects/forecast/weekly/forecast.ipynb"


def test_the_past_of_a_project(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(
        tmp_path / "remote" / "team", {"forecast.ipynb": notebook("import pandas", "df = 1"), "a.txt": "a\n"}
    )
    first = remote.head()
    remote.push({"forecast.ipynb": notebook("import pandas", "df = 2"), "a.txt": None}, message="Two weeks")
    weekly = remote.push({"forecast.ipynb": notebook("import numpy", "df = 2"), "b.txt": "b\n"}, "weekly", "Use numpy")
    git(remote.elsewhere, "checkout", "--quiet", "main")
    main = remote.push({"c.txt": "c\n"}, message="Something else")
    host = PullRequestHost("gitea", head=weekly)
    with slow_http(tmp_path / "remote", api=host) as base, start_server(home) as server, chromium() as browser:
        expect.set_options(timeout=30_000)
        allow(home, f"{base}/team/forecast.git")
        (home / "settings" / "git-hosts.json").write_text(json.dumps({base.partition("://")[2]: "gitea"}))
        project = server.wait(server.api("POST", "/projects", {"url": f"{base}/team/forecast.git"}))["result"][
            "project"
        ]
        server.api("POST", f"/projects/{project}/switch", {"branch": "weekly"})
        server.api("PUT", "/credentials", {"host": base, "kind": "token", "secret": TOKEN, "user": "ana"})
        ana = Person(browser, server, "ana")
        page = open_notebook(ana, NOTEBOOK)

        _who_wrote_a_cell(page, weekly)
        _the_graph(page, first, main)
        _a_file_is_brought_back(page, home, first)
        _a_review_is_commented_on(page, server, project, host)
        assert ana.problems == []


def _who_wrote_a_cell(page: Page, weekly: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text="View").click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Show Who Changed Each Cell", exact=True).click()
    marks = page.locator(f"{FRONT} .atrium-Blame")
    expect(marks).to_have_count(2)
    expect(marks.nth(0)).to_contain_text("Use numpy")
    expect(marks.nth(1)).to_contain_text("Two weeks")
    picture(page, "blame", "main")
    # What is typed belongs to no commit yet.
    page.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("  # Ana")
    expect(marks.nth(1)).to_have_text("not committed yet")
    marks.nth(0).click()
    pane = page.locator(".atrium-Commits-pane")
    expect(pane.get_by_role("heading", name="Use numpy")).to_be_visible()
    expect(pane).to_contain_text(weekly[:12])


def _the_graph(page: Page, first: str, main: str) -> None:
    view = page.locator(".atrium-Commits")
    rows = view.get_by_role("listbox", name="Commits")
    expect(rows.get_by_role("option")).to_have_count(3)
    view.get_by_label("Branch").select_option("All branches")
    expect(rows.get_by_role("option")).to_have_count(4)
    expect(rows.locator("svg")).to_have_count(4)
    expect(rows.get_by_role("option").filter(has_text="Something else")).to_contain_text("main")
    picture(page, "history", "main")
    # By keys: to the oldest one, which is compared with one of another branch.
    rows.focus()
    page.keyboard.press("End")
    pane = view.locator(".atrium-Commits-pane")
    expect(pane.get_by_role("heading", name="Work")).to_be_visible()
    pane.get_by_role("button", name="Compare with…").click()
    comparison = pane.get_by_role("region", name="Comparison")
    expect(comparison).to_contain_text("Choose another commit")
    rows.get_by_role("option").filter(has_text=main[:7]).click()
    expect(comparison).to_contain_text("2 commits more")
    files = pane.get_by_role("list", name="Files").get_by_role("listitem")
    expect(files).to_have_count(3)
    files.filter(has_text="forecast.ipynb").click()
    expect(pane.locator(".atrium-Diff")).to_contain_text("df = 2")
    picture(page, "comparison", "main")
    pane.get_by_role("button", name="Stop comparing").click()
    expect(pane.get_by_role("heading", name="Something else")).to_be_visible()

    search = view.get_by_role("searchbox", name="Search commits")
    search.fill("no such words")
    search.press("Enter")
    expect(view.get_by_text("No commit matches")).to_be_visible()
    view.get_by_role("button", name="Show all commits").click()
    expect(rows.get_by_role("option")).to_have_count(4)
    view.get_by_label("Search in").select_option("File")
    search.fill("a.txt")
    search.press("Enter")
    expect(rows.get_by_role("option")).to_have_count(2)
    rows.get_by_role("option").filter(has_text=first[:7]).click()
    expect(pane.get_by_role("heading", name="Work")).to_be_visible()


def _a_file_is_brought_back(page: Page, home: Path, first: str) -> None:
    pane = page.locator(".atrium-Commits-pane")
    pane.get_by_role("button", name=f"Restore forecast.ipynb of {first[:7]}").click()
    expect(pane.get_by_text(f"is as in {first[:7]} on weekly again.")).to_be_visible()
    page.locator(".lm-TabBar-tabLabel", has_text="forecast.ipynb").click()
    cells = page.locator(f"{FRONT} .jp-CodeCell .cm-content")
    expect(cells).to_have_text(["import pandas", "df = 1"])
    expect(page.locator(f"{FRONT} .atrium-Blame").nth(0)).to_have_text("not committed yet")
    page.locator(".lm-TabBar-tabLabel", has_text="History: forecast").click()
    picture(page, "restored", "main")
    pane.get_by_role("button", name="Undo").click()
    expect(pane.get_by_text("on weekly again.")).to_have_count(0)
    page.locator(".lm-TabBar-tabLabel", has_text="forecast.ipynb").click()
    expect(cells).to_have_text(["import numpy", "df = 2  # Ana"])
    assert not (home / "work/projects/forecast/weekly/a.txt").exists()


def _a_review_is_commented_on(page: Page, server: Server, project: str, host: PullRequestHost) -> None:
    page.locator(f"{FRONT} .atrium-Chip").filter(has_text="weekly").first.click()
    page.get_by_role("button", name="Commit 1 file", exact=True).click()
    view = page.locator(".atrium-Git:not(.atrium-Commits)")
    request = view.get_by_role("group", name="The pull request")
    expect(request).to_contain_text("Weekly")
    expect(request).to_contain_text("approved by bo")
    request.get_by_role("button", name="1 of 3 checks passed, 1 failed, 1 running").click()
    expect(request.get_by_role("list", name="Checks").get_by_role("listitem")).to_have_count(3)
    picture(page, "pull-request", "main")

    view.get_by_role("button", name="Review and merge").click()
    view.get_by_role("button", name="Comment on cell 1 of forecast.ipynb").click()
    view.get_by_role("textbox", name="Comment on the cell of forecast.ipynb").fill("Why numpy?")
    page.keyboard.press("Control+Enter")
    expect(view.get_by_role("group", name="Comments on the cell of forecast.ipynb")).to_contain_text("Why numpy?")
    expect(view.get_by_role("button", name="1 open thread", exact=True)).to_be_visible()
    view.get_by_role("button", name="Comment on b.txt").click()
    view.get_by_role("textbox", name="Comment on b.txt").fill("What is this?")
    page.keyboard.press("Control+Enter")
    theirs = view.get_by_role("group", name="Comments on b.txt")
    expect(theirs).to_contain_text("What is this?")
    picture(page, "review", "main")
    # The same thread is beside the notebook, for everybody.
    [thread] = server.api("GET", f"/comments?notebook={NOTEBOOK}", person="bo")["threads"]
    assert (thread["anchor"]["cell_id"], thread["branch"]) == ("a", "weekly")
    theirs.get_by_role("button", name="Resolve").click()
    expect(theirs).to_contain_text("Resolved by Ana · 1 comment")

    request.get_by_role("button", name="Merge #7").click()
    expect(request).to_contain_text("#7 is merged.")
    assert host.state == "merged"
