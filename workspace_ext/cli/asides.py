"""`atrium projects aside <verb>`: changes that are put aside, and brought back."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.asides import Aside, AsideList, BringBack, BroughtBack, PutAside
from .lives import project_of


def add_verbs(room: Any) -> None:
    """Add `aside` to the verbs of the room of projects."""
    verbs = room.add_parser("aside", help="put changes aside, and bring them back").add_subparsers(
        dest="action", required=True, metavar="VERB"
    )

    def verb(name: str, help: str, run: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, help=help)
        parser.add_argument("project", help="name or id")
        parser.set_defaults(run=run)
        return parser

    verb("list", "what is put aside", _list)
    put = verb("put", "put files back to the last commit, and keep what they were", _put)
    put.add_argument("paths", nargs="*", help="default: every changed file")
    put.add_argument("-m", "--message", default="", help="what it is about")
    back = verb("back", "bring changes back, merged with what is there", _back)
    back.add_argument("--name", default="", help="of the list; default: the newest of the branch")
    back.add_argument("--take", choices=["mine", "theirs", "both"], default="", help="where both changed the same")
    for parser in (put, back):
        parser.add_argument("--branch", default="", help="default: the followed branch")
    drop = verb("drop", "take it off the list", _drop)
    drop.add_argument("name")


def _list(arguments: argparse.Namespace, client: Client) -> list[Aside]:
    path = f"/projects/{project_of(arguments.project, client).id}/asides"
    return client.call("GET", path, reply=AsideList).asides


def _put(arguments: argparse.Namespace, client: Client) -> Aside:
    path, _ = _branch(arguments, client)
    return client.call("POST", f"{path}/asides", PutAside(arguments.paths, arguments.message), reply=Aside)


def _back(arguments: argparse.Namespace, client: Client) -> BroughtBack:
    path, branch = _branch(arguments, client)
    name = arguments.name
    if not name:
        name = next((one.name for one in _list(arguments, client) if one.branch == branch), "")
    if not name:
        raise ClientError(
            404, "nothing_aside", f"Nothing of {branch} is put aside.", "See `atrium projects aside list`."
        )
    return client.call("POST", f"{path}/asides/{name}/bring-back", BringBack(arguments.take), reply=BroughtBack)


def _drop(arguments: argparse.Namespace, client: Client) -> None:
    client.call(
        "DELETE", f"/projects/{project_of(arguments.project, client).id}/asides/{quote(arguments.name, safe='')}"
    )


def _branch(arguments: argparse.Namespace, client: Client) -> tuple[str, str]:
    project = project_of(arguments.project, client)
    branch = arguments.branch or project.followed_branch
    return f"/projects/{project.id}/branches/{quote(branch, safe='')}", branch
