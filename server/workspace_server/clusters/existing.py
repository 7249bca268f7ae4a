"""A Dask scheduler that is there already: whether it can be used, what it has, and what its nannies are told."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from pathlib import Path

from ..environments.build import LOCK
from ..environments.lock import WHEELS_ONLY
from ..environments.service import Declaration, Environment
from ..kit.errors import Conflict, Unavailable
from .engine import Existing, variables_of
from .extras import fitting

GREETING_SECONDS = 5.0
PROBE_SECONDS = 60.0
LOOK = "Look whether it runs and its address is right."

# Dask says which Python it runs to whoever connects, before anything else: in msgpack, a name and three small numbers.
_GREETING = re.compile(rb"\xa6python\x93([\x00-\x7f])([\x00-\x7f])", re.DOTALL)
_LONGEST = 4096


def greet(address: str, declaration: Declaration) -> None:
    """Look whether Dask listens there, in the environment's Python. Takes up to seconds: call it from a thread.

    Raises
    ------
    Unavailable, Conflict
        Nothing answers; what answers is no Dask; it runs another Python.
    """
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    deadline = time.monotonic() + GREETING_SECONDS
    said = b""
    try:
        there = socket.create_connection((host.strip("[]"), int(port)), GREETING_SECONDS)
    except OSError as error:
        raise Unavailable(
            "no_scheduler", _silent(address, error), "Look whether it runs and its address is right."
        ) from None
    with there:
        try:
            while len(said) < _LONGEST and not _GREETING.search(said) and (left := deadline - time.monotonic()) > 0:
                there.settimeout(left)
                if not (more := there.recv(_LONGEST)):
                    break
                said += more
        except OSError:
            pass  # What it said until then decides.
    found = _GREETING.search(said)
    if found is None:
        raise Conflict(
            "not_dask",
            f"What listens at {address} is no Dask scheduler.",
            "Write the address that the scheduler says when it starts; one that asks for TLS cannot be used yet.",
        )
    python = f"{found[1][0]}.{found[2][0]}"
    if python != declaration.python:
        raise Conflict(
            "other_python",
            f"The scheduler at {address} runs Python {python}, this environment Python {declaration.python}.",
            f"Put {python} into .python-version beside the notebook.",
        )


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


def _silent(address: str, error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"Nothing answers at {address} within {GREETING_SECONDS:.0f} s."
    if isinstance(error, socket.gaierror):
        return f"No machine is known by the name in {address}."
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {address}."
    return f"{address} cannot be reached: {error.strerror or error}."
