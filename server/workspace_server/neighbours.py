"""What the rooms keep for a branch or a project of the projects room; see :class:`.projects.ports.Neighbours`."""

from __future__ import annotations

from pathlib import Path

from workspace_ext.contract.jobs import ScheduleQuery
from workspace_ext.contract.lives import Dependent

from .comments.service import Comments
from .dashboards.service import Dashboards
from .documents.service import Documents
from .jobs.service import Jobs
from .projects.service import Projects
from .tables.service import Tables


class Neighbours:
    """Implements the port by the services of the rooms."""

    def __init__(
        self,
        projects: Projects,
        tables: Tables,
        documents: Documents,
        comments: Comments,
        jobs: Jobs,
        dashboards: Dashboards,
    ) -> None:
        self._projects = projects
        self._tables = tables
        self._documents = documents
        self._comments = comments
        self._jobs = jobs
        self._dashboards = dashboards

    def dependents(self, project: str, branch: str, folder: Path) -> list[Dependent]:
        """Schedules and production know only the followed branch; dashboards may show any."""
        found = [
            Dependent("document", path, sorted(set(people)))
            for path, people in sorted(self._documents.open_in(folder).items())
            if people
        ]
        found += [Dependent("kernel", path) for path in sorted(self._documents.kernels_in(folder).values())]
        for schedule in self._jobs.schedules(ScheduleQuery(project=project)):
            if not branch or schedule.branch == branch:
                found.append(Dependent("schedule", schedule.name))
        for dashboard in self._dashboards.all():
            if dashboard.project == project and (not branch or dashboard.provenance.branch == branch):
                found.append(Dependent("dashboard", dashboard.title))
        copies = self._tables.copies(project, branch) if branch else []
        return found + [Dependent("table", name) for name in copies]

    def renamed(self, project: str, branch: str, name: str) -> None:
        self._tables.rename_branch(project, branch, name)
        self._comments.rename_branch(project, branch, name)

    def forgotten(self, project: str, branch: str) -> None:
        if branch:
            self._tables.discard_branch(project, branch)
            return
        for dashboard in self._dashboards.all():
            if dashboard.project == project:
                self._dashboards.delete(dashboard.slug)

    def woken(self, project: str) -> None:
        self._jobs.resume_project(project)

    async def leave(self, folder: Path) -> None:
        await self._documents.end_kernels(folder)

    async def told(self, folder: Path) -> None:
        await self._documents.tell_kernels(folder)
