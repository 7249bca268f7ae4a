"""The story by clicks: two people, and somebody with only a link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, chromium, cursor_is_seen, enter
from tests.fakes.servers import Server, start_server
from workspace_server.demo import example, story
from workspace_server.kit.home import Home

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

BUILD = 180_000
QUESTION = "Where does our sales data live?"
ANSWER = "In the table sales, not in this repository."


def test_the_story_by_clicks(tmp_path: Path) -> None:
    example.prepare(Home(tmp_path / "home"))
    with start_server(tmp_path / "home") as server, chromium() as browser:
        ana, bo = Person(browser, server, "ana"), Person(browser, server, "bo")
        ana.sign_in()
        clone(ana)
        branch(ana)
        bo.sign_in()
        meet(ana, bo)
        discuss(ana, bo)
        attach_a_cluster(ana)
        work(ana)
        commit_and_merge(ana)
        schedule(ana)
        link = present(ana)
        decide(browser, link, server)
        # JupyterLab leaves this one unhandled when a kernel ends while it asks for a subshell.
        problems = [one for one in ana.problems + bo.problems if "create_subshell_request" not in one]
        assert problems == []


def clone(ana: Person) -> None:
    ana.page.get_by_role("button", name="Clone example").click()
    expect(ana.notebook.locator(".jp-Cell").nth(5)).to_be_attached()
    expect(ana.page.locator(".lm-TabBar-tabLabel", has_text="README.md")).to_be_visible()
    expect(ana.chip("main")).to_be_visible()


def branch(ana: Person) -> None:
    ana.chip("main").click()
    ana.page.get_by_label("Branch to switch to or create").fill("forecast-weekly")
    expect(ana.page.get_by_text("Create forecast-weekly from main")).to_be_visible()
    ana.page.keyboard.press("Enter")
    expect(ana.chip("forecast-weekly")).to_be_visible()
    expect(ana.notebook.locator(".jp-Cell").nth(5)).to_be_attached()


def meet(ana: Person, bo: Person) -> None:
    bo.page.locator(".atrium-List-row", has_text="forecast-weekly").click()
    expect(bo.chip("forecast-weekly")).to_be_visible()
    expect(ana.notebook.locator(".atrium-People").get_by_role("img", name="Bo")).to_be_visible()
    expect(bo.notebook.locator(".atrium-People").get_by_role("img", name="Ana")).to_be_visible()
    enter(bo.cell(2).locator(".cm-content"))
    bo.page.keyboard.press("Control+End")
    bo.page.keyboard.type("  # only a toy")
    expect(ana.cell(2).locator(".cm-content")).to_contain_text("# only a toy")
    cursor_is_seen(bo.page, ana.page, "Bo")


def discuss(ana: Person, bo: Person) -> None:
    enter(ana.cell(2).locator(".cm-content"))
    ana.page.keyboard.press("Control+Alt+m")
    ana.page.get_by_role("textbox", name="Comment").fill(QUESTION)
    ana.page.get_by_role("button", name="Comment", exact=True).click()
    bo.notebook.get_by_role("button", name="1 open comment").first.click()
    thread = bo.page.locator(".atrium-Thread", has_text=QUESTION)
    expect(thread).to_be_visible()
    thread.get_by_role("textbox").fill(ANSWER)
    thread.get_by_role("button", name="Reply").click()
    expect(ana.page.locator(".atrium-Thread", has_text=ANSWER)).to_be_visible()
    ana.page.locator(".atrium-Thread", has_text=ANSWER).get_by_role("button", name="Resolve").click()
    expect(bo.page.locator(".atrium-Thread", has_text=QUESTION)).to_have_count(0)
    # The panel goes again, for the toolbar's sake.
    ana.page.locator(".lm-TabBar-tab[data-id=atrium-comments]").click()


def attach_a_cluster(ana: Person) -> None:
    ana.chip("No cluster").click()
    ana.page.get_by_role("button", name="Create and attach").click()
    expect(ana.chip(re.compile(r"[1-4]/4"))).to_be_visible(timeout=BUILD)
    expect(ana.chip("packages")).to_be_visible(timeout=BUILD)


def work(ana: Person) -> None:
    ana.write(1, f"{story.IMPORTS}\n\n{story.IMPORT_WS}")
    ana.write(2, story.READ_TABLE)
    ana.write(5, story.ON_DASK)
    for source in (story.WRITE, story.FORECAST_DATE, story.STORE, story.SELECTED, story.PLOT_SELECTED):
        ana.append(source)
    ana.menu("Run", "Run All Cells")
    expect(ana.cell(5).locator(".jp-Cell-outputArea")).to_contain_text("270 rows, 3 stores", timeout=BUILD)
    expect(ana.cell(9).get_by_role("table")).to_be_visible(timeout=BUILD)
    expect(ana.cell(10).locator(".jp-OutputArea img")).to_be_visible()


def commit_and_merge(ana: Person) -> None:
    ana.menu("File", "Save Notebook")
    ana.chip("forecast-weekly").click()
    ana.page.get_by_role("button", name="Commit 1 file", exact=True).click()
    ana.page.get_by_label("Summary").fill("Forecast each store, weekly")
    ana.page.get_by_role("button", name="Commit and push").click()
    ana.page.get_by_role("button", name="Review and merge").click()
    ana.page.get_by_role("button", name="Merge into main").click()
    expect(ana.page.get_by_text("production of forecast updated")).to_be_visible()


def schedule(ana: Person) -> None:
    ana.page.locator(".lm-TabBar-tabLabel", has_text="forecast.ipynb").click()
    ana.notebook.get_by_role("button", name="Schedule this notebook").click()
    expect(ana.page.locator(".atrium-Jobs-preview")).to_contain_text("Next: Mon")
    ana.page.get_by_role("button", name="Schedule", exact=True).click()
    ana.page.locator(".lm-TabBar-tab[data-id=atrium-jobs]").click()
    expect(ana.page.locator(".atrium-Jobs-facts", has_text="Succeeded")).to_be_visible(timeout=BUILD)


def present(ana: Person) -> str:
    ana.notebook.get_by_role("button", name="Present what this notebook shows").click()
    ana.page.get_by_role("button", name="Share", exact=True).click()
    expect(ana.page.get_by_text("Anyone with this link sees the results")).to_be_visible()
    ana.page.get_by_role("button", name="Copy link").click()
    return ana.page.get_by_label("The link").input_value()


def decide(browser: Browser, link: str, server: Server) -> None:
    """On a phone, without an account."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(link)
    expect(page.get_by_role("heading", name="Sales forecast")).to_be_visible()
    expect(page.get_by_text("as of")).to_be_visible()
    before = page.locator("img").first.get_attribute("src")
    page.get_by_role("button", name=re.compile("Change")).click()
    page.get_by_role("dialog").get_by_label("Store").select_option(label="New York")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("img").first).not_to_have_attribute("src", before or "", timeout=BUILD)
    expect(page.get_by_text("forecast_store")).to_have_count(0)
    refused = page.evaluate("fetch('/api/contents').then(answer => answer.status)")
    assert refused == 403, refused
