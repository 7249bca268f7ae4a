"""What the benchmarks of environments and of clusters begin with."""

from __future__ import annotations

import time
from collections.abc import Callable

from workspace_server.environments.build import Environment, build_blocking
from workspace_server.environments.declaration import declare
from workspace_server.kit.home import Home


def built(home: Home, name: str, wanted: str) -> Environment:
    """The environment of a project of that name, whose requirements file says ``wanted``."""
    project = home.projects / name / "main"
    project.mkdir(parents=True, exist_ok=True)
    (project / "requirements.txt").write_text(wanted)
    return build_blocking(home, declare(project, project))


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
