"""Delta tables by name: written in one commit, read as pandas, with history.

On a branch that production does not follow, writes go to the branch's own copy of a table and reads see that copy
first. In a scheduled run, a retry does not write twice. Outside Atrium, tables are folders below `./tables`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workspace_ext import context
from workspace_ext.errors import TableError
from workspace_ext.tables import branches, frames, location

if TYPE_CHECKING:
    import pandas

__all__ = ["Written", "history", "list", "path", "read", "versions_read", "write"]

Mode = Literal["append", "overwrite"]
Schema = Literal["strict", "merge", "overwrite"]

# As Delta's log names them.
MODES = {"ErrorIfExists": "create", "Append": "append", "Overwrite": "overwrite"}

# How often each table has been written in this process, by run: the same in every attempt of a run.
_sequences: Counter[tuple[str, str]] = Counter()

# How often a write is tried while other programs write the same table.
ATTEMPTS = 5

_versions_read: dict[str, int] = {}

# Called with a table's name after each write, for those who hold views of it.
_after_write: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Written:
    """What a write has done.

    Attributes:
        rows: How many rows the frame had.
        version: The table's version that holds them.
        branch: The branch whose own copy was written; empty when it was the table itself.
        repeated: Whether an earlier attempt of the same run had written them already.
    """

    table: str
    rows: int
    version: int
    branch: str
    repeated: bool = False

    def __repr__(self) -> str:
        what = "already written by this run" if self.repeated else f"{self.rows:,} rows written"
        where = f", on the branch {self.branch} only" if self.branch else ""
        return f"{self.table}: {what}, version {self.version}{where}"


def write(
    frame: Any,
    name: str,
    mode: Mode = "append",
    *,
    partition_by: str | Sequence[str] | None = None,
    schema: Schema = "strict",
) -> Written:
    """Write `frame` to the Delta table `name` in one commit, making the table if there is none.

    Args:
        frame: A data frame of pandas, pyarrow, Dask, Spark or the pandas API on Spark. It is collected here.
        name: Lower-case letters, digits and underscores.
        mode: "append" adds rows, "overwrite" replaces all of them; earlier versions stay readable.
        partition_by: Columns whose values become folders; only when the table is made.
        schema: "strict" takes the table's columns only, "merge" adds new ones, "overwrite" (with
            mode="overwrite") replaces them.

    Raises:
        SchemaMismatch: The columns do not fit; the message names them.
        TableError: The name, the frame or the place does not allow it.
    """
    location.check_name(name)
    if mode not in ("append", "overwrite"):
        raise TableError(f'mode must be "append" or "overwrite", not {mode!r}.')
    if schema not in ("strict", "merge", "overwrite") or (schema == "overwrite" and mode == "append"):
        raise TableError(f"schema={schema!r} does not go with mode={mode!r}: see help(ws.tables.write).")
    where = context.current()
    if where.read_only:
        raise TableError(
            f"Tables can only be read here, so {name!r} was not written.",
            "Viewers of a dashboard change nothing; write in a notebook or a scheduled run.",
        )
    arrow = frames.to_arrow(frame)
    folder = (where.tables_branch or where.tables) / name
    if where.tables_branch:
        branches.ensure_copy(where.tables / name, folder)
    branch = where.branch if where.tables_branch else ""
    application = f"{where.run}/{name}/{_sequences[where.run, name]}" if where.run else ""
    version = _committed(folder, application)
    repeated = version is not None
    if version is None:
        version = _commit(arrow, folder, mode, schema, partition_by, application, where.provenance)
    _sequences[where.run, name] += 1
    if _after_write:
        _after_write(name)
    return Written(name, arrow.num_rows, version, branch, repeated)


def _committed(folder: Path, application: str) -> int | None:
    """The table's version if an earlier attempt of the run has made this commit."""
    from deltalake import DeltaTable

    if not application or not location.is_table(folder):
        return None
    table = DeltaTable(folder)
    return int(table.version()) if table.transaction_version(application) is not None else None


