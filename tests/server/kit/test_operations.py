"""Long things: progress, cancel, outcome."""

from __future__ import annotations

import asyncio

from workspace_server.kit.errors import Invalid
from workspace_server.kit.events import Events
from workspace_server.kit.operations import Handle, Operations


async def test_an_operation_ends_in_exactly_one_way() -> None:
    events = Events()
    events.bind(asyncio.get_running_loop())
    operations = Operations(events)
    cleaned = asyncio.Event()

    async def succeed(handle: Handle) -> dict[str, int]:
        handle.report("half", 1, 2)
        await asyncio.sleep(0)
        return {"answer": 42}

    async def refuse(_: Handle) -> None:
        raise Invalid("bad", "It is bad.", "Make it good.")

    async def crash(_: Handle) -> None:
        raise ZeroDivisionError("oops")

    async def forever(_: Handle) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.01)
            cleaned.set()

    with events.queue() as queue:
        good = await operations.wait(operations.start("test.good", "Good", succeed, subject="x").id)
        assert (good.state, good.result, good.message, good.error) == ("succeeded", {"answer": 42}, "half", None)
        assert good.ended is not None
        actions = [queue.get_nowait().action for _ in range(queue.qsize())]
    assert actions == ["started", "running", "succeeded"]

    bad = await operations.wait(operations.start("test.bad", "Bad", refuse).id)
    assert bad.state == "failed"
    assert bad.error is not None
    assert (bad.error.code, bad.error.hint) == ("bad", "Make it good.")

    crashed = await operations.wait(operations.start("test.crash", "Crash", crash).id)
    assert crashed.error is not None
    assert "ZeroDivisionError" in crashed.error.message

    running = operations.start("test.forever", "Forever", forever)
    await asyncio.sleep(0)
    stopped = await operations.cancel(running.id)
    assert stopped.state == "cancelled"
    assert cleaned.is_set(), "cancel answers only after the clean-up"
    assert (await operations.cancel(running.id)).state == "cancelled"
    assert [one.id for one in operations.list("x")] == [good.id]
