"""Widgets: a value is one of the choices, whoever asks for it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import workspace_ext as ws

STORES = ["San Francisco", "Amsterdam", "New York"]


@pytest.fixture
def shell() -> Iterator[Any]:
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    yield shell
    shell.reset(new_session=False)
    InteractiveShell.clear_instance()


def test_the_first_choice_unless_there_is_a_default() -> None:
    assert ws.widgets.dropdown("store", STORES) == "San Francisco"
    assert ws.widgets.dropdown("store", STORES, default="New York") == "New York"
    assert ws.widgets.values() == {"store": "New York"}
    with pytest.raises(ws.WidgetError, match=r"'Paris' is not a choice of the widget 'store'\.\nChoices: San"):
        ws.widgets.dropdown("store", STORES, default="Paris")


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (["b", "a", "b", None], ["b", "a"]),
        (pd.Series(["b", "a", "b", None]), ["a", "b"]),
        (pd.DataFrame({"store": ["b", "a"]}), ["a", "b"]),
        (pd.Series([2.5, float("nan"), 1.0]), [1.0, 2.5]),
        (np.array([3, 1]), [1, 3]),
        ([True, False], [True, False]),
        (pd.Series(pd.to_datetime(["2026-02-01", "2026-01-01", None])), ["2026-01-01", "2026-02-01"]),
        (np.array(["2026-02-01", "NaT"], dtype="datetime64[ns]"), ["2026-02-01"]),
        (pd.Series(pd.to_datetime(["2026-02-01 10:00:00", "2026-01-01 00:00:00"])),
            ["2026-01-01T00:00:00", "2026-02-01T10:00:00"]),
        ([datetime.date(2026, 2, 1), datetime.date(2026, 1, 1)], ["2026-02-01", "2026-01-01"]),
        (pd.Series(pd.Categorical(["b", "a"])), ["a", "b"]),
        (range(3), [0, 1, 2]),
    ],
)  # fmt: skip
def test_choices_come_from_anywhere(choices: Any, expected: list[object]) -> None:
    ws.widgets.dropdown("x", choices)
    options = ws.widgets._dropdowns["x"].choices
    assert options == expected
    assert {type(each) for each in options} <= {str, int, float, bool}


def test_a_query_keeps_its_order(tables_folder: object) -> None:
    ws.tables.write(pd.DataFrame({"day": pd.to_datetime(["2026-01-01", "2026-01-03", "2026-01-02"])}), "days")
    assert ws.widgets.dropdown("day", ws.sql("SELECT DISTINCT day FROM days")) == "2026-01-01"
    assert ws.widgets.dropdown("day", ws.sql("SELECT DISTINCT day FROM days ORDER BY day DESC")) == "2026-01-03"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ([], "nothing to choose from"),
        (pd.Series([None, None]), "nothing to choose from"),
        (pd.DataFrame({"a": [1], "b": [2]}), "frame of 2 columns"),
        ("Amsterdam", "must be a list"),
        (3, "must be a list"),
    ],
)
def test_choices_that_are_none_say_so(choices: Any, said: str) -> None:
    with pytest.raises(ws.WidgetError, match=said):
        ws.widgets.dropdown("store", choices)


def test_a_name_is_a_python_name() -> None:
    with pytest.raises(ws.WidgetError, match="cannot be the name of a widget"):
        ws.widgets.dropdown("the store", STORES)


def test_what_was_picked_in_the_kernel_stays() -> None:
    ws.widgets.dropdown("store", STORES)
    assert ws.widgets.set("store", "Amsterdam") == "Amsterdam"
    assert ws.widgets.dropdown("store", STORES, default="New York") == "Amsterdam"
    with pytest.raises(ws.WidgetError, match="'Paris' is not a choice"):
        ws.widgets.set("store", "Paris")
    # The choices have changed meanwhile, so that nobody can have meant the old value.
    assert ws.widgets.dropdown("store", ["Oslo", "Paris"]) == "Oslo"


def test_a_dashboard_asks_for_values(monkeypatch: pytest.MonkeyPatch) -> None:
    ws.widgets.set("store", "Amsterdam")
    monkeypatch.setenv("ATRIUM_WIDGETS", '{"store": "New York", "week": "3", "other": 1}')
    assert ws.widgets.dropdown("store", STORES) == "New York"
    assert ws.widgets.dropdown("week", [1, 2, 3]) == 3
    ws.widgets.override({"store": "San Francisco"})
    assert ws.widgets.dropdown("store", STORES, default="New York") == "San Francisco"
    assert ws.widgets.dropdown("week", [1, 2, 3]) == 1
    ws.widgets.override({"store": "'; DROP TABLE sales; --"})
    with pytest.raises(ws.WidgetError, match="is not a choice"):
        ws.widgets.dropdown("store", STORES)
    ws.widgets.override(None)
    assert ws.widgets.dropdown("store", STORES) == "New York"
    monkeypatch.setenv("ATRIUM_WIDGETS", "[]")
    with pytest.raises(ws.WidgetError, match="not a JSON object"):
        ws.widgets.dropdown("store", STORES)


def test_papermill_parameters_choose(shell: Any) -> None:
    shell.run_cell("store = 'Amsterdam'; week = '2'; page = 'elsewhere'; import workspace_ext as ws").raise_error()
    shell.run_cell("store = ws.widgets.dropdown('store', ['San Francisco', 'Amsterdam'])").raise_error()
    shell.run_cell("week = ws.widgets.dropdown('week', [1, 2], default=1)").raise_error()
    shell.run_cell("page = ws.widgets.dropdown('page', ['one', 'two'])").raise_error()
    assert [shell.user_ns[name] for name in ("store", "week", "page")] == ["Amsterdam", 2, "one"]


def test_an_edited_default_counts_when_the_cell_runs_again(shell: Any) -> None:
    shell.run_cell("import workspace_ext as ws").raise_error()
    for default in ("a", "b"):
        shell.run_cell(f"x = ws.widgets.dropdown('x', ['a', 'b'], default='{default}')").raise_error()
        assert shell.user_ns["x"] == default


def test_a_notebook_shows_it(shell: Any) -> None:
    with capture_output() as captured:
        ws.widgets.dropdown("forecast_date", STORES, default="Amsterdam")
    [output] = captured.outputs
    shown = {"name": "forecast_date", "kind": "dropdown", "label": "Forecast date"}
    assert output.data == {
        "application/vnd.atrium.widget+json": {**shown, "choices": STORES, "value": "Amsterdam"},
        "text/plain": "Forecast date: Amsterdam",
    }
