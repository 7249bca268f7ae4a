"""Two people in one notebook, in two browsers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import uv
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NOTEBOOK = "scratch/ana/shared.ipynb"
CHROMIUM = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def visit(browser: Browser, server: Server, person: str) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 850}).new_page()
    page.set_default_timeout(120_000)
    expect.set_options(timeout=30_000)
    page.goto(f"{server.url}lab/tree/{NOTEBOOK}?token={server.tokens[person]}")
    expect(page.locator(".jp-Notebook .jp-CodeCell").first).to_be_visible(timeout=120_000)
    return page


def prompts(page: Page, *shown: str) -> None:
    expect(page.locator(".jp-Notebook .jp-InputPrompt")).to_have_text(list(shown), timeout=150_000)


def outputs(page: Page, *shown: str) -> None:
    expect(page.locator(".jp-Notebook .jp-OutputArea-output")).to_have_text(list(shown), timeout=20_000)


def test_two_people_and_a_slow_environment(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    closed, wrapper = tmp_path / "closed", tmp_path / "uv"
    wrapper.write_text(f'#!/bin/sh\nwhile [ -e "{closed}" ]; do sleep 0.1; done\nexec "{uv.find_uv_bin()}" "$@"\n')
    wrapper.chmod(0o755)
    closed.touch()
    home = tmp_path / "home"
    file = home / "work" / NOTEBOOK
    file.parent.mkdir(parents=True)
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for n, text in enumerate(("seen = []", "seen.append(1); print(seen)", "seen.append(2); print(seen)"))
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    cache = tmp_path_factory.getbasetemp().parent / "uv-cache"
    with (
        start_server(home, ATRIUM_UV=str(wrapper), UV_CACHE_DIR=str(cache)) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM) as browser,
    ):
        ana, bo = visit(browser, server, "ana"), visit(browser, server, "bo")

        # Each sees the other, and what the other types.
        expect(ana.locator(".atrium-People [role=img]")).to_have_attribute("aria-label", "Bo")
        expect(bo.locator(".atrium-People [role=img]")).to_have_attribute("aria-label", "Ana")
        bo.locator(".jp-CodeCell .cm-content").nth(2).click()
        bo.keyboard.press("End")
        bo.keyboard.type("  # Bo was here")
        expect(ana.locator(".jp-CodeCell .cm-content").nth(2)).to_contain_text("# Bo was here")
        expect(ana.locator(".jp-remote-userFlag-name", has_text="Bo").first).to_be_attached()

        # Three cells at once while the environment is built: both see that they wait, and why.
        ana.locator(".jp-CodeCell .cm-content").first.click()
        for _ in range(3):
            ana.keyboard.press("Shift+Enter")
        for page in (ana, bo):
            prompts(page, "[*]:", "[*]:", "[*]:", "[ ]:")
            expect(page.locator(".atrium-WaitingLine").first).to_contain_text("the base set")
            expect(page.locator(".atrium-WaitingLine")).to_have_count(3)
        expect(ana.locator(".jp-mod-active .jp-InputPrompt")).to_have_text("[ ]:")

        # The one who asked leaves; nothing of it is lost, and nothing runs twice.
        ana.context.close()
        expect(bo.locator(".atrium-People [role=img]")).to_have_count(0, timeout=60_000)
        people = {one["path"]: one["people"] for one in server.api("GET", "/documents/open")["documents"]}
        assert "Bo" in people[NOTEBOOK]
        closed.unlink()
        prompts(bo, "[1]:", "[2]:", "[3]:", "[ ]:")
        outputs(bo, "[1]\n", "[1, 2]\n")
        ana = visit(browser, server, "ana")
        prompts(ana, "[1]:", "[2]:", "[3]:", "[ ]:")
        outputs(ana, "[1]\n", "[1, 2]\n")
        expect(ana.locator(".atrium-WaitingLine")).to_have_count(0)

        # A run of one shows for the other.
        bo.locator(".jp-CodeCell .cm-content").nth(3).click()
        bo.keyboard.type("seen.append(3); print(seen); 1/0")
        bo.keyboard.press("Shift+Enter")
        expect(ana.locator(".jp-OutputArea-output").nth(2)).to_have_text("[1, 2, 3]\n")
        expect(ana.locator(".jp-OutputArea-output").nth(3)).to_have_text(re.compile("ZeroDivisionError"))
        prompts(ana, "[1]:", "[2]:", "[3]:", "[4]:", "[ ]:")
