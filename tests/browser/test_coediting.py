"""Two people in one notebook, in two browsers, whose environment takes its time."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uv
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import Person, chromium, cursor_is_seen, enter
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOK = "scratch/bo/shared.ipynb"
CELLS = ("seen = []", "seen.append(1); print(seen)", "seen.append(2); print(seen)")
BUILD = 180_000


class Uv:
    """The real uv behind a script: waits while the gate is shut, and fails while it is told to.

    Attributes
    ----------
    seconds
        How long it takes in addition, for somebody who wants to see a slow build in real time: ``ATRIUM_SLOW_BUILD``.
    """

    seconds = float(os.environ.get("ATRIUM_SLOW_BUILD", "0"))

    def __init__(self, folder: Path) -> None:
        self.gate, self.broken, self.path = folder / "gate", folder / "broken", folder / "uv"
        self.path.write_text(
            f'#!/bin/sh\nwhile [ -e "{self.gate}" ]; do sleep 0.1; done\n'
            f'case "$*" in *"pip compile"*) sleep {self.seconds};; esac\n'
            f'if [ -e "{self.broken}" ]; then echo "error: Failed to fetch: connection refused" >&2; exit 2; fi\n'
            f'exec "{uv.find_uv_bin()}" "$@"\n'
        )
        self.path.chmod(0o755)
        self.gate.touch()


@contextmanager
def slow_workspace(tmp_path: Path) -> Iterator[tuple[Server, Browser, Uv]]:
    slow = Uv(tmp_path)
    file = tmp_path / "home" / "work" / NOTEBOOK
    file.parent.mkdir(parents=True)
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for n, text in enumerate(CELLS)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    with start_server(tmp_path / "home", ATRIUM_UV=str(slow.path)) as server, chromium() as browser:
        yield server, browser, slow


def visit(browser: Browser, server: Server, name: str) -> Page:
    page = Person(browser, server, name).page
    page.goto(f"{server.url}lab/tree/{NOTEBOOK}?token={server.tokens[name]}")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=BUILD)
    return page


def run_three(page: Page) -> None:
    enter(page.locator(".jp-CodeCell .cm-content").first)
    for _ in range(3):
        page.keyboard.press("Shift+Enter")
    prompts(page, "[*]:", "[*]:", "[*]:", "[ ]:")


def prompts(page: Page, *shown: str) -> None:
    expect(page.locator(".jp-Notebook .jp-InputPrompt")).to_have_text(list(shown), timeout=BUILD)


def outputs(page: Page, *shown: str) -> None:
    expect(page.locator(".jp-Notebook .jp-OutputArea-output")).to_have_text(list(shown))


def test_two_people_and_a_slow_environment(tmp_path: Path) -> None:
    with slow_workspace(tmp_path) as (server, browser, slow):
        ana, bo = visit(browser, server, "ana"), visit(browser, server, "bo")

        # Each sees the other, and what the other types.
        expect(ana.locator(".atrium-People [role=img]")).to_have_attribute("aria-label", "Bo")
        expect(bo.locator(".atrium-People [role=img]")).to_have_attribute("aria-label", "Ana")
        enter(bo.locator(".jp-CodeCell .cm-content").nth(2))
        bo.keyboard.press("End")
        bo.keyboard.type("  # Bo was here")
        expect(ana.locator(".jp-CodeCell .cm-content").nth(2)).to_contain_text("# Bo was here")
        cursor_is_seen(bo, ana, "Bo")

        # Three cells at once while the environment is built: both see that they wait, and why.
        run_three(ana)
        for page in (ana, bo):
            prompts(page, "[*]:", "[*]:", "[*]:", "[ ]:")
            expect(page.locator(".atrium-WaitingLine").first).to_contain_text("the base set")
            expect(page.locator(".atrium-WaitingLine")).to_have_count(3)
        expect(ana.locator(".jp-mod-active .jp-InputPrompt")).to_have_text("[ ]:")

        # The one who asked leaves; nothing of it is lost, and nothing runs twice.
        ana.context.close()
        expect(bo.locator(".atrium-People [role=img]")).to_have_count(0)
        people = {one["path"]: one["people"] for one in server.api("GET", "/documents/open")["documents"]}
        assert "Bo" in people[NOTEBOOK]
        slow.gate.unlink()
        prompts(bo, "[1]:", "[2]:", "[3]:", "[ ]:")
        outputs(bo, "[1]\n", "[1, 2]\n")
        ana = visit(browser, server, "ana")
        prompts(ana, "[1]:", "[2]:", "[3]:", "[ ]:")
        outputs(ana, "[1]\n", "[1, 2]\n")
        expect(ana.locator(".atrium-WaitingLine")).to_have_count(0)

        # A run of one shows for the other.
        enter(bo.locator(".jp-CodeCell .cm-content").nth(3))
        bo.keyboard.type("seen.append(3); print(seen); 1/0")
        bo.keyboard.press("Shift+Enter")
        expect(ana.locator(".jp-OutputArea-output").nth(2)).to_have_text("[1, 2, 3]\n")
        expect(ana.locator(".jp-OutputArea-output").nth(3)).to_have_text(re.compile("ZeroDivisionError"))
        prompts(ana, "[1]:", "[2]:", "[3]:", "[4]:", "[ ]:")


def test_a_build_that_fails_and_a_restart_meanwhile(tmp_path: Path) -> None:
    with slow_workspace(tmp_path) as (server, browser, slow):
        ana = visit(browser, server, "ana")
        run_three(ana)
        lines = ana.locator(".atrium-WaitingLine")
        expect(lines).to_have_count(3)

        # It fails: one message says why, each cell that it has not run, and one button runs them all.
        slow.broken.touch()
        slow.gate.unlink()
        expect(lines.get_by_text("Not run.")).to_have_count(3, timeout=BUILD)
        prompts(ana, "[ ]:", "[ ]:", "[ ]:", "[ ]:")
        told = ana.locator(".jp-OutputArea-output", has_text="The package index does not answer")
        expect(told).to_have_count(1)
        expect(ana.locator(".atrium-Chip", has_text="Environment failed")).to_be_visible()
        slow.gate.touch()
        slow.broken.unlink()
        ana.get_by_role("button", name="Retry").first.click()
        prompts(ana, "[*]:", "[*]:", "[*]:", "[ ]:")
        expect(ana.locator(".jp-OutputArea-output")).to_have_count(0)

        # A restart while it builds keeps what waits, in its order, once.
        ana.locator(".jp-Toolbar-item[data-jp-item-name=restart]").click()
        ana.get_by_role("button", name="Confirm Kernel Restart").click()
        expect(ana.locator(".jp-Dialog")).to_have_count(0)
        prompts(ana, "[*]:", "[*]:", "[*]:", "[ ]:")
        expect(lines).to_have_count(3)
        slow.gate.unlink()
        prompts(ana, "[1]:", "[2]:", "[3]:", "[ ]:")
        outputs(ana, "[1]\n", "[1, 2]\n")
        expect(lines).to_have_count(0)
        assert server.api("GET", f"/documents/queue?notebook={NOTEBOOK}")["cells"] == []
