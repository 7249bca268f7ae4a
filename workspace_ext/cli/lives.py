"""`atrium projects <verb>`: how branches and projects end, rest, and come back."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.lives import (
    BranchCost,
    DeletedBranch,
    DeletedBranchList,
    DeletedProject,
    DeletedProjectList,
    ProjectCost,
    RenameBranch,
    RenamedBranch,
)
from ..contract.projects import OpenedBranch, Project, ProjectList


def add_verbs(room: Any) -> None:
    """Add them to the verbs of the room of projects."""

    def verb(name: str, help: str, run: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = room.add_parser(name, help=help)
        parser.add_argument("project", help="name or id")
        parser.set_defaults(run=run)
        return parser

    rename = verb("rename-branch", "give a branch another name; its folder stays", _rename)
    rename.add_argument("branch")
    rename.add_argument("name")
    gone = verb("delete-branch", "put a branch into the trash, for a week", _delete_branch)
    gone.add_argument("branch")
    gone.add_argument("--cost", action="store_true", help="only say what it would take away")
    verb("archive", "put a project to rest: its schedules pause, its remote is not looked at", _archive)
    verb("unarchive", "wake a project", _unarchive)
    delete = verb("delete", "put a project into the trash, for a week; the remote is not touched", _delete)
    delete.add_argument("--name", default="", help="the project's name once more, to be sure")
    delete.add_argument("--now", action="store_true", help="for good, without a way back")
    delete.add_argument("--cost", action="store_true", help="only say what it would take away")
    trash = room.add_parser("trash", help="what can be brought back: projects, or branches of one")
    trash.add_argument("project", nargs="?", default="", help="name or id")
    trash.set_defaults(run=_trash)
    restore = room.add_parser("restore", help="bring a deleted project back, or a branch of one")
    restore.add_argument("project", help="name or id")
    restore.add_argument("--branch", default="", help="name, or what it is kept under")
    restore.set_defaults(run=_restore)


def project_of(name: str, client: Client) -> Project:
    """A project by name or id."""
    for project in client.call("GET", "/projects", reply=ProjectList).projects:
        if name in (project.id, project.name):
            return project
    raise ClientError(
        404, "no_such_project", f"There is no project {name!r}.", "`atrium projects list` shows them all."
    )


def _branch(arguments: argparse.Namespace, client: Client) -> str:
    project = project_of(arguments.project, client)
    return f"/projects/{project.id}/branches/{quote(arguments.branch, safe='')}"


def _rename(arguments: argparse.Namespace, client: Client) -> RenamedBranch:
    return client.call("PATCH", _branch(arguments, client), RenameBranch(arguments.name), reply=RenamedBranch)


def _delete_branch(arguments: argparse.Namespace, client: Client) -> BranchCost | DeletedBranch:
    path = _branch(arguments, client)
    if arguments.cost:
        return client.call("GET", f"{path}/cost", reply=BranchCost)
    return client.call("DELETE", path, reply=DeletedBranch)


def _archive(arguments: argparse.Namespace, client: Client) -> None:
    client.call("POST", f"/projects/{project_of(arguments.project, client).id}/archive", reply=Project)


def _unarchive(arguments: argparse.Namespace, client: Client) -> None:
    client.call("POST", f"/projects/{project_of(arguments.project, client).id}/unarchive", reply=Project)


def _delete(arguments: argparse.Namespace, client: Client) -> ProjectCost | None:
    project = project_of(arguments.project, client)
    if arguments.cost:
        return client.call("GET", f"/projects/{project.id}/cost", reply=ProjectCost)
    query = {"name": arguments.name, "now": "true" if arguments.now else "false"}
    client.call("DELETE", f"/projects/{project.id}", query=query)
    return None


def _trash(arguments: argparse.Namespace, client: Client) -> Any:
    if not arguments.project:
        return client.call("GET", "/deleted-projects", reply=DeletedProjectList).projects
    path = f"/projects/{project_of(arguments.project, client).id}/deleted-branches"
    return client.call("GET", path, reply=DeletedBranchList).branches


def _restore(arguments: argparse.Namespace, client: Client) -> Project | OpenedBranch:
    if not arguments.branch:
        return client.call("POST", f"/deleted-projects/{_gone(arguments, client).id}/restore", reply=Project)
    path = f"/projects/{project_of(arguments.project, client).id}/deleted-branches"
    for kept in client.call("GET", path, reply=DeletedBranchList).branches:
        if arguments.branch in (kept.branch, kept.backup):
            return client.call("POST", f"{path}/{kept.backup}/restore", reply=OpenedBranch)
    raise ClientError(
        404, "not_kept", f"No branch {arguments.branch!r} is kept.",
        f"`atrium projects trash {arguments.project}` shows those that are.",
    )  # fmt: skip


def _gone(arguments: argparse.Namespace, client: Client) -> DeletedProject:
    for project in client.call("GET", "/deleted-projects", reply=DeletedProjectList).projects:
        if arguments.project in (project.id, project.name):
            return project
    raise ClientError(
        404, "not_kept", f"No project {arguments.project!r} is kept.", "`atrium projects trash` shows those that are."
    )
