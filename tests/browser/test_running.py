"""Two people, two browsers, one kernel: who runs what, what cells ask, interrupting, closed tabs, widgets."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.notebooks import FRONT, open_notebook, put_notebook, sources, write_in
from tests.browser.people import Person, chromium, enter
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

DESK = "projects/desk/main"
BUILD = 240_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Browser]]:
    folder = tmp_path_factory.mktemp("desk")
    project = folder / "home" / "work" / DESK
    project.mkdir(parents=True)
    (project / "requirements.txt").write_text("ipywidgets\n")
    with start_server(folder / "home") as server, chromium() as browser:
        yield server, browser


def notebook(server: Server, name: str, *sources: str) -> Path:
    file = server.home / "work" / DESK / name
    put_notebook(file, *sources)
    return file


def visit(browser: Browser, server: Server, person: str, name: str) -> Page:
    return open_notebook(Person(browser, server, person), f"{DESK}/{name}")


def cell(page: Page, position: int) -> Locator:
    return page.locator(f"{FRONT} .jp-CodeCell").nth(position)


def run(page: Page, position: int, *, keys: str = "Control+Enter") -> None:
    enter(cell(page, position).locator(".cm-content"))
    page.keyboard.press(keys)


def shows(page: Page, position: int, *texts: str, timeout: float | None = None) -> None:
    expect(cell(page, position).locator(".jp-OutputArea-output")).to_have_text(list(texts), timeout=timeout)


def field(page: Page) -> Locator:
    return page.locator(f"{FRONT} .atrium-InputLine-field")


def test_who_runs_what_and_what_it_asks(desk: tuple[Server, Browser]) -> None:
    server, browser = desk
    file = notebook(
        server,
        "asks.ipynb",
        "from getpass import getpass\nname = input('Your name: ')\nkey = getpass('Key: ')\nprint(name, len(key))",
        "import time\nprint('begun')\ntime.sleep(120)",
        "print('behind')",
    )
    ana, bo = visit(browser, server, "ana", "asks.ipynb"), visit(browser, server, "bo", "asks.ipynb")
    run(ana, 0, keys="Shift+Enter")
    ana.keyboard.press("Shift+Enter")
    ana.keyboard.press("Shift+Enter")

    # Everybody is asked, with the cursor there for who has it run; the others see who that is.
    for page in (ana, bo):
        expect(field(page)).to_be_visible(timeout=BUILD)
        expect(cell(page, 0).locator(".atrium-InputLine-prompt")).to_have_text("Your name: ")
    expect(field(ana)).to_be_focused()
    expect(field(bo)).not_to_be_focused()
    expect(cell(bo, 0).locator(".atrium-CellRunner")).to_have_text("Ana · asks")
    expect(cell(bo, 1).locator(".atrium-CellRunner")).to_have_text("Ana · waiting")
    expect(cell(bo, 0).locator(".jp-InputPrompt")).to_have_attribute("title", re.compile("^Ana runs this cell, since"))
    expect(cell(ana, 0).locator(".jp-InputPrompt")).to_have_attribute("title", re.compile("^You run this cell, since"))
    expect(ana.locator(".atrium-CellRunner")).to_have_count(0)

    # Bo answers, what he types stays his until then; Ana types the password, which nobody reads.
    field(bo).fill("Bo")
    expect(field(ana)).to_have_value("")
    field(bo).press("Enter")
    expect(ana.locator(f"{FRONT} .atrium-InputLine-field[type=password]")).to_be_focused()
    expect(bo.locator(f"{FRONT} .atrium-InputLine-field[type=password]")).to_have_value("")
    ana.keyboard.type("sesame")
    ana.keyboard.press("Enter")
    for page in (ana, bo):
        shows(page, 0, "Your name: Bo\nKey: ········\n", "Bo 6\n")
        expect(field(page)).to_have_count(0)
        shows(page, 1, "begun\n")
    expect(cell(bo, 1).locator(".atrium-CellRunner")).to_have_text(re.compile(r"^Ana · running \d+ s$"))

    # Bo's stop button stops what Ana runs.
    bo.locator(f"{FRONT} .jp-Toolbar [data-jp-item-name=interrupt]").click()
    for page in (ana, bo):
        expect(cell(page, 1).locator(".jp-OutputArea-output").last).to_contain_text("KeyboardInterrupt")
        shows(page, 2, "Cancelled: It was interrupted before this cell's turn.")
        expect(page.locator(".atrium-CellRunner, .atrium-InputLine")).to_have_count(0)
        expect(page.locator(f"{FRONT} .jp-InputPrompt").first).to_have_attribute("title", "")
    assert "sesame" not in file.read_text()


def test_a_run_survives_every_tab(desk: tuple[Server, Browser]) -> None:
    server, browser = desk
    gate = server.home.parent / "gate"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.1)"
    file = notebook(
        server, "alone.ipynb", f"print('begun')\n{wait}\nprint('ended')", "print(input('Well? '))", "'last'"
    )
    ana, bo = visit(browser, server, "ana", "alone.ipynb"), visit(browser, server, "bo", "alone.ipynb")
    run(ana, 0, keys="Shift+Enter")
    ana.keyboard.press("Shift+Enter")
    ana.keyboard.press("Shift+Enter")
    for page in (ana, bo):
        shows(page, 0, "begun\n", timeout=BUILD)
    # One request is sent after the other; what was not sent goes with the tab.
    deadline = time.monotonic() + 60
    while len(server.api("GET", f"/documents/queue?notebook={DESK}/alone.ipynb")["cells"]) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for page in (ana, bo):
        page.context.close()
    gate.touch()

    # It went on, and asks whoever comes next.
    bo = visit(browser, server, "bo", "alone.ipynb")
    shows(bo, 0, "begun\nended\n")
    expect(cell(bo, 1).locator(".atrium-CellRunner")).to_have_text("Ana · asks")
    field(bo).fill("fine")
    field(bo).press("Enter")
    shows(bo, 1, "Well? fine\n", "fine\n")
    shows(bo, 2, "'last'")
    ana = visit(browser, server, "ana", "alone.ipynb")
    shows(ana, 2, "'last'")
    saved = json.loads(file.read_text())["cells"]
    assert [one["execution_count"] for one in saved[:3]] == [1, 2, 3]
    assert saved[1]["outputs"][0]["name"] == "stdin"


def test_undo_takes_back_what_was_typed_and_no_output(desk: tuple[Server, Browser]) -> None:
    server, browser = desk
    notebook(server, "undo.ipynb", "1 + 1", "'rest'")
    ana, bo = visit(browser, server, "ana", "undo.ipynb"), visit(browser, server, "bo", "undo.ipynb")
    run(ana, 0)
    shows(ana, 0, "2", timeout=BUILD)
    write_in(ana, 0, " + 1")
    write_in(bo, 1, ".upper()")
    run(ana, 0)
    shows(bo, 0, "3")
    enter(cell(ana, 0).locator(".cm-content"))
    ana.keyboard.press("Control+z")
    for page in (ana, bo):
        expect(cell(page, 0).locator(".cm-content")).to_have_text("1 + 1")
        expect(cell(page, 1).locator(".cm-content")).to_have_text("'rest'.upper()")
        shows(page, 0, "3")
    # Nor does undo in command mode, which is the notebook's.
    ana.keyboard.press("Escape")
    for _ in range(5):
        ana.keyboard.press("z")
    run(bo, 1)
    shows(ana, 1, "'REST'")
    shows(ana, 0, "3")
    assert sources(ana)[1] == "'rest'.upper()"


def test_widgets_work_for_both(desk: tuple[Server, Browser]) -> None:
    server, browser = desk
    notebook(
        server,
        "widgets.ipynb",
        "import time, ipywidgets as w\nslider, out = w.IntSlider(max=10), w.Output()\ntold = w.Label()\n"
        "@out.capture(clear_output=True)\ndef changed(change):\n"
        "    told.value = f'stores: {change.new}'\n    print('from', change.old, 'to', change.new)\n"
        "slider.observe(changed, 'value')\nw.VBox([slider, told, out])",
        "print(slider.value)",
        "with out:\n    print('step')\nwhile slider.value >= 0:\n    time.sleep(0.1)",
    )
    ana, bo = visit(browser, server, "ana", "widgets.ipynb"), visit(browser, server, "bo", "widgets.ipynb")
    run(ana, 0)
    for page in (ana, bo):
        expect(cell(page, 0).locator(".widget-readout")).to_have_text("0", timeout=BUILD)

    def moved(by: Page, key: str, value: int, before: int) -> None:
        cell(by, 0).locator(".noUi-handle").press(key)
        for page in (ana, bo):
            expect(cell(page, 0).locator(".widget-readout")).to_have_text(str(value))
            expect(cell(page, 0)).to_contain_text(f"stores: {value}")
            expect(cell(page, 0).locator(".widget-output")).to_have_text(f"from {before} to {value}\n")

    moved(ana, "ArrowRight", 1, 0)
    moved(bo, "ArrowRight", 2, 1)
    run(bo, 1)
    for page in (ana, bo):
        shows(page, 1, "2\n")

    # What a cell prints into the widget is there while the cell still runs, and not in the cell.
    run(ana, 2)
    for page in (ana, bo):
        expect(cell(page, 0).locator(".widget-output")).to_contain_text("step")
        expect(cell(page, 2).locator(".jp-InputPrompt")).to_have_text("[*]:")
        expect(cell(page, 2).locator(".jp-OutputArea-output")).to_have_count(0)
    bo.locator(f"{FRONT} .jp-Toolbar [data-jp-item-name=interrupt]").click()
    expect(cell(ana, 2).locator(".jp-OutputArea-output")).to_contain_text("KeyboardInterrupt")

    # Who comes later sees and moves them as well.
    bo.context.close()
    bo = visit(browser, server, "bo", "widgets.ipynb")
    expect(cell(bo, 0).locator(".widget-readout")).to_have_text("2")
    expect(cell(bo, 0).locator(".widget-output")).to_contain_text("step")
    moved(bo, "ArrowRight", 3, 2)
