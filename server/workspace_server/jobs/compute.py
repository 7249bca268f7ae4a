"""The cluster that a run starts for itself and takes away with it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

from workspace_ext.contract.jobs import ScheduleCluster

from ..clusters.engine import Choice, EngineProcess
from ..clusters.extras import extras
from ..clusters.gpus import chosen
from ..kit.errors import Failed
from .processes import VARIABLE

__all__ = ["chosen", "extras", "started"]

GRACE = 120.0
RENEWAL = 30.0


@contextlib.contextmanager
def started(
    choice: ScheduleCluster | None,
    gpus: Choice | None,
    python: Path,
    folder: Path,
    runtime: Path,
    run: str,
    stopped: threading.Event,
) -> Iterator[str]:
    """A cluster while the ``with`` lasts: what goes into ``ATRIUM_CLUSTER``, "" when none was chosen.

    Raises
    ------
    Failed
        It did not start; the log in ``folder`` says more.
    """
    if choice is None:
        yield ""
        return
    engine = EngineProcess.start(
        python, choice.kind, choice.minimum, choice.maximum, folder, runtime, grace=GRACE, variables={VARIABLE: run},
        gpus=gpus,
    )  # fmt: skip
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(engine, over), name="lease", daemon=True)
    renewing.start()
    try:
        state = engine.wait_running()
        if stopped.is_set() or state.address is None:
            raise Failed("stopped", "The cluster was stopped while it started.")
        yield json.dumps({"id": run, "kind": choice.kind, "address": state.address})
    finally:
        over.set()
        engine.stop(timeout=5.0)


def _renew(engine: EngineProcess, over: threading.Event) -> None:
    while not over.wait(RENEWAL):
        engine.renew()
