"""What projects need from the rooms above."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Protocol


class OpenDocuments(Protocol):
    """The documents that people have open now. The documents room implements it; called on the event loop."""

    def open_in(self, folder: Path) -> dict[str, list[str]]:
        """Path relative to ``folder`` -> display names of the people who have it open. Must not block."""

    async def flush(self, folder: Path) -> None:
        """Save every open document below ``folder`` to the disk, and return when that is done."""

    def changing(self, folder: Path) -> AbstractAsyncContextManager[None]:
        """Save every open document below ``folder``, and save none of them until this ends: git changes their files.
        Then they take over what it did. For some seconds at most."""


class NobodyHasAnythingOpen:
    """Until the documents room is wired."""

    def open_in(self, folder: Path) -> dict[str, list[str]]:
        return {}

    async def flush(self, folder: Path) -> None:
        return None

    def changing(self, folder: Path) -> AbstractAsyncContextManager[None]:
        return nullcontext()
