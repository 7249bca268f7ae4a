"""The first query of a Spark server, through a Python worker, so that nobody waits for it later.

A process of its own: it imports pandas and pyspark while the server starts, and takes their memory with it.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit


def wait_for_port(address: str) -> None:
    """Return as soon as somebody listens at `address`. Whoever started this process sets the deadline."""
    parts = urlsplit(address)
    while True:
        try:
            socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)


def main(address: str) -> None:
    """Run the query.

    Raises:
        RuntimeError: The answer is wrong.
    """
    import pyspark.sql.connect.session  # noqa: F401
    from pyspark.sql import SparkSession

    def unchanged(frames: Iterator[Any]) -> Iterator[Any]:
        yield from frames

    wait_for_port(address)
    session: Any = SparkSession.builder.remote(address).create()
    session.conf.set("spark.sql.execution.pyspark.python", sys.executable)
    rows = session.range(4).mapInPandas(unchanged, "id long").toArrow().num_rows
    session.stop()
    if rows != 4:
        raise RuntimeError(f"The first query gave {rows} rows instead of 4")


if __name__ == "__main__":
    main(sys.argv[1])
