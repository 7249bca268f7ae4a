"""The history of documents, in real browsers: look through it, compare, go back, undo."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.people import Person, chromium
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NOTEBOOK = "team/sales.ipynb"
NOTES = "team/notes.md"
CELLS = ("import math", "total = 20 + 1\nprint(total)", "math.sqrt(total)")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Browser]]:
    home = tmp_path_factory.mktemp("history") / "home"
    folder = home / "work" / "team"
    folder.mkdir(parents=True)
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for n, text in enumerate(CELLS)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (home / "work" / NOTEBOOK).write_text(json.dumps(content))
    (home / "work" / NOTES).write_text("# Notes\none\n")
    with start_server(home) as server, chromium() as browser:
        yield server, browser


def visit(workspace: tuple[Server, Browser], name: str, path: str = NOTEBOOK) -> Person:
    server, browser = workspace
    person = Person(browser, server, name)
    # A layout for each document: one that was open before would be opened again, in front.
    layout = path.rpartition("/")[2].partition(".")[0]
    person.page.goto(f"{server.url}lab/workspaces/{layout}/tree/{path}?token={server.tokens[name]}")
    expect(person.page.locator(".jp-Document .cm-content").first).to_be_visible()
    return person


def sources(page: Page) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell .cm-content")


def says(page: Page, *cells: str) -> None:
    """Each cell's source, its lines in one."""
    expect(sources(page)).to_have_text([cell.replace("\n", "") for cell in cells])


def undo(page: Page, done: str) -> None:
    toast = page.locator(".jp-Notification-Toast, .Toastify__toast").filter(has_text=done)
    toast.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()


def test_going_back_and_forth(workspace: tuple[Server, Browser]) -> None:
    ana, bo = visit(workspace, "ana"), visit(workspace, "bo")
    page = ana.page
    says(page, *CELLS)
    ana.menu("File", "History")
    history = page.locator(".atrium-History")
    history.get_by_role("button", name="Name current version").click()
    page.keyboard.type("first draft")
    page.keyboard.press("Enter")
    versions = history.get_by_role("option")
    draft = versions.filter(has_text="first draft")
    expect(draft).to_have_attribute("aria-selected", "true")
    expect(history.get_by_role("status")).to_have_text("The document says the same now.")
    expect(history.get_by_role("button", name="Restore")).to_be_disabled()

    # What Bo types shows in the comparison, word by word, while she looks.
    sources(bo.page).nth(1).click()
    bo.page.keyboard.press("Control+Home")
    bo.page.keyboard.press("End")
    bo.page.keyboard.type("00")
    cell = history.get_by_role("region", name="Cell 2: changed")
    expect(cell.locator(".atrium-mod-added mark")).to_have_text("100")
    expect(cell.locator(".atrium-mod-removed mark")).to_have_text("1")
    expect(history.get_by_role("button", name="Cell 1 unchanged")).to_be_visible()
    history.get_by_role("button", name="Cell 1 unchanged").click()
    expect(history.get_by_text("import math")).to_be_visible()

    # One cell comes back, for both; and goes again.
    cell.get_by_role("button", name="Copy this cell back").click()
    for someone in (ana, bo):
        says(someone.page, *CELLS)
    undo(page, "The cell is back")
    changed = CELLS[1].replace("20 + 1", "20 + 100")
    says(bo.page, CELLS[0], changed, CELLS[2])

    # The whole version comes back, a deleted cell with it.
    bo.cell(2).locator(".jp-InputPrompt").first.click()
    bo.page.keyboard.press("Escape")
    bo.page.keyboard.press("d")
    bo.page.keyboard.press("d")
    says(page, CELLS[0], changed)
    expect(history.get_by_role("region", name="Cell 3: removed")).to_be_visible()
    draft.click()
    history.get_by_role("button", name="Restore").click()
    says(bo.page, *CELLS)
    undo(page, "The version is back")
    for someone in (ana, bo):
        says(someone.page, CELLS[0], changed)
        assert someone.problems == []

    # The keyboard leads through the versions, each compared with the one before it.
    expect(versions.filter(has_text="Before going back")).not_to_have_count(0)
    history.get_by_label("What changed in it").check()
    # A version that comes meanwhile stands above them.
    key = versions.first.get_attribute("data-key")
    history.locator(f'[data-key="{key}"]').click()
    page.keyboard.press("ArrowDown")
    below = history.locator(f'[data-key="{key}"] ~ [role=option]').first
    expect(below).to_be_focused()
    expect(below).to_have_attribute("aria-selected", "true")
    expect(history.get_by_role("status")).to_have_text(re.compile("line|same"))
    page.keyboard.press("End")
    expect(history.get_by_text("This is the oldest version")).to_be_visible()


def test_a_text_goes_back_to_how_it_was_opened(workspace: tuple[Server, Browser]) -> None:
    ana = visit(workspace, "ana", NOTES)
    page = ana.page
    ana.menu("File", "History")
    history = page.locator(".atrium-History")
    first = history.get_by_role("option").filter(has_text="As it was on disk")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(history.get_by_role("status")).to_have_text("The document says the same now.")
    page.locator(".jp-FileEditor .cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("two three")
    expect(history.locator(".atrium-mod-added")).to_have_text("+two three")
    history.get_by_role("button", name="Restore").click()
    expect(page.locator(".jp-FileEditor .cm-content")).not_to_contain_text("three")
    undo(page, "The version is back")
    expect(page.locator(".jp-FileEditor .cm-content")).to_contain_text("two three")
    assert ana.problems == []
