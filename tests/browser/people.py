"""A person at a browser: signs in, clicks, types."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.fakes.servers import PASSWORD, Server

CHROMIUM = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]  # fmt: skip
PATIENCE = 60_000
SIZE, PHONE = {"width": 1400, "height": 850}, {"width": 390, "height": 844}

# Of JupyterLab's own asking, when a kernel is replaced that has just started, as attaching a cluster may do.
OF_JUPYTERLAB = "Canceled future for create_subshell_request"

PICTURES = os.environ.get("ATRIUM_SCREENSHOTS")
SCREENSHOTS = Path(PICTURES or tempfile.gettempdir()) / "atrium-screenshots"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a screen and without a network. A test that fails leaves pictures of every page."""
    expect.set_options(timeout=PATIENCE)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM) as browser,
    ):
        try:
            yield browser
        except BaseException:
            SCREENSHOTS.mkdir(exist_ok=True)
            for number, page in enumerate(page for context in browser.contexts for page in context.pages):
                page.screenshot(path=SCREENSHOTS / f"{number}.png")
            raise


class Person:
    """Somebody in a browser of their own. ``problems`` collects what the page's console calls errors."""

    def __init__(self, browser: Browser, server: Server, name: str) -> None:
        self.name = name
        self.server = server
        self.problems: list[str] = []
        context = browser.new_context(viewport=SIZE, permissions=["clipboard-read", "clipboard-write"])
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self._take(str(error)))

    def _take(self, problem: str) -> None:
        if OF_JUPYTERLAB not in problem:
            self.problems.append(problem)

    def sign_in(self) -> None:
        """Through the page, with name and password."""
        self.page.goto(self.server.url)
        self.page.get_by_label("User name").fill(self.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.locator(".jp-Launcher")).to_be_visible()

    @property
    def notebook(self) -> Locator:
        """The notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def chip(self, name: str | re.Pattern[str]) -> Locator:
        """A chip of the notebook's toolbar, by what it begins with."""
        return self.notebook.locator(".atrium-Chip").filter(has_text=name).first

    def cell(self, position: int) -> Locator:
        """A cell, counted from 0; scrolled into view."""
        cell = self.notebook.locator(".jp-Cell").nth(position)
        cell.scroll_into_view_if_needed()
        return cell

    def write(self, position: int, source: str) -> None:
        """Replace a code cell's source, as somebody does who pastes over it."""
        enter(self.cell(position).locator(".cm-content"))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def append(self, source: str) -> None:
        """Add a code cell at the end."""
        last = self.notebook.locator(".jp-Cell").count() - 1
        self.cell(last).locator(".jp-InputPrompt").first.click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        expect(self.notebook.locator(".jp-Cell")).to_have_count(last + 2)
        self.write(last + 1, source)

    def menu(self, *path: str) -> None:
        """Choose from the menu bar."""
        _choose(self.page, *path)


def enter(editor: Locator) -> None:
    """Click into an editor. An output that arrives meanwhile moves a cell from beneath the mouse: click again."""
    expect(editor).to_be_visible()
    while not editor.evaluate("node => node.contains(document.activeElement)"):
        editor.click()


def cursor_is_seen(typist: Page, other: Page, name: str) -> None:
    """``typist`` types until ``other`` sees their cursor's flag with ``name``; it fades when they rest."""
    flag = other.locator(".jp-remote-userFlag, .jp-remote-userInfo").filter(has_text=name).first
    for attempt in range(30):
        typist.keyboard.type("!")
        try:
            expect(flag).to_be_visible(timeout=1000)
        except AssertionError:
            if attempt == 29:
                raise
        else:
            return


def picture(page: Page, name: str, phone: Literal["", "panel", "main"] = "", dark: bool = False) -> None:
    """For people to look at, where ATRIUM_SCREENSHOTS names a folder: the page, and what of it is seen on a phone, the
    left panel or the main area; in the dark as well."""
    if not PICTURES:
        return
    page.screenshot(path=Path(PICTURES) / f"{name}.png")
    if phone:
        if phone == "main":
            page.keyboard.press("Control+b")
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(300)
        page.screenshot(path=Path(PICTURES) / f"{name}-phone.png")
        page.set_viewport_size(SIZE)
        if phone == "main":
            page.keyboard.press("Control+b")
    if dark:
        held = page.evaluate_handle("document.activeElement").as_element()
        _choose(page, "Settings", "Theme", "JupyterLab Dark")
        page.wait_for_timeout(1500)
        picture(page, f"{name}-dark", phone)
        _choose(page, "Settings", "Theme", "JupyterLab Light")
        if held:
            held.focus()


def _choose(page: Page, *path: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text=path[0]).first.click()
    for item in path[1:]:
        page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()
