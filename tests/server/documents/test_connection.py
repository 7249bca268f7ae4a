"""The server's own connection to a real kernel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from workspace_server.documents.connection import Execution, KernelConnection, Question
from workspace_server.documents.outputs import Outputs

LATE = 1.5
"""Seconds after which the kernel's channel for questions can be reached."""


class LateQuestions(AsyncKernelManager):
    """A kernel on a machine that is so busy that one of its channels is connected after the others."""

    late_port: int

    def client(self, **told: Any) -> Any:
        return super().client(**told, stdin_port=self.late_port)


@pytest.mark.parts
async def test_what_is_asked_at_once_arrives_although_the_channel_for_it_is_late() -> None:
    manager = LateQuestions()
    asked: list[str] = []

    def on_question(execution: Execution, question: Question) -> None:
        asked.append(question.prompt)
        connection.answer(question, "Bo")

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(LATE)
        there, back = await asyncio.open_connection("127.0.0.1", manager.stdin_port)

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
            target.close()

        await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)

    late = await asyncio.start_server(forward, "127.0.0.1", 0)
    manager.late_port = late.sockets[0].getsockname()[1]
    await manager.start_kernel()
    connection = KernelConnection(manager, lambda _: None, on_question)
    try:
        await connection.open()
        outputs = Outputs()
        reply = await asyncio.wait_for(connection.run(Execution("c0", outputs), "print(input('Name?'))"), 60)
        assert (reply.ok, asked) == (True, ["Name?"])
    finally:
        await connection.close()
        await manager.shutdown_kernel(now=True)
        late.close()