def _commit(
    arrow: Any,
    folder: Path,
    mode: Mode,
    schema: Schema,
    partition_by: str | Sequence[str] | None,
    application: str,
    provenance: dict[str, str],
) -> int:
    from deltalake import CommitProperties, Transaction
    from deltalake.exceptions import CommitFailedError

    options: dict[str, Any] = {
        "partition_by": [partition_by] if isinstance(partition_by, str) else partition_by and [*partition_by],
        "commit_properties": CommitProperties(
            custom_metadata=provenance,
            app_transactions=[Transaction(application, 0)] if application else None,
        ),
    }
    try:
        if _create(arrow, folder, options):
            return 0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                # Delta would let an overwrite leave rows that somebody appends meanwhile.
                with _locked(folder):
                    return _add(arrow, folder, mode, schema, options)
            except CommitFailedError:
                # A writer who knows no lock was faster, so that nothing was written. Look again at what is there.
                if attempt == ATTEMPTS:
                    raise
                time.sleep(0.05 * attempt)
        raise AssertionError("unreachable")
    except TableError:
        raise
    except Exception as error:
        # The Rust library raises bare exceptions too.
        raise TableError(f"The table {folder.name!r} was not written: {location.first_line(error)}.") from error


def _create(arrow: Any, folder: Path, options: dict[str, Any]) -> bool:
    """Make the table from its first rows. Returns False if there is one already."""
    from deltalake import write_deltalake

    if location.is_table(folder):
        return False
    frames.name_undecided(arrow)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two writers who both make the table would each state its columns, and fail those who come third.
    with _locked(folder.parent):
        if location.is_table(folder):
            return False
        write_deltalake(folder, arrow, mode="error", **options)
        return True


def _add(arrow: Any, folder: Path, mode: Mode, schema: Schema, options: dict[str, Any]) -> int:
    """Write rows to a table that is there. Returns the version that holds them."""
    from deltalake import DeltaTable, write_deltalake

    table = DeltaTable(folder)
    if schema == "overwrite":
        frames.name_undecided(arrow)
    else:
        arrow = frames.fit(arrow, _arrow_schema(table), folder.name, schema == "merge")
    if schema != "strict":
        options = {**options, "schema_mode": schema}
    write_deltalake(table, arrow, mode=mode, **options)
    return int(table.version())


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _arrow_schema(table: Any) -> Any:
    import pyarrow

    return pyarrow.schema(table.schema().to_arrow())


def read(name: str, version: int | None = None, columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """Read the table `name` into pandas, as it is now or as it was at `version`.

    Raises:
        TableNotFound: There is no such table; the hint names similar ones.
        TableError: There is no such version or column.
    """
    table = location.open_delta(name, version)
    known = [field.name for field in table.schema().fields]
    if unknown := [each for each in columns or () if each not in known]:
        raise TableError(f"The table {name!r} has no column {', '.join(unknown)}.", f"It has: {', '.join(known)}.")
    note_read(name, int(table.version()))
    frame: pandas.DataFrame = table.to_pandas(columns=[*columns] if columns is not None else None)
    return frame


def history(name: str) -> pandas.DataFrame:
    """One row per version of the table, newest first: version, time (UTC), operation, mode, rows, run, branch, commit.

    `rows` counts the rows that the version added; unknown origins are empty.

    Raises:
        TableNotFound: There is no such table.
    """
    import pandas

    def row(commit: dict[str, Any]) -> dict[str, Any]:
        return {
            "version": commit["version"],
            "time": pandas.Timestamp(commit["timestamp"], unit="ms", tz="UTC"),
            "operation": commit["operation"],
            "mode": MODES.get(commit.get("operationParameters", {}).get("mode", ""), ""),
            "rows": int(commit.get("operationMetrics", {}).get("num_added_rows", 0)),
            **{each: commit.get(each, "") for each in ("run", "project", "branch", "commit", "notebook")},
        }

    return pandas.DataFrame([row(commit) for commit in location.open_delta(name).history()])


def path(name: str) -> Path:
    """The folder that reads of the table go to: on a branch its own copy, once it has one.

    Raises:
        TableNotFound: There is no such table.
    """
    return location.readable(name)


def versions_read() -> dict[str, int]:
    """The version of each table that this process has last read, by name."""
    return dict(_versions_read)


def note_read(name: str, version: int) -> None:
    """Remember which version of a table an answer came from."""
    _versions_read[name] = version


def after_write(call: Callable[[str], None]) -> None:
    """Have `call(name)` called after each write."""
    global _after_write
    _after_write = call


# Last, because it hides the built-in one.
def list() -> Sequence[str]:
    """The names of all tables that can be read here, sorted."""
    return location.names()
