"""Tables by name: what is written is read, what does not fit says so, a branch and a run keep their promises."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable

import workspace_ext as ws
from workspace_ext import tables


def on_branch(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("ATRIUM_TABLES_BRANCH", str(folder))
    monkeypatch.setenv("ATRIUM_BRANCH", "forecast-weekly")


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    return {str(each.relative_to(folder)): (each.stat().st_mtime_ns, each.read_bytes()) for each in files}


def test_what_is_written_is_read(tables_folder: Path, sales: pd.DataFrame) -> None:
    written = ws.tables.write(sales, "sales")
    assert (written.rows, written.version, written.branch) == (12, 0, "")
    assert repr(written) == "sales: 12 rows written, version 0"
    pd.testing.assert_frame_equal(ws.tables.read("sales"), sales, check_dtype=False)
    assert ws.tables.path("sales") == tables_folder / "sales"
    assert ws.tables.list() == ["sales"]


def test_earlier_versions_stay_readable(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales, "sales")
    ws.tables.write(sales.head(2), "sales")
    ws.tables.write(sales.head(1), "sales", mode="overwrite")
    assert [len(ws.tables.read("sales", version)) for version in (0, 1, 2)] == [12, 14, 1]
    assert ws.tables.versions_read()["sales"] == 2
    history = ws.tables.history("sales")
    assert history["version"].to_list() == [2, 1, 0]
    assert history["mode"].to_list() == ["overwrite", "append", "create"]
    assert history["rows"].to_list() == [1, 2, 12]
    with pytest.raises(ws.TableError, match=r"no version 7(.|\n)*latest version is 2"):
        ws.tables.read("sales", 7)


def test_columns_can_be_chosen(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales, "sales", partition_by="store")
    assert (tables_folder / "sales" / "store=Amsterdam").is_dir()
    assert ws.tables.read("sales", columns=["store", "units"]).columns.to_list() == ["store", "units"]
    with pytest.raises(ws.TableError, match=r"no column unit\.(.|\n)*store, date, units"):
        ws.tables.read("sales", columns=["unit"])


@pytest.mark.parametrize(
    ("name", "proposal"), [("My Sales", "my_sales"), ("../etc", "etc"), ("", "sales"), ("Ventes-é", "ventes")]
)
def test_a_wrong_name_says_what_would_do(tables_folder: Path, name: str, proposal: str) -> None:
    with pytest.raises(ws.TableError, match=rf'cannot be the name of a table(.|\n)*"{proposal}"'):
        ws.tables.write(pd.DataFrame({"a": [1]}), name)
    with pytest.raises(ws.TableError, match="cannot be the name"):
        ws.tables.read(name)


def test_a_missing_table_names_similar_ones(tables_folder: Path, sales: pd.DataFrame) -> None:
    with pytest.raises(ws.TableNotFound, match="no tables yet"):
        ws.tables.read("sales")
    ws.tables.write(sales, "sales")
    with pytest.raises(ws.TableNotFound, match=r"no table 'slaes'\.\nDid you mean sales\?"):
        ws.tables.read("slaes")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="units"), "the frame lacks units"),
        (lambda f: f.assign(price=1.0), "the table has no price"),
        (lambda f: f.rename(columns={"units": "unit"}), "the frame lacks units; the table has no unit"),
        (lambda f: f.assign(units=1.5), "units is int64 in the table and double in the frame"),
        (lambda f: f.assign(units="12"), "units is int64 in the table and string in the frame"),
        (lambda f: f.assign(store=12), "store is string in the table and int64 in the frame"),
        (lambda f: f.assign(units=True), "units is int64 in the table and bool in the frame"),
        (lambda f: f.assign(units=2.0**70), "units is int64 in the table and double in the frame"),
    ],
)
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_frame_that_does_not_fit_names_its_columns(
    tables_folder: Path, sales: pd.DataFrame, change: Any, said: str, mode: Any
) -> None:
    ws.tables.write(sales, "sales")
    with pytest.raises(ws.SchemaMismatch) as caught:
        ws.tables.write(change(sales), "sales", mode=mode)
    assert caught.value.message == f"The frame does not fit the table 'sales': {said}."
    assert "schema=" in caught.value.hint
    assert DeltaTable(tables_folder / "sales").version() == 0


def test_what_fits_without_loss_is_converted(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales, "sales")
    ws.tables.write(sales[["units", "date", "store"]], "sales")
    ws.tables.write(sales.assign(units=sales["units"].astype("float32")), "sales")
    ws.tables.write(sales.assign(store=None), "sales")
    ws.tables.write(sales.assign(store=pd.Categorical(sales["store"])), "sales")
    frame = ws.tables.read("sales")
    assert len(frame) == 60
    assert frame["units"].dtype == "int64"
    assert frame["units"].sum() == 5 * sum(range(12))
    assert frame["store"].isna().sum() == 12


def test_a_schema_changes_only_when_asked(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales, "sales")
    ws.tables.write(sales.assign(price=2.5), "sales", schema="merge")
    assert ws.tables.read("sales")["price"].isna().sum() == 12
    ws.tables.write(sales[["store"]], "sales", mode="overwrite", schema="overwrite")
    assert ws.tables.read("sales").columns.to_list() == ["store"]
    with pytest.raises(ws.TableError, match="does not go with"):
        ws.tables.write(sales, "sales", schema="overwrite")


def test_named_indexes_become_columns(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales.groupby(["store"])[["units"]].sum(), "totals")
    assert ws.tables.read("totals").columns.to_list() == ["store", "units"]
    ws.tables.write(sales[sales["units"] > 5], "busy")
    assert ws.tables.read("busy").columns.to_list() == ["store", "date", "units"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ([1, 2], "A list cannot be written"),
        (pd.DataFrame({1: [1]}), "not: 1"),
        (pd.DataFrame({"a": [pd.Timedelta("1s")]}), r"no durations or times of day: a \(duration"),
        (pd.DataFrame({"a": [None, None]}), "type is unknown: a"),
        (pd.DataFrame({"a": ["x", 1]}), "mixes kinds of values"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "have the same name: a"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([1], name="a")), "have the same name: a"),
    ],
)
def test_what_is_no_table_says_so(tables_folder: Path, frame: Any, said: str) -> None:
    with pytest.raises(ws.TableError, match=said):
        ws.tables.write(frame, "odd")
    assert ws.tables.list() == []


def test_arrow_tables_and_their_kin_are_taken(tables_folder: Path) -> None:
    arrow = pa.table({"a": pa.array([1, 2]), "at": pa.array([1, 2], pa.timestamp("ns", "Europe/Berlin"))})
    ws.tables.write(arrow, "arrow")
    assert '"timestamp"' in str(DeltaTable(tables_folder / "arrow").schema().fields[1].type)
    ws.tables.write(pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches()), "arrow")
    assert len(ws.tables.read("arrow")) == 4


def test_no_rows_make_an_empty_table(tables_folder: Path) -> None:
    for _ in range(2):
        ws.tables.write(pd.DataFrame({"a": pd.Series(dtype="int64")}), "nothing")
    assert ws.tables.read("nothing").shape == (0, 1)


def test_viewers_only_read(tables_folder: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    ws.tables.write(sales, "sales")
    before = contents(tables_folder)
    monkeypatch.setenv("ATRIUM_TABLES_READONLY", "1")
    assert len(ws.tables.read("sales")) == 12
    with pytest.raises(ws.TableError, match="only be read here, so 'sales' was not written"):
        ws.tables.write(sales, "sales")
    assert contents(tables_folder) == before


def test_a_retry_of_a_run_writes_nothing_twice(
    tables_folder: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.tables.write(sales, "forecasts")
    monkeypatch.setenv("ATRIUM_RUN", "run-1")
    monkeypatch.setenv("ATRIUM_PROJECT", "demo")
    monkeypatch.setenv("ATRIUM_COMMIT", "a1b2c3")

    def attempt() -> list[bool]:
        monkeypatch.setattr(tables, "_sequences", Counter())
        return [ws.tables.write(sales.head(n), "forecasts").repeated for n in (1, 2)]

    assert attempt() == [False, False]
    assert attempt() == [True, True]
    assert len(ws.tables.read("forecasts")) == 15
    monkeypatch.setenv("ATRIUM_RUN", "run-2")
    assert attempt() == [False, False]
    newest = ws.tables.history("forecasts").iloc[0]
    assert (newest["run"], newest["project"], newest["commit"], newest["branch"]) == ("run-2", "demo", "a1b2c3", "")


def test_a_retry_goes_on_where_the_first_attempt_failed(
    tables_folder: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATRIUM_RUN", "run-1")
    ws.tables.write(sales, "forecasts")
    with pytest.raises(ws.SchemaMismatch):
        ws.tables.write(sales.assign(units="many"), "forecasts")
    monkeypatch.setattr(tables, "_sequences", Counter())
    assert ws.tables.write(sales, "forecasts").repeated
    assert not ws.tables.write(sales, "forecasts").repeated
    assert len(ws.tables.read("forecasts")) == 24


def test_a_branch_writes_to_its_own_copy(
    tables_folder: Path, branch_folder: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.tables.write(sales, "sales")
    ws.tables.write(sales, "sales")
    DeltaTable(tables_folder / "sales").create_checkpoint()
    (tables_folder / "sales" / "_delta_log" / "_commit_1.json.tmp").write_text("in flight")
    before = contents(tables_folder)
    on_branch(monkeypatch, branch_folder)
    assert ws.tables.path("sales") == tables_folder / "sales"
    written = ws.tables.write(sales.head(1), "sales")
    assert repr(written) == "sales: 1 rows written, version 2, on the branch forecast-weekly only"
    ws.tables.write(sales, "new_on_branch")
    assert contents(tables_folder) == before
    assert ws.tables.path("sales") == branch_folder / "sales"
    assert [len(ws.tables.read("sales", version)) for version in (0, 2)] == [12, 25]
    assert ws.tables.list() == ["new_on_branch", "sales"]
    assert sorted(each.name for each in branch_folder.iterdir()) == ["new_on_branch", "sales"]
    originals = {each.stat().st_ino for each in (tables_folder / "sales").glob("*.parquet")}
    assert originals < {each.stat().st_ino for each in (branch_folder / "sales").glob("*.parquet")}
    assert not list(branch_folder.rglob("*.tmp"))


def test_a_branch_keeps_what_production_drops(
    tables_folder: Path, branch_folder: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.tables.write(sales, "sales")
    on_branch(monkeypatch, branch_folder)
    ws.tables.write(sales, "sales")
    monkeypatch.delenv("ATRIUM_TABLES_BRANCH")
    ws.tables.write(sales.head(1), "sales", mode="overwrite")
    dropped = DeltaTable(tables_folder / "sales").vacuum(0, enforce_retention_duration=False, dry_run=False)
    assert len(dropped) == 1
    assert len(ws.tables.read("sales")) == 1
    on_branch(monkeypatch, branch_folder)
    assert len(ws.tables.read("sales")) == 24


@pytest.mark.parametrize(("exists", "expected"), [(True, 84), (False, 72)])
def test_racing_first_writes_on_a_branch_are_all_kept(
    tables_folder: Path,
    branch_folder: Path,
    sales: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    exists: bool,
    expected: int,
) -> None:
    if exists:
        ws.tables.write(sales, "sales")
    on_branch(monkeypatch, branch_folder)
    start, errors = threading.Barrier(6), []

    def first_write() -> None:
        start.wait()
        try:
            ws.tables.write(sales, "sales")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=first_write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(ws.tables.read("sales")) == expected
    assert [each.name for each in branch_folder.iterdir()] == ["sales"]


def test_outside_a_workspace_tables_lie_below_the_current_folder(
    tables_folder: Path, tmp_path: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATRIUM_TABLES")
    monkeypatch.chdir(tmp_path)
    ws.tables.write(sales, "sales")
    assert (tmp_path / "tables" / "sales" / "_delta_log").is_dir()


def test_writers_of_every_mode_wait_for_one_another(tables_folder: Path, sales: pd.DataFrame) -> None:
    ws.tables.write(sales, "sales")
    start, errors = threading.Barrier(6), []

    def write(mode: Any) -> None:
        start.wait()
        try:
            ws.tables.write(sales, "sales", mode=mode)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(mode,)) for mode in ("append", "overwrite") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    history = ws.tables.history("sales")
    assert len(history) == 7
    appended = history["mode"].to_list().index("overwrite")
    assert len(ws.tables.read("sales")) == 12 * (1 + appended)
