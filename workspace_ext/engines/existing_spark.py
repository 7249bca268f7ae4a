"""A Spark Connect server that is there already: looked after, not owned.

    ENV/bin/python -m workspace_ext.engines.existing_spark --state FILE --address sc://10.0.0.1:15002

It says "running" when a first query has run in this very environment, wherever the server's tasks run, and fails when
that cannot be or the server goes away. It ends on SIGTERM, or by itself when nobody has touched its lease for the grace
period; the server goes on.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workspace_ext import spark_environment, spark_session
from workspace_ext.engines.process import Settings, State, StateFile, explain, parser, settings
from workspace_ext.engines.spark_pages import LOOK_SECONDS, Pages
from workspace_ext.errors import ClusterError

# Of the first query: more than one, so that it is rarely a single machine that answers.
TASKS = 4


class Unusable(Exception):
    """The server cannot be used; the text is for a person."""


class Server:
    """A session of ours on it."""

    def __init__(self, address: str) -> None:
        try:
            self.session, self.version = spark_session.open_session(address)
        except ImportError as error:
            raise Unusable(f"This environment has no pyspark: {error}. Attach the cluster again to add it") from None
        except Exception as error:
            raise Unusable(f"What listens at {address} is no Spark Connect server: {explain(error)}") from error
        if wrong := spark_session.other_version(self.version):
            raise Unusable(f"It {wrong}: attach a cluster of the same version")
        self.application = str(self.session.conf.get("spark.app.id"))
        pages = self.session.conf.get("spark.ui.port", "4040")
        self.pages = Pages(f"http://{urlsplit(address).hostname}:{pages}", self.application)
        self._failed: BaseException | None = None
        self.first = threading.Thread(target=self._first, name="first query", daemon=True)
        self.first.start()

    def ready(self) -> bool:
        """Whether the first query has run.

        Raises:
            Unusable: It has failed.
        """
        if self.first.is_alive():
            return False
        if self._failed is not None:
            said = spark_environment.reason(self._failed)
            raise Unusable(said or f"It answers no query: {explain(self._failed)}") from self._failed
        return True

    def answers(self) -> bool:
        """Whether it still is what it was."""
        try:
            return str(self.session.conf.get("spark.app.id")) == self.application
        except Exception:
            return False

    def _first(self) -> None:
        try:
            spark_environment.take_along(self.session, elsewhere=True)
            self._look()
        except Exception as error:
            self._failed = error

    def _look(self) -> None:
        def where(frames: Iterator[Any]) -> Iterator[Any]:
            import sys

            for frame in frames:
                yield frame.assign(prefix=sys.prefix)

        rows = self.session.range(0, TASKS, 1, TASKS).mapInPandas(where, "id long, prefix string").collect()
        found = {Path(row.prefix).name for row in rows}
        if found != {spark_environment.told_of(Path(sys.prefix))["environment"]}:
            raise Unusable(f"Its tasks run in {', '.join(sorted(found)) or 'nothing'}")


def watch(server: Server, settings: Settings, file: StateFile, address: str, stop: threading.Event) -> str:
    """Report until it shall end. Returns why."""
    file.update(message="building the environment where its tasks run")
    while not server.ready():
        if stop.wait(0.2):
            return "Stopped while starting"
        if settings.lease.expired():
            return "Nobody used it"
    file.update(state="running", address=address, version=server.version, message="")
    while not stop.wait(LOOK_SECONDS):
        if not server.answers():
            raise Unusable(f"the server at {address} has gone")
        since = server.pages.idle_since()
        file.update(idle_since=since, workers=server.pages.executors, maximum=max(1, server.pages.executors))
        if settings.lease.expired():
            return "Nobody used it"
    return "Stopped"


def main() -> int:
    """Look after one server until it shall end."""
    line = parser("existing_spark")
    line.add_argument("--address", required=True, help="of the server")
    given = line.parse_args()
    chosen = settings(given)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    file = StateFile(chosen.state, State(0, 1))
    try:
        server = Server(given.address)
        try:
            reason = watch(server, chosen, file, given.address, stop)
        finally:
            spark_session.close_session(given.address, server.session)
    except Exception as error:
        file.close("failed", str(error) if isinstance(error, (Unusable, ClusterError)) else explain(error))
        return 1
    file.close("stopped", reason)
    return 0


if __name__ == "__main__":
    sys.exit(main())
