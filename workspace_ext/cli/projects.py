"""`atrium projects <verb>`: clone, work on branches, merge, look at production."""

from __future__ import annotations

import argparse
import sys
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.operations import Operation
from ..contract.projects import (
    BranchList,
    CloneProject,
    Commit,
    CommitRequest,
    CreateBranch,
    MergeRequest,
    OpenedBranch,
    Production,
    Project,
    ProjectList,
    Status,
    SwitchBranch,
)


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
    branch = verb("branch", "list the branches, or begin a new one with the uncommitted edits", _branch)
    branch.add_argument("name", nargs="?", default="")
    branch.add_argument("--source", default="", help="where it begins; default: the followed branch")
    branch.add_argument("--no-carry", action="store_true", help="leave uncommitted edits where they are")
    switch = verb("switch", "check out an existing branch, if it is not yet", _switch)
    switch.add_argument("branch")
    verb("status", "changed files", _status, branch=True)
    commit = verb("commit", "commit changed files", _commit, branch=True)
    commit.add_argument("paths", nargs="*", help="default: every changed file")
    commit.add_argument("-m", "--message", required=True, help="the summary")
    commit.add_argument("--description", default="")
    verb("push", "push a branch", _push, branch=True)
    verb("pull", "fast-forward a branch", _pull, branch=True)
    merge = verb("merge", "merge a pushed branch into the followed one on the remote", _merge)
    merge.add_argument("branch")
    merge.add_argument("-m", "--message", default="", help="the summary of the merge")
    verb("production", "the published commit", _production)
    delete = verb("delete", "remove a project from this workspace", _delete)
    delete.add_argument("--force", action="store_true", help="also when something exists only here")


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
    asked = CloneProject(arguments.repository, arguments.name)
    return _ended(client, client.call("POST", "/projects", asked, reply=Operation))


def _branch(arguments: argparse.Namespace, client: Client) -> Any:
    project = _project(arguments, client)
    if not arguments.name:
        return client.call("GET", f"/projects/{project.id}/branches", reply=BranchList)
    asked = CreateBranch(arguments.name, arguments.source, not arguments.no_carry)
    return client.call("POST", f"/projects/{project.id}/branches", asked, reply=OpenedBranch)


def _switch(arguments: argparse.Namespace, client: Client) -> Any:
    project = _project(arguments, client)
    return client.call("POST", f"/projects/{project.id}/switch", SwitchBranch(arguments.branch), reply=OpenedBranch)


def _status(arguments: argparse.Namespace, client: Client) -> Any:
    status = client.call("GET", f"{_path(arguments, client)}/status", reply=Status)
    return status if arguments.json else status.files


def _commit(arguments: argparse.Namespace, client: Client) -> Any:
    path = _path(arguments, client)
    paths = arguments.paths
    if not paths:
        paths = [file.path for file in client.call("GET", f"{path}/status", reply=Status).files]
    asked = CommitRequest(paths, arguments.message, arguments.description)
    return client.call("POST", f"{path}/commit", asked, reply=Commit)


def _push(arguments: argparse.Namespace, client: Client) -> Any:
    return _ended(client, client.call("POST", f"{_path(arguments, client)}/push", reply=Operation))


def _pull(arguments: argparse.Namespace, client: Client) -> Any:
    return _ended(client, client.call("POST", f"{_path(arguments, client)}/pull", reply=Operation))


def _merge(arguments: argparse.Namespace, client: Client) -> Any:
    asked = MergeRequest(arguments.message)
    return _ended(client, client.call("POST", f"{_path(arguments, client)}/merge", asked, reply=Operation))


def _production(arguments: argparse.Namespace, client: Client) -> Production:
    return client.call("GET", f"/projects/{_project(arguments, client).id}/production", reply=Production)


def _delete(arguments: argparse.Namespace, client: Client) -> None:
    query = {"force": "true" if arguments.force else "false"}
    client.call("DELETE", f"/projects/{_project(arguments, client).id}", query=query)


def _project(arguments: argparse.Namespace, client: Client) -> Project:
    for project in client.call("GET", "/projects", reply=ProjectList).projects:
        if arguments.project in (project.id, project.name):
            return project
    raise ClientError(
        404, "no_such_project", f"There is no project {arguments.project!r}.", "`atrium projects list` shows them all."
    )


def _path(arguments: argparse.Namespace, client: Client) -> str:
    project = _project(arguments, client)
    return f"/projects/{project.id}/branches/{quote(arguments.branch or project.followed_branch, safe='')}"


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
