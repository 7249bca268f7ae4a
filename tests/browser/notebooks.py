"""Notebooks in a browser, as several people look at them."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import Person, enter

FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def put_notebook(file: Path, *sources: str) -> None:
    """Write a notebook of code cells ``c0``, ``c1``, ..."""
    file.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for n, text in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))


def open_notebook(person: Person, path: str) -> Page:
    """Open a notebook in a person's browser and wait until it is there, in front of what they had open last time."""
    page, server = person.page, person.server
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}lab/tree/{path}?token={server.tokens[person.name]}")
    expect(page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")).to_have_text(path.rpartition("/")[2])
    expect(page.locator(f"{FRONT} .jp-CodeCell .cm-content").first).to_be_visible()
    saved(page)
    return page


def status(page: Page) -> Locator:
    """What the toolbar says of the notebook in front."""
    return page.locator(f"{FRONT} .jp-Toolbar .atrium-SaveStatus[role=status]")


def saved(page: Page) -> None:
    expect(status(page)).to_have_text("Saved")


def write_in(page: Page, cell: int, text: str) -> None:
    """Write at the end of a cell, in one go: keys that follow each other slowly would count as several changes."""
    enter(page.locator(f"{FRONT} .jp-CodeCell .cm-content").nth(cell))
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def sources(page: Page) -> list[str]:
    """What the notebook in front says, cell by cell."""
    # All at once: of cells that are counted first, one may be gone when it is looked at.
    found: list[str] = page.locator(f"{FRONT} .jp-CodeCell").evaluate_all(
        "cells => cells.map(cell => [...cell.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n'))"
    )
    return found
