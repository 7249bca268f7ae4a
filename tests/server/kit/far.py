"""What the tests run in a worker process."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from workspace_server.kit.errors import Invalid
from workspace_server.kit.processes import Report


def add(report: Report, left: int, right: int) -> int:
    report("adding", 1, 2)
    return left + right


def refuse(report: Report) -> None:
    raise Invalid("too_odd", "3 is odd.", "Use an even number.")


def fail(report: Report) -> float:
    return 1 / 0


def die(report: Report) -> None:
    os._exit(3)


def chatty(report: Report) -> str:
    print('{"result": "not this"}', flush=True)
    subprocess.run(["echo", "nor this"], check=True)
    return "done"


def pid(report: Report) -> int:
    return os.getpid()


def hang(report: Report, pids: str) -> None:
    child = subprocess.Popen(["sleep", "600"])
    Path(pids).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
