"""Work that never ends on a Dask cluster, and where it ran. Runs in a notebook's environment, as its kernel would.

    ENV/bin/python loads.py ADDRESS

Prints a line of JSON for every batch: the folders of the environments that its tasks ran in. Ends with its cluster.
"""

from __future__ import annotations

import json
import sys
import time

from distributed import Client

BATCH = 8


def where(_: int) -> str:
    """One task: the environment that it runs in."""
    time.sleep(0.02)
    return sys.prefix


def main(address: str) -> None:
    """Submit until the cluster has gone."""
    client = Client(address, timeout=20)
    number = 0
    while client.status == "running":
        # Never the same key twice: Dask would answer from what it knows.
        futures = client.map(where, range(number, number + BATCH), retries=20)
        number += BATCH
        print(json.dumps(sorted(set(client.gather(futures)))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
