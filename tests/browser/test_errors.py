"""What people get wrong, by clicks: one clear message where they are, and nothing half-made afterwards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.people import Person, chromium
from tests.fakes.remotes import Remote, allow, notebook
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

BUILD = 180_000
NOWHERE = "https://localhost:1/team/forecast.git"
CELLS = ("1 / 0", "print('after')", "import workspace_ext as ws")


def test_what_goes_wrong_is_said_where_one_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    good = Remote(tmp_path / "good", {"requirements.txt": "six==1.17.0\n", "forecast.ipynb": notebook(*CELLS)})
    bare = Remote(tmp_path / "bare", {"notes.txt": "No notebook here.\n"})
    allow(home, good.url, bare.url, NOWHERE)
    with start_server(home) as server, chromium() as browser:
        ana = Person(browser, server, "ana")
        ana.sign_in()
        an_address_that_does_not_answer(ana)
        a_repository_without_notebooks(ana, bare.url)
        clone(ana, good.url, "forecast")
        expect(ana.chip("packages")).to_be_visible(timeout=BUILD)
        code_that_fails(ana)
        requirements_that_cannot_be_met(ana)
        a_cron_expression_that_is_none(ana)
        a_run_that_fails(ana)
        assert ana.problems == []


def clone(ana: Person, url: str, name: str) -> None:
    panel = ana.page.locator("#atrium-projects")
    form = panel.get_by_role("form", name="Clone repository")
    if not form.is_visible():
        panel.get_by_role("button", name="Clone", exact=True).click()
    form.get_by_label("Repository URL").fill(url)
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_role("button", name="Clone", exact=True).click()


def an_address_that_does_not_answer(ana: Person) -> None:
    clone(ana, NOWHERE, "forecast")
    said = ana.page.locator("#atrium-projects").get_by_role("alert")
    expect(said).to_have_text("localhost does not answer.Check the address and the network, then try again.")
    assert ana.server.api("GET", "/projects") == {"projects": []}
    assert [*ana.server.home.glob("git/*"), *ana.server.home.glob("work/projects/*")] == []
    # What was typed is there to be mended.
    expect(ana.page.get_by_label("Repository URL")).to_have_value(NOWHERE)


def a_repository_without_notebooks(ana: Person, url: str) -> None:
    clone(ana, url, "bare")
    said = ana.page.locator("#atrium-projects").get_by_role("status").filter(has_text="no notebook")
    expect(said).to_contain_text("bare has no notebook on main yet.")
    said.get_by_role("button", name="New notebook").click()
    expect(ana.notebook.locator(".jp-Cell")).to_have_count(1)
    expect(said).to_have_count(0)
    assert (ana.server.home / "work/projects/bare/main/Untitled.ipynb").exists()


def code_that_fails(ana: Person) -> None:
    """In the notebook: what is behind it in the queue does not run."""
    expect(ana.cell(1)).to_be_visible()
    ana.menu("Run", "Run All Cells")
    expect(printed(ana, 0)).to_contain_text("ZeroDivisionError: division by zero", timeout=BUILD)
    prompts = ana.notebook.locator(".jp-InputPrompt")
    expect(prompts).to_have_text(["[1]:", "[ ]:", "[ ]:"])
    for count, (query, told) in enumerate(
        {
            "SELEC 1": 'SQLError: Parser Error: syntax error at or near "SELEC"',
            "SELECT * FROM sale": "SQLError: There is no table 'sale'.",
            "DROP TABLE sales": "SQLError: ws.sql only reads; this is a DROP statement.",
        }.items(),
        2,
    ):
        ana.write(2, f"import workspace_ext as ws\nws.sql({query!r})")
        ana.page.keyboard.press("Control+Enter")
        expect(prompts).to_have_text(["[1]:", "[ ]:", f"[{count}]:"])
        expect(printed(ana, 2)).to_contain_text(told)
        expect(printed(ana, 2)).not_to_contain_text("Traceback")
    assert ana.server.api("GET", "/documents/queue?notebook=projects/forecast/main/forecast.ipynb")["cells"] == []


def printed(ana: Person, position: int) -> Locator:
    return ana.cell(position).locator(".jp-OutputArea-output")


def requirements_that_cannot_be_met(ana: Person) -> None:
    before = environments(ana)
    for lines, *told in (
        ("six==1.17.0\nno-such-package-of-atrium\n", "no package named no-such-package-of-atrium", "line 2"),
        ("pandas==2.2.3\nnumpy==1.20.0\n", "exclude each other", "pandas==2.2.3", "line 1", "numpy==1.20.0", "line 2"),
    ):
        require(ana, lines)
        ana.chip("Environment failed").click()
        said = ana.page.locator(".atrium-Environment").get_by_role("alert")
        for words in told:
            expect(said).to_contain_text(words)
        expect(said).to_have_count(1)
        ana.page.keyboard.press("Escape")
        assert environments(ana) == before
    # Mended: built by itself, and taken up when Ana says so.
    require(ana, "six==1.16.0\n")
    ana.chip("Restart kernel").click()
    ana.page.locator(".atrium-Environment").get_by_role("button", name="Restart kernel").click()
    expect(ana.chip("packages")).to_be_visible()
    ana.write(1, "import six\nprint(six.__version__)")
    ana.page.keyboard.press("Control+Enter")
    expect(printed(ana, 1)).to_have_text("1.16.0\n")


def require(ana: Person, lines: str) -> None:
    """Type the requirements and go back to the notebook."""
    tab = ana.page.locator(".lm-DockPanel .lm-TabBar-tabLabel", has_text="requirements.txt")
    if tab.count():
        tab.click()
    else:
        ana.page.locator(".lm-TabBar-tab[data-id=filebrowser]").click()
        ana.page.locator(".jp-DirListing-item", has_text="requirements.txt").dblclick()
    ana.page.locator(".jp-FileEditor:visible .cm-content").click()
    ana.page.keyboard.press("Control+A")
    ana.page.keyboard.insert_text(lines)
    ana.page.locator(".lm-DockPanel .lm-TabBar-tabLabel", has_text="forecast.ipynb").click()


def environments(ana: Person) -> set[str]:
    """What is published, and what a build has begun."""
    return {path.name for path in (ana.server.home / "environments").iterdir()}


def a_cron_expression_that_is_none(ana: Person) -> None:
    ana.notebook.get_by_role("button", name="Schedule this notebook").click()
    ana.page.get_by_label("Run it").select_option("custom")
    field = ana.page.get_by_label("Cron expression")
    said = ana.page.locator(".atrium-Jobs-form").get_by_role("alert")
    schedule = ana.page.get_by_role("button", name="Schedule", exact=True)
    for wrong, told in {"every monday": "2 fields instead of five", "0 25 * * 1": "hour"}.items():
        field.fill(wrong)
        expect(said).to_contain_text(f"'{wrong}': ")
        expect(said).to_contain_text(told)
        expect(said).to_have_count(1)
        expect(schedule).to_be_disabled()
    assert ana.server.api("GET", "/schedules")["schedules"] == []
    field.fill("0 6 * * 1")
    expect(said).to_have_count(0)
    schedule.click()


def a_run_that_fails(ana: Person) -> None:
    """What was scheduled just now is what is on main, which raises."""
    ana.page.locator(".lm-TabBar-tab[data-id=atrium-jobs]").click()
    run = ana.page.locator(".atrium-Jobs-row", has_text=re.compile("Failed"))
    expect(run).to_be_visible(timeout=BUILD)
    expect(run.locator(".atrium-Jobs-problem")).to_contain_text("ZeroDivisionError")
    expect(run.locator(".atrium-Jobs-problem")).to_have_count(1)
