"""Tables and the copies of branches, on real Delta tables in a real home."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import pyarrow
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from workspace_server.kit.errors import Conflict, Invalid, NotFound
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.tables.delta import cell
from workspace_server.tables.service import Tables
from workspace_server.tables.watch import changes

BRANCH = ("forecast", "feature/weekly")
NOTEBOOK = "projects/forecast/weekly/forecast.ipynb"


def sales(days: int, first: int = 1) -> pyarrow.Table:
    return pyarrow.table(
        {
            "date": [datetime.date(2026, 1, first + day) for day in range(days)],
            "at": pyarrow.array([datetime.datetime(2026, 1, 1, 6)] * days, pyarrow.timestamp("us", "UTC")),
            "store": ["Amsterdam"] * days,
            "units": list(range(days)),
            "price": pyarrow.array([decimal.Decimal("9.50")] * days, pyarrow.decimal128(10, 2)),
            "open": [True] * days,
            "tags": [["a", "b"]] * days,
        }
    )


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    home = Home(tmp_path / "home")
    home.prepare()
    return Tables(home, Events(), lambda notebook: BRANCH if notebook == NOTEBOOK else None)


def test_what_a_table_is(tables: Tables) -> None:
    assert tables.all() == []
    write_deltalake(tables.main / "sales", sales(3))
    origin = CommitProperties(custom_metadata={"run": "r1", "branch": "main"})
    write_deltalake(tables.main / "sales", sales(2, first=4), mode="append", commit_properties=origin)
    (only,) = tables.all()
    assert (only.name, only.branch, only.rows, only.version, only.problem) == ("sales", "", 5, 1, "")
    assert only.bytes == sum(file.stat().st_size for file in (tables.main / "sales").glob("*.parquet"))
    assert only.modified is not None
    assert [(column.name, column.type, column.stored) for column in only.columns] == [
        ("date", "datetime", "date"),
        ("at", "datetime", "timestamp"),
        ("store", "string", "string"),
        ("units", "number", "long"),
        ("price", "number", "decimal(10,2)"),
        ("open", "boolean", "boolean"),
        ("tags", "string", "array"),
    ]
    now, first = tables.history("sales")
    assert (now.version, now.rows, now.mode, now.run, now.branch) == (1, 2, "append", "r1", "main")
    assert (first.version, first.rows, first.run) == (0, 3, "")
    assert now.time >= first.time
    assert tables.versions(["sales", "nothing", "../sales"]) == {"sales": 1}


def test_a_preview_is_the_table_that_notebooks_show(tables: Tables) -> None:
    write_deltalake(tables.main / "sales", sales(3))
    write_deltalake(tables.main / "sales", sales(2, first=4), mode="append")
    preview = tables.preview("sales", limit=4)
    assert (preview.total, len(preview.rows), preview.version) == (5, 4, 1)
    before = tables.preview("sales", version=0)
    assert (before.total, before.version) == (3, 0)
    assert before.rows[0] == ["2026-01-01", "2026-01-01T06:00:00+00:00", "Amsterdam", 0, 9.5, True, "['a', 'b']"]
    with pytest.raises(NotFound, match="no version 7"):
        tables.preview("sales", version=7)
    for limit in (0, 1001):
        with pytest.raises(Invalid) as refused:
            tables.preview("sales", limit=limit)
        assert refused.value.field == "limit"


def test_an_empty_table_and_a_partitioned_one(tables: Tables) -> None:
    write_deltalake(tables.main / "nobody", sales(0))
    write_deltalake(tables.main / "stores", sales(2), partition_by=["store"])
    DeltaTable(tables.main / "stores").create_checkpoint()
    nobody, stores = tables.all()
    assert (nobody.rows, nobody.problem) == (0, "")
    assert (stores.rows, stores.problem) == (2, "")
    assert tables.preview("nobody").rows == []
    assert tables.preview("stores").rows[0][2] == "Amsterdam"


def test_values_as_json() -> None:
    nan = float("nan")
    assert [cell(value) for value in (None, True, 3, nan, float("inf"), decimal.Decimal("NaN"))] == [
        None, True, 3, None, None, None,
    ]  # fmt: skip
    assert cell(2**60) == str(2**60)
    assert cell(datetime.date(2026, 1, 2)) == "2026-01-02"
    assert len(cell("x" * 5000)) == 1000


def test_a_branch_sees_its_copy_first_and_may_discard_it(tables: Tables) -> None:
    for name in ("forecasts", "sales"):
        write_deltalake(tables.main / name, sales(1))
    copies = tables.branch_folder(*BRANCH)
    assert copies.parent == tables.main.parent / "branches" / "forecast"
    write_deltalake(copies / "sales", sales(3))
    write_deltalake(copies / "draft", sales(2))

    assert [(one.name, one.branch, one.rows) for one in tables.all(NOTEBOOK)] == [
        ("draft", "feature/weekly", 2), ("sales", "feature/weekly", 3), ("forecasts", "", 1),
    ]  # fmt: skip
    assert [(one.name, one.rows) for one in tables.all("scratch/ana/x.ipynb")] == [("forecasts", 1), ("sales", 1)]
    assert tables.preview("sales", notebook=NOTEBOOK).total == 3
    assert tables.preview("sales").total == 1

    with pytest.raises(Conflict):
        tables.discard("sales", "scratch/ana/x.ipynb")
    with pytest.raises(NotFound):
        tables.discard("forecasts", NOTEBOOK)
    tables.discard("sales", NOTEBOOK)
    assert tables.preview("sales", notebook=NOTEBOOK).total == 1
    tables.discard_branch(*BRANCH)
    assert not copies.exists()
    assert list(copies.parent.iterdir()) == []
    assert [one.branch for one in tables.all(NOTEBOOK)] == ["", ""]
    tables.discard_branch(*BRANCH)
    write_deltalake(copies / "draft", sales(2))
    tables.discard_project(BRANCH[0])
    assert list(copies.parent.parent.iterdir()) == []
    tables.discard_project(BRANCH[0])


def test_nothing_outside_is_read(tables: Tables, tmp_path: Path) -> None:
    write_deltalake(tmp_path / "elsewhere", sales(1))
    write_deltalake(tables.main / "sales", sales(1))
    (tables.main / "linked").symlink_to(tmp_path / "elsewhere")
    for name in ("../../elsewhere", "linked", "..", "", "sales/../../../elsewhere", "Sales"):
        with pytest.raises(Invalid) as refused:
            tables.preview(name)
        assert refused.value.code == "invalid_table_name"
    assert [one.name for one in tables.all()] == ["sales"]
    for branch in (("..", "x"), ("x", ".."), ("", "x"), ("x", ".")):
        with pytest.raises(Invalid):
            tables.branch_folder(*branch)
    inside = tables.branch_folder("../..", "../../etc")
    assert inside.parent.parent == tables.main.parent / "branches"
    with pytest.raises(NotFound) as missing:
        tables.preview("sale")
    assert "sales" in missing.value.hint


def test_a_damaged_table_says_so_and_hides_no_other(tables: Tables) -> None:
    write_deltalake(tables.main / "sales", sales(1))
    write_deltalake(tables.main / "broken", sales(1))
    (tables.main / "broken" / "_delta_log" / "00000000000000000000.json").write_text("{")
    broken, whole = tables.all()
    assert (whole.rows, whole.problem) == (1, "")
    assert broken.problem
    assert broken.rows is None


def test_logs_tell_what_changed(tables: Tables) -> None:
    before = tables.logs()
    write_deltalake(tables.main / "sales", sales(1))
    write_deltalake(tables.branch_folder(*BRANCH) / "draft", sales(1))
    written = tables.logs()
    assert set(changes(before, written).values()) == {"written"}
    assert {path.rpartition("/")[2] for path in changes(before, written)} == {"sales", "draft"}
    assert changes(written, tables.logs()) == {}
    tables.discard_branch(*BRANCH)
    assert list(changes(written, tables.logs()).values()) == ["removed"]


def test_an_earlier_version_is_restored_and_that_taken_back(tables: Tables) -> None:
    for days in (3, 2, 1):
        write_deltalake(tables.main / "sales", sales(days), mode="overwrite")
    back = tables.restore("sales", 0)
    assert (back.version, back.rows, back.branch) == (3, 3, "")
    newest = tables.history("sales")[0]
    assert (newest.operation, newest.restored, newest.rows) == ("RESTORE", 0, 0)
    assert tables.restore("sales", 2).rows == 1
    with pytest.raises(NotFound, match="no version 9"):
        tables.restore("sales", 9)
    Path(DeltaTable(tables.main / "sales", version=1).file_uris()[0]).unlink()
    with pytest.raises(Conflict, match="cleaned up"):
        tables.restore("sales", 1)
    assert tables.preview("sales").total == 1


def test_a_branch_restores_a_copy_of_its_own(tables: Tables) -> None:
    for days in (3, 1):
        write_deltalake(tables.main / "sales", sales(days), mode="overwrite")
    back = tables.restore("sales", 0, NOTEBOOK)
    assert (back.rows, back.branch) == (3, BRANCH[1])
    newest = tables.history("sales", notebook=NOTEBOOK)[0]
    assert (newest.branch, newest.notebook) == (BRANCH[1], NOTEBOOK)
    assert (tables.preview("sales").total, tables.preview("sales", notebook=NOTEBOOK).total) == (1, 3)
