"""Blocking work in processes that can be killed: git, diffs, anything that must not hold the loop or the GIL.

A worker runs one call at a time in a process group of its own. Cancelling (or a time-out) sends SIGTERM to the whole
group, so that a git child dies with it, and SIGKILL five seconds later.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from .errors import Failed, unpack

Report = Callable[[str, int, int], None]
"""``report(message, done, total)``; ``total`` 0 means unknown."""

GRACE = 5.0
LIMIT = 64 * 2**20


class Workers:
    """A pool of killable worker processes.

    Parameters
    ----------
    spare
        How many idle processes are kept warm (a start costs about 0.2 s).
    """

    def __init__(self, spare: int = 2) -> None:
        self._spare = spare
        self._idle: list[asyncio.subprocess.Process] = []
        self._busy: set[asyncio.subprocess.Process] = set()
        self._closed = False

    async def call(
        self,
        function: str,
        arguments: dict[str, Any],
        on_progress: Report | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Run ``package.module:function(report, **arguments)`` elsewhere; arguments and result are JSON.

        Raises
        ------
        AtriumError
            What the function raised, or :class:`Failed` when its process died or ran past ``timeout`` seconds.
        """
        process = await self._take()
        finished = False
        try:
            async with asyncio.timeout(timeout):
                reply = await self._converse(process, function, arguments, on_progress)
            finished = True
        except TimeoutError:
            raise Failed(
                "timed_out",
                f"It took longer than {timeout:.0f} s and was stopped.",
                "Try again, or look at the remote.",
            ) from None
        finally:
            self._busy.discard(process)
            if finished and process.returncode is None and len(self._idle) < self._spare and not self._closed:
                self._idle.append(process)
            else:
                await asyncio.shield(_end(process))
        if "error" in reply:
            raise unpack(reply["error"])
        return reply["result"]

    async def close(self) -> None:
        """End every worker."""
        self._closed = True
        # The number of one that ended long ago may be somebody else's by now.
        processes = [process for process in (*self._idle, *self._busy) if process.returncode is None]
        self._idle.clear()
        await asyncio.gather(*(_end(process) for process in processes))

    async def _take(self) -> asyncio.subprocess.Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                self._busy.add(process)
                return process
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workspace_server.kit.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True, limit=LIMIT,
        )  # fmt: skip
        self._busy.add(process)
        return process

    async def _converse(
        self,
        process: asyncio.subprocess.Process,
        function: str,
        arguments: dict[str, Any],
        on_progress: Report | None,
    ) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"function": function, "arguments": arguments}).encode() + b"\n")
        await process.stdin.drain()
        while line := await process.stdout.readline():
            reply: dict[str, Any] = json.loads(line)
            if "progress" not in reply:
                return reply
            if on_progress is not None:
                on_progress(*reply["progress"])
        raise Failed("worker_died", "The process doing this ended unexpectedly.", "Try again.")


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM the process's whole group, wait, SIGKILL."""
    if process.stdin is not None:
        process.stdin.close()
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
            break
    # Children that outlived their leader are still in its group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
