"""How long a server's event loop keeps others waiting, seen from outside."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.bench.table import median
from tests.fakes.servers import Server

EVERY = 0.01
WARM_UP = 100


class Lag:
    """Asks for something small again and again, on a connection of its own."""

    def __init__(self, server: Server, person: str = "ana") -> None:
        address = urlsplit(server.url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        self._path = f"{address.path}atrium/api/me"
        self._headers = {"Authorization": f"token {server.tokens[person]}"}
        self._idle = 0.0

    @contextlib.contextmanager
    def sampling(self) -> Iterator[list[float]]:
        """While the ``with`` lasts: how many milliseconds longer each answer took than one usually takes when idle."""
        if not self._idle:
            self._idle = median([self._ask() for _ in range(WARM_UP)])
        samples: list[float] = []
        over = threading.Event()

        def sample() -> None:
            while not over.wait(EVERY):
                samples.append(max(0.0, self._ask() - self._idle) * 1000)

        thread = threading.Thread(target=sample)
        thread.start()
        try:
            yield samples
        finally:
            over.set()
            thread.join()

    def _ask(self) -> float:
        began = time.perf_counter()
        self._connection.request("GET", self._path, headers=self._headers)
        self._connection.getresponse().read()
        return time.perf_counter() - began
