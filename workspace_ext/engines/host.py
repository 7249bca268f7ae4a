"""What a host is sent over SSH, as text: have the environment, run workers in it, and end with the connection.

It comes through standard input together with what it is `told`, and hears every few seconds that it is still wanted. It
says how it goes in lines of JSON, and imports the standard library only: the host has nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Without a word for so long the connection is lost.
SILENT_SECONDS = 60.0
END_SECONDS = 8.0
FOLDER = "atrium-host-"
ENDING = (signal.SIGTERM, signal.SIGHUP)


def say(state: str, message: str = "") -> None:
    """Tell whoever has sent this."""
    with contextlib.suppress(OSError, ValueError):
        print(json.dumps({"state": state, "message": message}), flush=True)


def listen() -> None:
    """End this process, in its own time, when nobody wants it any more."""
    while select.select([0], [], [], SILENT_SECONDS)[0] and os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def stop(*_: object) -> None:
    """Once is enough: what is cleaned up then is not to be left half done."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def scheduler_of(told: dict[str, Any]) -> str:
    """The scheduler's address, as this host reaches the machine that it is on: from there the connection came."""
    there = os.environ["SSH_CONNECTION"].split()[0]
    return f"tls://[{there}]:{told['port']}" if ":" in there else f"tls://{there}:{told['port']}"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this process's own. Those of earlier ones that were killed go."""
    base = Path(tempfile.gettempdir())
    for left in base.glob(f"{FOLDER}*"):
        with contextlib.suppress(OSError), held(left):
            shutil.rmtree(left)
    made = Path(tempfile.mkdtemp(prefix=f".{FOLDER}", dir=base))
    with held(made):
        folder = made.rename(base / made.name.lstrip("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else can hold it meanwhile; OSError where somebody does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def work(python: Path, told: dict[str, Any]) -> str:
    """Run the workers until they end. Returns the last that they said."""
    with scratch() as folder:
        for file, text in (
            ("certificate", told["certificate"]),
            ("key", told["key"]),
            ("membership.py", told["member"]),
        ):
            descriptor = os.open(folder / file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(text)
        line = [
            python, "-m", "distributed.cli.dask_worker", scheduler_of(told), "--name", told["name"],
            "--nworkers", "auto", "--tls-ca-file", folder / "certificate", "--tls-cert", folder / "certificate",
            "--tls-key", folder / "key", "--preload", folder / "membership.py", "--local-directory", folder / "scratch",
            "--no-dashboard", "--death-timeout", "60",
        ]  # fmt: skip
        kept = {key: value for key, value in os.environ.items() if key not in told["foreign"]}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", told["guard"], str(os.getpid()), *map(str, line)],
                cwd=folder, env=kept, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            say("serving")
            process.wait()
        finally:
            _end(process)
        lines = (folder / "log").read_text(errors="replace").strip().splitlines()
        # How it ended is rarely why.
        told_why = [line for line in lines if " - INFO - " not in line]
        return (told_why or lines or ["they said nothing"])[-1][:300]


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main(told: dict[str, Any]) -> None:
    """Build or find the environment, and serve."""
    for number in ENDING:
        signal.signal(number, stop)
    threading.Thread(target=listen, daemon=True).start()
    builder: dict[str, Any] = {"__name__": "atrium_builder"}
    exec(compile(told["builder"], "atrium_builder", "exec"), builder)
    say("building")
    told = {**told, "guard": builder["DIE_WITH_PARENT"], "foreign": builder["FOREIGN"]}
    try:
        python = builder["build"](told)
    except (builder["Refused"], OSError) as error:
        say("refused", str(error))
        return
    say("refused", f"its workers ended: {work(python, told)}")
