"""What is typed while the server is away: kept, counted, and sent when it is back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.notebooks import FRONT, open_notebook, put_notebook, saved, sources, status, write_in
from tests.browser.people import Person, chromium
from tests.fakes.restarts import Mortal, start_mortal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NOTEBOOK = "scratch/bo/shared.ipynb"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[tuple[Mortal, Browser]]:
    put_notebook(tmp_path / "home" / "work" / NOTEBOOK, "first = 1", "second = 2", "third = 3")
    with start_mortal(tmp_path / "home") as server, chromium() as browser:
        expect.set_options(timeout=20_000)
        yield server, browser


def visit(server: Mortal, browser: Browser, name: str) -> Page:
    return open_notebook(Person(browser, server.server, name), NOTEBOOK)


def kept(page: Page) -> list[str]:
    """The rooms of which the browser keeps changes."""
    rooms: list[str] = page.evaluate(
        """() => new Promise(resolve => {
            const opened = indexedDB.open('atrium-changes', 1);
            opened.onsuccess = () => {
                const request = opened.result.transaction('changes').objectStore('changes').getAll();
                request.onsuccess = () => { opened.result.close(); resolve(request.result.map(one => one.room)); };
            };
        })"""
    )
    return rooms


def on_disk(server: Mortal) -> list[str]:
    content = json.loads((server.home / "work" / NOTEBOOK).read_text())
    return ["".join(cell["source"]) for cell in content["cells"]]


def written(server: Mortal, page: Page) -> list[str]:
    """The file, once it has what the page shows: "Saved" is said as soon as the journal has it."""
    deadline = time.monotonic() + 10
    while on_disk(server) != sources(page) and time.monotonic() < deadline:
        time.sleep(0.05)
    return on_disk(server)


def test_the_server_is_gone_for_a_while(workspace: tuple[Mortal, Browser]) -> None:
    server, browser = workspace
    ana, bo = visit(server, browser, "ana"), visit(server, browser, "bo")
    write_in(ana, 0, "  # Ana was here")
    saved(ana)

    server.kill()
    write_in(ana, 0, ", and again")
    expect(status(ana)).to_have_text(re.compile("Offline: 1 change kept in this browser"))
    write_in(ana, 1, "  # offline")
    expect(status(ana)).to_have_text(re.compile("Offline: 2 changes kept"))
    write_in(bo, 1, "\nalso = 'Bo'")
    expect(status(bo)).to_have_text(re.compile("Offline: 1 change kept"))
    # Long enough for JupyterLab to notice: nothing takes the keyboard away.
    for _ in range(10):
        time.sleep(1)
        ana.keyboard.type(".")
    for page in (ana, bo):
        expect(page.locator(".jp-Dialog")).to_have_count(0)
        assert len(kept(page)) == 1
    ana.keyboard.press("Control+s")
    expect(ana.locator(".jp-Dialog")).to_have_count(0)
    assert "second = 2  # offline.........." in sources(ana)[1]

    server.start()
    saved(ana)
    saved(bo)
    second = "second = 2"
    for page in (ana, bo):
        expect(page.locator(".jp-CodeCell .cm-content").first).to_have_text("first = 1  # Ana was here, and again")
        expect(page.locator(".jp-CodeCell .cm-content").nth(1)).to_contain_text("# offline..........")
        expect(page.locator(".jp-CodeCell .cm-content").nth(1)).to_contain_text("also = 'Bo'")
        assert len(sources(page)) == 3
        assert sources(page)[1].startswith(second)
        assert kept(page) == []
    assert sources(ana) == sources(bo)
    assert written(server, ana) == sources(ana)


def test_a_laptop_that_is_closed_for_a_while(workspace: tuple[Mortal, Browser]) -> None:
    server, browser = workspace
    ana, bo = visit(server, browser, "ana"), visit(server, browser, "bo")
    expect(ana.locator("button.atrium-People")).to_be_visible()
    bo.context.set_offline(True)
    write_in(bo, 2, "  # on the train")
    expect(status(bo)).to_have_text(re.compile("Offline: 1 change kept"))
    # Whose connection is not closed, but silent, is gone after 30 s.
    expect(ana.locator("button.atrium-People")).to_have_count(0, timeout=40_000)
    write_in(ana, 2, "  # at the desk")
    bo.context.set_offline(False)
    saved(bo)
    for page in (ana, bo):
        expect(page.locator(".jp-CodeCell .cm-content").nth(2)).to_contain_text("# on the train")
        expect(page.locator(".jp-CodeCell .cm-content").nth(2)).to_contain_text("# at the desk")
    assert sources(ana) == sources(bo)


def test_saving_by_hand_what_the_server_has_just_saved(workspace: tuple[Mortal, Browser]) -> None:
    server, browser = workspace
    ana = visit(server, browser, "ana")

    def saved_since(route: Route) -> None:
        """What this page was told of the file last is not what is there now."""
        reply = route.fetch()
        model = {**reply.json(), "hash": "another", "last_modified": "2099-01-01T00:00:00Z"}
        route.fulfill(response=reply, json=model)

    ana.route(re.compile(r"/api/contents/.*shared\.ipynb\?.*content=0"), saved_since)
    write_in(ana, 0, "  # by hand")
    with ana.expect_request(re.compile(r"/api/contents/.*shared\.ipynb\?.*content=0")):
        ana.keyboard.press("Control+s")
    saved(ana)
    expect(ana.locator(".jp-Dialog")).to_have_count(0)
    assert written(server, ana)[0].endswith("# by hand")


def test_a_tab_that_is_closed_while_the_server_is_gone(workspace: tuple[Mortal, Browser]) -> None:
    server, browser = workspace
    person = Person(browser, server.server, "bo")
    bo = open_notebook(person, NOTEBOOK)
    server.kill()
    write_in(bo, 0, "  # not to be lost")
    expect(status(bo)).to_have_text(re.compile("Offline: 1 change kept in this browser"))
    bo.close()
    server.start()
    person.page = bo.context.new_page()
    bo = open_notebook(person, NOTEBOOK)
    expect(bo.locator(".jp-CodeCell .cm-content").first).to_have_text("first = 1  # not to be lost")
    saved(bo)
    expect(bo.locator(".jp-CodeCell")).to_have_count(3)
    deadline = time.monotonic() + 10
    while kept(bo) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert kept(bo) == []
    # And it is the others', too.
    ana = visit(server, browser, "ana")
    expect(ana.locator(".jp-CodeCell .cm-content").first).to_have_text("first = 1  # not to be lost")


def move_down(page: Page, cell: int) -> None:
    page.locator(f"{FRONT} .jp-Cell").nth(cell).locator(".jp-InputPrompt").first.click()
    page.keyboard.press("Control+Shift+ArrowDown")


def test_what_was_typed_on_the_train_is_in_the_cell_that_was_moved_meanwhile(
    workspace: tuple[Mortal, Browser],
) -> None:
    server, browser = workspace
    ana, bo = visit(server, browser, "ana"), visit(server, browser, "bo")
    bo.context.set_offline(True)
    write_in(bo, 0, "  # on the train")
    expect(status(bo)).to_have_text(re.compile("Offline: 1 change kept"))
    write_in(ana, 0, " + 1")
    move_down(ana, 0)
    expect(ana.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(1)).to_contain_text("first = 1 + 1")
    saved(ana)
    bo.context.set_offline(False)
    for page in (ana, bo):
        moved = page.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(1)
        expect(moved).to_contain_text("first = 1 + 1")
        expect(moved).to_contain_text("# on the train")
    saved(bo)
    assert sources(ana) == sources(bo)
    assert kept(bo) == []

    # And what was typed while somebody who is offline moves the cell.
    ana.context.set_offline(True)
    move_down(ana, 1)
    expect(status(ana)).to_have_text(re.compile("Offline"))
    write_in(bo, 1, "  # at home")
    saved(bo)
    ana.context.set_offline(False)
    for page in (ana, bo):
        moved = page.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(2)
        expect(moved).to_contain_text("# on the train")
        expect(moved).to_contain_text("# at home")
    saved(ana)
    assert sources(ana) == sources(bo)


def test_another_document_in_its_place(workspace: tuple[Mortal, Browser]) -> None:
    server, browser = workspace
    ana, bo = visit(server, browser, "ana"), visit(server, browser, "bo")
    server.kill()
    write_in(bo, 0, "  # only here")
    expect(status(bo)).to_have_text(re.compile("Offline: 1 change kept"))
    # The history of the document is lost with the journal: nothing of before may be mixed into what comes now.
    for file in (server.home / "journal").glob("*.db*"):
        if not file.name.startswith("files."):
            file.unlink()
    server.start()

    # Who has nothing to lose is simply shown what there is now.
    expect(ana.locator(".jp-NotebookPanel")).to_have_count(1)
    saved(ana)
    expect(ana.locator(".atrium-Banner")).to_have_count(0)
    # Who has is told, and keeps it.
    expect(bo.get_by_role("alert")).to_contain_text("Your 1 change could not be sent.")
    bo.get_by_role("button", name="Save as a new notebook").click()
    expect(bo.locator(".lm-TabBar-tabLabel", has_text="shared (my changes).ipynb")).to_be_visible()
    mine = bo.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .cm-content").first
    expect(mine).to_have_text("first = 1  # only here")
    assert (server.home / "work/scratch/bo/shared (my changes).ipynb").exists()
    bo.locator(".lm-TabBar-tabLabel", has_text=re.compile(r"^shared\.ipynb$")).click()
    bo.get_by_role("button", name="Open the current version").click()
    expect(mine).to_have_text("first = 1")
    saved(bo)
    assert sources(ana) == ["first = 1", "second = 2", "third = 3"]
