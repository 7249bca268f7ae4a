"""A real kernel of a real environment, as a notebook has it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from tests.client.engines import variables


class Kernel:
    """Runs cells, one after the other, and knows what each has shown."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager = manager
        self._client = client
        self.shown: list[dict[str, Any]] = []
        self._cell = ""

    def begin(self, source: str) -> None:
        self.shown = []
        self._cell = self._client.execute(source)

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def until(self, text: str, seconds: float = 120.0) -> None:
        """Wait until a cell has shown something that contains ``text``, its end included ("idle")."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self._client.get_iopub_msg(timeout=seconds)
            if message["parent_header"].get("msg_id") != self._cell:
                continue
            content = message["content"]
            self.shown.append({"kind": message["msg_type"], **content})
            if text in str(content.get("execution_state", "")) or text in str(content.get("data", content)):
                return
        raise AssertionError(f"{text!r} was never shown: {self.shown}")

    def run(self, source: str) -> list[dict[str, Any]]:
        """All that it shows."""
        self.begin(source)
        self.until("idle")
        return self.shown

    @property
    def texts(self) -> list[str]:
        """What was displayed, as text, updates included."""
        return [str(each["data"]["text/plain"]) for each in self.shown if "text/plain" in each.get("data", {})]


@contextlib.contextmanager
def kernel(python: Path, folder: Path, **told: str) -> Iterator[Kernel]:
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], display_name="", language="python"
    )
    manager.start_kernel(env=variables(**told), cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
