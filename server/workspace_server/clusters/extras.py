"""What a cluster's client brings into an environment."""

from __future__ import annotations

from workspace_ext.engines.requirements import DASK, SPARK


def extras(kind: str) -> tuple[str, ...]:
    """The requirements of a ``dask`` or ``spark`` cluster, for itself and for who talks to it."""
    return tuple(SPARK if kind == "spark" else DASK)
