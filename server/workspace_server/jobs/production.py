"""Which commit a run runs: production as it was when the run was asked for, kept until the run has ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workspace_ext.contract.projects import Production

from ..kit.errors import Conflict, Invalid
from ..projects.places import Places

HOLDER = "run-"


@dataclass(frozen=True)
class Checkout:
    """A followed branch as production has it: ``path`` is the read-only checkout of the commit ``sha``."""

    project: str
    project_name: str
    branch: str
    sha: str
    path: Path

    def find(self, notebook: str) -> Path:
        """The notebook at that commit.

        Raises
        ------
        Invalid
            There is none.
        """
        path = self.path / notebook
        if not path.is_file() or not path.resolve().is_relative_to(self.path.resolve()):
            raise Invalid(
                "no_such_notebook",
                f"There is no {notebook} on {self.branch} ({self.sha[:7]}) of {self.project_name}.",
                "Commit it and merge it, or choose another notebook.",
                "notebook",
            )
        return path


def current(places: Places, project: str) -> Checkout:
    """What production is now.

    Raises
    ------
    NotFound, Conflict
        There is no such project, or nothing of it has been published.
    """
    name = places.get(project).name
    found = places.production(project)
    if found is None:
        raise Conflict(
            "nothing_published", f"Nothing of {name} is published yet.", "Its place in the Projects panel says why."
        )
    return _checkout(name, found)


def lease(places: Places, project: str, run: str) -> Checkout:
    """Production as it was when this was first asked for ``run``."""
    name = places.get(project).name
    return _checkout(name, places.lease(project, HOLDER + run))


def release(places: Places, run: str) -> None:
    """The run has ended: its commit may be collected."""
    places.release(HOLDER + run)


def holders(places: Places) -> list[str]:
    """The runs that hold a commit."""
    return [holder.removeprefix(HOLDER) for holder in places.holders() if holder.startswith(HOLDER)]


def _checkout(name: str, found: Production) -> Checkout:
    return Checkout(found.project, name, found.branch, found.sha, Path(found.path))
