"""Writing outputs into a shared notebook, as another client sees it."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from workspace_server.documents import cells


@pytest.fixture
def notebook() -> YNotebook:
    shared = YNotebook()
    shared.set(
        {
            "cells": [
                {"cell_type": "code", "id": id, "source": "1", "metadata": {}, "outputs": [], "execution_count": 7}
                for id in ("a", "b")
            ],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
        }
    )  # fmt: skip
    return shared


def text(value: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": value}


def data(value: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": value}, "metadata": {}}


def test_every_way_of_changing_outputs_arrives_at_another_client(notebook: YNotebook) -> None:
    other = YNotebook(Doc())
    notebook.ydoc.observe(lambda event: other.ydoc.apply_update(event.update))
    other.ydoc.apply_update(notebook.ydoc.get_update())
    written = 0
    for items, first in (
        ([text("à")], 0),
        ([text("àb\n")], 0),
        ([text("àb\n"), data("1")], 1),
        ([text("àb\n"), data("2"), text("c")], 1),
        ([text("àb\n"), data("2"), text("cé"), data("3")], 2),
        ([text("rewritten"), data("2"), text("cé"), data("3")], 0),
        ([text("rewri-é")], 0),
        ([text("re")], 0),
        ([], 0),
    ):
        assert cells.write_outputs(notebook, "b", items[first:], first, written) is not None
        written = len(items)
        assert other.get_cell(1)["outputs"] == items
    assert cells.write_outputs(notebook, "gone", [text("x")], 0, 0) is None


def test_a_text_that_grows_costs_what_was_added(notebook: YNotebook) -> None:
    long = "é" * 50_000 + "\n"
    cells.write_outputs(notebook, "a", [text(long)], 0, 0)
    sent: list[int] = []
    notebook.ydoc.observe(lambda event: sent.append(len(event.update)))
    assert cells.write_outputs(notebook, "a", [text(long + "é")], 0, 1) == 1
    assert cells.write_outputs(notebook, "a", [text(long + "è" * 100)], 0, 1) == 101
    assert notebook.get_cell(0)["outputs"] == [text(long + "è" * 100)]
    assert sum(sent) < 1000


def test_a_cell_that_was_made_again_is_noticed(notebook: YNotebook) -> None:
    cells.write_outputs(notebook, "a", [text("1"), data("2")], 0, 0)
    notebook.set_cell(0, {**notebook.get_cell(0), "outputs": []})
    assert cells.write_outputs(notebook, "a", [text("3")], 2, 2) is None
    assert notebook.get_cell(0)["outputs"] == []
    cells.write_outputs(notebook, "a", [text("1"), data("2"), text("3")], 0, 2)
    assert notebook.get_cell(0)["outputs"] == [text("1"), data("2"), text("3")]
    cells.append_output(notebook, "a", data("4"))
    assert notebook.get_cell(0)["outputs"][-1] == data("4")


def test_a_cell_shows_that_it_waits_and_that_it_is_done(notebook: YNotebook) -> None:
    cells.write_outputs(notebook, "a", [text("old")], 0, 0)
    cells.wait(notebook, ["a"])
    assert cells.running(notebook) == {"a"}
    assert notebook.get_cell(0)["outputs"] == []
    assert notebook.get_cell(0)["execution_count"] is None
    cells.finish(notebook, "a", 3)
    assert cells.running(notebook) == set()
    assert notebook.get_cell(0)["execution_count"] == 3
    cells.finish(notebook, "b", None)
    assert notebook.get_cell(1)["execution_count"] == 7
