"""Projects over REST. A branch's name in a path is percent-encoded (`feature%2Fx`)."""

from __future__ import annotations

from workspace_ext.contract.beginnings import NewProject
from workspace_ext.contract.merges import PullBranch, Pulled, UndoPull
from workspace_ext.contract.operations import Operation
from workspace_ext.contract.projects import (
    BranchList,
    CloneProject,
    CommitList,
    CreateBranch,
    Delivery,
    DiffQuery,
    FileDiff,
    HistoryQuery,
    Inclusion,
    LogQuery,
    MergeRequest,
    OpenedBranch,
    PinRequest,
    Production,
    ProductionHistory,
    Project,
    ProjectList,
    Review,
    Status,
    SuggestionList,
    SwitchBranch,
    UpdateProject,
    Webhook,
    WebhookSecret,
)

from ..kit.http import Request, Route
from .aside_routes import aside_routes
from .browsing_routes import browsing_routes
from .commit_routes import commit_routes
from .connecting import connecting_routes
from .credentials.routes import credential_routes
from .detached import detached_routes
from .folders import folder_routes
from .large_files import large_file_routes
from .life_routes import life_routes
from .production.webhooks import LARGEST
from .pull_requests import pull_request_routes
from .service import Projects
from .sizes import size_routes
from .submodules import submodule_routes


def routes(projects: Projects) -> list[Route]:
    return [
        *_project_routes(projects),
        *_production_routes(projects),
        *_branch_routes(projects),
        *commit_routes(projects),
        *life_routes(projects),
        *browsing_routes(projects.browsing),
        *pull_request_routes(projects.pull_requests),
        *aside_routes(projects.asides),
        *credential_routes(projects),
        *size_routes(projects.sizes),
        *folder_routes(projects.folders),
        *connecting_routes(projects.connecting),
        *detached_routes(projects.detached),
        *large_file_routes(projects.large_files),
        *submodule_routes(projects.submodules),
    ]


def _project_routes(projects: Projects) -> list[Route]:
    async def listed(request: Request) -> ProjectList:
        """Every project with the state of its branches."""
        return ProjectList([projects.seen_by(request.caller, one) for one in await projects.describe_all()])

    def suggestions(_: Request) -> SuggestionList:
        """Repositories to begin with, when the operator named some."""
        return SuggestionList(projects.suggestions())

    async def clone(request: Request) -> Operation:
        """Clone a repository; the operation's result is an OpenedBranch."""
        body: CloneProject = request.body
        return await projects.clone(body.url, body.name, request.caller.id, body.depth, body.folders)

    async def begin(request: Request) -> Operation:
        """Make a project: empty, from a template or a folder; the operation's result is an OpenedBranch."""
        return await projects.beginnings.begin(request.body, request.caller.id)

    async def one(request: Request) -> Project:
        """One project."""
        return projects.seen_by(request.caller, await projects.describe(request.path["id"]))

    async def update(request: Request) -> Project:
        """Follow another branch, or have commits made with or without outputs."""
        body: UpdateProject = request.body
        if body.strip_outputs is not None:
            await projects.set_strip_outputs(request.path["id"], body.strip_outputs)
        if body.followed_branch:
            await projects.follow(request.path["id"], body.followed_branch, request.caller.id)
        return projects.seen_by(request.caller, await projects.describe(request.path["id"]))

    async def look(request: Request) -> Project:
        """Look at the remote now rather than with the next poll."""
        return projects.seen_by(request.caller, await projects.look(request.path["id"], request.caller.id))

    return [
        Route("GET", "/projects", "projects:read", listed, reply=ProjectList),
        Route("GET", "/projects/suggestions", "projects:read", suggestions, reply=SuggestionList),
        Route("POST", "/projects", "projects:create", clone, body=CloneProject, reply=Operation, status=202),
        Route("POST", "/projects/new", "projects:create", begin, body=NewProject, reply=Operation, status=202),
        Route("GET", "/projects/{id}", "projects:read", one, reply=Project),
        Route("PATCH", "/projects/{id}", "projects:administer", update, body=UpdateProject, reply=Project),
        Route("POST", "/projects/{id}/look", "projects:read", look, reply=Project),
    ]


