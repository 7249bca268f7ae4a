"""Real environments and real clusters for tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
UV_CONFIGURATION = ROOT / "server" / "workspace_server" / "environments"  # What uv need not download to know it.


def build_environment(folder: Path, requirements: Sequence[str], *options: str) -> Path:
    """An environment made by uv. Returns its Python."""
    python = folder / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    line = ["uv", "pip", "install", "--quiet", "--python", str(python), "--only-binary", ":all:", *options]
    subprocess.run([*line, *requirements], check=True, cwd=UV_CONFIGURATION)
    return python


def variables(**more: str) -> dict[str, str]:
    """The environment of a kernel or a cluster, free of what this machine has set."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "JAVA_HOME") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


class Engine:
    """The process of a cluster, as the server starts it: leader of its own group."""

    def __init__(self, python: Path, kind: str, folder: Path, *options: str, **told: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        line = [str(python), "-m", f"workspace_ext.engines.{kind}", "--state", str(folder / "state.json"), *options]
        with (folder / "engine.log").open("wb") as log:
            self.process = subprocess.Popen(
                line, cwd=folder, env=variables(**told), stdout=log, stderr=log, start_new_session=True
            )
        self._children: set[psutil.Process] = set()

    def state(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.folder / "state.json").read_text()))
        except FileNotFoundError:
            return {"state": "unwritten"}

    def wait(self, *states: str, seconds: float = 330.0) -> dict[str, Any]:
        """The state once it is one of `states`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._children.update(self.family())
            if (said := self.state())["state"] in states:
                return said
            time.sleep(0.05)
        raise AssertionError(f"{said} after {seconds} s: {self.log()}")

    def log(self) -> str:
        return "\n".join(each.read_text(errors="replace") for each in self.folder.glob("*.log"))

    def family(self) -> list[psutil.Process]:
        """Everything that the cluster consists of besides its own process."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def runs(self, program: str) -> bool:
        """Whether a process with that in its name is part of it now."""
        for each in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                if program in each.name():
                    return True
        return False

    def survivors(self, seconds: float = 15.0) -> list[psutil.Process]:
        """Which of its processes are still there after it has ended."""
        _, alive = psutil.wait_procs(list(self._children), timeout=seconds)
        return [each for each in alive if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def remember(self) -> int:
        """Note the processes there are now, for `survivors`. Returns how many."""
        self._children.update(found := self.family())
        return len(found)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.remember()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self, group: bool) -> None:
        """SIGKILL to the process, or to everything in its group."""
        self.remember()
        (os.killpg if group else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


@contextlib.contextmanager
def running(python: Path, kind: str, folder: Path, *options: str, **told: str) -> Iterator[Engine]:
    """A cluster while the `with` lasts; `told` are further environment variables."""
    engine = Engine(python, kind, folder, *options, **told)
    try:
        yield engine
    finally:
        if engine.process.poll() is None:
            engine.kill(group=False)
        assert engine.survivors() == []


def run_script(python: Path, script: str, cwd: Path, **told: str) -> str:
    """What a script prints in a kernel's environment; warnings are shown, errors fail the test."""
    done = subprocess.run(
        [str(python), "-c", script], cwd=cwd, env=variables(**told), capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout
