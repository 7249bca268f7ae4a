"""A table's past: looked at, read from a notebook, brought back."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pytest
from deltalake import write_deltalake
from playwright.sync_api import expect

from tests.browser.people import Person, chromium
from tests.fakes.servers import start_server

EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.browser
def test_an_earlier_version_is_looked_at_and_restored(tmp_path: Path) -> None:
    with start_server(tmp_path / "home") as server, chromium() as browser:
        for rows in (3, 1):
            table = pyarrow.table({"store": ["Amsterdam"] * rows, "units": list(range(rows))})
            write_deltalake(server.home / "tables" / "main" / "sales", table, mode="overwrite")
        folder = server.home / "work" / "scratch" / "ana"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "look.ipynb").write_text(EMPTY)
        ana = Person(browser, server, "ana")
        ana.sign_in()
        page = ana.page
        page.goto(f"{server.url}lab/tree/scratch/ana/look.ipynb")
        page.get_by_role("tab", name="Tables").click()
        page.locator(".atrium-Tables-row").click()

        page.get_by_role("tab", name="History").click()
        page.get_by_role("button", name="0 overwrite").or_(page.get_by_role("button", name="0 create")).click()
        past = page.get_by_role("group", name="Version 0")
        expect(past).to_contain_text("As it was at version 0")
        expect(page.get_by_role("tabpanel").locator("tbody tr")).to_have_count(3)
        page.get_by_role("button", name="Insert snippet", exact=True).click()
        expect(page.locator(".jp-Notebook .cm-content", has_text='read("sales", version=0)')).to_be_visible()
        past.get_by_role("button", name="Show latest").click()
        expect(page.get_by_role("tabpanel").locator("tbody tr")).to_have_count(1)

        page.get_by_role("tab", name="History").click()
        page.get_by_role("button", name="0 overwrite").or_(page.get_by_role("button", name="0 create")).click()
        past.get_by_role("button", name="Restore").click()
        expect(page.locator(".atrium-TableDetails-version")).to_contain_text("Restored version 0 as 2")
        expect(page.locator(".atrium-Tables-row")).to_contain_text("3 rows")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".atrium-Tables-row")).to_contain_text("1 row")
        page.get_by_role("tab", name="History").click()
        expect(page.get_by_role("list", name="Versions").locator("li")).to_have_count(4)
        expect(page.get_by_role("button", name="3 restore of 1")).to_be_visible()
        assert ana.problems == []
