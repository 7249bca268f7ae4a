"""What becomes a commit of what changed on a branch, and what is thrown away."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from workspace_ext.contract.committing import CellOutputs, Discarded, LastCommit, PartialFile
from workspace_ext.contract.projects import Commit, Editor

from ..kit.errors import Invalid, NotFound
from ..kit.events import Events
from .co_authors import trailers
from .places import Places, ProjectFacts
from .runner import GitRunner

LONGEST_SUMMARY = 200


class Committing:
    """``person`` is always a person's id: author and committer of what they do."""

    def __init__(self, places: Places, runner: GitRunner, events: Events) -> None:
        self._places = places
        self._runner = runner
        self._events = events

    async def commit(
        self,
        project_id: str,
        branch: str,
        paths: Sequence[str],
        summary: str,
        description: str,
        person: str,
        partial: Sequence[PartialFile] = (),
        co_authors: Sequence[str] = (),
        amend: str = "",
    ) -> Commit:
        """Commit changed files, and of others (``partial``) some of their changes; ``amend``: in place of this commit,
        which is the last one. Files that people have open stay as they are.

        Raises
        ------
        Invalid, Conflict
        """
        project = await self._project(project_id)
        message = commit_message(summary, description)
        if others := trailers(co_authors, self._runner.person_named, self._runner.author, "" if amend else person):
            message += f"\n{others}\n"
        if (tree := await self._tree(project_id, branch)) is not None:
            await self._runner.documents.flush(tree)
        saved = time.time()
        async with self._runner.lock(project, "trees"):
            left = await self._edited(project, branch, [file.path for file in partial])
            function = "git.amend:amend" if amend else "git.commit:commit"
            amended: dict[str, Any] = {"commit": amend} if amend else {}
            made = await self._runner.change(
                project, function, person, branch=branch, paths=list(paths), message=message,
                partial=_by_path(partial), **amended,
            )  # fmt: skip
        if tree is not None:
            documents = self._runner.documents
            await asyncio.to_thread(documents.committed, tree, paths, saved)
            await asyncio.to_thread(documents.still_uncommitted, tree, left, time.time())
        self._changed(project_id)
        return msgspec.convert(made, Commit)

    async def undo_amend(self, project_id: str, branch: str, commit: str, person: str) -> Commit:
        """Have the commit again that was amended; what is in the files stays."""
        project = await self._project(project_id)
        async with self._runner.lock(project, "trees"):
            made = await self._runner.change(project, "git.amend:undo", person, branch=branch, commit=commit)
        self._changed(project_id)
        return msgspec.convert(made, Commit)

    async def last_commit(self, project_id: str, branch: str) -> LastCommit:
        """What an amendment begins with, or why there can be none."""
        project = await self._project(project_id)
        return msgspec.convert(await self._runner.read(project, "git.amend:last_commit", branch=branch), LastCommit)

    async def cell_outputs(self, project_id: str, branch: str, path: str, part: str) -> CellOutputs:
        """What a changed cell showed in the last commit, and shows now."""
        project = await self._project(project_id)
        found = await self._runner.read(project, "git.outputs:cell_outputs", branch=branch, path=path, part=part)
        return msgspec.convert(found, CellOutputs)

    async def editors(self, project_id: str, branch: str, paths: Sequence[str], person: str) -> list[Editor]:
        """Who besides ``person`` edited these files since they were committed last."""
        edited = await self._edited(await self._project(project_id), branch, paths)
        files: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            for name in edited.get(path, ()):
                files[name].append(path)
        found = []
        for name, theirs in sorted(files.items()):
            with suppress(NotFound):  # they are not here any more
                one = self._runner.person_named(name)
                if one.id != person:
                    found.append(Editor(name, one.display_name, theirs))
        return found

    async def _edited(self, project: ProjectFacts, branch: str, paths: Sequence[str]) -> dict[str, list[str]]:
        """Who edited which of these files since it was committed last."""
        tree = await self._tree(project.id, branch)
        edits = await asyncio.to_thread(self._runner.documents.editors, tree, paths) if tree is not None else {}
        if not edits:
            return {}
        # Commits made in a terminal count, too. They tell seconds: in the same one, rather propose one too many.
        last = await self._runner.read(project, "git.commit:committed_at", branch=branch, paths=list(edits))
        since = {
            path: [name for name, at in who.items() if int(at) >= last.get(path, 0)] for path, who in edits.items()
        }
        return {path: names for path, names in since.items() if names}

    async def discard(
        self, project_id: str, branch: str, paths: Sequence[str], person: str, partial: Sequence[PartialFile] = ()
    ) -> Discarded:
        """Put files back to the last commit, or (``partial``) some of their changes, also beneath open documents: what
        people type meanwhile stays."""
        project = await self._project(project_id)
        tree = await self._tree(project_id, branch)
        made = await self._runner.change_files(
            project, tree, "git.discard:discard", person, branch=branch, paths=list(paths), partial=_by_path(partial)
        )
        self._changed(project_id)
        return msgspec.convert(made, Discarded)

    async def restore(self, project_id: str, branch: str, backup: str) -> list[str]:
        """Undo a discard, also beneath open documents; the paths that are back. What was written since stays."""
        project = await self._project(project_id)
        tree = await self._tree(project_id, branch)
        back: list[str] = await self._runner.change_files(
            project, tree, "git.discard:restore", branch=branch, backup=backup
        )
        self._changed(project_id)
        return back

    async def _project(self, project_id: str) -> ProjectFacts:
        return await asyncio.to_thread(self._places.get, project_id)

    async def _tree(self, project_id: str, branch: str) -> Path | None:
        return await asyncio.to_thread(self._places.worktree, project_id, branch)

    def _changed(self, project_id: str) -> None:
        self._events.publish("projects", project_id, "changed")


def _by_path(partial: Sequence[PartialFile]) -> dict[str, list[str]]:
    return {file.path: file.parts for file in partial}


def commit_message(summary: str, description: str) -> str:
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
