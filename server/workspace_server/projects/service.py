"""The projects room: cloned repositories, their worktrees, and the followed branch as production."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from workspace_ext.contract.credentials import CredentialTried
from workspace_ext.contract.detached import Detached
from workspace_ext.contract.operations import Operation, WireError
from workspace_ext.contract.projects import Because, Branch, Production, ProductionHistory, Project, Suggestion

from ..access.service import Access
from ..kit.errors import AtriumError, NotFound
from ..kit.events import Events
from ..kit.home import Home
from ..kit.http import Caller
from ..kit.operations import Handle, Operations
from ..kit.processes import Workers
from ..kit.reconciler import Reconciler
from ..kit.storage import Storage
from .asides import Asides
from .beginnings import Beginnings, Example
from .branch_lives import BranchLives
from .branches import Branches
from .browsing import Browsing
from .cloning import Cloning
from .connecting import Connecting
from .credentials.service import Credentials
from .detached import DetachedHeads
from .folders import Folders, check_folders
from .git.history import PUBLISHED
from .git.shallow import beginnings
from .large_files import LargeFiles
from .names import check_branch, check_project_name, project_name
from .places import Place, Places, ProjectFacts
from .ports import Neighbours, OpenDocuments
from .production.contents import Contents
from .production.following import Following
from .production.pinning import Pinning
from .production.webhooks import Webhooks
from .project_lives import ProjectLives
from .pull_requests import PullRequests
from .pulling import Pulling
from .reviewing import Reviewing
from .runner import GitRunner
from .sizes import Sizes, check_depth
from .store import ProjectRow
from .submodules import Submodules

EMPTIED_EVERY = 3600.0
__all__ = ["Place", "Places", "ProjectFacts", "Projects"]


class Projects(Places):
    """Queries are inherited from :class:`Places`; what is done on a branch is in ``branches``."""

    def __init__(
        self, home: Home, storage: Storage, events: Events, operations: Operations, workers: Workers, access: Access
    ) -> None:
        super().__init__(home, storage, lambda person: access.person(person).display_name)
        self._events = events
        self._operations = operations
        self._access = access
        self.credentials = Credentials(home, storage)
        self._runner = GitRunner(home, workers, access, self.credentials)
        self.submodules = Submodules(self, self._runner, events, operations)
        self.following = Following(self, self._runner, Contents(self, self._runner, self.submodules), events)
        self.submodules.on_consent = self.following.add
        self.pinning = Pinning(self, self._runner, self.following, events)
        self.webhooks = Webhooks(self, access, self.following)
        self.branches = Branches(self, self._runner, self.following, self.submodules, events, operations)
        self._cloning = Cloning(self, self._runner, self.branches, self.following, events)
        self.beginnings = Beginnings(self, self._runner, self._cloning, operations)
        self.branch_lives = BranchLives(self, self._runner, self.branches, events)
        self.connecting = Connecting(self, self._runner, self.following, events, operations)
        self.detached = DetachedHeads(self, self._runner, self.branches, self.branch_lives, events)
        self.lives = ProjectLives(self, self._runner, self.branch_lives, self.following, access, events)
        self.reviewing = Reviewing(self, self._runner)
        self.pulling = Pulling(self, self._runner, self.submodules, events, operations)
        self.pull_requests = PullRequests(self, self._runner, self.following, events)
        self.browsing = Browsing(self, self._runner, events)
        self.asides = Asides(self, self._runner, events)
        self.large_files = LargeFiles(self, self._runner, events, operations)
        self.folders = Folders(self, self._runner, events, operations)
        self._trash = Reconciler("trash", self._empty_trash)
        self.sizes = Sizes(self, self._runner, events, operations)

    def wire(
        self, documents: OpenDocuments, neighbours: Neighbours | None = None, example: Example | None = None
    ) -> None:
        """Name the implementations of the ports."""
        self.beginnings.example = example
        self._runner.documents = documents
        if neighbours is not None:
            self.branch_lives.neighbours = neighbours

    def on_production(self, callback: Callable[[Production], None]) -> None:
        """Call ``callback`` on the loop after each change of a project's production. Events say it too:
        ``{room: "projects", action: "production"}``."""
        self.following.on_production(callback)

    async def start(self) -> None:
        """Remove what a crash left half-made, then follow every project."""
        await self.lives.recover()
        for project in await asyncio.to_thread(self._sweep):
            await self.branch_lives.recover(project.id)
            await self.pulling.recover(project.id)
            await self.submodules.recover(project)
            await self.folders.recover(project)
            self.following.add(project.id)
        self._trash.add("trash")

    async def close(self) -> None:
        await self._trash.close()
        await self.following.close()

    async def _empty_trash(self, _: str) -> float:
        """Of what was kept for long enough. A server may run for months."""
        await self.lives.expire()
        for project in await asyncio.to_thread(self.all):
            await self.branch_lives.expire(project.id)
        return EMPTIED_EVERY

    # Projects

    async def describe_all(self) -> list[Project]:
        """Every project with the state of its branches."""
        projects = await asyncio.to_thread(self.all)
        return list(await asyncio.gather(*(self._described(project) for project in projects)))

    async def describe(self, project_id: str) -> Project:
        """One project with the state of its branches."""
        return await self._described(await asyncio.to_thread(self.get, project_id))

    def seen_by(self, caller: Caller, project: Project) -> Project:
        """The same with what ``caller`` may do about it. From memory."""
        may = {
            action: self._access.admits(caller, f"projects:{action}", {"id": project.id}, {})
            for action in ("write", "administer")
        }
        return replace(project, may_write=may["write"], may_administer=may["administer"])

    async def clone(
        self, url: str, name: str, person: str, depth: int = 0, folders: list[str] | None = None
    ) -> Operation:
        """Clone ``url`` in the background, or only the last ``depth`` commits of its branches, with all or only some
        ``folders`` checked out; the operation's result is an ``OpenedBranch``.

        Raises
        ------
        Invalid
            The address, the name, the number or a folder cannot be.
        Conflict
            There is a project of this name.
        """
        url, depth, folders = url.strip(), check_depth(depth), check_folders(folders)
        await asyncio.to_thread(self._runner.protocols, url)
        name = check_project_name(name.strip() or project_name(url))
        await asyncio.to_thread(self._cloning.check_free, name)

        async def run(handle: Handle) -> Any:
            return msgspec.to_builtins(await self._cloning.clone(url, name, person, handle, depth, folders))

        return self._operations.start(
            "projects.clone", f"Clone {name}", self._cloning.reserved(name, run), person, name
        )

    async def follow(self, project_id: str, branch: str, person: str = "") -> Project:
        """Follow another branch of the remote from now on. Pinned production stays where it is."""
        check_branch(branch)
        project = await asyncio.to_thread(self.get, project_id)
        remote = await self._runner.remote(project, "git.remote:look", person, timeout=60)
        if branch not in remote["heads"]:
            raise NotFound("no_such_branch", f"The remote has no branch {branch!r}.", "Push it first.")
        await asyncio.to_thread(self._set_followed, project_id, branch)
        self._events.publish("projects", project_id, "changed")
        return await self.look(project_id, person, "branch")

    async def set_strip_outputs(self, project_id: str, strip: bool) -> None:
        """Have commits of notebooks made without their outputs, or with them. Files stay as they are."""

        def write() -> None:
            self.get(project_id)
            with self.storage.session() as session:
                session.get_one(ProjectRow, project_id).strip_outputs = strip

        await asyncio.to_thread(write)
        self._events.publish("projects", project_id, "changed")

    async def look(self, project_id: str, person: str = "", because: Because = "asked") -> Project:
        """Look at the remote now rather than with the next poll."""
        await self.following.follow(await asyncio.to_thread(self.get, project_id), because, person)
        return await self.describe(project_id)

    async def try_credential(self, person: str, id: str, url: str) -> CredentialTried:
        """Read the branches of ``url`` with a credential that ``person`` keeps; raises what git was told instead."""
        url = url.strip()
        await asyncio.to_thread(self.credentials.check_serves, person, id, url)
        found = await self._runner.look(url, person)
        return CredentialTried(url, len(found["heads"]), found["default"])

    def production_history(self, project_id: str, limit: int) -> ProductionHistory:
        """What was published when and why, newest first."""
        self.get(project_id)
        return ProductionHistory(self.following.publications.history(project_id, limit))

    def suggestions(self) -> list[Suggestion]:
        """Addresses to begin with, of ``settings/suggestions.json``."""
        try:
            listed = json.loads((self.home.settings / "suggestions.json").read_text())
            return msgspec.convert(listed, list[Suggestion])
        except (OSError, ValueError):
            return []

    async def _described(self, project: ProjectFacts) -> Project:
        problem = project.problem
        branches: list[Branch] = []
        detached: list[Detached] = []
        try:
            # Of an archived one nobody sees more than its name, so that nothing is looked into.
            branches = [] if project.archived else await self.branches.listed(project.id, remote=False)
            detached = [] if project.archived else await self.detached.listed(project)
        except AtriumError as error:
            problem = WireError(error.code, error.message, error.hint)
        url = "" if self._runner.own(project.url) else project.url
        return Project(
            project.id, project.name, url, project.folder.relative_to(self.home.work).as_posix(),
            project.default_branch, project.followed_branch, project.created, branches,
            await asyncio.to_thread(self.production, project.id), problem, project.archived, project.strip_outputs,
            bool(await asyncio.to_thread(beginnings, project.git)), detached,
            *await asyncio.to_thread(self.folders.of, project),
        )  # fmt: skip

    def _set_followed(self, project_id: str, branch: str) -> None:
        with self.storage.session() as session:
            session.get_one(ProjectRow, project_id).followed_branch = branch

    def _sweep(self) -> list[ProjectFacts]:
        """Remove what a crash left; what the database knows is never touched."""
        (self.home.cache / "git-home").mkdir(parents=True, exist_ok=True)
        self.credentials.sweep()
        projects = self.all()
        names = {project.name for project in projects}
        self._cloning.sweep(names)
        for project in projects:
            # Only this server writes there: what is locked now was locked by one that was killed.
            for lock in project.git.glob(f"{PUBLISHED}/*.lock"):
                lock.unlink()
        self.beginnings.sweep(self.urls())
        self.following.collect()
        return projects
