"""Why there is no environment.

::

    AtriumError
    ├── Invalid
    │   └── Unbuildable   the requirements cannot be met as they are written
    ├── Unavailable
    │   ├── Offline       the package index does not answer, or not in time
    │   └── Full          the disk is
    └── Conflict
        └── Cancelled     somebody cancelled the build
"""

from __future__ import annotations

from workspace_ext.contract.environments import Consent

from ..kit.errors import AtriumError, Conflict, Invalid, Unavailable


class Unbuildable(Invalid):
    """``detail`` holds the resolver's own words, ``source`` names the declaring file, ``package`` what it is about;
    ``consent`` is what would mend it."""

    detail = ""
    source = ""
    package = ""
    consent: Consent | None = None


class Offline(Unavailable):
    detail = ""


def too_slow(seconds: float) -> Offline:
    """The one error about a package index that trickles."""
    waited = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    return Offline(
        "index_slow",
        f"The package index was not done in {waited}, so that the environment cannot be built.",
        "Check this machine's network, then retry: what has arrived is kept.",
    )


class Full(Unavailable):
    detail = ""


def full() -> Full:
    """The one error about it."""
    return Full(
        "disk_full",
        "The disk is full, so that the environment cannot be built. Nothing half-made was left.",
        "Make room, for example with `atrium environments collect`, then retry.",
    )


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
