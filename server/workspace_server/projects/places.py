"""What is where: plain queries and file reads, usable from any thread or process, without an event loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from workspace_ext.contract.operations import WireError
from workspace_ext.contract.projects import Pin, Production

from ..kit.clock import iso
from ..kit.errors import Conflict, NotFound
from ..kit.home import Home
from ..kit.storage import Storage
from .git.worktrees import find
from .names import branch_of
from .store import LeaseRow, PinRow, ProjectRow


@dataclass(frozen=True)
class ProjectFacts:
    """What the database knows of a project. ``folder`` holds its worktrees, ``git`` is its git directory."""

    id: str
    name: str
    url: str
    default_branch: str
    followed_branch: str
    created: str
    folder: Path
    git: Path
    problem: WireError | None = None
    archived: str = ""
    strip_outputs: bool = False


@dataclass(frozen=True)
class Place:
    """Where in a project a file lies: ``root`` is the worktree, ``relpath`` the path within it ("" for itself)."""

    project: str
    name: str
    branch: str
    root: Path
    relpath: str


class Places:
    """Reads of the projects room. Another process opens one with its own :class:`Storage` of the same home.

    ``name_of`` gives the name of a person by id; the id itself where people do not matter.
    """

    def __init__(self, home: Home, storage: Storage, name_of: Callable[[str], str] = str) -> None:
        self.home = home
        self.storage = storage
        self.name_of = name_of

    def all(self) -> list[ProjectFacts]:
        """Every project, by name; archived ones, too, deleted ones not."""
        listed = select(ProjectRow).where(ProjectRow.trashed.is_(None)).order_by(ProjectRow.name)
        with self.storage.session() as session:
            return [self.facts(row) for row in session.scalars(listed)]

    def urls(self) -> set[str]:
        """The remotes of all projects, deleted ones, too."""
        with self.storage.session() as session:
            return set(session.scalars(select(ProjectRow.url)))

    def asleep(self) -> set[str]:
        """The projects (their ids) for which nothing happens by itself: they are archived, or deleted."""
        resting = ProjectRow.archived.is_not(None) | ProjectRow.trashed.is_not(None)
        with self.storage.session() as session:
            return set(session.scalars(select(ProjectRow.id).where(resting)))

    def get(self, id: str) -> ProjectFacts:
        with self.storage.session() as session:
            row = session.get(ProjectRow, id)
            if row is None or row.trashed is not None:
                raise NotFound("no_such_project", f"There is no project {id}.", "It may have been deleted.")
            return self.facts(row)

    def by_name(self, name: str) -> ProjectFacts:
        with self.storage.session() as session:
            row = session.scalar(select(ProjectRow).where(ProjectRow.name == name, ProjectRow.trashed.is_(None)))
            if row is None:
                raise NotFound("no_such_project", f"There is no project named {name!r}.", "Clone it first.")
            return self.facts(row)

    def locate(self, path: Path) -> Place | None:
        """The project and branch that a path (absolute, or relative to ``work``) belongs to; None outside any."""
        full = path if path.is_absolute() else self.home.work / path
        try:
            project, folder, *rest = full.relative_to(self.home.projects).parts
        except ValueError:
            return None
        if ".." in rest or ".." in (project, folder):
            return None
        root = self.home.projects / project / folder
        try:
            facts = self.by_name(project)
        except NotFound:
            return None
        _, branch = find(facts.git).get(root, (None, ""))
        return Place(facts.id, facts.name, branch or branch_of(folder), root, "/".join(rest))

    def worktree(self, project_id: str, branch: str) -> Path | None:
        """The folder in which a branch is checked out; None when it is not."""
        for tree, (_, name) in find(self.get(project_id).git).items():
            if name == branch:
                return tree
        return None

    def followed_branch(self, project_id: str) -> str:
        """The branch whose commits become production."""
        return self.get(project_id).followed_branch

    def production(self, project_id: str) -> Production | None:
        """The published commit; None until the first one is."""
        with self.storage.session() as session:
            row = session.get(ProjectRow, project_id)
            return self._production(session, row) if row is not None else None

    def lease(self, project_id: str, holder: str) -> Production:
        """Take the published commit for ``holder`` (a run's id): its folder stays until :meth:`release`.

        Taking it twice for one holder gives the commit of the first time.

        Raises
        ------
        Conflict
            Nothing is published yet.
        """
        with self.storage.session() as session:
            # Written first: from here on the collector, which writes too, has to wait.
            session.execute(delete(LeaseRow).where(LeaseRow.holder == ""))
            row = session.get(ProjectRow, project_id)
            current = self._production(session, row) if row is not None else None
            held = session.get(LeaseRow, holder)
            if current is None:
                raise Conflict(
                    "nothing_published", "Nothing of this project is published yet.", "Its Projects panel says why."
                )
            if held is None:
                session.add(LeaseRow(holder=holder, sha=current.sha, taken=iso()))
                return current
            return replace(current, sha=held.sha, path=str(self.home.production / held.sha))

    def release(self, holder: str) -> None:
        """Let go of what ``holder`` leased; nothing happens if that is nothing."""
        with self.storage.session() as session:
            session.execute(delete(LeaseRow).where(LeaseRow.holder == holder))

    def holders(self) -> list[str]:
        """Everybody who holds a lease: whoever takes leases releases those of its dead after a crash."""
        with self.storage.session() as session:
            return list(session.scalars(select(LeaseRow.holder)))

    def facts(self, row: ProjectRow, name: str = "") -> ProjectFacts:
        """What a row says; of the project when it had this name."""
        name, problem = name or row.name, None
        if row.problem_code is not None:
            problem = WireError(row.problem_code, row.problem_message or "", row.problem_hint or "")
        return ProjectFacts(
            row.id, name, row.url, row.default_branch, row.followed_branch, row.created,
            self.home.projects / name, self.home.git / f"{name}.git", problem, row.archived or "", row.strip_outputs,
        )  # fmt: skip

    def _production(self, session: Session, row: ProjectRow) -> Production | None:
        if row.production_sha is None:
            return None
        found = session.get(PinRow, row.id)
        pin = Pin(found.why, self.name_of(found.by), found.since, found.behind, found.rewritten) if found else None
        path = str(self.home.production / row.production_sha)
        branch = row.production_branch or row.followed_branch
        return Production(row.id, branch, row.production_sha, path, row.production_published or "", pin)
