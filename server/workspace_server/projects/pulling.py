"""Bringing others' commits into a branch beneath open documents, and taking that back."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from workspace_ext.contract.merges import PullBranch, Pulled
from workspace_ext.contract.operations import Operation

from ..kit.events import Events
from ..kit.operations import Handle, Operations
from .git.worktrees import NOTE
from .names import check_branch
from .places import Places, ProjectFacts
from .runner import GitRunner
from .submodules import Submodules


class Pulling:
    """``person`` is always a person's id: author of the merge commits."""

    def __init__(
        self, places: Places, runner: GitRunner, submodules: Submodules, events: Events, operations: Operations
    ) -> None:
        self._places = places
        self._runner = runner
        self._submodules = submodules
        self._events = events
        self._operations = operations

    async def pull(self, project_id: str, branch: str, wanted: PullBranch, person: str) -> Operation:
        """Bring in the commits of the remote's branch of the same name, or of ``wanted.source``.

        Documents that people have open go on: their rooms merge what comes. The operation's result is a ``Pulled``;
        with conflicts in it nothing has changed, and a pull with choices for them goes on.
        """
        project = await self._project(project_id)
        source = check_branch(wanted.source) if wanted.source else branch
        message = f"Merge {source}" + ("" if source != branch else " of the remote") + "\n"

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                handle.report("Fetching")
                await self._runner.remote(project, "git.remote:fetch", person, on_progress=handle.report)
            # First, as it may take long, and be cancelled: nothing has changed until then.
            await self._submodules.prepare(project, f"refs/remotes/origin/{source}", person, handle.report)
            async with self._runner.lock(project, "remote"), self._runner.lock(project, "trees"):
                handle.report("Merging")
                tree = await asyncio.to_thread(self._places.worktree, project.id, branch)
                async with self._runner.changing(project, tree):
                    await self._submodules.make_room(project, branch, source)
                    pulled = await self._runner.change(
                        project, "git.integrate:integrate", person, branch=branch, source=source, how=wanted.how,
                        made=msgspec.to_builtins(wanted.choices), message=message,
                    )  # fmt: skip
            await self._submodules.follow(project, branch)
            self._events.publish("projects", project_id, "changed")
            return pulled

        title = f"Pull {branch}" if source == branch else f"Update {branch} from {source}"
        return self._operations.start("projects.pull", title, run, person, project_id)

    async def undo(self, project_id: str, branch: str, backup: str, person: str) -> Pulled:
        """Take a pull back. What was written since stays."""
        project = await self._project(project_id)
        tree = await asyncio.to_thread(self._places.worktree, project.id, branch)
        undone = await self._runner.change_files(
            project, tree, "git.integrate:undo", person, branch=branch, backup=backup
        )
        await self._submodules.follow(project, branch)
        self._events.publish("projects", project_id, "changed")
        return msgspec.convert(undone, Pulled)

    async def recover(self, project_id: str) -> None:
        """Put back what was interrupted by the end of the server."""
        project = await self._project(project_id)
        if await asyncio.to_thread(lambda: any(project.git.glob(f"worktrees/*/{NOTE}"))):
            async with self._runner.lock(project, "trees"):
                await self._runner.change(project, "git.integrate:recover_all")

    async def _project(self, project_id: str) -> ProjectFacts:
        return await asyncio.to_thread(self._places.get, project_id)
