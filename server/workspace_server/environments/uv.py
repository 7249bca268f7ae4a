"""Running uv: in a process group that can be killed, with the machine's own index configuration and no other."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..kit.errors import Unavailable
from ..kit.home import Home
from .confine import OWN, place
from .errors import Cancelled, too_slow

POLL = 0.1
GRACE = 3.0
PATIENCE = 60.0
"""Seconds for what fetches nothing."""
# Of a server or shell that happens to run in an environment of its own.
FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "UV_PROJECT")


def find_uv(path: str | None = None) -> str:
    """The uv to use: ``path``, else ``ATRIUM_UV``, else the one installed beside the server.

    Raises
    ------
    Unavailable
        There is none.
    """
    chosen = path or os.environ.get("ATRIUM_UV") or _installed() or shutil.which("uv")
    if chosen is None or shutil.which(chosen) is None:
        raise Unavailable("no_uv", "uv, which builds environments, is not installed.", "Run: pip install uv")
    return chosen


def _installed() -> str | None:
    try:
        import uv

        return str(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        return None


class Uv:
    """One build's uv processes.

    Parameters
    ----------
    home
        Its cache lies in the home, on the file system of the environments, so that files are hard links;
        ``UV_CACHE_DIR`` in the environment says otherwise.
    path
        The executable, see :func:`find_uv`.
    cancelled
        Once set, the running uv is killed with its children and :class:`Cancelled` is raised.
    """

    def __init__(self, home: Home, path: str | None = None, cancelled: threading.Event | None = None) -> None:
        self._path = find_uv(path)
        self._cancelled = cancelled or threading.Event()
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.cache = Path(kept.get("UV_CACHE_DIR") or home.cache / "uv")
        self._environment = {
            **kept,
            "UV_CACHE_DIR": str(self.cache),
            "NO_COLOR": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
        }

    def check(self) -> None:
        """Raise :class:`Cancelled` if it was."""
        if self._cancelled.is_set():
            raise Cancelled

    def run(
        self,
        arguments: Sequence[str | Path],
        on_line: Callable[[str], None] = lambda _line: None,
        on_tick: Callable[[], None] = lambda: None,
        within: float = PATIENCE,
        settings: str = "",
        confined: bool = False,
    ) -> tuple[int, str]:
        """Run ``uv arguments``; exit status and everything it said. ``on_tick`` is called ten times a second. About
        ``settings`` and ``confined`` see :func:`workspace_server.environments.confine.place`.

        Raises
        ------
        Offline
            It took longer than ``within`` seconds: uv gives up on an index that is silent, not on one that trickles.
        """
        # Not in the project: a cloned repository must not configure uv. Beside a uv.toml, which uv reads on top of the
        # machine's own.
        with place(self._environment, settings, confined) as (folder, variables):
            return self._run([self._path, *map(str, arguments)], folder, variables, on_line, on_tick, within)

    def beside(self, line: Sequence[str], on_line: Callable[[str], None], within: float) -> tuple[int, str]:
        """Run another program as uv is run."""
        return self._run(line, OWN, self._environment, on_line, lambda: None, within)

    def _run(
        self,
        line: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        on_line: Callable[[str], None],
        on_tick: Callable[[], None],
        within: float,
    ) -> tuple[int, str]:
        self.check()
        deadline = time.monotonic() + within
        said: list[str] = []
        process = subprocess.Popen(
            line,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

        def read() -> None:
            assert process.stderr is not None
            for text in process.stderr:
                said.append(text)
                on_line(text.strip())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            while process.poll() is None:
                self.check()
                if time.monotonic() > deadline:
                    raise too_slow(within)
                on_tick()
                # Not a sleep: a build is several quick processes, and each would wait for half of it.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(POLL)
        finally:
            end_group(process)
            reader.join(GRACE)
            assert process.stderr is not None
            process.stderr.close()
        return process.returncode, redact("".join(said))


def end_group(process: subprocess.Popen[str]) -> None:
    """End the process and everything it started, kindly first."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def apart(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """``uv arguments`` in a folder of its own: nothing is fetched, and nobody's settings or cache are looked at. Its
    ``stderr`` is the reason, where it fails."""
    done = subprocess.run(
        [find_uv(), *arguments, "--offline", "--no-config", "--no-cache"],
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    done.stderr = redact(done.stderr).strip().removeprefix("error:").strip()
    return done


def redact(text: str) -> str:
    """Without addresses: an index's may hold a password, and where it is concerns the machine only."""
    return re.sub(r"\b(?:https?|file)://[^\s`'\")]+", "<package index>", text)
