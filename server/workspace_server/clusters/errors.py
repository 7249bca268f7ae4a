"""Errors of the clusters room."""

from __future__ import annotations

from ..kit.errors import NotFound


def no_such_cluster(id: str) -> NotFound:
    return NotFound("no_such_cluster", f"There is no cluster {id}.", "It may have been deleted meanwhile.")


def not_attached() -> NotFound:
    return NotFound(
        "no_cluster_attached",
        "No cluster is attached to this notebook.",
        "Attach one from the cluster chip in the notebook's toolbar.",
    )
