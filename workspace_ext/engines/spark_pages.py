"""What a Spark server's own pages tell of it."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

# How often they are looked at, and how long they may take.
LOOK_SECONDS = 5.0


class Pages:
    """Since when a server has run no job, and how many executors it has.

    Args:
        address: Such as "http://127.0.0.1:4040".
        application: The id of the server; "" where nobody else can have that address.
    """

    def __init__(self, address: str, application: str = "") -> None:
        self.address = address
        self._address = f"{address}/api/v1/applications"
        self._application = application
        self._since: float | None = None
        self._looked = 0.0
        self._jobs = -1
        self.executors = 0
        # They are never behind a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def idle_since(self) -> float | None:
        """In seconds since 1970; None while it works, and while its pages do not answer."""
        now = time.time()
        if now - self._looked < LOOK_SECONDS:
            return self._since
        self._looked = now
        try:
            found = [one["id"] for one in self._ask("")]
            application = self._application or found[0]
            jobs = self._ask(f"/{application}/jobs") if application in found else None
            executors = self._ask(f"/{application}/executors") if jobs is not None else []
        except (OSError, ValueError, LookupError):
            jobs, executors = None, []
        self.executors = sum(one["id"] != "driver" for one in executors)
        if jobs is None:
            self._since = None
            return None
        newest = max((int(job["jobId"]) for job in jobs), default=-1)
        if newest != self._jobs or any(job["status"] == "RUNNING" for job in jobs):
            self._since, self._jobs = None, newest
        elif self._since is None:
            self._since = now
        return self._since

    def _ask(self, path: str) -> list[dict[str, Any]]:
        with self._opener.open(self._address + path, timeout=LOOK_SECONDS) as response:
            found: list[dict[str, Any]] = json.load(response)
            return found
