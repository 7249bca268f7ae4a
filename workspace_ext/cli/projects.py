"""`atrium projects <verb>`: clone, work on branches, merge, look at production."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.beginnings import ConnectRemote, NewProject, Source
from ..contract.detached import BackToBranch, BranchHere
from ..contract.large_files import FetchLargeFiles, LargeFileList
from ..contract.merges import MergeChoice, PullBranch
from ..contract.operations import Operation
from ..contract.projects import (
    BranchList,
    CloneProject,
    CreateBranch,
    Inclusion,
    MergeRequest,
    OpenedBranch,
    PinRequest,
    Production,
    ProductionHistory,
    Project,
    ProjectList,
    Publication,
    Status,
    SwitchBranch,
    UpdateProject,
    Webhook,
    WebhookSecret,
)
from ..contract.submodules import SubmoduleAddress, SubmoduleList
from . import asides, commits, committing, credentials, folders, lives


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("projects", help="cloned repositories, their branches, production").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )

    def verb(name: str, help: str, run: Any, *, project: bool = True, branch: bool = False) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = room.add_parser(name, help=help)
        if project:
            parser.add_argument("project", help="name or id")
        if branch:
            parser.add_argument("--branch", default="", help="default: the followed branch")
        parser.set_defaults(run=run)
        return parser

    verb("list", "every project", _list, project=False)
    clone = verb("clone", "clone a repository", _clone, project=False)
    clone.add_argument("repository", metavar="URL")
    clone.add_argument("--name", default="", help="default: from the address")
    clone.add_argument("--depth", type=int, default=0, help="only so many of the last commits; see fetch-rest")
    clone.add_argument(
        "--folders", nargs="*", metavar="FOLDER",
        help="check out only these and the files at the top; with none named nothing but those; see folders",
    )  # fmt: skip
    verb("fetch-rest", "fetch the history that a clone with --depth left out", _fetch_rest)
    new = verb("new", "make a project: empty, from a template or a folder", _new, project=False)
    new.add_argument("name")
    given = new.add_mutually_exclusive_group()
    given.add_argument("--template", default="", help="address of a repository or name of a project; no history")
    given.add_argument("--folder", default="", help="a folder below the workspace's work folder, which is copied")
    given.add_argument("--example", action="store_true", help="the forecasting example")
    new.add_argument("--remote", default="", metavar="URL", help="an empty repository to push to")
    connect = verb(
        "connect", "push a project without a remote to an empty repository, its remote from then on", _connect
    )
    connect.add_argument("url", metavar="URL")
    branch = verb("branch", "list the branches, or begin a new one with the uncommitted edits", _branch)
    branch.add_argument("name", nargs="?", default="")
    branch.add_argument("--source", default="", help="where it begins; default: the followed branch")
    branch.add_argument("--no-carry", action="store_true", help="leave uncommitted edits where they are")
    switch = verb("switch", "check out an existing branch, if it is not yet", _switch)
    switch.add_argument("branch")
    back = verb("back", "put a folder that is on a commit back on its branch, or begin one there", _back)
    back.add_argument("--folder", default="", help="default: the only one")
    back.add_argument("--branch", dest="name", default="", help="begin this branch there instead")
    verb("status", "changed files", _status, branch=True)
    committing.add_verbs(verb, _path)
    large = verb("large-files", "files that are stored in Git LFS, and fetching them", _large_files, branch=True)
    large.add_argument("paths", nargs="*", help="with --fetch: only these")
    large.add_argument("--fetch", action="store_true", help="put their contents where the pointers are")
    folders.add_verbs(verb, _project, _ended)
    within = verb("submodules", "submodules of a branch, and letting them in (owners)", _submodules, branch=True)
    said = within.add_mutually_exclusive_group()
    said.add_argument("--let-in", default="", metavar="URL", help="exactly as listed; fetches it, too")
    said.add_argument("--turn-off", default="", metavar="URL", help="empty its folders, and fetch it no more")
    said.add_argument("--fetch", action="store_true", help="those that were let in")
    verb("push", "push a branch", _push, branch=True)
    pull = verb("pull", "bring others' commits into a branch, also beneath open documents", _pull, branch=True)
    pull.add_argument("--from", dest="source", default="", metavar="BRANCH", help="default: the same branch")
    pull.add_argument("--rebase", action="store_true", help="replay one's own commits instead of merging")
    pull.add_argument("--take", choices=["mine", "theirs", "both"], help="where both sides changed the same")
    merge = verb("merge", "merge a pushed branch into the followed one on the remote", _merge)
    merge.add_argument("branch")
    merge.add_argument("-m", "--message", default="", help="the summary of the merge")
    production = verb("production", "the published commit", _production)
    production.add_argument("--history", action="store_true", help="what was published when, why and by whom")
    production.add_argument("--limit", type=int, default=20, help="lines of history")
    look = verb("look", "look at the remote now, and publish what is new", _look)
    look.add_argument("--sha", default="", help="fail unless production then is at this commit, or at a later one")
    look.add_argument("--wait", action="store_true", help="keep looking until it is")
    look.add_argument("--timeout", type=float, default=300, help="seconds to wait (default: 300)")
    pin = verb("pin", "have production stay at a commit, also an earlier one", _pin)
    pin.add_argument("sha", nargs="?", default="", help="default: where production is now")
    pin.add_argument("--why", required=True, help="for the others")
    verb("unpin", "have production follow its branch again", _unpin)
    webhook = verb("webhook", "how the git host tells of a push", _webhook)
    webhook.add_argument("--secret", action="store_true", help="make a new secret, and print it once")
    webhook.add_argument("--delete", action="store_true", help="delete the secret: deliveries are refused from then on")
    commits.add_verbs(verb, _path)
    credentials.add_verbs(room)
    lives.add_verbs(room)
    asides.add_verbs(room)
    settings = verb("set", "how a project is worked on", _set)
    settings.add_argument(
        "--strip-outputs", choices=["on", "off"], required=True, help="commit notebooks without outputs"
    )


def _list(arguments: argparse.Namespace, client: Client) -> Any:
    projects = client.call("GET", "/projects", reply=ProjectList)
    if arguments.json:
        return projects
    return [
        {
            "name": project.name,
            "follows": project.followed_branch,
            "production": project.production.sha[:7] if project.production else "",
            "branches": ", ".join(branch.name for branch in project.branches),
            "problem": project.problem.message if project.problem else "",
            "url": project.url,
        }
        for project in projects.projects
    ]


def _clone(arguments: argparse.Namespace, client: Client) -> Any:
    asked = CloneProject(arguments.repository, arguments.name, arguments.depth, arguments.folders)
    return _ended(client, client.call("POST", "/projects", asked, reply=Operation))


def _connect(arguments: argparse.Namespace, client: Client) -> Any:
    project, asked = _project(arguments, client), ConnectRemote(arguments.url)
    return _ended(client, client.call("POST", f"/projects/{project.id}/connect", asked, reply=Operation))


def _fetch_rest(arguments: argparse.Namespace, client: Client) -> Any:
    project = _project(arguments, client)
    return _ended(client, client.call("POST", f"/projects/{project.id}/fetch-rest", reply=Operation))


def _new(arguments: argparse.Namespace, client: Client) -> Any:
    source: Source = "example" if arguments.example else "empty"
    source = "template" if arguments.template else "folder" if arguments.folder else source
    asked = NewProject(arguments.name, source, arguments.template, arguments.folder, arguments.remote)
    return _ended(client, client.call("POST", "/projects/new", asked, reply=Operation))


def _branch(arguments: argparse.Namespace, client: Client) -> Any:
    project = _project(arguments, client)
    if not arguments.name:
        return client.call("GET", f"/projects/{project.id}/branches", reply=BranchList)
    asked = CreateBranch(arguments.name, arguments.source, not arguments.no_carry)
    return client.call("POST", f"/projects/{project.id}/branches", asked, reply=OpenedBranch)


def _switch(arguments: argparse.Namespace, client: Client) -> Any:
    project = _project(arguments, client)
    return client.call("POST", f"/projects/{project.id}/switch", SwitchBranch(arguments.branch), reply=OpenedBranch)


def _back(arguments: argparse.Namespace, client: Client) -> Any:
    project = _project(arguments, client)
    folders = [one.folder for one in project.detached]
    folder = arguments.folder or (folders[0] if len(folders) == 1 else "")
    if not folder:
        told = f"There are several: {', '.join(folders)}." if folders else "No folder is on a commit."
        raise ClientError(404, "which_folder", told, "Name one with --folder." if folders else "Nothing to do.")
    if arguments.name:
        asked = BranchHere(folder, arguments.name)
        return client.call("POST", f"/projects/{project.id}/detached/branch", asked, reply=OpenedBranch)
    return client.call("POST", f"/projects/{project.id}/detached/back", BackToBranch(folder), reply=OpenedBranch)


def _status(arguments: argparse.Namespace, client: Client) -> Any:
    status = client.call("GET", f"{_path(arguments, client)}/status", reply=Status)
    return status if arguments.json else status.files


def _large_files(arguments: argparse.Namespace, client: Client) -> Any:
    path = f"{_path(arguments, client)}/large-files"
    if arguments.fetch:
        asked = FetchLargeFiles(arguments.paths)
        _ended(client, client.call("POST", f"{path}/fetch", asked, reply=Operation))
    return client.call("GET", path, reply=LargeFileList).files


def _submodules(arguments: argparse.Namespace, client: Client) -> Any:
    path, project = f"{_path(arguments, client)}/submodules", f"/projects/{_project(arguments, client).id}/submodules"
    if arguments.let_in:
        client.call("POST", f"{project}/consent", SubmoduleAddress(arguments.let_in))
    if arguments.turn_off:
        client.call("POST", f"{project}/withdraw", SubmoduleAddress(arguments.turn_off))
    if arguments.fetch or arguments.let_in:
        _ended(client, client.call("POST", f"{path}/fetch", reply=Operation))
    return client.call("GET", path, reply=SubmoduleList).submodules


def _push(arguments: argparse.Namespace, client: Client) -> Any:
    return _ended(client, client.call("POST", f"{_path(arguments, client)}/push", reply=Operation))


def _pull(arguments: argparse.Namespace, client: Client) -> Any:
    choices: list[MergeChoice] = []
    while True:
        wanted = PullBranch(arguments.source, "rebase" if arguments.rebase else "merge", choices)
        pulled = _ended(client, client.call("POST", f"{_path(arguments, client)}/pull", wanted, reply=Operation))
        conflicts = pulled["conflicts"]
        if not conflicts:
            return pulled
        if arguments.take is None:
            places = ", ".join(f"{one['path']} ({one['kind']} {one['place']})".replace(" )", ")") for one in conflicts)
            raise ClientError(
                409, "conflicts", f"Changed here and there: {places}. Nothing was pulled.",
                "Choose cell by cell in JupyterLab, or for all at once with --take mine, theirs or both.",
            )  # fmt: skip
        choices += [MergeChoice(one["of"], arguments.take) for one in conflicts]


def _merge(arguments: argparse.Namespace, client: Client) -> Any:
    asked = MergeRequest(arguments.message)
    return _ended(client, client.call("POST", f"{_path(arguments, client)}/merge", asked, reply=Operation))


def _production(arguments: argparse.Namespace, client: Client) -> Any:
    path = f"/projects/{_project(arguments, client).id}/production"
    if not arguments.history:
        return client.call("GET", path, reply=Production)
    found = client.call("GET", f"{path}/history", reply=ProductionHistory, query={"limit": arguments.limit})
    return found if arguments.json else [_line(one) for one in found.publications]


def _line(one: Publication) -> dict[str, str]:
    return {
        "commit": one.sha[:7],
        "when": one.published,
        "because": one.because + (", forced" if one.forced else ""),
        "by": one.by,
        "why": one.why or one.summary,
    }


def _look(arguments: argparse.Namespace, client: Client) -> Production | None:
    id = _project(arguments, client).id
    deadline = time.monotonic() + (arguments.timeout if arguments.wait else 0)
    while True:
        project = client.call("POST", f"/projects/{id}/look", reply=Project)
        missing = _missing(arguments.sha, project, client)
        if missing is None:
            return project.production
        pinned = project.production is not None and project.production.pin is not None
        if pinned or time.monotonic() >= deadline:
            raise missing
        time.sleep(min(2, max(0, deadline - time.monotonic())))


def _missing(sha: str, project: Project, client: Client) -> ClientError | None:
    """Why production is not where it is wanted; None when it is."""
    if sha and project.production is not None:
        path = f"/projects/{project.id}/production/includes/{quote(sha, safe='')}"
        if client.call("GET", path, reply=Inclusion).included:
            return None
    if project.production is not None and (pin := project.production.pin) and sha:
        where = f"Production of {project.name} is pinned to {project.production.sha[:7]} by {pin.by}: {pin.why}."
        return ClientError(409, "pinned", where, f"`atrium projects unpin {project.name}` lets it follow again.")
    if project.problem is not None:
        return ClientError(503, project.problem.code, project.problem.message, project.problem.hint)
    if not sha and project.production is not None:
        return None
    at = project.production.sha[:7] if project.production else "nothing yet"
    return ClientError(
        409, "not_there", f"{sha[:7] or 'Nothing'} is not in production of {project.name}, which is at {at}.",
        f"It follows {project.followed_branch}: is the commit pushed to that branch?",
    )  # fmt: skip


def _pin(arguments: argparse.Namespace, client: Client) -> Production:
    wish = PinRequest(arguments.why, arguments.sha)
    return client.call("PUT", f"/projects/{_project(arguments, client).id}/production/pin", wish, Production)


def _unpin(arguments: argparse.Namespace, client: Client) -> Production:
    return client.call("DELETE", f"/projects/{_project(arguments, client).id}/production/pin", reply=Production)


def _webhook(arguments: argparse.Namespace, client: Client) -> Any:
    path = f"/projects/{_project(arguments, client).id}/webhook"
    if arguments.delete:
        client.call("DELETE", f"{path}/secret")
        return "Deliveries are refused from now on."
    if arguments.secret:
        made = client.call("POST", f"{path}/secret", reply=WebhookSecret)
        return {"url": client.url + made.path, "secret": made.secret}
    found = client.call("GET", path, reply=Webhook)
    return {
        "url": client.url + found.path, "secret made": found.made, "by": found.by,
        "last delivery": " ".join(filter(None, (found.last, found.last_time))),
    }  # fmt: skip


def _set(arguments: argparse.Namespace, client: Client) -> Project:
    wish = UpdateProject(strip_outputs=arguments.strip_outputs == "on")
    return client.call("PATCH", f"/projects/{_project(arguments, client).id}", wish, reply=Project)


def _project(arguments: argparse.Namespace, client: Client) -> Project:
    return lives.project_of(arguments.project, client)


def _path(arguments: argparse.Namespace, client: Client) -> str:
    project = _project(arguments, client)
    branch = getattr(arguments, "branch", "") or project.followed_branch
    return f"/projects/{project.id}/branches/{quote(branch, safe='')}"


def _ended(client: Client, operation: Operation) -> Any:
    """Its result; progress goes to the terminal meanwhile."""

    def show(now: Operation) -> None:
        if sys.stderr.isatty() and now.state == "running":
            share = f" {now.done * 100 // now.total} %" if now.total else ""
            print(f"\r\x1b[K{now.message}{share}", end="", file=sys.stderr, flush=True)

    done = client.wait(operation, on_progress=show)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return done.result
