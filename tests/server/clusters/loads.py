"""Work that never ends on a Dask cluster, and where it ran. Runs in a notebook's environment, as its kernel would.

    ENV/bin/python loads.py ADDRESS

Prints a line of JSON for every batch: the folders of the environments that its tasks ran in, each with its version of
six. Ends with its cluster. Where ATRIUM_CLUSTER tells of one the client is the notebook's, otherwise Dask's own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time

from distributed import Client

BATCH = 8


def where(_: int) -> str:
    """One task: the environment that it runs in."""
    time.sleep(0.02)
    version = importlib.import_module("six").__version__ if importlib.util.find_spec("six") else "none"
    return f"{sys.prefix} {version}"


def main(address: str) -> None:
    """Submit until the cluster has gone."""
    attached = "ATRIUM_CLUSTER" in os.environ
    client = importlib.import_module("workspace_ext").cluster.dask() if attached else Client(address, timeout=20)
    number = 0
    while client.status == "running":
        # Never the same key twice: Dask would answer from what it knows.
        futures = client.map(where, range(number, number + BATCH), retries=20)
        number += BATCH
        print(json.dumps(sorted(set(client.gather(futures)))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
