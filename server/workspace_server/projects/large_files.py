"""Files of a branch that are stored in Git LFS: which, and fetching them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from workspace_ext.contract.large_files import FetchLargeFiles, LargeFile, LargeFileList
from workspace_ext.contract.operations import Operation

from ..kit.events import Events
from ..kit.http import Request, Route
from ..kit.operations import Handle, Operations
from .places import Places
from .runner import GitRunner

PATIENCE = 24 * 3600


class LargeFiles:
    """``person`` is always a person's id."""

    def __init__(self, places: Places, runner: GitRunner, events: Events, operations: Operations) -> None:
        self._places = places
        self._runner = runner
        self._events = events
        self._operations = operations

    async def listed(self, project_id: str, branch: str) -> list[LargeFile]:
        """Those of the last commit, whether their contents are in the worktree or not."""
        project = await asyncio.to_thread(self._places.get, project_id)
        return msgspec.convert(await self._runner.read(project, "git.lfs:listed", branch=branch), list[LargeFile])

    async def fetch(self, project_id: str, branch: str, paths: list[str], person: str) -> Operation:
        """Fetch contents in the background, then put them in the place of their pointers."""
        project = await asyncio.to_thread(self._places.get, project_id)

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "large files"):
                await self._runner.remote(
                    project, "git.lfs:fetch", person, on_progress=handle.report, timeout=PATIENCE,
                    branch=branch, paths=paths,
                )  # fmt: skip
            tree = await asyncio.to_thread(self._places.worktree, project_id, branch)
            placed = await self._runner.change_files(project, tree, "git.lfs:place", person, branch=branch, paths=paths)
            self._events.publish("projects", project_id, "changed")
            return placed

        title = f"Fetch large files of {project.name}"
        return self._operations.start("projects.large-files", title, run, person, project_id)


def large_file_routes(files: LargeFiles) -> list[Route]:
    async def listed(request: Request) -> LargeFileList:
        """Files of a branch that are stored in Git LFS."""
        return LargeFileList(await files.listed(request.path["id"], request.path["branch"]))

    async def fetch(request: Request) -> Operation:
        """Fetch the contents of such files into the branch's folder; the operation's result is their paths."""
        return await files.fetch(request.path["id"], request.path["branch"], request.body.paths, request.caller.id)

    of = "/projects/{id}/branches/{branch}/large-files"
    return [
        Route("GET", of, "projects:read", listed, reply=LargeFileList),
        Route("POST", f"{of}/fetch", "projects:write", fetch, body=FetchLargeFiles, reply=Operation, status=202),
    ]
