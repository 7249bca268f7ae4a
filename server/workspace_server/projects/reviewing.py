"""What rooms above ask of a review: the lines of its commits, and where lines of earlier ones are in it now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from ..kit.errors import Invalid
from .places import Places
from .runner import GitRunner


class Reviewing:
    """Lines are counted from 0; ``cell`` is a cell's id, empty for a file that has none."""

    def __init__(self, places: Places, runner: GitRunner) -> None:
        self._places = places
        self._runner = runner

    async def keep(
        self, project_id: str, branch: str, commit: str, path: str, cell: str, first: int | None, last: int | None
    ) -> list[str]:
        """For a branch's review: the lines ``first`` to ``last`` of a commit's file or cell; without ``first`` none.

        Raises
        ------
        Invalid
            ``commit`` is no id of a commit.
        NotFound
            There are no such lines, or no such branch.
        """
        if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", commit):
            raise Invalid("invalid_commit", f"{commit[:50]!r} is no commit.", "Give its whole id.", "commit")
        project = await asyncio.to_thread(self._places.get, project_id)
        kept: list[str] = await self._runner.read(
            project, "git.lines:keep", branch=branch, target=project.followed_branch,
            commit=commit, path=path, cell=cell, first=first, last=last,
        )  # fmt: skip
        return kept

    async def follow(self, project_id: str, branch: str, wanted: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Where lines are in the review of a branch, as the remote had it last; see :func:`.git.lines.follow`."""
        project = await asyncio.to_thread(self._places.get, project_id)
        found: dict[str, Any] = await self._runner.read(
            project, "git.lines:follow", branch=branch, target=project.followed_branch, wanted=[*wanted]
        )
        return found
