"""What the nannies of an existing Dask scheduler are sent, as text: have the environment, and run a worker in it.

The plugin builds the environment on its host from a lock, beside where others run and checked before it is used, and
starts a worker from it that offers a resource of the environment's. The nanny's own worker goes on as it was. Where
there is no environment there is no such worker, so that no task of it can run there; what failed is told and tried
again. It imports the standard library and Dask only: the host has nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from distributed.diagnostics.plugin import NannyPlugin

# A nanny with this variable was started by such a plugin and starts no other.
STARTED = "ATRIUM_RESOURCE"
# Of whoever started the nanny: the environment has its own.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT")

# Which of what it is told the builder needs.
BUILDER = ("environment", "python", "lock", "options", "machine")

FIRST_RETRY, LAST_RETRY = 2.0, 60.0
LOOK_SECONDS = 5.0
END_SECONDS = 8.0

# What it starts must not outlive the nanny, however that ends: the kernel ends it when its parent has gone.
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


class EnvironmentPlugin(NannyPlugin):  # type: ignore[misc]
    """One environment of one cluster.

    Attributes:
        name: Of the plugin, and the resource that its workers offer.
        environment, python, lock, options, machine: What `workspace_ext.engines.builder` is told.
        module, builder: The texts of `workspace_ext.engines.bound` and `builder`.
        alone: Whether the scheduler is this environment's alone: a nanny then becomes one of it, under its own name.
        grace: Seconds after which the worker ends when nobody says any more that the cluster is wanted.
    """

    idempotent = False

    def __init__(self, **told: Any) -> None:
        self.told = told
        self.name: str = told["name"]

    async def setup(self, nanny: Any) -> None:
        """Begin, without holding the nanny up; where it becomes one of the environment it has no worker before."""
        if os.environ.get(STARTED):
            return
        if self.told.get("alone"):
            await Service(self.told, nanny).become()
        services = nanny.__dict__.setdefault("_atrium_services", {})
        if self.name not in services or services[self.name].done():
            services[self.name] = asyncio.ensure_future(Service(self.told, nanny).run())

    async def teardown(self, nanny: Any) -> None:
        """End the worker."""
        service = nanny.__dict__.get("_atrium_services", {}).pop(self.name, None)
        if service is not None:
            service.cancel()
            await asyncio.wait({service}, timeout=END_SECONDS)


class Service:
    """The environment's worker beside one nanny."""

    def __init__(self, told: dict[str, Any], nanny: Any) -> None:
        self._told = told
        self._nanny = nanny
        self._said: object = None
        self._sign: object = None
        self._signed = 0.0

    async def run(self) -> None:
        """Have a worker until it is cancelled, or nobody wants it any more."""
        wait = FIRST_RETRY
        while not await self._forsaken():
            try:
                self._say("building", "")
                python = await self._build()
                wait = FIRST_RETRY if await self._serve(python) else wait
            except (Refused, OSError) as error:
                self._say("refused", str(error))
            await asyncio.sleep(wait)
            wait = min(LAST_RETRY, wait * 2)

    async def become(self) -> None:
        """Go on as a nanny of the environment. Whoever started this process still has it, under the same name."""
        wait = FIRST_RETRY
        while True:
            try:
                self._say("building", "")
                python = await self._build()
                os.execve(python, self._command(python, self._nanny.local_directory), self._variables(python))
            except (Refused, OSError) as error:
                self._say("refused", str(error))
            await asyncio.sleep(wait)
            wait = min(LAST_RETRY, wait * 2)

    def _beside(self, python: Path) -> Path:
        """A folder beside the environment with the worker's module, for all its workers: of a nanny that became one,
        nobody is left who could remove a folder of its own."""
        module: str = self._told["module"]
        folder = python.parents[2] / f"bound-{hashlib.sha256(module.encode()).hexdigest()[:16]}"
        folder.mkdir(exist_ok=True)
        partial = folder / f".{os.getpid()}"
        partial.write_text(module)
        partial.replace(folder / "atrium_bound.py")
        return folder

    async def _build(self) -> str:
        """The environment's interpreter. What builds it is a process, which is ended when it is not wanted any more."""
        with tempfile.TemporaryDirectory(prefix="atrium-builder-") as folder:
            program, told, said, wrong = (Path(folder, name) for name in ("builder.py", "told.json", "said", "wrong"))
            program.write_text(self._told["builder"])
            told.write_text(json.dumps({name: self._told[name] for name in BUILDER}))
            with said.open("wb") as out, wrong.open("wb") as errors:
                process = guarded([sys.executable, str(program), str(told)], dict(os.environ), folder, out, errors)
            try:
                while process.poll() is None:
                    await asyncio.sleep(0.1)
            finally:
                await asyncio.shield(end(process))
            if process.returncode != 0:
                raise Refused(" ".join(wrong.read_text(errors="replace").split()) or "its builder ended")
            return said.read_text().strip()

    async def _serve(self, python: str) -> bool:
        """Run the worker until it ends. Returns whether it ran for a while."""
        began = asyncio.get_running_loop().time()
        with tempfile.TemporaryDirectory(prefix="atrium-worker-") as folder, (Path(folder) / "log").open("wb") as log:
            process = guarded(self._command(python, folder), self._variables(python), folder, log, log)
            self._say("serving", "")
            try:
                while process.poll() is None:
                    await asyncio.sleep(0.2)
                    if await self._forsaken():
                        return False
            finally:
                await asyncio.shield(end(process))
            lines = (Path(folder) / "log").read_text(errors="replace").strip().splitlines()
            self._say("refused", f"the worker ended: {lines[-1][:300] if lines else 'it said nothing'}")
        return asyncio.get_running_loop().time() - began > LAST_RETRY

    def _command(self, python: str, scratch: str) -> list[str]:
        nanny, name = self._nanny, self._told["name"]
        limit = nanny.memory_manager.memory_limit
        called = nanny.name if self._told.get("alone") else f"{nanny.name or nanny.address}-{name}"
        others = {one: count for one, count in (nanny.resources or {}).items() if not one.startswith("atrium-")}
        resources = {**others, name: 1e6}
        return [
            python, "-m", "distributed.cli.dask_worker", nanny.scheduler_addr,
            "--name", called, "--nworkers", "1", "--nthreads", str(nanny.nthreads),
            "--memory-limit", str(limit or 0), "--host", nanny.ip, "--local-directory", scratch, "--no-dashboard",
            "--resources", " ".join(f"{one}={count}" for one, count in resources.items()),
            "--worker-class", "atrium_bound.BoundWorker", "--death-timeout", "60",
        ]  # fmt: skip

    def _variables(self, python: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {**kept, "PYTHONPATH": str(self._beside(Path(python))), STARTED: self._told["name"]}

    async def _forsaken(self) -> bool:
        """Whether nobody has said for the grace period that the cluster is wanted. A sign is any change: the clocks
        of two hosts differ."""
        now = asyncio.get_running_loop().time()
        if now - self._signed < LOOK_SECONDS and self._sign is not None:
            return False
        with contextlib.suppress(Exception):
            sign = await self._nanny.scheduler.get_metadata(keys=["atrium", self._told["name"]], default=0)
            if sign != self._sign:
                self._sign, self._signed = sign, now
        return self._sign is not None and now - self._signed > self._told["grace"]

    def _say(self, state: str, message: str) -> None:
        if (state, message) != self._said:
            self._said = (state, message)
            self._nanny.log_event(
                self._told["name"],
                {"nanny": self._nanny.address, "host": socket.gethostname(), "state": state, "message": message},
            )


def guarded(line: list[str], variables: dict[str, str], folder: str, out: Any, errors: Any) -> subprocess.Popen[bytes]:
    """A process that ends with this one. Starting it takes no time, and the thread that does has to live on: its end
    would be the process's."""
    return subprocess.Popen(
        [line[0], "-c", DIE_WITH_PARENT, str(os.getpid()), *line],
        cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True,
    )  # fmt: skip


async def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started, kindly first."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    for _ in range(int(END_SECONDS * 5)):
        if process.poll() is not None:
            break
        await asyncio.sleep(0.1)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
