"""What this process was told about where it runs; every answer comes from environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Context:
    """Where this process runs. Empty strings and None mean "not told", as outside Atrium.

    Attributes:
        url: Address of the workspace's server, without a trailing slash.
        token: What authorises this notebook there.
        tables: Folder of the workspace's tables.
        tables_branch: Folder of the branch's own copies; None where writes go to the tables themselves.
        read_only: Whether writing tables is refused (viewers' kernels).
        run: Id of the scheduled run.
    """

    url: str
    token: str
    notebook: str
    project: str
    branch: str
    commit: str
    tables: Path
    tables_branch: Path | None
    read_only: bool
    cluster: str
    run: str

    @property
    def provenance(self) -> dict[str, str]:
        """What is known of the origin of a write, without the unknown."""
        known = {
            "run": self.run,
            "project": self.project,
            "branch": self.branch,
            "commit": self.commit,
            "notebook": self.notebook,
        }
        return {name: value for name, value in known.items() if value}


def current() -> Context:
    """Read the environment anew, because a long-lived kernel may be told something else later."""
    told = os.environ.get
    branch_copies = told("ATRIUM_TABLES_BRANCH", "")
    return Context(
        url=told("ATRIUM_URL", "").rstrip("/"),
        token=told("ATRIUM_TOKEN", ""),
        notebook=told("ATRIUM_NOTEBOOK", ""),
        project=told("ATRIUM_PROJECT", ""),
        branch=told("ATRIUM_BRANCH", ""),
        commit=told("ATRIUM_COMMIT", ""),
        tables=Path(told("ATRIUM_TABLES") or "tables").absolute(),
        tables_branch=Path(branch_copies).absolute() if branch_copies else None,
        read_only=told("ATRIUM_TABLES_READONLY", "") == "1",
        cluster=told("ATRIUM_CLUSTER", ""),
        run=told("ATRIUM_RUN", ""),
    )
