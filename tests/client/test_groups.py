"""What is no frame or has no such column, and what a function keeps."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from workspace_ext import cluster, groups
from workspace_ext.errors import ClusterError


def same(group: pd.DataFrame) -> pd.DataFrame:
    return group


def test_an_example_without_the_groups() -> None:
    frame = pd.DataFrame({"store": ["a"], "units": [1.0]})
    with pytest.raises(ClusterError, match="like has no column store"):
        cluster.apply(frame, "store", same, like=frame[["units"]])


@pytest.mark.parametrize(
    ("frame", "by", "message"),
    [
        ([1, 2], "store", "A list has no groups. Give a data frame of pandas, Dask, Spark or the pandas API on Spark."),
        (pd.DataFrame({"store": [1], "day": [2]}), "shop", "The frame has no column shop. It has: store, day."),
        (pd.DataFrame({"store": [1]}), ["store", "a", "b"], "The frame has no column a, b. It has: store."),
        (pd.DataFrame({"store": [1]}), [], "Name a column whose values make the groups. There are: store."),
    ],
)
def test_what_has_no_such_groups(frame: object, by: str | list[str], message: str) -> None:
    with pytest.raises(ClusterError) as refused:
        cluster.apply(frame, by, same)
    assert str(refused.value).replace("\n", " ") == message


class Here:
    """What of Dask's client is asked for, in this process and with one function for all groups, as a partition has."""

    def map(self, function: Any, groups: list[Any], pure: bool) -> list[Any]:
        return [function(group) for group in groups]

    def gather(self, made: list[Any]) -> list[Any]:
        return made


def test_a_frame_that_the_function_keeps_stays_as_it_is() -> None:
    sales = pd.DataFrame({"store": ["a", "b"], "units": [1, 2]})
    kept = pd.DataFrame({"units": [5]}, index=["of"])
    found = groups.with_dask_tasks(Here(), sales, ["store"], lambda group: kept, None)
    assert found.to_dict("list") == {"store": ["a", "b"], "units": [5, 5]}
    assert list(found.index) == [0, 1]
    assert (list(kept.columns), list(kept.index)) == (["units"], ["of"])
