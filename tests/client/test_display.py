"""Data frames as sortable tables, and what importing the package costs."""

from __future__ import annotations

import datetime
import decimal
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from workspace_ext import display

ROOT = Path(__file__).parents[2]

# Column, its values, its type, and the values as JSON has them.
KINDS = {
    "nullable": (pd.array([1, None], dtype="Int64"), "number", [1, None]),
    "float": ([1.5, float("nan")], "number", [1.5, None]),
    "big": ([2**60, 1], "number", [str(2**60), 1]),
    "infinite": ([float("inf"), 2.0], "number", [None, 2.0]),
    "text": (["a", None], "string", ["a", None]),
    "flag": ([True, False], "boolean", [True, False]),
    "maybe": (pd.array([True, None], dtype="boolean"), "boolean", [True, None]),
    "at": (pd.to_datetime(["2026-01-02 03:04:05", None]), "datetime", ["2026-01-02T03:04:05", None]),
    "utc": (pd.to_datetime(["2026-01-02", None], utc=True), "datetime", ["2026-01-02T00:00:00+00:00", None]),
    "day": ([datetime.date(2026, 1, 2), None], "datetime", ["2026-01-02", None]),
    "price": ([decimal.Decimal("1.25"), None], "number", [1.25, None]),
    "category": (pd.Categorical(["a", None]), "string", ["a", None]),
    "list": ([[1, 2], None], "string", ["[1, 2]", None]),
    "duration": (pd.to_timedelta([1, None], unit="s"), "string", ["0 days 00:00:01", None]),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_value_is_safe_as_json(name: str) -> None:
    values, kind, expected = KINDS[name]
    table = display.table(pd.DataFrame({name: values}))
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert table == {"columns": [{"name": name, "type": kind}], "rows": [[each] for each in expected], "total": 2}


def test_long_and_wide_frames_show_their_head() -> None:
    long = display.table(pd.DataFrame({"a": range(5000)}))
    assert (len(long["rows"]), long["total"]) == (1000, 5000)
    wide = display.table(pd.DataFrame(np.zeros((2000, 500))))
    assert (len(wide["rows"]), len(wide["columns"]), wide["total"]) == (60, 500, 2000)
    assert display.table(pd.DataFrame()) == {"columns": [], "rows": [], "total": 0}


def test_an_index_that_says_something_is_a_column() -> None:
    frame = pd.DataFrame({"store": ["b", "a"], "n": [1, 2]})
    assert [each["name"] for each in display.table(frame[frame["n"] > 1])["columns"]] == ["store", "n"]
    grouped = display.table(frame.groupby("store").sum())
    assert (grouped["columns"][0], grouped["rows"]) == ({"name": "store", "type": "string"}, [["a", 2], ["b", 1]])
    assert display.table(frame.describe())["columns"][0]["name"] == "index"
    assert display.table(pd.DataFrame([[1, 2]], columns=["a", "a"]))["rows"] == [[1, 2]]


@pytest.mark.parametrize("module", display.FRAME_MODULES)
def test_ipython_shows_it_beside_what_pandas_shows(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = InteractiveShell.instance()
    try:
        # Where pandas 3 and 2 say that the class is defined.
        monkeypatch.setattr(pd.DataFrame, "__module__", module)
        display.register()
        data, _ = shell.display_formatter.format(pd.DataFrame({"a": [1]}))
    finally:
        InteractiveShell.clear_instance()
    assert set(data) == {"text/plain", "text/html", display.MIME}
    assert data[display.MIME] == {"columns": [{"name": "a", "type": "number"}], "rows": [[1]], "total": 1}


def test_importing_takes_the_standard_library_only() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1]); import workspace_ext; print('\\n'.join(sys.modules))"
    line = [sys.executable, "-I", "-S", "-c", script, str(ROOT)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    foreign = {name.split(".")[0] for name in done.stdout.split()} - {"__main__", *sys.stdlib_module_names}
    assert foreign == {"workspace_ext"}
