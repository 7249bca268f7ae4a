"""One Delta table on disk: what its log says and what its first rows are. Called in threads."""

from __future__ import annotations

import datetime
import decimal
import math
from pathlib import Path
from typing import Any

from workspace_ext.contract.tables import (
    ColumnKind,
    PreviewColumn,
    Table,
    TableColumn,
    TablePreview,
    TableVersion,
)

from ..kit.clock import iso
from .errors import being_written, first_line, no_such_version, unreadable, version_gone

LOG = "_delta_log"

# Beyond it, JavaScript's numbers would round.
MAX_INTEGER = 2**53

# A cell of a preview; a table may hold whole documents.
MAX_TEXT = 1000

NUMBERS = ("byte", "short", "integer", "long", "float", "double")


def is_table(folder: Path) -> bool:
    """Whether a table with at least one commit lies in ``folder``."""
    return any((folder / LOG).glob("*.json"))


def latest_version(folder: Path) -> int:
    """The highest version that the names in its log tell; -1 where there is none. Opens no file."""
    names = (entry.name.partition(".")[0] for entry in (folder / LOG).glob("*.json"))
    return max((int(name) for name in names if name.isdigit()), default=-1)


def describe(folder: Path, branch: str) -> Table:
    """The table in ``folder``; one that cannot be read says why in ``problem``."""
    try:
        table = _open(folder)
        actions = _actions(table)
        counts = [each["num_records"] for each in actions]
        return Table(
            name=folder.name,
            branch=branch,
            columns=[_column(field.name, field.type) for field in table.schema().fields],
            rows=None if None in counts else sum(counts),
            bytes=sum(each["size_bytes"] for each in actions),
            version=int(table.version()),
            modified=_time(table.history(1)[0]["timestamp"]),
        )
    except Exception as error:  # The Rust library raises bare exceptions too.
        return Table(folder.name, branch, [], None, 0, latest_version(folder), None, first_line(error))


def preview(folder: Path, limit: int, version: int | None) -> TablePreview:
    """The first ``limit`` rows at ``version`` (None: now).

    Raises
    ------
    NotFound
        There is no such version.
    Failed
        The table cannot be read.
    """
    latest = latest_version(folder)
    if version is not None and not 0 <= version <= latest:
        raise no_such_version(folder.name, version, latest)
    try:
        table = _open(folder, version)
        head = table.to_pyarrow_dataset().head(limit).to_pydict()
        counts = [each["num_records"] for each in _actions(table)]
        columns = [_column(field.name, field.type) for field in table.schema().fields]
        cells = [[cell(value) for value in head[column.name]] for column in columns]
        rows = [list(row) for row in zip(*cells, strict=True)]
        total = table.to_pyarrow_dataset().count_rows() if None in counts else sum(counts)
    except Exception as error:
        raise unreadable(folder.name, error) from error
    shown = [PreviewColumn(column.name, column.type) for column in columns]
    return TablePreview(shown, rows, int(total), int(table.version()))


def history(folder: Path, limit: int) -> list[TableVersion]:
    """Its newest ``limit`` versions, newest first.

    Raises
    ------
    Failed
        The table cannot be read.
    """
    try:
        commits = _open(folder).history(limit)
    except Exception as error:
        raise unreadable(folder.name, error) from error
    return [_version(commit) for commit in commits]


def restore(folder: Path, version: int, origin: dict[str, str]) -> None:
    """Make the newest version hold what ``version`` held. ``origin`` is kept with the commit.

    Raises
    ------
    NotFound
        There is no such version.
    Conflict
        Its files are gone, or somebody else wrote meanwhile.
    Failed
        The table cannot be read.
    """
    from deltalake import CommitProperties
    from deltalake.exceptions import CommitFailedError

    latest = latest_version(folder)
    if not 0 <= version <= latest:
        raise no_such_version(folder.name, version, latest)
    told = {name: value for name, value in origin.items() if value}
    try:
        _open(folder).restore(version, commit_properties=CommitProperties(custom_metadata=told))
    except CommitFailedError as error:
        raise being_written(folder.name) from error
    except Exception as error:
        if "missing file" in str(error):
            raise version_gone(folder.name, version) from error
        raise unreadable(folder.name, error) from error


def cell(value: Any) -> Any:
    """A value as JSON has it, at most :data:`MAX_TEXT` characters; missing values and infinities are None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else str(value)
    if isinstance(value, float | decimal.Decimal):
        return float(value) if math.isfinite(value) else None
    text = value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _open(folder: Path, version: int | None = None) -> Any:
    from deltalake import DeltaTable

    return DeltaTable(folder, version=version)


def _actions(table: Any) -> list[dict[str, Any]]:
    """One a data file, with its size and row count."""
    import pyarrow

    actions = pyarrow.table(table.get_add_actions(flatten=True))
    return list(actions.select(["size_bytes", "num_records"]).to_pylist())


def _column(name: str, kind: Any) -> TableColumn:
    stored = str(kind.type)
    return TableColumn(name, _kind(stored), stored)


def _kind(stored: str) -> ColumnKind:
    if stored in NUMBERS or stored.startswith("decimal"):
        return "number"
    if stored in ("date", "timestamp", "timestamp_ntz"):
        return "datetime"
    return "boolean" if stored == "boolean" else "string"


def _time(milliseconds: int) -> str:
    return iso(datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC))


def _version(commit: dict[str, Any]) -> TableVersion:
    def told(name: str) -> str:
        return str(commit.get(name) or "")

    return TableVersion(
        version=commit["version"],
        time=_time(commit["timestamp"]),
        operation=told("operation"),
        mode=str(commit.get("operationParameters", {}).get("mode", "")).lower(),
        rows=int(commit.get("operationMetrics", {}).get("num_added_rows") or 0),
        run=told("run"),
        project=told("project"),
        branch=told("branch"),
        commit=told("commit"),
        notebook=told("notebook"),
        restored=_restored(commit),
    )


def _restored(commit: dict[str, Any]) -> int | None:
    if commit.get("operation") != "RESTORE":
        return None
    version = str(commit.get("operationParameters", {}).get("version", ""))
    return int(version) if version.isdigit() else None
