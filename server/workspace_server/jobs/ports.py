"""What jobs need from above."""

from __future__ import annotations

from typing import Protocol

from workspace_ext.contract.jobs import Run


class RunListener(Protocol):
    """Told of every run that has ended, once: also of those that ended while the server was away."""

    def finished(self, run: Run) -> None:
        """Called in a thread, after the run's files are complete. May take its time; what it raises is logged."""
