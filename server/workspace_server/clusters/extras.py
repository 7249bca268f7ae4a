"""What a cluster's client brings into an environment."""

from __future__ import annotations

from collections.abc import Mapping

from workspace_ext.engines import java
from workspace_ext.engines.requirements import DASK, GPU, SPARK

from .engine import Choice
from .store import ClusterRow


def extras(kind: str, there: bool = False, gpus: Choice | None = None) -> tuple[str, ...]:
    """The requirements of a ``dask`` or ``spark`` cluster, for itself and for who talks to it; ``there``: it was there
    already. Spark brings its own Java to a machine that has none, workers with ``gpus`` what uses them."""
    if kind != "spark":
        return (*DASK, *(GPU[gpus.accelerator] if gpus else ()))
    return tuple(SPARK) if there or java.of_machine() else (*SPARK, java.FROM_PYPI)


def extras_of(row: ClusterRow) -> tuple[str, ...]:
    """The same for one cluster; a scheduler that was there already says which versions, GPUs which CUDA."""
    return tuple(row.extras.splitlines()) or extras(row.kind, bool(row.address))


def fitting(packages: Mapping[str, str]) -> str:
    """The extras of a scheduler with these packages, see ``store.ClusterRow``."""
    return "\n".join(f"{'dask[dataframe]' if name == 'dask' else name}=={packages[name]}" for name in sorted(packages))
