"""Projects that are not cloned: empty, from a template, from a folder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from workspace_ext.contract.beginnings import NewProject
from workspace_ext.contract.operations import Operation

from ..kit.errors import Invalid, NotFound
from ..kit.operations import Handle, Operations
from .cloning import Cloning
from .git.worktrees import remove_tree
from .names import check_project_name
from .places import Places
from .runner import GitRunner

Example = Callable[[Path], None]


class Beginnings:
    """``example`` writes the files of the built-in example into a folder; app.py names it."""

    def __init__(self, places: Places, runner: GitRunner, cloning: Cloning, operations: Operations) -> None:
        self._places = places
        self._runner = runner
        self._cloning = cloning
        self._operations = operations
        self.example: Example | None = None

    async def begin(self, wanted: NewProject, person: str) -> Operation:
        """Make a project; the operation's result is an ``OpenedBranch``.

        Raises
        ------
        Invalid, Conflict
            The field is named: name, template, folder, remote.
        """
        name = check_project_name(wanted.name.strip())
        await asyncio.to_thread(self._cloning.check_free, name)
        remote = wanted.remote.strip()
        if remote:
            await asyncio.to_thread(self._check_address, remote, "remote")
        source = await asyncio.to_thread(self._source, wanted)

        async def run(handle: Handle) -> Any:
            staging = self._places.home.git / f".clone-{uuid4().hex[:12]}"
            await asyncio.to_thread(staging.mkdir)
            own: Path | None = None
            try:
                made = staging / "begin.git"
                if wanted.source == "example":
                    handle.report("Writing the example")
                    await asyncio.to_thread(self._write_example, staging / "example")
                    source["folder"] = str(staging / "example")
                sha = await self._runner.begin(
                    made, source.pop("url", ""), person, handle.report, name=name, **source
                )  # fmt: skip
                if remote:
                    await self._runner.push_first(made, remote, sha, person, handle.report)
                    url = remote
                else:
                    own = self._places.home.remotes / f"{uuid4().hex[:12]}.git"
                    await asyncio.to_thread(made.rename, own)
                    url = own.as_uri()
                opened = await self._cloning.clone(url, name, person, handle)
            except BaseException:
                if own is not None:
                    await asyncio.to_thread(remove_tree, own)
                raise
            finally:
                await asyncio.to_thread(remove_tree, staging)
            return msgspec.to_builtins(opened)

        return self._operations.start("projects.begin", f"Make {name}", self._cloning.reserved(name, run), person, name)

    def sweep(self, kept: set[str]) -> None:
        """Remove remotes of this workspace's that no project (by their urls) has."""
        for folder in self._places.home.remotes.glob("*.git"):
            if folder.as_uri() not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _source(self, wanted: NewProject) -> dict[str, Any]:
        """What the worker is told of the source."""
        if wanted.source == "folder":
            return {"folder": str(self._folder(wanted.folder))}
        if wanted.source == "template":
            return self._template(wanted.template.strip())
        if wanted.source == "example" and self.example is None:
            raise NotFound("no_example", "There is no example here.", "Begin with an empty project.")
        return {}

    def _folder(self, path: str) -> Path:
        work = self._places.home.work
        folder = work / path.strip().strip("/")
        try:
            inside = folder.resolve().is_relative_to(work) and folder.is_dir()
        except (OSError, ValueError):
            inside = False
        if not path.strip().strip("/") or not inside:
            raise Invalid(
                "no_such_folder", f"There is no folder {path!r} in the workspace.",
                "Upload it first (drag it into the file browser), then give its path.", "folder",
            )  # fmt: skip
        if folder == self._places.home.projects or folder.parent == self._places.home.projects:
            raise Invalid(
                "folder_of_projects", f"{path!r} holds projects, each of which is a repository already.",
                "Choose a folder within one, or use that project as a template.", "folder",
            )  # fmt: skip
        return folder

    def _template(self, template: str) -> dict[str, Any]:
        if not template:
            raise Invalid("no_template", "Which template?", "Give an address, or a project's name.", "template")
        for project in self._places.all():
            if template in (project.name, project.id):
                ref = f"refs/remotes/origin/{project.followed_branch}"
                return {"url": project.git.as_uri(), "local": True, "template": True, "ref": ref}
        self._check_address(template, "template")
        return {"url": template, "template": True}

    def _check_address(self, url: str, field: str) -> None:
        try:
            self._runner.protocols(url)
        except Invalid as error:
            raise Invalid(error.code, error.message, error.hint, field) from None

    def _write_example(self, folder: Path) -> None:
        assert self.example is not None
        folder.mkdir()
        self.example(folder)
