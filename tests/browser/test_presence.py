"""Two people in one notebook: where each is, following, the same word, undo, conflicts, and looking only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.notebooks import FRONT, open_notebook, put_notebook, saved, sources, write_in
from tests.browser.people import Person, chromium
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SHARED = "scratch/bo/shared.ipynb"
LONG = "scratch/bo/long.ipynb"
HERS = "scratch/ana/hers.ipynb"

Workspace = tuple[Server, Browser]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    work = tmp_path / "home" / "work"
    put_notebook(work / SHARED, "first = 1", "second = 2", "third = 3")
    put_notebook(work / LONG, *(f"line_{n} = {n}\n\n# a few\n# lines" for n in range(40)))
    put_notebook(work / HERS, "hers = 1", "other = 2")
    with start_server(tmp_path / "home") as server, chromium() as browser:
        expect.set_options(timeout=20_000)
        yield server, browser


def two(workspace: Workspace, path: str) -> tuple[Page, Page]:
    server, browser = workspace
    return open_notebook(Person(browser, server, "ana"), path), open_notebook(Person(browser, server, "bo"), path)


def equal(ana: Page, bo: Page) -> list[str]:
    """What both see, once both see the same."""
    deadline = time.monotonic() + 15
    while (seen := sources(ana)) != sources(bo):
        assert time.monotonic() < deadline, (seen, sources(bo))
        time.sleep(0.1)
    return seen


def top_cell(page: Page) -> int:
    """Which cell is at the top of the window."""
    found: int = page.locator(f"{FRONT} .jp-WindowedPanel-outer").evaluate(
        "outer => [...outer.querySelectorAll('.jp-CodeCell')]"
        ".findIndex(cell => cell.getBoundingClientRect().bottom > outer.getBoundingClientRect().top)"
    )
    return found


def command(page: Page, cell: int, *keys: str) -> None:
    """Press keys in command mode at a cell."""
    page.locator(f"{FRONT} .jp-CodeCell .jp-InputPrompt").nth(cell).click()
    for key in keys:
        page.keyboard.press(key)


def test_where_the_others_are(workspace: Workspace) -> None:
    ana, bo = two(workspace, LONG)
    bo.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(2).click()
    people = ana.locator(f"{FRONT} button.atrium-People")
    expect(people).to_have_attribute("aria-label", "Also here: Bo")
    people.click()
    popover = ana.get_by_role("dialog", name="Also here")
    expect(popover).to_contain_text("editing cell 3")
    marker = ana.locator(f"{FRONT} .jp-Cell .atrium-CellPeople")
    expect(marker).to_have_count(1)
    expect(marker).to_have_attribute("title", "Bo is editing this cell")
    expect(marker).to_have_text("B")

    # Follow: Ana sees what Bo sees, her own place stays what it was.
    popover.get_by_role("button", name="Follow Bo").click()
    frame = ana.locator(f"{FRONT} .atrium-FollowFrame")
    expect(frame).to_have_text("Following Bo · Esc to stop")
    active = ana.locator(f"{FRONT} .jp-mod-active .cm-content").first.inner_text()
    bo.mouse.move(800, 500)
    for _ in range(5):
        bo.mouse.wheel(0, 400)
        time.sleep(0.4)
    deadline = time.monotonic() + 15
    while not 0 < top_cell(bo) == top_cell(ana):
        assert time.monotonic() < deadline, (top_cell(ana), top_cell(bo))
        time.sleep(0.1)
    ana.keyboard.press("Escape")
    expect(frame).to_have_count(0)
    assert ana.locator(f"{FRONT} .jp-mod-active .cm-content").first.inner_text() == active

    # Go there once.
    bo.locator(f"{FRONT} .jp-CodeCell .cm-content").last.scroll_into_view_if_needed()
    bo.locator(f"{FRONT} .jp-CodeCell .cm-content").last.click()
    people.click()
    popover.get_by_role("button", name="Go to Bo's cell").click()
    expect(ana.locator(f"{FRONT} .jp-Cell", has=ana.locator(".atrium-CellPeople"))).to_be_in_viewport()
    # One's own typing ends following.
    people.click()
    popover.get_by_role("button", name="Follow Bo").click()
    expect(frame).to_have_count(1)
    ana.keyboard.press("j")
    expect(frame).to_have_count(0)
    bo.context.close()
    expect(people).to_have_count(0)


def test_the_same_word_and_undo(workspace: Workspace) -> None:
    ana, bo = two(workspace, SHARED)
    for page in (ana, bo):
        page.locator(f"{FRONT} .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
    for mine, yours in zip("AAAAAAAAAA", "bbbbbbbbbb", strict=True):
        ana.keyboard.type(mine)
        bo.keyboard.type(yours)
    seen = equal(ana, bo)[0]
    assert (seen.count("A"), seen.count("b"), len(seen)) == (10, 10, len("first = 1") + 20)

    # Undo takes back what one typed oneself, and nothing else.
    ana.keyboard.press("Control+z")
    for _ in range(12):
        if "A" not in sources(ana)[0]:
            break
        ana.keyboard.press("Control+z")
    assert equal(ana, bo)[0] == "fbbbbbbbbbbirst = 1"
    ana.keyboard.press("Control+Shift+z")
    write_in(bo, 1, "  # Bo")
    assert "A" in equal(ana, bo)[0]
    assert equal(ana, bo)[1] == "second = 2  # Bo"

    # A cell that is moved, changed by another, and moved back by undo: the change stays.
    command(ana, 2, "Control+Shift+ArrowUp")
    expect(bo.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(1)).to_have_text("third = 3")
    write_in(bo, 1, "  # while it was away")
    expect(ana.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(1)).to_contain_text("while it was away")
    command(ana, 1, "z")
    assert equal(ana, bo)[1:] == ["second = 2  # Bo", "third = 3  # while it was away"]

    # A cell that is added, and written in by another: undo leaves it to them.
    command(ana, 2, "b")
    expect(bo.locator(f"{FRONT} .jp-CodeCell")).to_have_count(4)
    write_in(bo, 3, "mine = 'Bo'")
    expect(ana.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(3)).to_have_text("mine = 'Bo'")
    command(ana, 3, "z")
    time.sleep(0.5)
    assert equal(ana, bo)[3] == "mine = 'Bo'"
    saved(ana)
    saved(bo)


def test_a_conflict_with_the_disk(workspace: Workspace) -> None:
    server, _ = workspace
    ana, bo = two(workspace, SHARED)
    file = server.home / "work" / SHARED
    content = json.loads(file.read_text())
    content["cells"][1]["source"] = "second = 'disk'"
    write_in(ana, 1, "  # Ana")
    # The server has it, and has not saved it yet: looked for with each frame, since it waits for a second only.
    bo.wait_for_function("[...document.querySelectorAll('.cm-line')].some(line => line.textContent.includes('# Ana'))")
    file.write_text(json.dumps(content, indent=1))
    banners = bo.get_by_role("group", name="Conflict")
    expect(banners).to_have_count(2)
    expect(banners.first).to_contain_text("changed on disk")
    assert equal(ana, bo) == ["first = 1", "second = 2  # Ana", "second = 'disk'", "third = 3"]
    expect(bo.locator(".Toastify__toast")).to_have_count(1)

    banners.nth(1).get_by_role("button", name="Keep this one").click()
    expect(banners).to_have_count(0)
    assert equal(ana, bo) == ["first = 1", "second = 'disk'", "third = 3"]
    command(bo, 0, "z")
    expect(ana.get_by_role("group", name="Conflict")).to_have_count(2)
    ana.get_by_role("group", name="Conflict").first.get_by_role("button", name="Keep both").click()
    expect(banners).to_have_count(0)
    assert equal(ana, bo) == ["first = 1", "second = 2  # Ana", "second = 'disk'", "third = 3"]


def test_somebody_who_may_only_look(workspace: Workspace) -> None:
    ana, bo = two(workspace, HERS)
    expect(bo.locator(f"{FRONT} .jp-Toolbar").get_by_text("Read-only", exact=True)).to_be_visible()
    expect(bo.get_by_text("notebook is read-only")).to_be_hidden()
    before = sources(ana)
    bo.locator(f"{FRONT} .jp-CodeCell .cm-content").first.click()
    bo.keyboard.type("nothing of this")
    command(bo, 1, "d", "d", "b", "x", "v", "Control+Shift+ArrowUp", "Shift+Enter")
    time.sleep(1)
    assert sources(bo) == sources(ana) == before
    run = bo.locator(f"{FRONT} .jp-Toolbar-item[data-jp-item-name=run] jp-button")
    expect(run).to_have_attribute("aria-disabled", "true")
    # What the other writes arrives, and both see each other.
    write_in(ana, 0, "  # news")
    expect(bo.locator(f"{FRONT} .jp-CodeCell .cm-content").first).to_have_text("hers = 1  # news")
    expect(ana.locator(f"{FRONT} button.atrium-People")).to_have_attribute("aria-label", "Also here: Bo")
    expect(bo.locator(".jp-Dialog")).to_have_count(0)
    saved(bo)
