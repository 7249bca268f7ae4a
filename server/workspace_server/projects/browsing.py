"""Looking at the past: the graph of commits, what one changed, two compared, who wrote a cell, a file brought back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict

import msgspec

from workspace_ext.contract.commits import (
    Blame,
    CommitDetails,
    CommitGraph,
    CompareFileQuery,
    CompareQuery,
    Comparison,
    GraphQuery,
    RestoredFile,
    RestoreFile,
)
from workspace_ext.contract.projects import FileDiff

from ..kit.errors import Invalid
from ..kit.events import Events
from .places import Places, ProjectFacts
from .runner import GitRunner

LONGEST_SEARCH = 200


class Browsing:
    """``person`` is always a person's id."""

    def __init__(self, places: Places, runner: GitRunner, events: Events) -> None:
        self._places = places
        self._runner = runner
        self._events = events

    async def graph(self, project_id: str, wanted: GraphQuery) -> CommitGraph:
        """A page of the history of a branch, or of all."""
        for field in ("message", "author", "path"):
            text = getattr(wanted, field)
            if len(text) > LONGEST_SEARCH or re.search(r"[\x00-\x1f\x7f]", text):
                raise Invalid("invalid_search", "This cannot be looked for.", "Give a few words of one line.", field)
        project = await self._project(project_id)
        found = await self._runner.read(project, "git.graph:graph", **asdict(wanted))
        return msgspec.convert(found, CommitGraph)

    async def commit(self, project_id: str, sha: str) -> CommitDetails:
        """A commit and the files that it changed."""
        project = await self._project(project_id)
        return msgspec.convert(await self._runner.read(project, "git.graph:details", sha=sha), CommitDetails)

    async def compare(self, project_id: str, wanted: CompareQuery) -> Comparison:
        """The files that differ between two commits."""
        project = await self._project(project_id)
        found = await self._runner.read(project, "git.graph:compare", old=wanted.old, new=wanted.new)
        return msgspec.convert(found, Comparison)

    async def compare_file(self, project_id: str, wanted: CompareFileQuery) -> FileDiff:
        """How a file differs between two commits."""
        project = await self._project(project_id)
        found = await self._runner.read(
            project, "git.graph:compare_file", old=wanted.old, new=wanted.new, path=wanted.path
        )
        return msgspec.convert(found, FileDiff)

    async def restore_file(self, project_id: str, branch: str, wanted: RestoreFile, person: str) -> RestoredFile:
        """Make a file of a branch's worktree what it is in a commit, also where people have it open."""
        project = await self._project(project_id)
        tree = await asyncio.to_thread(self._places.worktree, project_id, branch)
        made = await self._runner.change_files(
            project, tree, "git.restore:restore_file", person, branch=branch, commit=wanted.commit, path=wanted.path
        )
        self._events.publish("projects", project_id, "changed")
        return msgspec.convert(made, RestoredFile)

    async def blame(self, project_id: str, branch: str, path: str) -> Blame:
        """Who last changed each cell of a notebook. What is not saved yet is not looked at."""
        project = await self._project(project_id)
        return msgspec.convert(await self._runner.read(project, "git.blame:blame", branch=branch, path=path), Blame)

    async def _project(self, project_id: str) -> ProjectFacts:
        return await asyncio.to_thread(self._places.get, project_id)
