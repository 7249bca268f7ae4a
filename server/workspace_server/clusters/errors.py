"""Errors of the clusters room."""

from __future__ import annotations

from workspace_ext.contract.operations import WireError

from ..kit.errors import NotFound, Unavailable


def no_such_cluster(id: str) -> NotFound:
    return NotFound("no_such_cluster", f"There is no cluster {id}.", "It may have been deleted meanwhile.")


def not_attached() -> NotFound:
    return NotFound(
        "no_cluster_attached",
        "No cluster is attached to this notebook.",
        "Attach one from the cluster chip in the notebook's toolbar.",
    )


def failed_cluster(error: WireError | None) -> Unavailable:
    """What a notebook is told of a cluster that failed: where it can mend that, how."""
    restart = "Restart it from the cluster chip."
    if error is None:
        return Unavailable("cluster_failed", "The cluster failed.", restart)
    hint = restart if error.code == "cluster_failed" or not error.hint else f"{error.hint} Then restart the cluster."
    return Unavailable("cluster_failed", error.message, hint)
