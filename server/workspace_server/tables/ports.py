"""What tables need from above."""

from __future__ import annotations

from typing import Protocol


class Branches(Protocol):
    """Whose copies of tables does a notebook see? The projects room answers."""

    def __call__(self, notebook: str) -> tuple[str, str] | None:
        """Project and branch of a notebook (path below ``work/``) on a branch that has copies of its own; None when it
        reads and writes the workspace's tables. Called in a thread."""


def no_branches(notebook: str) -> tuple[str, str] | None:
    """A workspace without projects."""
    return None
