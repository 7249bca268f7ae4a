"""Work that can be killed, with real processes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest

from workspace_server.kit.errors import Failed, Invalid
from workspace_server.kit.processes import Workers

HERE = "tests.server.kit.far"


async def test_result_progress_and_errors_cross_the_border() -> None:
    workers = Workers()
    seen: list[tuple[str, int, int]] = []
    try:
        result = await workers.call(f"{HERE}:add", {"left": 2, "right": 3}, lambda *line: seen.append(line))
        assert result == 5
        assert seen == [("adding", 1, 2)]
        with pytest.raises(Invalid) as refusal:
            await workers.call(f"{HERE}:refuse", {})
        assert (refusal.value.code, refusal.value.hint) == ("too_odd", "Use an even number.")
        with pytest.raises(Failed, match="ZeroDivisionError"):
            await workers.call(f"{HERE}:fail", {})
        with pytest.raises(Failed, match="ended unexpectedly"):
            await workers.call(f"{HERE}:die", {})
        # The pool serves on after all that, and what a library prints does not confuse it.
        assert await workers.call(f"{HERE}:chatty", {}) == "done"
    finally:
        await workers.close()


@pytest.mark.parametrize("how", ["cancel", "timeout"])
async def test_stopping_kills_the_whole_group(tmp_path: Path, how: str) -> None:
    workers = Workers()
    pids = tmp_path / "pids"
    call = workers.call(f"{HERE}:hang", {"pids": str(pids)}, timeout=3 if how == "timeout" else None)
    task = asyncio.create_task(call)
    while not (pids.exists() and len(pids.read_text().split()) == 2):
        await asyncio.sleep(0.02)
    worker, child = map(int, pids.read_text().split())
    if how == "cancel":
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - begun < 4
    else:
        with pytest.raises(Failed, match="longer than 3 s"):
            await task
    # A process that was killed takes a moment to go, and whoever inherits the child another to see it.
    deadline = time.monotonic() + 10
    while _alive(worker) or _alive(child):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await workers.close()


async def test_an_idle_worker_is_used_again() -> None:
    workers = Workers()
    try:
        first = await workers.call(f"{HERE}:pid", {})
        assert await workers.call(f"{HERE}:pid", {}) == first
        assert first != os.getpid()
    finally:
        await workers.close()


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
