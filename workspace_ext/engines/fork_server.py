"""Dask's workers are forked from one process that has imported Dask: a fork server, as `multiprocessing` calls it.

Started by themselves, each imports Dask anew: half a second of a processor per worker, several where nothing is
compiled yet, and its memory once more. The process that is forked imports this module besides Dask, and nothing of the
project.
"""

from __future__ import annotations

import multiprocessing
import os
import sys

_here = os.getpid()


def use() -> None:
    """Have the Dask workers that this process starts from now on forked."""
    import dask
    import distributed.utils

    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    # Dask would import pandas as well, here too.
    distributed.utils._forkserver_preload_set = True
    multiprocessing.get_context("forkserver").set_forkserver_preload(["distributed", __name__])


def _own_random_numbers() -> None:
    """Give a worker random numbers of its own: numpy, which Dask imports, would draw the same ones in all of them."""
    if os.getppid() == _here and (numpy := sys.modules.get("numpy.random")) is not None:
        numpy.seed()


os.register_at_fork(after_in_child=_own_random_numbers)
