"""Keys that can be told apart: every one types a character that nobody has typed before."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .typists import Typist

SCRIPTS = ((0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x20000, 0x2A6DF))
"""Han, Hangul, and Han outside the basic plane, which take one, one and two units of UTF-16."""


def unique_keys() -> Iterator[str]:
    """75 thousand characters."""
    for first, last in SCRIPTS:
        yield from map(chr, range(first, last + 1))


def is_key(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in SCRIPTS)


def found(sources: Iterable[str]) -> Counter[str]:
    """How often each key is there."""
    return Counter(character for source in sources for character in source if is_key(character))


def write_notebook(file: Path, cells: dict[str, str]) -> Path:
    """A notebook of code cells, their ids and sources, as Jupyter writes it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"cells": [_cell(id, source) for id, source in cells.items()], "metadata": {}, "nbformat": 4}
    file.write_text(json.dumps({**content, "nbformat_minor": 5}, indent=1) + "\n")
    return file


def read_notebook(file: Path) -> dict[str, str]:
    """Sources by cell id."""
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]}


def _cell(id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": id, "metadata": {}, "outputs": [], "execution_count": None, "source": source}


class Author:
    """Somebody who types without pause. ``typed`` is what, and when (monotonic seconds)."""

    def __init__(self, typist: Typist, keys: Iterator[str], chance: random.Random, cells: list[str]) -> None:
        self.typist = typist
        self.typed: dict[str, float] = {}
        self._keys, self._chance, self._cells = keys, chance, cells
        self._task: asyncio.Task[None] | None = None

    def key(self, cell_id: str) -> str:
        """Type one key, between two words."""
        source = self.typist.source(cell_id)
        gaps = [0, *(position + 1 for position, character in enumerate(source) if character == " ")]
        key = next(self._keys)
        self.typist.type(cell_id, self._chance.choice(gaps), key + " ")
        self.typed[key] = time.monotonic()
        return key

    def start(self, per_second: float = 20) -> None:
        self._task = asyncio.create_task(self._type(per_second))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _type(self, per_second: float) -> None:
        while True:
            self.key(self._chance.choice(self._cells))
            await asyncio.sleep(self._chance.uniform(0.3, 1.7) / per_second)


async def eventually(condition: Callable[[], Any], seconds: float = 15, what: str = "it never came true") -> Any:
    """Wait until something is true; what ``condition`` gave then."""
    deadline = time.monotonic() + seconds
    while not (given := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(what)
        await asyncio.sleep(0.05)
    return given
