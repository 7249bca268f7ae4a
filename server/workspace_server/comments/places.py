"""Which notebook a path means: the same one on all branches of a project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..projects.service import Projects


@dataclass(frozen=True)
class Place:
    """``project`` is what identifies it, ``path`` lies within the branch's folder."""

    project: str
    branch: str
    path: str


Locate = Callable[[str], Place | None]
"""The place of a notebook (its path below ``work/``); None outside of projects. Called in a thread."""


def in_projects(projects: Projects) -> Locate:
    """Ask the projects; a project that is cloned anew under an old name has no old threads."""

    def locate(notebook: str) -> Place | None:
        found = projects.locate(Path(notebook))
        return Place(found.project, found.branch, found.relpath) if found else None

    return locate


def by_folders(notebook: str) -> Place | None:
    """The place that the folders tell: ``projects/<project>/<branch>/<path>``."""
    parts = PurePosixPath(notebook).parts
    if len(parts) < 4 or parts[0] != "projects":
        return None
    return Place(parts[1], parts[2], "/".join(parts[3:]))
