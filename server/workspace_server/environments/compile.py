"""Byte code after publishing, in the background: uv writes none, and a first import would pay for it every time.

The one thing that is added to a published environment; it says the same as the source beside it. The program runs in
the environment's own Python, at the lowest priority, what kernels and clusters import first.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
from pathlib import Path

FIRST = [
    "ipykernel", "IPython", "jupyter_client", "zmq", "traitlets", "tornado", "comm", "numpy",
    "dask", "distributed", "pandas", "pyarrow", "pyspark",
]  # fmt: skip

# From within, by relative paths: an environment that is moved away meanwhile takes this along. By absolute ones some of
# its folders would be made again where it was.
PROGRAM = """
import os, py_compile, stat, sys
site, first = sys.argv[1], sys.argv[2].split()
os.chdir(site)
names = sorted(os.listdir(), key=lambda name: (first.index(name) if name in first else len(first), name))
for name in names:
    for folder, folders, files in os.walk(name):
        folders[:] = [one for one in folders if one not in ("tests", "test", "__pycache__")]
        sources = [one for one in files if one.endswith(".py")]
        if not sources:
            continue
        mode = stat.S_IMODE(os.stat(folder).st_mode)
        cache = os.path.join(folder, "__pycache__")
        os.chmod(folder, mode | 0o200)
        try:
            os.makedirs(cache, exist_ok=True)
            os.chmod(cache, 0o755)
            for one in sources:
                source = os.path.join(folder, one)
                try:
                    py_compile.compile(source, dfile=os.path.join(site, source), doraise=True)
                except Exception:
                    pass
            os.chmod(cache, 0o555)
        finally:
            os.chmod(folder, mode)
"""


def compile_in_background(python: Path, site: Path) -> None:
    """Start it; nobody waits for it, and it ends by itself."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        ["nice", "-n", "19", str(python), "-I", "-S", "-c", PROGRAM, str(site), " ".join(FIRST)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _running.add(process)
    threading.Thread(target=_wait, args=(process,), daemon=True).start()


_running: set[subprocess.Popen[bytes]] = set()


def _wait(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    _running.discard(process)


@atexit.register
def _end() -> None:
    """What is not compiled when the server ends is compiled by whoever imports it."""
    for process in list(_running):
        process.terminate()
