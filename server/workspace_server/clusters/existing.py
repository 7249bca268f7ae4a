"""A Dask scheduler that is there already: what it has, and what its nannies are told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from ..environments.build import LOCK
from ..environments.lock import WHEELS_ONLY
from ..environments.service import Environment
from ..kit.errors import Unavailable
from .engine import Existing, variables_of
from .extras import fitting
from .greeting import LOOK

PROBE_SECONDS = 60.0


def probe(environment: Environment, runtime: Path, address: str) -> str:
    """The extras that make clients fit the scheduler, see ``store.ClusterRow``. Takes seconds: call it from a thread.

    Raises
    ------
    Unavailable
        It is no scheduler, or has gone.
    """
    line = [str(environment.python), "-m", "workspace_ext.engines.existing", "--probe", address]
    try:
        done = subprocess.run(
            line, env=variables_of(environment.python, runtime), capture_output=True, text=True,
            timeout=PROBE_SECONDS, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        found = {"error": f"What answers at {address} is no Dask scheduler that can be used"}
    if "error" in found:
        raise Unavailable("no_scheduler", f"{found['error']}.", LOOK)
    return fitting(found)


def told(cluster: str, address: str, environment: Environment) -> Existing:
    """What the nannies of a cluster's scheduler are told of its environment."""
    return Existing(
        address,
        {
            "name": f"atrium-{cluster[:8]}-{environment.id[:8]}",
            "environment": environment.id,
            "lock": (environment.folder / LOCK).read_text(),
            "options": list(WHEELS_ONLY),
        },
    )
