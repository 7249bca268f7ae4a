"""What comments ask of projects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol


@dataclass(frozen=True)
class Place:
    """Where a notebook is: ``path`` within the branch's folder; ``commit`` is empty when unknown."""

    project: str
    branch: str
    path: str
    commit: str = ""


class Locate(Protocol):
    """The place of a notebook (path below ``work/``); None outside of projects. Called in a thread."""

    def __call__(self, notebook: str) -> Place | None: ...


def by_folders(notebook: str) -> Place | None:
    """The place that the folders tell: ``projects/<project>/<branch>/<path>``."""
    parts = PurePosixPath(notebook).parts
    if len(parts) < 4 or parts[0] != "projects":
        return None
    return Place(parts[1], parts[2], "/".join(parts[3:]))
