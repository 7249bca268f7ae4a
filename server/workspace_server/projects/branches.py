"""What people do on a branch: begin it, go to it, commit, push, pull, discard, have it reviewed and merged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from workspace_ext.contract.operations import Operation
from workspace_ext.contract.projects import (
    Because,
    Branch,
    Commit,
    CreateBranch,
    FileDiff,
    OpenedBranch,
    Review,
    Status,
)

from ..kit.events import Events
from ..kit.operations import Handle, Operations
from .committing import Committing, commit_message
from .entrances import entrances
from .names import check_branch
from .places import Places, ProjectFacts
from .production.following import Following
from .runner import GitRunner
from .submodules import Submodules


class Branches(Committing):
    """``person`` is always a person's id: author and committer of what they do. Commits are in ``committing``."""

    def __init__(
        self,
        places: Places,
        runner: GitRunner,
        following: Following,
        submodules: Submodules,
        events: Events,
        operations: Operations,
    ) -> None:
        super().__init__(places, runner, events)
        self._following = following
        self._submodules = submodules
        self._operations = operations

    async def listed(self, project_id: str, remote: bool = True) -> list[Branch]:
        """Branches with a worktree first, then (``remote``) the others."""
        project = await self._project(project_id)
        work = str(self._places.home.work)
        listed = await self._runner.read(project, "git.status:branches", work=work, remote=remote)
        return [self._with_people(branch) for branch in msgspec.convert(listed, list[Branch])]

    async def create(self, project_id: str, wanted: CreateBranch, person: str) -> OpenedBranch:
        """A new branch in a worktree of its own. Uncommitted edits come along and leave the source, unless somebody
        else has one of these files open there."""
        project = await self._project(project_id)
        name, source = check_branch(wanted.name.strip()), wanted.source or project.followed_branch
        tree = await asyncio.to_thread(self._places.worktree, project_id, source)
        if tree is not None:
            await self._runner.documents.flush(tree)
        async with self._runner.lock(project, "trees"):
            made = await self._runner.change(
                project,
                "git.branches:create_branch",
                name=name,
                source=source,
                below=str(project.folder),
                carry=wanted.carry,
            )
            folder = Path(made["folder"])
            carried: Sequence[str] = made["carried"]
            kept = self._others(tree, carried, person) if tree is not None else {}
            if carried and not kept:
                await self._runner.change(
                    project, "git.commit:put_back", branch=source, paths=carried, copied_to=str(folder)
                )
        await self._submodules.follow(project, name)
        self._changed(project_id)
        return await asyncio.to_thread(self._opened, project, name, folder, wanted.notebook, carried, kept)

    async def switch(self, project_id: str, branch: str, notebook: str = "") -> OpenedBranch:
        """The worktree of an existing branch, local or the remote's; made when there is none."""
        project = await self._project(project_id)
        async with self._runner.lock(project, "trees"):
            folder = await self._runner.change(
                project, "git.branches:open_branch", branch=branch, below=str(project.folder)
            )
        await self._submodules.follow(project, branch)
        self._changed(project_id)
        return await asyncio.to_thread(self._opened, project, branch, Path(folder), notebook)

    async def status(self, project_id: str, branch: str, person: str = "") -> Status:
        project = await self._project(project_id)
        found = msgspec.convert(await self._runner.read(project, "git.status:status", branch=branch), Status)
        editors = await self.editors(project_id, branch, [file.path for file in found.files], person)
        return replace(found, editors=editors)

    async def diff(self, project_id: str, branch: str, path: str) -> FileDiff:
        project = await self._project(project_id)
        return msgspec.convert(
            await self._runner.read(project, "git.diff:worktree_diff", branch=branch, path=path), FileDiff
        )

    async def log(self, project_id: str, branch: str, limit: int) -> list[Commit]:
        project = await self._project(project_id)
        limit = max(1, min(limit, 1000))
        return msgspec.convert(
            await self._runner.read(project, "git.status:log", branch=branch, limit=limit), list[Commit]
        )

    async def review(self, project_id: str, branch: str, person: str = "") -> Review:
        project = await self._project(project_id)
        async with self._runner.lock(project, "remote"):
            found = await self._runner.remote(
                project, "git.merge:review", person, timeout=60, branch=branch, target=project.followed_branch
            )
        return msgspec.convert(found, Review)

    async def push(self, project_id: str, branch: str, person: str) -> Operation:
        project = await self._project(project_id)

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                pushed = await self._runner.remote(
                    project, "git.remote:push", person, on_progress=handle.report, branch=branch
                )
            await self._after_push(project, branch, "pushed", person)
            return pushed

        return self._operations.start("projects.push", f"Push {branch}", run, person, project_id)

    async def merge(self, project_id: str, branch: str, summary: str, person: str) -> Operation:
        """Merge into the followed branch on the remote; ends when production has followed."""
        project = await self._project(project_id)
        message = commit_message(summary or f"Merge {branch}", "")

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                merged = await self._runner.remote(
                    project, "git.merge:merge", person, on_progress=handle.report,
                    branch=branch, target=project.followed_branch, message=message,
                )  # fmt: skip
            handle.report("Updating production")
            await self._after_push(project, project.followed_branch, "merged", person)
            return merged

        title = f"Merge {branch} into {project.followed_branch}"
        return self._operations.start("projects.merge", title, run, person, project_id)

    async def _after_push(self, project: ProjectFacts, branch: str, because: Because, person: str) -> None:
        self._changed(project.id)
        if branch == project.followed_branch:
            await self._following.follow(project, because, person)

    def _opened(
        self,
        project: ProjectFacts,
        branch: str,
        folder: Path,
        notebook: str,
        carried: Sequence[str] = (),
        kept: Mapping[str, Sequence[str]] | None = None,
    ) -> OpenedBranch:
        work = self._places.home.work
        found = entrances(folder)
        place = self._places.locate(Path(notebook)) if notebook else None
        first = found.notebook
        if place is not None and place.project == project.id and (folder / place.relpath).is_file():
            first = place.relpath
        return OpenedBranch(
            project.id, project.name, branch, folder.relative_to(work).as_posix(),
            (folder / first).relative_to(work).as_posix() if first else None,
            (folder / found.readme).relative_to(work).as_posix() if found.readme else None,
            [*carried], {path: [*people] for path, people in (kept or {}).items()},
        )  # fmt: skip

    def _with_people(self, branch: Branch) -> Branch:
        """Who is in it is asked of the documents: nothing of it is kept."""
        if branch.folder is None:
            return branch
        there = self._runner.documents.open_in(self._places.home.work / branch.folder)
        return replace(branch, people=sorted({name for names in there.values() for name in names}))

    def _others(self, tree: Path, paths: Sequence[str], person: str) -> dict[str, list[str]]:
        """Which of ``paths`` people other than ``person`` have open."""
        me = self._runner.author(person)[0]
        there = self._runner.documents.open_in(tree)
        others = {path: [name for name in there.get(path, []) if name != me] for path in paths}
        return {path: names for path, names in others.items() if names}
