"""Some folders of a large repository only: a choice of the project, which holds for all of its branches."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Any

import msgspec

from workspace_ext.contract.folders import ChooseFolders, FolderList, FoldersQuery
from workspace_ext.contract.operations import Operation

from ..kit.errors import Conflict, Invalid
from ..kit.events import Events
from ..kit.http import Request, Route
from ..kit.operations import Handle, Operations
from .git.cone import Cone, chosen
from .git.folders import CHANGING, files_of
from .git.worktrees import find
from .places import Places, ProjectFacts
from .runner import GitRunner

# With so many files git takes a second to say what changed.
MANY_FILES = 20_000
MOST = 500
PATIENCE = 24 * 3600


class Folders:
    """``person`` is always a person's id. Production is not concerned: it is whole."""

    def __init__(self, places: Places, runner: GitRunner, events: Events, operations: Operations) -> None:
        self._places = places
        self._runner = runner
        self._events = events
        self._operations = operations

    def of(self, project: ProjectFacts) -> tuple[list[str] | None, bool]:
        """The folders that are checked out (None: everything), and whether some would do; reads a few small files."""
        folders = chosen(project.git)
        many = folders is None and any(files_of(admin) > MANY_FILES for admin, _ in find(project.git).values())
        return folders, many

    async def listed(self, project_id: str, within: str) -> FolderList:
        """The folders in a folder of the followed branch, with their sizes."""
        if within:
            within = (check_folders([within]) or [""])[0]
        project = await asyncio.to_thread(self._places.get, project_id)
        found = await self._runner.read(project, "git.folders:listed", branch=project.followed_branch, within=within)
        return msgspec.convert(found, FolderList)

    async def choose(self, project_id: str, folders: list[str] | None, person: str) -> Operation:
        """Have these folders, with the files at the top, checked out on every branch (None: everything), in the
        background.

        Raises
        ------
        Invalid
            There is no such folder.
        Conflict
            In what would go somebody has something open, or there are changes that are in no commit.
        """
        folders = check_folders(folders)
        project = await asyncio.to_thread(self._places.get, project_id)
        await self._check(project, folders)

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "trees"):
                before = await asyncio.to_thread(chosen, project.git)
                both = None if folders is None or before is None else _without_inner([*before, *folders])
                # What comes may take long, and nothing that is open changes; what goes is quick.
                if both != before:
                    await self._hold(project, both, handle)
                if both != folders:
                    await self._check(project, folders)
                    async with self._runner.changing(project, project.folder):
                        await self._hold(project, folders, handle)
            self._events.publish("projects", project_id, "changed")
            return folders

        title = f"Check out folders of {project.name}"
        return self._operations.start("projects.folders", title, run, person, project_id)

    async def recover(self, project: ProjectFacts) -> None:
        """Put back what the end of the server interrupted."""
        if (project.git / CHANGING).exists():
            await self._runner.change(project, "git.folders:recover_folders", timeout=PATIENCE)

    async def _check(self, project: ProjectFacts, folders: list[str] | None) -> None:
        there = {
            str(project.folder / path): names for path, names in self._runner.documents.open_in(project.folder).items()
        }
        gone = await self._runner.read(project, "git.folders:check", folders=folders, opened=list(there))
        if gone:
            who = sorted({name for path in gone for name in there[path]})
            names = ", ".join(os.path.relpath(path, project.folder) for path in gone[:3])
            more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
            raise Conflict(
                "open_there", f"{', '.join(who)} has {names}{more} open, in a folder that would go.",
                "Close that first.", "folders",
            )  # fmt: skip

    async def _hold(self, project: ProjectFacts, folders: list[str] | None, handle: Handle) -> None:
        try:
            await self._runner.change(
                project, "git.folders:hold", on_progress=handle.report, timeout=PATIENCE, folders=folders
            )
        except BaseException:
            await asyncio.shield(self.recover(project))
            raise


def check_folders(folders: list[str] | None) -> list[str] | None:
    """Folders as they are kept, without those that are within others; None where that is everything.

    Raises
    ------
    Invalid
        One of them cannot be one.
    """
    if folders is None:
        return None
    tidy = [folder.strip().strip("/") for folder in folders]
    if len(tidy) > MOST:
        raise Invalid("too_many_folders", f"More than {MOST} folders.", "Choose folders further up.", "folders")
    for folder in tidy:
        parts = folder.split("/")
        bad = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        bad = bad or any(0xD800 <= ord(char) <= 0xDFFF for char in folder)
        if bad or re.search(r"[\x00-\x1f\x7f]", folder) or len(folder.encode(errors="replace")) > 1000:
            raise Invalid(
                "invalid_folder", f"{folder[:100]!r} is not a folder's path.",
                "Write it as it is from the repository's top: data/raw.", "folders",
            )  # fmt: skip
    return _without_inner(tidy)


def _without_inner(folders: list[str]) -> list[str]:
    return sorted(os.fsdecode(folder) for folder in Cone.of(folders).folders)


def folder_routes(folders: Folders) -> list[Route]:
    async def listed(request: Request) -> FolderList:
        """The folders in a folder of the repository, with their sizes, and which are checked out."""
        return await folders.listed(request.path["id"], request.query.within)

    async def choose(request: Request) -> Operation:
        """Check out these folders and no others, on every branch; the operation's result is the choice."""
        return await folders.choose(request.path["id"], request.body.folders, request.caller.id)

    of = "/projects/{id}/folders"
    return [
        Route("GET", of, "projects:read", listed, query=FoldersQuery, reply=FolderList),
        Route("PUT", of, "projects:write", choose, body=ChooseFolders, reply=Operation, status=202),
    ]
