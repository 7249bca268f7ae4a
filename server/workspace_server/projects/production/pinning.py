"""Production that somebody holds: pinned to a commit, or back at an earlier one, until it follows again."""

from __future__ import annotations

import asyncio
import re

from workspace_ext.contract.projects import Inclusion, PinRequest, Production

from ...kit.errors import Conflict, Invalid, NotFound
from ...kit.events import Events
from ..places import Places, ProjectFacts
from ..runner import GitRunner
from .following import Following
from .publications import Compared, Move, Publications

LONGEST_REASON = 500


class Pinning:
    """On the event loop."""

    def __init__(self, places: Places, runner: GitRunner, following: Following, events: Events) -> None:
        self._places = places
        self._runner = runner
        self._following = following
        self._publications: Publications = following.publications
        self._events = events

    async def pin(self, project_id: str, wish: PinRequest, person: str) -> Production:
        """Publish a commit and have production stay there until :meth:`unpin`.

        Raises
        ------
        Invalid
            No reason was given; the commit is none of the followed branch's, nor was it ever published.
        NotFound
            Nothing is published yet.
        """
        why = " ".join(wish.why.split())
        if not why:
            raise Invalid("no_reason", "A pin needs a reason.", "Say for the others why production has to stay.", "why")
        if len(why) > LONGEST_REASON:
            raise Invalid("reason_too_long", f"The reason is longer than {LONGEST_REASON} characters.", "", "why")
        wanted = check_commit(wish.sha) if wish.sha.strip() else ""
        project = await asyncio.to_thread(self._places.get, project_id)
        if wanted:
            sha = await self._publishable(project, wanted)
            if await self._following.contents.missing(project, sha, await self.current(project.id)):
                await self._following.contents.fetch(project, sha)
        async with self._runner.lock(project, "remote"):
            before = await self.current(project.id)
            branch = project.followed_branch
            sha = await self._publishable(project, wanted or before.sha)
            await self._following.publish(project, sha)
            step = await self._runner.read(project, "git.history:compare", old=before.sha, new=sha)
            beside = await self._runner.read(
                project, "git.history:compare", old=sha, new=f"refs/remotes/origin/{branch}"
            )
            move = Move(sha, branch, "rolled_back" if step["rewritten"] else "pinned", person, why, step["summary"])
            compared = Compared(beside["new"], beside["behind"], beside["rewritten"])
            if not await asyncio.to_thread(self._publications.pin, project.id, before.sha, move, compared):
                raise Conflict("production_moved", "Production changed at the same moment.", "Try again.")
            await self._told(project, moved=sha != before.sha)
        return await self.current(project.id)

    async def unpin(self, project_id: str, person: str) -> Production:
        """Follow the branch again, at once.

        Raises
        ------
        Conflict
            Production is not pinned.
        """
        project = await asyncio.to_thread(self._places.get, project_id)
        async with self._runner.lock(project, "remote"):
            await asyncio.to_thread(self._publications.unpin, project, person)
        self._events.publish("projects", project.id, "changed")
        await self._following.follow(project, "asked", person)
        return await self.current(project.id)

    async def includes(self, project_id: str, sha: str) -> Inclusion:
        """Whether production is at a commit, or at one that came after it."""
        sha = check_commit(sha)
        project = await asyncio.to_thread(self._places.get, project_id)
        production = await self.current(project.id)
        found = await self._runner.read(project, "git.history:included", sha=sha, head=production.sha)
        return Inclusion(found["sha"], found["included"], production.sha.startswith(sha))

    async def current(self, project_id: str) -> Production:
        """Production as it is now; raises NotFound until there is some."""
        return await asyncio.to_thread(self.published, project_id)

    def published(self, project_id: str) -> Production:
        """The same, in a thread."""
        self._places.get(project_id)
        current = self._places.production(project_id)
        if current is None:
            raise NotFound("nothing_published", "Nothing of this project is published yet.", "The project says why.")
        return current

    async def _publishable(self, project: ProjectFacts, sha: str) -> str:
        found: str = await self._runner.read(
            project, "git.history:publishable", sha=sha, branch=project.followed_branch
        )
        return found

    async def _told(self, project: ProjectFacts, moved: bool) -> None:
        if moved:
            await self._following.announce(project)
        else:
            self._events.publish("projects", project.id, "changed")


def check_commit(sha: str) -> str:
    """A commit's id, or its beginning, in lower case."""
    sha = sha.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{7,64}", sha):
        raise Invalid(
            "invalid_commit", f"{sha[:80]!r} is not a commit.", "Give its id, or the first 7 digits of it.", "sha"
        )
    return sha
