"""From any kind of data frame to an Arrow table that fits a Delta table."""

from __future__ import annotations

from typing import Any

from workspace_ext.errors import SchemaMismatch, TableError


def to_arrow(frame: Any) -> Any:
    """Collect `frame` into one `pyarrow.Table`.

    Takes pandas, pyarrow, Dask, Spark (classic and Connect) and pandas-on-Spark data frames, and whatever else
    speaks Arrow's C stream interface (Polars, DuckDB relations). An index with names becomes columns; one without
    is left out.

    Raises:
        TableError: It is no data frame, or its columns cannot be stored.
    """
    import pyarrow

    libraries = libraries_of(frame)
    if is_pandas_on_spark(frame):
        names = [name for name in frame.index.names if name is not None]
        frame = frame.to_spark(index_col=names or None)
    if isinstance(frame, pyarrow.Table):
        table = frame
    elif "pyspark" in libraries and hasattr(frame, "toArrow"):
        table = frame.toArrow()
    elif libraries & {"dask", "dask_expr"} and hasattr(frame, "compute"):
        table = _from_pandas(frame.compute())
    elif "pandas" in libraries:
        table = _from_pandas(frame)
    elif hasattr(frame, "__arrow_c_stream__"):
        table = pyarrow.table(frame)
    else:
        raise TableError(
            f"A {type(frame).__name__} cannot be written as a table.",
            "Give a data frame of pandas, pyarrow, Dask, Spark or the pandas API on Spark.",
        )
    return _storable(table)


def libraries_of(frame: Any) -> set[str]:
    """The packages that its class, and those that it is made of, come from."""
    return {kind.__module__.split(".")[0] for kind in type(frame).__mro__}


def is_pandas_on_spark(frame: Any) -> bool:
    """Whether it is a frame of the pandas API on Spark."""
    return type(frame).__module__.startswith("pyspark.pandas")


def _from_pandas(frame: Any) -> Any:
    import pyarrow

    if getattr(frame, "ndim", 2) == 1:
        frame = frame.to_frame()
    if frame.columns.nlevels > 1:
        raise TableError(
            "Columns of several levels cannot be stored.",
            'Name them flat, for example frame.columns = ["_".join(each) for each in frame.columns].',
        )
    unnamed = [repr(column) for column in frame.columns if not isinstance(column, str)]
    if unnamed:
        raise TableError(
            f"The names of columns must be text; these are not: {', '.join(unnamed[:10])}.",
            "Rename them, for example frame.columns = frame.columns.astype(str).",
        )
    index_names = [name for name in frame.index.names if name is not None]
    _refuse_repeated([*index_names, *frame.columns])
    if index_names:
        frame = frame.reset_index()
    try:
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    except pyarrow.ArrowException as error:
        raise TableError(
            f"A column mixes kinds of values that no table can hold: {'; '.join(map(str, error.args))}."
        ) from error


def _refuse_repeated(names: list[str]) -> None:
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    if repeated:
        raise TableError(
            f"Several columns have the same name: {', '.join(repeated)}.", "Rename or drop one; an index counts too."
        )


def _storable(table: Any) -> Any:
    """Spell types the way Delta does: microseconds, UTC, no dictionaries, nothing required."""
    import pyarrow
    import pyarrow.types as is_type

    _refuse_repeated(table.column_names)

    def spelled(kind: Any) -> Any:
        if is_type.is_dictionary(kind):
            return spelled(kind.value_type)
        if is_type.is_timestamp(kind):
            return pyarrow.timestamp("us", "UTC" if kind.tz else None)
        if is_type.is_date(kind):
            return pyarrow.date32()
        if is_type.is_large_string(kind) or is_type.is_string_view(kind):
            return pyarrow.string()
        return kind

    refused = [
        f"{field.name} ({field.type})"
        for field in table.schema
        if is_type.is_duration(field.type) or is_type.is_time(field.type)
    ]
    if refused:
        raise TableError(
            f"Delta tables hold no durations or times of day: {', '.join(refused)}.",
            "Store seconds as numbers, for example frame[column].dt.total_seconds().",
        )
    fields = [pyarrow.field(field.name, spelled(field.type)) for field in table.schema]
    # Nanoseconds are cut to microseconds, as every writer of Delta does.
    return table.cast(pyarrow.schema(fields), safe=False)


def fit(table: Any, schema: Any, name: str, adding: bool) -> Any:
    """Order and convert the columns of `table` to a Delta table's Arrow `schema`, never losing a value.

    Args:
        adding: Whether columns may be new to, or missing from, the table's.

    Raises:
        SchemaMismatch: Columns are missing, unknown, or hold what their column in the table cannot.
    """
    import pyarrow

    frame_names, table_names = set(table.column_names), set(schema.names)
    problems = []
    if not adding and (missing := [each for each in schema.names if each not in frame_names]):
        problems.append(f"the frame lacks {', '.join(missing)}")
    if not adding and (unknown := [each for each in table.column_names if each not in table_names]):
        problems.append(f"the table has no {', '.join(unknown)}")
    columns = {}
    for field in schema:
        if field.name not in frame_names:
            continue
        column = table[field.name]
        try:
            columns[field.name] = _convert(column, field.type)
        except pyarrow.ArrowException:
            problems.append(f"{field.name} is {field.type} in the table and {column.type} in the frame")
    if problems:
        raise SchemaMismatch(
            f"The frame does not fit the table {name!r}: {'; '.join(problems)}.",
            'Change the frame, or say schema="merge" to add columns, or mode="overwrite", schema="overwrite" '
            "to replace the table and its columns.",
        )
    columns |= {each: table[each] for each in table.column_names if each not in table_names}
    return pyarrow.table(columns)


def _convert(column: Any, kind: Any) -> Any:
    import pyarrow
    import pyarrow.types as is_type

    if is_type.is_string(kind) != is_type.is_string(column.type) and not is_type.is_null(column.type):
        # Arrow would parse and print, so that a slip in a column's order went unseen.
        raise pyarrow.ArrowInvalid("text and not text")
    if is_type.is_boolean(kind) != is_type.is_boolean(column.type) and not is_type.is_null(column.type):
        raise pyarrow.ArrowInvalid("truth and not truth")
    return column.cast(kind, safe=True)


def name_undecided(table: Any) -> None:
    """Refuse columns of a new table whose kind nothing tells.

    Raises:
        TableError: Some columns hold no value at all.
    """
    import pyarrow.types as is_type

    empty = [field.name for field in table.schema if is_type.is_null(field.type)]
    if empty:
        raise TableError(
            f"These columns hold no value, so that their type is unknown: {', '.join(empty)}.",
            'Give them one, for example frame.astype({"' + empty[0] + '": "string"}).',
        )
