"""Reading what a kernel publishes: everything, in order, without keeping the event loop."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from workspace_server.documents.publications import LARGE, Publications

FLOOD = 15_000


async def test_a_flood_arrives_whole_and_what_is_not_the_kernels_does_not() -> None:
    session, stranger = Session(key=b"the key"), Session(key=b"another")
    with zmq.Context() as context, zmq.asyncio.Context() as there:
        kernel = context.socket(zmq.PUB)
        kernel.sndhwm = 0
        listener = there.socket(zmq.SUB)
        listener.subscribe(b"")
        listener.connect(f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}")
        publications = Publications(listener, session)
        received: list[dict[str, Any]] = []
        at_once = 0

        async def read() -> None:
            async for message in publications:
                received.append(message)

        reader = asyncio.create_task(read())
        try:
            while not received:
                session.send(kernel, "status", {"execution_state": "idle"}, ident=b"topic")
                await asyncio.sleep(0.05)

            parent = session.msg("execute_request", {})
            stranger.send(kernel, "stream", {"name": "stdout", "text": "forged"}, ident=b"topic")
            kernel.send_multipart([b"topic", b"garbage"])
            kernel.send_multipart([b"topic", b"<IDS|MSG>", b"short"])
            for number in range(FLOOD):
                session.send(kernel, "stream", {"name": "stdout", "text": f"{number}\n"}, parent, ident=b"topic")
            session.send(kernel, "display_data", {"data": {"text/plain": "x" * 2 * LARGE}}, parent, ident=b"topic")
            session.send(kernel, "status", {"execution_state": "idle"}, parent, ident=b"topic")

            deadline = time.monotonic() + 60
            while received[-1]["parent_header"] == {} or received[-1]["msg_type"] != "status":
                assert time.monotonic() < deadline, len(received)
                before = len(received)
                await asyncio.sleep(0)
                at_once = max(at_once, len(received) - before)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            listener.close(0)
            kernel.close(0)
    flood = [message for message in received if message["parent_header"]]
    assert [message["content"].get("text") for message in flood[:FLOOD]] == [f"{n}\n" for n in range(FLOOD)]
    assert [message["msg_type"] for message in flood[FLOOD:]] == ["display_data", "status"]
    assert len(flood[FLOOD]["content"]["data"]["text/plain"]) == 2 * LARGE
    assert flood[0]["parent_header"]["msg_id"] == parent["header"]["msg_id"]
    assert "forged" not in json.dumps([message["content"] for message in received if not message["parent_header"]])
    # The loop had its turns meanwhile.
    assert at_once < FLOOD / 5
