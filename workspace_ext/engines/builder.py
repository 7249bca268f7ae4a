"""Has an environment on the host that it runs on, which is built from its lock unless it is there.

    python builder.py TOLD.json

Prints the environment's interpreter, or says on standard error why this host cannot have it. Hosts of clusters that are
there already are sent this file as it is: it imports the standard library only. TOLD holds the environment's id, its
version of Python ("3.11"), its exact packages with hashes (`lock`), the `options` with which uv installs them, and the
kind of `machine` that they are for. Environments lie in `~/.cache/atrium`, or where ATRIUM_ENVIRONMENTS says.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Of whoever runs on the host: the environment has its own.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT")

BUILD_SECONDS = 900.0

# uv must not outlive this process, however that ends: the kernel ends it when its parent has gone.
DIE_WITH_PARENT = """
import ctypes, os, signal, sys
libc = ctypes.CDLL(None)
if hasattr(libc, "prctl"):
    libc.prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Refused(Exception):
    """Why this host cannot have the environment; the text is for a person."""


def build(told: dict[str, Any]) -> Path:
    """The interpreter of the environment on this host, which is built unless it is there.

    Raises:
        Refused: It cannot be built here.
    """
    base = os.environ.get("ATRIUM_ENVIRONMENTS") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "atrium")
    root = Path(base).expanduser().absolute()
    target: Path = root / told["environment"]
    python = target / "bin" / "python"
    if (target / ".ready").exists():
        return python
    if platform.machine() != told["machine"]:
        raise Refused(f"it is a {platform.machine()} machine, and the environment is for {told['machine']}")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if uv is None:
        raise Refused("it has no uv, which builds the environment; install it there: pip install uv")
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".{target.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (target / ".ready").exists():
            return python
        # Whoever made these held the lock.
        for stale in root.glob(f".building-{target.name}-*"):
            shutil.rmtree(stale, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f".building-{target.name}-", dir=root))
        try:
            _fill(folder, uv, told)
            shutil.rmtree(target, ignore_errors=True)  # It has no .ready.
            folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return python


def _fill(folder: Path, uv: str, told: dict[str, Any]) -> None:
    lock = folder / "requirements.lock"
    made = ["venv", folder, "--allow-existing", "--relocatable", "--no-project", "--quiet", "--python", told["python"]]
    _run(uv, made, folder)
    lock.write_text(told["lock"])
    synced = ["pip", "sync", lock, "--require-hashes", "--python", folder / "bin" / "python", *told["options"]]
    _run(uv, synced, folder)
    site = next(folder.glob("lib/python*")) / "site-packages"
    # An installer that was killed once may say afterwards that all is there.
    for record in site.glob("*.dist-info/RECORD"):
        with record.open(newline="") as rows:
            for row in csv.reader(rows):
                if row and not row[0].endswith(".pyc") and not (site / row[0]).exists():
                    raise Refused(f"{record.parent.name} was not installed whole: {row[0]} is missing")
    (folder / ".ready").write_text(json.dumps({"environment": told["environment"]}))


def _run(uv: str, arguments: list[Any], folder: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    guard = [sys.executable, "-c", DIE_WITH_PARENT, str(os.getpid())]
    log = folder / "uv.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*guard, uv, *map(str, arguments)],
            cwd=folder, env={**kept, "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
        )  # fmt: skip
    try:
        process.wait(BUILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"the environment was not there after {BUILD_SECONDS:.0f} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode != 0:
        # An index's address may hold a password.
        said = re.sub(r"\b(?:https?|file)://[^\s`'\")]+", "<package index>", log.read_text(errors="replace"))
        said = said[max(0, said.find("error:")) :]
        raise Refused(f"uv says: {' '.join(said.split())[-400:]}")


def main() -> int:
    """Build or find, and say where it is."""
    # What is half made goes when it is not wanted any more.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("it was not wanted any more"))
    try:
        print(build(json.loads(Path(sys.argv[1]).read_text())))
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
