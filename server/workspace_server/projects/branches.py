"""What people do on a branch: begin it, go to it, commit, push, pull, discard, have it reviewed and merged."""

from __future__ import annotations

import asyncio
import re
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
    Discarded,
    FileDiff,
    OpenedBranch,
    Review,
    Status,
)

from ..kit.errors import Conflict, Invalid
from ..kit.events import Events
from ..kit.operations import Handle, Operations
from .entrances import entrances
from .following import Following
from .names import check_branch
from .places import Places, ProjectFacts
from .runner import GitRunner

LONGEST_SUMMARY = 200


class Branches:
    """``person`` is always a person's id: author and committer of what they do."""

    def __init__(
        self, places: Places, runner: GitRunner, following: Following, events: Events, operations: Operations
    ) -> None:
        self._places = places
        self._runner = runner
        self._following = following
        self._events = events
        self._operations = operations

    async def listed(self, project_id: str, remote: bool = True) -> list[Branch]:
        """Branches with a worktree first, then (``remote``) the others."""
        project = await self._project(project_id)
        work = str(self._places.home.work)
        listed = await self._runner.read(project, "git_status:branches", work=work, remote=remote)
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
                "git_branches:create_branch",
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
                    project, "git_commit:put_back", branch=source, paths=carried, copied_to=str(folder)
                )
        self._changed(project_id)
        return await asyncio.to_thread(self._opened, project, name, folder, wanted.notebook, carried, kept)

    async def switch(self, project_id: str, branch: str, notebook: str = "") -> OpenedBranch:
        """The worktree of an existing branch, local or the remote's; made when there is none."""
        project = await self._project(project_id)
        async with self._runner.lock(project, "trees"):
            folder = await self._runner.change(
                project, "git_branches:open_branch", branch=branch, below=str(project.folder)
            )
        self._changed(project_id)
        return await asyncio.to_thread(self._opened, project, branch, Path(folder), notebook)

    async def status(self, project_id: str, branch: str) -> Status:
        project = await self._project(project_id)
        return msgspec.convert(await self._runner.read(project, "git_status:status", branch=branch), Status)

    async def diff(self, project_id: str, branch: str, path: str) -> FileDiff:
        project = await self._project(project_id)
        return msgspec.convert(
            await self._runner.read(project, "git_diff:worktree_diff", branch=branch, path=path), FileDiff
        )

    async def log(self, project_id: str, branch: str, limit: int) -> list[Commit]:
        project = await self._project(project_id)
        limit = max(1, min(limit, 1000))
        return msgspec.convert(
            await self._runner.read(project, "git_status:log", branch=branch, limit=limit), list[Commit]
        )

    async def commit(
        self, project_id: str, branch: str, paths: Sequence[str], summary: str, description: str, person: str
    ) -> Commit:
        project = await self._project(project_id)
        message = _message(summary, description)
        await self._flush(project_id, branch)
        async with self._runner.lock(project, "trees"):
            made = await self._runner.change(
                project, "git_commit:commit", person, branch=branch, paths=list(paths), message=message
            )
        self._changed(project_id)
        return msgspec.convert(made, Commit)

    async def discard(self, project_id: str, branch: str, paths: Sequence[str], person: str) -> Discarded:
        """Put files back to the last commit; refused while somebody has one of them open."""
        project = await self._project(project_id)
        await self._flush(project_id, branch)
        async with self._runner.lock(project, "trees"):
            self._refuse_open(await self._tree(project_id, branch), paths, "discarded")
            made = await self._runner.change(project, "git_commit:discard", person, branch=branch, paths=list(paths))
        self._changed(project_id)
        return msgspec.convert(made, Discarded)

    async def restore(self, project_id: str, branch: str, backup: str) -> list[str]:
        """Undo a discard; the paths that are back."""
        project = await self._project(project_id)
        async with self._runner.lock(project, "trees"):
            paths = await self._runner.read(project, "git_commit:backed_up", backup=backup)
            self._refuse_open(await self._tree(project_id, branch), paths, "brought back")
            made = await self._runner.change(project, "git_commit:restore", branch=branch, backup=backup)
        self._changed(project_id)
        back: list[str] = made["paths"]
        return back

    async def review(self, project_id: str, branch: str, person: str = "") -> Review:
        project = await self._project(project_id)
        async with self._runner.lock(project, "remote"):
            found = await self._runner.remote(
                project, "git_merge:review", person, timeout=60, branch=branch, target=project.followed_branch
            )
        return msgspec.convert(found, Review)

    async def push(self, project_id: str, branch: str, person: str) -> Operation:
        project = await self._project(project_id)

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                pushed = await self._runner.remote(
                    project, "git_remote:push", person, on_progress=handle.report, branch=branch
                )
            await self._after_push(project, branch, "pushed", person)
            return pushed

        return self._operations.start("projects.push", f"Push {branch}", run, person, project_id)

    async def merge(self, project_id: str, branch: str, summary: str, person: str) -> Operation:
        """Merge into the followed branch on the remote; ends when production has followed."""
        project = await self._project(project_id)
        message = _message(summary or f"Merge {branch}", "")

        async def run(handle: Handle) -> Any:
            async with self._runner.lock(project, "remote"):
                merged = await self._runner.remote(
                    project, "git_merge:merge", person, on_progress=handle.report,
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

    async def _project(self, project_id: str) -> ProjectFacts:
        return await asyncio.to_thread(self._places.get, project_id)

    async def _tree(self, project_id: str, branch: str) -> Path | None:
        return await asyncio.to_thread(self._places.worktree, project_id, branch)

    async def _flush(self, project_id: str, branch: str) -> None:
        if (tree := await self._tree(project_id, branch)) is not None:
            await self._runner.documents.flush(tree)

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

    def _refuse_open(self, tree: Path | None, paths: Sequence[str], what: str) -> None:
        there = self._runner.documents.open_in(tree) if tree is not None else {}
        busy = {path: there[path] for path in paths if there.get(path)}
        if busy:
            names = "; ".join(f"{' and '.join(sorted(set(people)))}: {path}" for path, people in busy.items())
            raise Conflict(
                "files_open",
                f"Files that would change are open ({names}), so nothing was {what}.",
                "Have them closed, then try again.",
            )

    def _changed(self, project_id: str) -> None:
        self._events.publish("projects", project_id, "changed")


def _message(summary: str, description: str) -> str:
    """A commit message that is what the person typed and nothing else."""
    summary = summary.strip()
    if not summary:
        raise Invalid("empty_summary", "The commit has no summary.", "Say in a few words what changed.", "summary")
    if re.search(r"[\x00-\x1f\x7f]", summary):
        raise Invalid(
            "invalid_summary", "The summary has more than one line.", "Move the rest to the description.", "summary"
        )
    if len(summary) > LONGEST_SUMMARY:
        raise Invalid(
            "invalid_summary", f"The summary is longer than {LONGEST_SUMMARY} characters.",
            "Move the rest to the description.", "summary",
        )  # fmt: skip
    description = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", description.replace("\r\n", "\n")).strip()
    return f"{summary}\n\n{description}\n" if description else f"{summary}\n"
