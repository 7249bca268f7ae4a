"""Why there is no environment.

::

    AtriumError
    ├── Invalid
    │   └── Unbuildable   the requirements cannot be met as they are written
    ├── Unavailable
    │   └── Offline       the package index does not answer
    └── Conflict
        └── Cancelled     somebody cancelled the build
"""

from __future__ import annotations

from ..kit.errors import AtriumError, Conflict, Invalid, Unavailable


class Unbuildable(Invalid):
    """``detail`` holds the resolver's own words, ``source`` names the declaring file."""

    detail = ""
    source = ""


class Offline(Unavailable):
    detail = ""


class Cancelled(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "build_cancelled",
            "Building the environment was cancelled.",
            "Retry from the environment chip, or run a cell.",
        )


def detail_of(error: AtriumError) -> str:
    """What a tool said in its own words, where there is such a thing."""
    return str(getattr(error, "detail", ""))
