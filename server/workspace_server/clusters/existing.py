"""What is elsewhere already: what a Dask scheduler has, and what its nannies, or hosts, are told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from workspace_ext.engines.requirements import CONDA

from ..environments.build import LOCK
from ..environments.lock import WHEELS_ONLY
from ..environments.service import Environment
from ..kit.errors import Conflict, Unavailable
from .engine import Existing, lines, variables_of
from .extras import fitting
from .greeting import LOOK, check_python
from .limits import engine_of

PROBE_SECONDS = 60.0
GATEWAY_SECONDS = 660.0


def probe(environment: Environment, python: str, runtime: Path, address: str, sign_in: tuple[str, ...]) -> str:
    """The extras that make clients fit the scheduler, or those of a gateway, see ``store.ClusterRow``. Takes seconds,
    on a gateway as long as it needs for a scheduler: call it from a thread.

    Raises
    ------
    Unavailable, Conflict
        It is no scheduler, or has gone; those of the gateway run another Python.
    """
    engine = engine_of(address)
    line = [str(environment.python), "-m", f"workspace_ext.engines.{engine}", "--probe", address]
    try:
        done = subprocess.run(
            line, env=variables_of(environment.python, runtime), input=lines(sign_in), capture_output=True,
            timeout=GATEWAY_SECONDS if engine == "gateway" else PROBE_SECONDS, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        found = {"error": f"What answers at {address} is no Dask scheduler that can be used"}
    if "error" in found:
        raise Unavailable("no_scheduler", f"{found['error'][:1].upper()}{found['error'][1:]}.", LOOK)
    if "python" in found:
        check_python(f"The Dask Gateway at {address}", ".".join(found.pop("python").split(".")[:2]), python)
    return fitting(found)


def existing(cluster: str, address: str, environment: Environment, sign_in: tuple[str, ...] = ()) -> Existing:
    """What is at a cluster's address, and what the machines there are told of its environment.

    Raises
    ------
    Conflict
        They could not build it.
    """
    lock = (environment.folder / LOCK).read_text()
    if CONDA in lock:
        raise Conflict(
            "conda_elsewhere",
            "This environment has packages of conda, which are installed on this machine only: elsewhere it cannot be "
            "built.",
            "Use a cluster on this machine, or list what the project needs in a requirements.txt.",
        )
    engine = engine_of(address)
    if engine == "existing_spark":
        return Existing(engine, address)
    return Existing(
        engine,
        address,
        {
            "name": f"atrium-{cluster[:8]}-{environment.id[:8]}",
            "environment": environment.id,
            "lock": lock,
            "options": list(WHEELS_ONLY),
        },
        sign_in,
    )
