"""One task a key, no work twice, retries with backoff."""

from __future__ import annotations

import asyncio

import pytest

from workspace_server.kit import reconciler
from workspace_server.kit.reconciler import Reconciler


async def test_a_key_is_reconciled_by_one_task_at_a_time_and_once_more_if_asked_meanwhile() -> None:
    running, most, calls = 0, 0, 0

    async def reconcile(_: str) -> None:
        nonlocal running, most, calls
        running += 1
        calls += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    queue = Reconciler("test", reconcile)
    for _ in range(10):
        queue.add("a")
    await asyncio.sleep(0.01)
    for _ in range(10):
        queue.add("a")
    await asyncio.sleep(0.1)
    assert (most, calls) == (1, 2)
    await queue.close()


async def test_failures_are_retried_and_a_period_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "FIRST", 0.01)
    done = asyncio.Event()
    calls = 0

    async def reconcile(_: str) -> float | None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise RuntimeError("not yet")
        if calls == 5:
            done.set()
            return None
        return 0.01

    queue = Reconciler("test", reconcile)
    queue.add("a")
    await asyncio.wait_for(done.wait(), 5)
    await asyncio.sleep(0.05)
    assert calls == 5
    await queue.close()
