"""Two people in a notebook, one of whom pulls what changes it: no key is lost, and what clashes is chosen by clicks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebooks import FRONT, open_notebook, saved, sources, write_in
from tests.browser.people import Person, chromium, enter, picture
from tests.fakes.remotes import Remote, allow, git, notebook
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NOTEBOOK = "projects/forecast/main/forecast.ipynb"


def test_a_pull_beneath_two_people(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote", {"forecast.ipynb": notebook("import pandas", "df = 1", "df + 1")})
    allow(home, remote.url)
    with start_server(home) as server, chromium() as browser:
        expect.set_options(timeout=30_000)
        cloned = server.wait(server.api("POST", "/projects", {"url": remote.url, "name": "forecast"}))
        assert cloned["state"] == "succeeded", cloned
        people = [Person(browser, server, name) for name in ("ana", "bo")]
        ana, bo = (open_notebook(person, NOTEBOOK) for person in people)
        tree = home / "work/projects/forecast/main"
        write_in(ana, 1, "  # Ana")
        saved(ana)

        # Somebody else's commit: another cell, and the one that Ana has changed.
        sha = remote.push({"forecast.ipynb": notebook("import numpy", "df = 2", "df + 1", "new = 4")})
        server.api("POST", f"/projects/{cloned['result']['project']}/look")
        people[0].chip("main").click()
        ana.get_by_role("button", name="Commit 1 file", exact=True).click()
        pull = ana.get_by_role("button", name="Pull", exact=True)
        expect(ana.get_by_text("1 commit to pull")).to_be_visible()

        # Bo types all the while.
        enter(bo.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(2))
        bo.keyboard.press("Control+End")
        bo.keyboard.type("  # ")
        pull.click()
        asked = ana.locator(".atrium-Resolver")
        place = asked.get_by_role("group", name="forecast.ipynb, a cell")
        for letter in "before":
            bo.keyboard.type(letter)
        expect(place).to_contain_text("df = 2")
        expect(asked.get_by_role("status")).to_contain_text("1 place left to choose")
        go = asked.get_by_role("button", name="Pull with these choices")
        expect(go).to_be_disabled()
        assert git(tree, "log", "--format=%s") == "Work"
        place.get_by_label("Edit").check()
        picture(ana, "resolver", "panel")
        place.get_by_role("textbox").fill("df = 2  # Ana")
        go.click()
        for letter in " and after":
            bo.keyboard.type(letter)
            time.sleep(0.05)
        expect(ana.get_by_text("Pulled 1 commit: 1 file changed.")).to_be_visible()
        picture(ana, "pulled")
        expected = ["import numpy", "df = 2  # Ana", "df + 1  # before and after", "new = 4"]
        cells = bo.locator(f"{FRONT} .jp-CodeCell .cm-content")
        expect(cells).to_have_text(expected)
        assert git(tree, "rev-parse", "HEAD") == sha

        # Taken back, and what Bo has typed stays.
        ana.locator(".atrium-Git").get_by_role("button", name="Undo").click()
        expect(cells).to_have_text(["import pandas", "df = 1  # Ana", "df + 1  # before and after"])
        assert git(tree, "rev-parse", "HEAD") != sha
        ana.locator(".lm-TabBar-tabLabel", has_text="forecast.ipynb").click()
        assert sources(ana) == sources(bo)
        assert [problem for person in people for problem in person.problems] == []
