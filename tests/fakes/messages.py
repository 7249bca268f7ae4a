"""What people are told, kept word for word beside the tests that make it be said."""

from __future__ import annotations

import os
from pathlib import Path

from workspace_server.kit.errors import AtriumError


class Messages:
    """Compares what is said with what is kept in a file. ``ATRIUM_WRITE_MESSAGES=1`` keeps it instead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, str] = {}
        self._write = "ATRIUM_WRITE_MESSAGES" in os.environ
        for entry in path.read_text().strip().split("\n\n") if path.exists() else []:
            title, _, said = entry.partition("\n")
            self._kept[title] = said

    def check(self, title: str, error: AtriumError) -> None:
        """That ``error`` says what is kept under ``title``."""
        said = f"  {error.message}\n  {error.hint}"
        if self._write:
            self._kept[title] = said
        assert said == self._kept.get(title)

    def close(self) -> None:
        if self._write:
            self._path.write_text("\n\n".join(f"{title}\n{said}" for title, said in sorted(self._kept.items())) + "\n")
