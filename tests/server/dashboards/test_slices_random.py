"""Random notebooks: what a slice shows is what a fresh run shows, and what it leaves alone has not changed."""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Iterable
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.server.dashboards.notebooks import CHOICES, notebook
from workspace_ext import widgets
from workspace_server.dashboards.effects import parse
from workspace_server.dashboards.slices import Cell, Slices


def execute(cells: list[str], chosen: Iterable[int], region: str) -> dict[int, str]:
    """What each of the chosen cells shows, in an empty namespace; cells that raise show their error and end it."""
    widgets.override({"region": region})
    shell = InteractiveShell.instance()
    namespace: dict[str, Any] = {"get_ipython": lambda: shell}
    shell.user_ns = namespace
    shown: dict[int, str] = {}
    for i in chosen:
        tree = parse(cells[i])
        assert tree is not None, cells[i]
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(tree, "cell", "exec"), namespace)
                if last is not None:
                    value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
                    shown[i] = repr(value)
        except Exception as error:
            shown[i] = repr(error)
            break
    widgets.override(None)
    return shown


@pytest.mark.parametrize("block", range(4))
def test_slices_equal_fresh_runs(block: int) -> None:
    compared = 0
    for seed in range(block * 25, block * 25 + 25):
        cells = notebook(seed)
        everything = range(len(cells))
        snapshot = execute(cells, everything, CHOICES[0])
        graph = Slices(
            [Cell(str(i), text, i in snapshot, ("region",) if i == 1 else ()) for i, text in enumerate(cells)]
        )
        found = graph.of(["region"])
        run, show = [int(id) for id in found.run], {int(id) for id in found.show}
        for value in CHOICES[1:]:
            fresh = execute(cells, everything, value)
            if len(fresh) != len(snapshot) or "Error" in str(fresh) + str(snapshot):
                continue  # A notebook that fails makes no snapshot.
            again = execute(cells, run, value)
            for i, text in fresh.items():
                compared += 1
                answer = again.get(i) if i in show else snapshot[i]
                assert answer == text, f"seed {seed}, cell {i}, region {value}, ran {run}:\n" + "\n---\n".join(
                    f"[{number}] {source}" for number, source in enumerate(cells)
                )
    assert compared > 50
