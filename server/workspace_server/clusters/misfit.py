"""Whether a notebook's work on a cluster runs in the notebook's environment; and if not, why."""

from __future__ import annotations

from collections.abc import Callable

from workspace_ext.contract.operations import WireError

from ..environments.service import Declaration, Environment
from ..kit.errors import AtriumError
from .store import ClusterRow
from .supervisor import Actual


def misfit(
    row: ClusterRow,
    actual: Actual,
    declare: Callable[[], Declaration],
    find: Callable[[Declaration], Environment | None],
) -> WireError | None:
    """Why the notebook's work cannot run in its environment on what runs, None where it does.

    A Dask cluster has one environment. On Spark every session brings its notebook's own, whose Python runs its tasks;
    only the server's version of Spark is the same for all of them.

    Parameters
    ----------
    declare
        What the cluster would be started from for this notebook.
    find
        The environment of that, if it is built.
    """
    try:
        declaration = declare()
    except AtriumError:  # Its requirement file is wrong; the environment chip says why.
        return None if row.kind == "spark" else _other_environment(row)
    if row.kind != "spark":
        return None if declaration.digest == actual.digest else _other_environment(row)
    environment = find(declaration)
    packages = environment.packages if environment else ()
    installed = next((one.version for one in packages if one.name == "pyspark"), "")
    return other_spark(row, actual.state.version, installed)


def other_spark(row: ClusterRow, runs: str, installed: str) -> WireError | None:
    """Why a client of that pyspark cannot talk to that Spark, None where it can or one of them is not known ("")."""
    if not runs or not installed or _minor(runs) == _minor(installed):
        return None
    return WireError(
        "other_spark",
        f"The cluster {row.name} runs Spark {runs}, and this notebook's environment has pyspark {installed}.",
        f"Attach one that runs Spark {_minor(installed)}."
        if row.address
        else f"Restart the cluster from its chip: it then runs Spark {_minor(installed)}.",
    )


def _other_environment(row: ClusterRow) -> WireError:
    return WireError(
        "other_environment",
        f"The cluster {row.name} runs another environment than this notebook declares.",
        "Restart the cluster from its chip, or attach another one.",
    )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
