"""A function for each group of a frame, on Dask and on Spark alike."""

from __future__ import annotations

import functools
import importlib
import operator
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from workspace_ext.errors import ClusterError
from workspace_ext.tables import frames

if TYPE_CHECKING:
    import pandas

Function = Callable[["pandas.DataFrame"], "pandas.DataFrame"]


def kind_of(frame: Any) -> Literal["pandas", "dask", "spark", "pandas-on-spark"]:
    """Whose frame it is.

    Raises:
        ClusterError: It is none of these.
    """
    libraries = frames.libraries_of(frame)
    if frames.is_pandas_on_spark(frame):
        return "pandas-on-spark"
    if "pyspark" in libraries and hasattr(frame, "groupBy"):
        return "spark"
    if libraries & {"dask", "dask_expr"} and hasattr(frame, "map_partitions"):
        return "dask"
    if "pandas" in libraries and hasattr(frame, "columns"):
        return "pandas"
    raise ClusterError(
        f"A {type(frame).__name__} has no groups.",
        "Give a data frame of pandas, Dask, Spark or the pandas API on Spark.",
    )


def names_of(frame: Any, by: str | Sequence[str], what: str = "The frame") -> list[str]:
    """The columns that make the groups.

    Raises:
        ClusterError: The frame lacks one of them.
    """
    names = [by] if isinstance(by, str) else [*by]
    known = [str(name) for name in frame.columns]
    if not names:
        raise ClusterError("Name a column whose values make the groups.", f"There are: {', '.join(known)}.")
    if unknown := [name for name in names if name not in known]:
        raise ClusterError(f"{what} has no column {', '.join(unknown)}.", f"It has: {', '.join(known)}.")
    return names


def with_dask_tasks(client: Any, frame: Any, by: list[str], function: Function, like: Any) -> pandas.DataFrame:
    """A task for each group of a pandas frame."""
    import pandas

    groups = [group for _, group in frame.groupby(by, dropna=False)]
    if not groups:
        return _nothing(like)
    with warnings.catch_warnings():
        # To send the groups is what this is for.
        warnings.filterwarnings("ignore", message="Sending large graph")
        futures = client.map(_of_group(function, by), groups, pure=False)
    try:
        made: pandas.DataFrame = pandas.concat(client.gather(futures), ignore_index=True)
        return made
    except BaseException:
        # What a failed cell leaves would be kept for its traceback, and go on.
        client.cancel(futures)
        raise


def of_dask_frame(frame: Any, by: list[str], function: Function, like: Any) -> Any:
    """The Dask frame of what `function` makes of each group."""
    of_group = _of_group(function, by)
    if like is None:
        first = frame[by].head(1, npartitions=-1)
        like = of_group(frame[_same(frame, first)].compute()) if len(first) else _nothing(None)
    like = like.head(0).reset_index(drop=True)

    def of_partition(part: pandas.DataFrame) -> pandas.DataFrame:
        import pandas

        made = [of_group(group) for _, group in part.groupby(by, dropna=False)]
        return pandas.concat(made, ignore_index=True) if made else like

    return frame.shuffle(on=by).map_partitions(of_partition, meta=like)


def of_spark_frame(frame: Any, by: list[str], function: Function, like: Any) -> Any:
    """The Spark frame of what `function` makes of each group."""
    import pyarrow

    of_group = _of_group(function, by)
    if like is None:
        first = frame.select(*by).limit(1).toPandas()
        like = of_group(frame.filter(_same_in_spark(frame, first)).toPandas()) if len(first) else _nothing(None)
    fields = [
        # A column without a value tells no type.
        field.with_type(pyarrow.string()) if pyarrow.types.is_null(field.type) else field
        for field in pyarrow.Schema.from_pandas(like, preserve_index=False).remove_metadata()
    ]
    types = importlib.import_module("pyspark.sql.pandas.types")
    return frame.groupBy(*by).applyInPandas(of_group, types.from_arrow_schema(pyarrow.schema(fields)))


def in_order(frame: pandas.DataFrame, by: list[str]) -> pandas.DataFrame:
    """The groups one after the other, as a pandas frame has them."""
    ordered: pandas.DataFrame = frame.sort_values(by, kind="stable", ignore_index=True)
    return ordered


def _of_group(function: Function, by: list[str]) -> Function:
    """`function` as it runs on a worker, to which all of it travels: workers need none of this module."""

    def of_group(group: pandas.DataFrame) -> pandas.DataFrame:
        import pandas

        group = group.reset_index(drop=True)
        keys = {name: group[name].iloc[0] for name in by}
        told = ", ".join(f"{name}={value}" for name, value in keys.items())
        try:
            made = function(group)
        except Exception as error:
            raise RuntimeError(f"{told}: {type(error).__name__}: {error}") from error
        if not isinstance(made, pandas.DataFrame):
            raise TypeError(f"{told}: the function returned a {type(made).__name__}, not a pandas.DataFrame.")
        # An index without names is left to whoever puts the frames together.
        if any(name is not None for name in made.index.names):
            made = made.reset_index()
        lacks = [name for name in keys if name not in made.columns]
        if lacks:
            made = made.copy(deep=False)  # The function may have kept it.
        for name in lacks:
            made.insert(by.index(name), name, keys[name])
        return made

    of_group.__name__ = getattr(function, "__name__", of_group.__name__)
    return of_group


def _same(frame: Any, row: pandas.DataFrame) -> Any:
    """Which rows of a Dask frame are of the group that ``row`` is of."""
    return _every(frame[name].isna() if value is None else frame[name] == value for name, value in _values(row))


def _same_in_spark(frame: Any, row: pandas.DataFrame) -> Any:
    literal = importlib.import_module("pyspark.sql.functions").lit
    return _every(frame[name].eqNullSafe(literal(value)) for name, value in _values(row))


def _every(conditions: Iterable[Any]) -> Any:
    return functools.reduce(operator.and_, conditions)


def _values(row: pandas.DataFrame) -> Iterator[tuple[str, Any]]:
    """Of each column what it says first, as Python has it; None where that is missing."""
    import pandas

    for name in row.columns:
        value = row[name].iloc[0]
        yield name, None if pandas.isna(value) else value.item() if hasattr(value, "item") else value


def _nothing(like: pandas.DataFrame | None) -> pandas.DataFrame:
    if like is None:
        raise ClusterError(
            "The frame has no rows, so that nobody knows which columns the function returns.",
            "Give like=, a frame with these columns.",
        )
    return like.head(0)
