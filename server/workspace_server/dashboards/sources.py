"""Where a snapshot comes from: the last good run of the notebook, or the notebook as it is saved."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workspace_ext.contract.dashboards import Provenance
from workspace_ext.contract.jobs import Run

from ..jobs import workplace
from ..jobs.service import Jobs
from ..kit.clock import iso, parse
from ..kit.errors import Conflict, Invalid, NotFound
from ..kit.home import Home
from ..projects.service import Projects
from . import pages, snapshot
from .slices import words
from .snapshot import Snapshot

LARGEST = 512 * 2**20


@dataclass(frozen=True)
class Notebook:
    """Which notebook a dashboard is of: ``path`` is within the project, below ``work`` outside of projects."""

    project: str
    project_name: str
    path: str


class Sources:
    """Reads runs and notebooks; called in threads."""

    def __init__(self, home: Home, projects: Projects, jobs: Jobs) -> None:
        self._home = home
        self._projects = projects
        self._jobs = jobs

    def find(self, path: str) -> Notebook:
        """The notebook at ``path`` below ``work``, whatever branch it is on."""
        clean = posixpath.normpath(path.strip().lstrip("/"))
        if not clean.endswith(".ipynb") or clean.startswith(".."):
            raise Invalid(
                "invalid_notebook", f"{path[:100]!r} is no notebook.", "Name one of the workspace.", "notebook"
            )
        place = self._projects.locate(Path(clean))
        return Notebook(place.project, place.name, place.relpath) if place else Notebook("", "", clean)

    def tree(self, project: str, branch: str) -> str:
        """The folder of a branch, below ``work``; that of the followed one where the branch has none."""
        tree = self._projects.worktree(project, branch)
        tree = tree or self._projects.worktree(project, self._projects.followed_branch(project))
        if tree is None:
            raise Conflict("no_branch", f"The branch {branch} is not checked out.", "Open it, then try again.")
        return tree.relative_to(self._home.work).as_posix()

    def latest(self, notebook: Notebook) -> Run | None:
        """The last run of it that succeeded."""
        return self._jobs.latest(notebook.project, notebook.path) if notebook.project else None

    def of_run(self, run: Run, id: str, folder: Path) -> Snapshot:
        """The snapshot of a run; its code is copied below ``folder``, so that it can run again when production is
        another commit."""
        executed = self._jobs.executed(run.id)
        content = _read(executed)
        began, ended = run.started or run.queued, run.ended or iso()
        provenance = Provenance(
            source="run", as_of=ended, seconds=max(0.0, (parse(ended) - parse(began)).total_seconds()),
            sha=run.commit, run=run.id, branch=run.branch, notebook=run.notebook, environment=run.environment,
            tables=self._tables(run, executed.parent, content),
        )  # fmt: skip
        checkout = self._home.production / run.commit
        work = folder / "work"
        if checkout.is_dir() and run.commit:
            workplace.make(checkout, work)
        there = str((work / run.notebook).parent) if work.is_dir() else ""
        taken = snapshot.take(content, id, Path(run.notebook).stem, provenance, there)
        return self._with_plotly(taken, run.environment)

    def of_notebook(self, notebook: Notebook, path: str, id: str) -> Snapshot:
        """The snapshot of a notebook that has not been run on a schedule: its outputs as saved, on the followed branch
        if it has any there, else at ``path``."""
        for place, branch in self._places(notebook, path):
            file = self._home.work / place
            if not file.is_file() or not file.resolve().is_relative_to(self._home.work.resolve()):
                continue
            content = _read(file)
            as_of = iso(datetime.fromtimestamp(file.stat().st_mtime, UTC))
            provenance = Provenance(source="notebook", as_of=as_of, branch=branch, notebook=place)
            taken = snapshot.take(content, id, file.stem, provenance, str(file.parent), place)
            if taken.parts or taken.widgets:
                return self._with_plotly(taken, "")
        raise Conflict(
            "nothing_to_show", f"{Path(path).name} shows nothing yet.",
            "Run it, so that there are tables or plots to present.",
        )  # fmt: skip

    def _places(self, notebook: Notebook, path: str) -> list[tuple[str, str]]:
        """Paths below ``work`` to look at, with the branch of each."""
        clean = posixpath.normpath(path.strip().lstrip("/"))
        place = self._projects.locate(Path(clean))
        if place is None:
            return [(clean, "")]
        followed = self._projects.followed_branch(place.project)
        tree = self._projects.worktree(place.project, followed)
        found = [(clean, place.branch)]
        if tree is not None and followed != place.branch:
            found.insert(0, ((tree / notebook.path).relative_to(self._home.work).as_posix(), followed))
        return found

    def _tables(self, run: Run, folder: Path, content: dict[str, Any]) -> dict[str, int]:
        """The tables that the notebook names, at the versions that they had when the run ended."""
        try:
            before: dict[str, int] = json.loads((folder / "tables.json").read_text())
        except (OSError, ValueError):
            before = {}
        versions = {**before, **{table.name: table.version for table in run.tables}}
        named = words(json.dumps([cell.get("source") for cell in content.get("cells", [])]))
        return {name: version for name, version in sorted(versions.items()) if name in named}

    def _with_plotly(self, taken: Snapshot, environment: str) -> Snapshot:
        if not any(output.kind == "plotly" for part in taken.parts for output in part.outputs):
            return taken
        page = pages.keep_plotly(self._home, self._home.environments / environment) if environment else ""
        return replace(taken, plotly=page)


def _read(path: Path) -> dict[str, Any]:
    """A notebook as JSON; not validated, because outputs of any kind are taken as they come."""
    try:
        if path.stat().st_size > LARGEST:
            raise Invalid("too_large", f"{path.name} is larger than {LARGEST >> 20} MB.", "Show less in it.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("no_such_notebook", f"There is no notebook {path.name}.", "It may have been moved.") from None
    except ValueError:
        raise Invalid(
            "not_a_notebook", f"{path.name} is not a notebook.", "Open it in JupyterLab to mend it."
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise Invalid("not_a_notebook", f"{path.name} is not a notebook.", "Open it in JupyterLab to mend it.")
    return content
