"""SQL over tables: values bind by name, a query reads tables and nothing else, errors are one message."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import workspace_ext as ws


@pytest.fixture(autouse=True)
def _two_tables(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales, "sales")
    ws.tables.write(sales.assign(date=sales["date"].dt.date), "forecasts")


def test_a_query_reads_the_tables_it_names() -> None:
    frame = ws.sql("""
        WITH totals AS (SELECT store, sum(units) AS units FROM sales GROUP BY store)
        SELECT totals.store, totals.units, count(*) AS n
        FROM totals JOIN "Forecasts" f ON f.store = totals.store GROUP BY ALL ORDER BY 1
    """)
    assert frame["store"].to_list() == ["Amsterdam", "New York", "San Francisco"]
    assert frame["units"].to_list() == [18, 22, 26]
    assert frame["n"].to_list() == [4, 4, 4]
    assert {"sales", "forecasts"} <= set(ws.tables.versions_read())


def test_pivots_and_summaries_are_queries_too() -> None:
    assert len(ws.sql("PIVOT sales ON store USING sum(units) GROUP BY date")) == 4
    assert ws.sql("SUMMARIZE sales")["column_name"].to_list() == ["store", "date", "units"]


@pytest.mark.parametrize(
    "day",
    ["2026-01-02", datetime.date(2026, 1, 2), pd.Timestamp("2026-01-02"), np.datetime64("2026-01-02T00:00:00.0")],
)
def test_any_kind_of_date_is_a_date(day: object) -> None:
    assert len(ws.sql("SELECT * FROM forecasts WHERE date = $day", day=day)) == 3
    assert len(ws.sql("SELECT * FROM sales WHERE date = $day", day=day)) == 3


def test_parameters_are_values_never_text_of_the_query() -> None:
    assert len(ws.sql("SELECT * FROM sales WHERE store = $store", store="x' OR '1'='1")) == 0
    assert ws.sql("SELECT $n + 1 AS n", n=np.int64(41))["n"].item() == 42
    assert len(ws.sql("SELECT * FROM sales WHERE store IN $stores", stores=["Amsterdam", "New York"])) == 8
    assert ws.sql("SELECT $at AS at", at=pd.Timestamp("2026-01-01", tz="Europe/Berlin"))["at"].item().startswith("2026")


def test_widgets_bind_by_name() -> None:
    query = "SELECT DISTINCT store FROM sales WHERE store = $store"
    with pytest.raises(ws.SQLError, match=r"uses \$store, but nothing(.|\n)*make a widget"):
        ws.sql(query)
    ws.widgets.dropdown("store", ws.sql("SELECT DISTINCT store FROM sales"), default="New York")
    assert ws.sql(query)["store"].to_list() == ["New York"]
    ws.widgets.set("store", "Amsterdam")
    assert ws.sql(query)["store"].to_list() == ["Amsterdam"]
    assert ws.sql(query, store="San Francisco")["store"].to_list() == ["San Francisco"]
    with pytest.raises(ws.SQLError, match=r"Did you mean \$store\?"):
        ws.sql("SELECT $stor")
    with pytest.raises(ws.SQLError, match=r"does not use \$day"):
        ws.sql("SELECT 1", day=1)


def test_a_branch_reads_its_own_copy_first(
    branch_folder: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATRIUM_TABLES_BRANCH", str(branch_folder))
    ws.tables.write(sales.head(3), "sales")
    assert ws.sql("SELECT count(*) AS n FROM sales")["n"].item() == 15
    monkeypatch.delenv("ATRIUM_TABLES_BRANCH")
    assert ws.sql("SELECT count(*) AS n FROM sales")["n"].item() == 12


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM forcasts", r"no table 'forcasts'\.\nDid you mean forecasts\?"),
        ("SELEC 1", r'syntax error at or near "SELEC"\n\nLINE 1: SELEC 1\n +\^'),
        ("SELECT nope FROM sales", r'column "nope" not found(.|\n)*LINE 1'),
        ("SELECT 1; SELECT 2", "one statement at a time; this text holds 2"),
        ("", "holds 0"),
        ("CREATE TABLE x (a INT)", r"only reads; this is a CREATE statement\.\nTo write"),
        ("INSERT INTO sales VALUES ('x', DATE '2026-01-01', 1)", "only reads; this is a INSERT"),
        ("COPY sales TO '/tmp/sales.csv'", "only reads; this is a COPY"),
        ("INSTALL httpfs", "only reads"),
        ("SET enable_external_access = true", "only reads"),
        ("SELECT * FROM read_text('/etc/passwd')", "no files, no network"),
        ("SELECT * FROM '/etc/passwd.csv'", "no files, no network"),
        ("SELECT * FROM glob('/*')", "no files, no network"),
        ("SELECT * FROM read_parquet('https://example.org/x.parquet')", "no files, no network"),
    ],
)
def test_what_cannot_be_answered_says_why(query: str, said: str) -> None:
    with pytest.raises(ws.SQLError, match=said) as caught:
        ws.sql(query)
    assert len(caught.value._render_traceback_()) < 8


def test_frames_of_the_notebook_are_no_tables(sales: pd.DataFrame) -> None:
    frame = sales
    with pytest.raises(ws.SQLError, match="no table 'frame'"):
        ws.sql("SELECT * FROM frame")
    assert len(frame) == 12
