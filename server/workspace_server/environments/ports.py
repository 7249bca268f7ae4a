"""What this room needs from above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Extras(Protocol):
    """What a notebook needs beyond what its project declares; the clusters room answers."""

    def of(self, notebook: str) -> Sequence[str]:
        """Requirements such as ``"distributed>=2025.1"`` for the notebook at this path below ``work``."""


class NoExtras:
    def of(self, notebook: str) -> Sequence[str]:
        return ()


class Base(Protocol):
    """The same notebook where branches start from; app.py answers from projects."""

    def __call__(self, notebook: str, /) -> tuple[str, str] | None:
        """That branch, and the notebook's path below ``work`` in it; None for a notebook on that branch, or outside
        of projects. The notebook need not be there."""


def no_base(_notebook: str) -> tuple[str, str] | None:
    """Until it is wired."""
    return None
