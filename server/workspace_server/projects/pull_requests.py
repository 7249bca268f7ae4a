"""Pull requests on the git host of a project, for one person, with the token that this person keeps for that host."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace

import msgspec

from workspace_ext.contract.operations import WireError
from workspace_ext.contract.pull_requests import HostedBranch, MergePullRequest, PullRequest

from ..kit.errors import AtriumError, NotFound
from ..kit.events import Events
from ..kit.http import Request, Route
from .hosts.addresses import Hosted, hosted_at, named_hosts
from .places import Places, ProjectFacts
from .production.following import Following
from .runner import GitRunner


class PullRequests:
    """``person`` is always a person's id."""

    def __init__(self, places: Places, runner: GitRunner, following: Following, events: Events) -> None:
        self._places = places
        self._runner = runner
        self._following = following
        self._events = events

    async def of(self, project_id: str, branch: str, person: str) -> HostedBranch:
        """A branch on its host. What the host does not tell is in ``problem``; the link is there all the same."""
        project = await asyncio.to_thread(self._places.get, project_id)
        target = project.followed_branch
        at = await asyncio.to_thread(self._hosted, project)
        if at is None:
            return HostedBranch(branch, target)
        known = HostedBranch(branch, target, at.host, at.kind, at.guessed, at.new_url(branch, target))
        try:
            found = await self._runner.host(
                "hosts.requests:newest", person, at.origin, hosted=asdict(at), branch=branch, target=target
            )
        except AtriumError as error:
            return replace(known, signed_in=True, problem=WireError(error.code, error.message, error.hint))
        request = msgspec.convert(found["request"], PullRequest | None)
        return replace(known, signed_in=found["signed_in"], request=request)

    async def merge(self, project_id: str, branch: str, wanted: MergePullRequest, person: str) -> HostedBranch:
        """Merge a pull request on the host; then production follows.

        Raises
        ------
        Conflict
            The host does not want to, or it has other commits than those that were looked at.
        """
        project = await asyncio.to_thread(self._places.get, project_id)
        at = await asyncio.to_thread(self._hosted, project)
        if at is None:
            raise NotFound("no_known_host", "The host of this project is of no known kind.", "Merge it on its page.")
        await self._runner.host(
            "hosts.requests:merge", person, at.origin, hosted=asdict(at), number=wanted.number, head=wanted.head
        )
        await self._following.follow(project, "merged", person)
        self._events.publish("projects", project_id, "changed")
        return await self.of(project_id, branch, person)

    def _hosted(self, project: ProjectFacts) -> Hosted | None:
        return hosted_at(project.url, named_hosts(self._places.home.settings))


def pull_request_routes(requests: PullRequests) -> list[Route]:
    async def of(request: Request) -> HostedBranch:
        """The pull request of a branch on the project's git host, as far as the host tells whoever asks."""
        return await requests.of(request.path["id"], request.path["branch"], request.caller.id)

    async def merge(request: Request) -> HostedBranch:
        """Merge it on the host, with one's own token there."""
        return await requests.merge(request.path["id"], request.path["branch"], request.body, request.caller.id)

    one = "/projects/{id}/branches/{branch}/pull-request"
    return [
        Route("GET", one, "projects:write", of, reply=HostedBranch),
        Route("POST", f"{one}/merge", "projects:write", merge, body=MergePullRequest, reply=HostedBranch),
    ]
