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
