"""In which environment the tasks of a Spark session run: the kernel's own, also on other machines.

On a server that somebody else runs an archive goes along with the session, a few kilobytes: the exact packages of the
environment, what builds it, and a `bin/python` that has it found or built on its host and then becomes its Python.
Where there is none the tasks fail and say why, so that none runs in another one.
"""

from __future__ import annotations

import importlib
import io
import json
import platform
import re
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from workspace_ext.engines.requirements import CONDA, SOURCE_BUILDS
from workspace_ext.errors import ClusterError

PYTHON = "spark.sql.execution.pyspark.python"

# The server brings its own, which is what its workers run: a source archive of hundreds of megabytes for each host.
BROUGHT_BY_SPARK = ("pyspark",)

# What `bin/python` says before the reason, and by which that is found in Spark's own words.
SIGN = "No environment on"

# Hosts need a shell and uv. Standard output is what Spark reads a port from.
BOOTSTRAP = """\
#!/bin/sh
python=${{ATRIUM_ENVIRONMENTS:-${{XDG_CACHE_HOME:-$HOME/.cache}}/atrium}}/{environment}
[ -e "$python/.ready" ] && exec "$python/bin/python" "$@"
here=${{0%/bin/python}}
refuse() {{ echo "{sign} $(uname -n): $*" >&2; exit 1; }}
PATH="$PATH:$HOME/.local/bin"
command -v uv >/dev/null || refuse "it has no uv, which builds it; install it there: pip install uv"
said="$here/said.$$"
python=$(
    unset PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX
    uv run --no-project --quiet --python {python} python "$here/builder.py" "$here/told.json" 2>"$said" </dev/null
) || refuse "$(tr '\\n' ' ' <"$said")"
exec "$python" "$@"
"""

# Of each session, which environment's tasks it has, and for which it has been sent an archive.
_environments: dict[str, str] = {}
_sent: set[tuple[str, str]] = set()


def take_along(session: Any, elsewhere: bool) -> None:
    """Have the session's tasks run in this kernel's environment: the one that it has gone on in, where packages were
    added meanwhile.

    Args:
        elsewhere: Whether they may run on other machines than this one.

    Raises:
        ClusterError: This Python is of no environment that can be built elsewhere.
    """
    own = Path(sys.prefix)
    if _environments.get(session.session_id) == own.name:
        return
    python = sys.executable
    if elsewhere:
        told = told_of(own)
        name = f"atrium-{told['environment']}"
        if (session.session_id, name) not in _sent:
            send(session, name, told)
            _sent.add((session.session_id, name))
        python = f"./{name}/bin/python"
    session.conf.set(PYTHON, python)
    _environments[session.session_id] = own.name


def told_of(folder: Path) -> dict[str, Any]:
    """What `workspace_ext.engines.builder` is told of the environment in that folder.

    Raises:
        ClusterError: It was not built from a lock.
    """
    try:
        lock = (folder / "requirements.lock").read_text()
    except OSError:
        raise ClusterError(
            f"The environment in {folder} has no lock, by which it could be built on the machines of the cluster.",
            "Use the kernel 'Project environment'.",
        ) from None
    if CONDA in lock:
        raise ClusterError(
            "This environment has packages of conda, which the machines of the cluster cannot install.",
            "Use a cluster on this machine, or list what the project needs in a requirements.txt.",
        )
    return {
        "environment": f"{folder.name}-spark",
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "machine": platform.machine(),
        "lock": without(lock, BROUGHT_BY_SPARK),
        "options": ["--only-binary", ":all:", *(word for one in SOURCE_BUILDS for word in ("--no-binary", one))],
    }


def without(lock: str, packages: tuple[str, ...]) -> str:
    """A lock without some of its packages."""
    entries = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(one for one in entries if re.split(r"[=\s\[]", one, maxsplit=1)[0] not in packages)


def send(session: Any, name: str, told: dict[str, Any]) -> None:
    """Have it lie, under that name, in the folder in which the session's Pythons start."""
    builder = importlib.import_module("workspace_ext.engines.builder")
    files = {
        "bin/python": BOOTSTRAP.format(sign=SIGN, **told),
        "builder.py": Path(str(builder.__file__)).read_text(),
        "told.json": json.dumps(told),
    }
    with tempfile.TemporaryDirectory(prefix="atrium-session-") as folder:
        path = Path(folder, f"{name}.tgz")
        with tarfile.open(path, "w:gz") as archive:
            for file, text in files.items():
                about = tarfile.TarInfo(file)
                about.size, about.mode = len(text.encode()), 0o755
                archive.addfile(about, io.BytesIO(text.encode()))
        session.addArtifacts(f"{path}#{name}", archive=True)


def reason(error: BaseException) -> str:
    """Why there is no environment where the tasks were to run, "" where that is not what failed."""
    found = re.search(rf"{SIGN} .*", str(error))
    return found[0].strip() if found else ""
