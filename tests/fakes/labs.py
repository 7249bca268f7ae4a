"""A workspace whose notebooks run, without a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uv

from tests.fakes.servers import Server, start_server


@dataclass
class Lab:
    """A workspace whose uv waits while ``closed`` exists and fails while ``broken`` does."""

    server: Server
    closed: Path
    broken: Path

    def notebook(self, path: str, *sources: str, requirements: str | None = None) -> Path:
        file = self.server.home / "work" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        cells = [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
            for n, text in enumerate(sources)
        ]
        file.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        if requirements is not None:
            (file.parent / "requirements.txt").write_text(requirements)
        return file

    def run(self, path: str, *cell_ids: str, **fields: Any) -> dict[str, Any]:
        body = {"notebook": path, "cell_ids": list(cell_ids) or None, **fields}
        reply: dict[str, Any] = self.server.api("POST", "/documents/execute", body)
        return reply

    def queue(self, path: str) -> dict[str, Any]:
        reply: dict[str, Any] = self.server.api("GET", f"/documents/queue?notebook={path}")
        return reply

    def end(self, request: dict[str, Any], seconds: float = 120) -> list[str]:
        """The states of its cells once all is over."""
        done: dict[str, Any] = self.until(
            lambda: (now := self.server.api("GET", f"/documents/requests/{request['id']}"))["done"] and now, seconds
        )
        return [cell["state"] for cell in done["cells"]]

    def outcome(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = self.server.api("GET", f"/documents/requests/{request['id']}")["cells"]
        return cells

    def kernel(self, path: str) -> str:
        return str(self.until(lambda: self.queue(path)["kernel_id"]))

    def until(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, self.server.log()[-4000:]
            time.sleep(0.1)
        return found

    def kernels(self) -> list[psutil.Process]:
        """Processes of kernels."""
        children = psutil.Process(self.server.process.pid).children(recursive=True)
        return [one for one in children if one.is_running() and "ipykernel_launcher" in " ".join(_command(one))]

    def command(self, *arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        """Ana runs `atrium documents ...`."""
        told = {**os.environ, "ATRIUM_URL": self.server.url, "ATRIUM_TOKEN": self.server.tokens["ana"]}
        atrium = [sys.executable, "-c", "from workspace_ext.cli import main; raise SystemExit(main())"]
        return subprocess.run(
            [*atrium, "documents", *arguments], env=told, capture_output=True, text=True, check=False, input=typed
        )

    def saved(self, file: Path) -> list[list[str]]:
        """What each cell shows in the file, as text."""
        return [[_text(output) for output in cell["outputs"]] for cell in json.loads(file.read_text())["cells"]]


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _text(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return "".join(output["data"].get("text/plain", ""))


@contextmanager
def start_lab(folder: Path, **environment: str) -> Iterator[Lab]:
    """Run one in ``folder``, with further variables, until the ``with`` ends."""
    closed, broken = folder / "closed", folder / "broken"
    wrapper = folder / "uv"
    wrapper.write_text(
        f'#!/bin/sh\nwhile [ -e "{closed}" ]; do sleep 0.1; done\n'
        f'[ -e "{broken}" ] && echo "error: no space left on device" >&2 && exit 1\nexec "{uv.find_uv_bin()}" "$@"\n'
    )
    wrapper.chmod(0o755)
    with start_server(folder / "home", ATRIUM_UV=str(wrapper), **environment) as server:
        yield Lab(server, closed, broken)