def _production_routes(projects: Projects) -> list[Route]:
    pinning, webhooks = projects.pinning, projects.webhooks

    def production(request: Request) -> Production:
        """The published commit, and whether production is pinned to it."""
        return pinning.published(request.path["id"])

    def history(request: Request) -> ProductionHistory:
        """What was published when, why and by whom, newest first."""
        return projects.production_history(request.path["id"], request.query.limit)

    async def includes(request: Request) -> Inclusion:
        """Whether production is at a commit, or at one that came after it."""
        return await pinning.includes(request.path["id"], request.path["sha"])

    async def pin(request: Request) -> Production:
        """Publish a commit of the followed branch, or one that was published before, and have production stay there."""
        return await pinning.pin(request.path["id"], request.body, request.caller.id)

    async def unpin(request: Request) -> Production:
        """Follow the branch again."""
        return await pinning.unpin(request.path["id"], request.caller.id)

    async def deliver(request: Request) -> Delivery:
        """For git hosts: look at the remote soon. The body is not read beyond its signature."""
        return await webhooks.deliver(request.path["id"], request.headers, request.body)

    def webhook(request: Request) -> Webhook:
        """Where deliveries go, and what became of the last one."""
        return webhooks.describe(request.path["id"])

    def renew(request: Request) -> WebhookSecret:
        """A new secret for the webhook, shown once; the one before is worth nothing any more."""
        return webhooks.renew(request.path["id"], request.caller.id)

    def remove(request: Request) -> None:
        """Take no deliveries any more."""
        webhooks.remove(request.path["id"])

    one, hook = "/projects/{id}/production", "/projects/{id}/webhook"
    signed = "public: a git host signs with the project's secret instead"
    return [
        Route("GET", one, "projects:read", production, reply=Production),
        Route("GET", f"{one}/history", "projects:read", history, query=HistoryQuery, reply=ProductionHistory),
        Route("GET", f"{one}/includes/{{sha}}", "projects:read", includes, reply=Inclusion),
        Route("PUT", f"{one}/pin", "projects:administer", pin, body=PinRequest, reply=Production),
        Route("DELETE", f"{one}/pin", "projects:administer", unpin, reply=Production),
        Route("GET", hook, "projects:administer", webhook, reply=Webhook),
        Route("POST", hook, signed, deliver, body=bytes, reply=Delivery, status=202, most=LARGEST),
        Route("POST", f"{hook}/secret", "projects:administer", renew, reply=WebhookSecret, status=201),
        Route("DELETE", f"{hook}/secret", "projects:administer", remove),
    ]


def _branch_routes(projects: Projects) -> list[Route]:
    branches = projects.branches

    async def listed(request: Request) -> BranchList:
        """Branches with a worktree first, then the others, the remote's too."""
        return BranchList(await branches.listed(request.path["id"]))

    async def create(request: Request) -> OpenedBranch:
        """Begin a branch, with the source's uncommitted edits."""
        return await branches.create(request.path["id"], request.body, request.caller.id)

    async def switch(request: Request) -> OpenedBranch:
        """Where an existing branch is checked out; done now if it was not."""
        return await branches.switch(request.path["id"], request.body.branch, request.body.notebook)

    async def status(request: Request) -> Status:
        """Changed files, and how far ahead and behind."""
        return await branches.status(request.path["id"], request.path["branch"], request.caller.id)

    async def diff(request: Request) -> FileDiff:
        """A changed file against its last commit."""
        return await branches.diff(request.path["id"], request.path["branch"], request.query.path)

    async def log(request: Request) -> CommitList:
        """The last commits, newest first."""
        return CommitList(await branches.log(request.path["id"], request.path["branch"], request.query.limit))

    async def push(request: Request) -> Operation:
        """Push to the remote's branch of the same name."""
        return await branches.push(request.path["id"], request.path["branch"], request.caller.id)

    async def pull(request: Request) -> Operation:
        """Bring in the remote's commits, also beneath open documents; the operation's result is a Pulled."""
        return await projects.pulling.pull(request.path["id"], request.path["branch"], request.body, request.caller.id)

    async def undo_pull(request: Request) -> Pulled:
        """Take a pull back; what was written since stays."""
        body = request.body
        return await projects.pulling.undo(request.path["id"], request.path["branch"], body.backup, request.caller.id)

    async def review(request: Request) -> Review:
        """What merging into the followed branch would bring."""
        return await branches.review(request.path["id"], request.path["branch"], request.caller.id)

    async def merge(request: Request) -> Operation:
        """Merge into the followed branch on the remote; production follows."""
        return await branches.merge(request.path["id"], request.path["branch"], request.body.summary, request.caller.id)

    one = "/projects/{id}/branches/{branch}"
    return [
        Route("GET", "/projects/{id}/branches", "projects:read", listed, reply=BranchList),
        Route("POST", "/projects/{id}/branches", "projects:write", create, body=CreateBranch, reply=OpenedBranch),
        Route("POST", "/projects/{id}/switch", "projects:write", switch, body=SwitchBranch, reply=OpenedBranch),
        Route("GET", f"{one}/status", "projects:read", status, reply=Status),
        Route("GET", f"{one}/diff", "projects:read", diff, query=DiffQuery, reply=FileDiff),
        Route("GET", f"{one}/log", "projects:read", log, query=LogQuery, reply=CommitList),
        Route("POST", f"{one}/push", "projects:write", push, reply=Operation, status=202),
        Route("POST", f"{one}/pull", "projects:write", pull, body=PullBranch, reply=Operation, status=202),
        Route("POST", f"{one}/undo-pull", "projects:write", undo_pull, body=UndoPull, reply=Pulled),
        Route("GET", f"{one}/review", "projects:read", review, reply=Review),
        Route("POST", f"{one}/merge", "projects:write", merge, body=MergeRequest, reply=Operation, status=202),
    ]
