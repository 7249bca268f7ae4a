"""`atrium comments <verb>`: what is said in the review of a branch, and about a notebook."""

from __future__ import annotations

import argparse
import re
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.comments import CommentText, NewReviewThread, ReviewThreads, Spot, Thread, ThreadList
from ..contract.projects import Review
from .lives import project_of


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("comments", help="threads in reviews and on notebooks").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )

    def verb(name: str, help: str, run: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = room.add_parser(name, help=help)
        parser.set_defaults(run=run)
        return parser

    listing = verb("list", "the threads of a notebook, or of another file", _list)
    listing.add_argument("notebook", help="its path below the workspace's work folder")
    review = verb("review", "the threads in the review of a branch", _review)
    begin = verb("begin", "begin a thread in the review of a branch", _begin)
    for parser in (review, begin):
        parser.add_argument("project", help="name or id")
        parser.add_argument("branch")
    begin.add_argument("path", help="the file, within the project")
    begin.add_argument("text")
    begin.add_argument("--lines", default="", metavar="3 or 3-5", help="default: the whole file or cell")
    begin.add_argument("--cell", default="", help="the id of a notebook's cell; lines are counted in it")
    begin.add_argument("--old", action="store_true", help="lines as they were before")
    reply = verb("reply", "reply in a thread", _reply)
    for parser in (reply, verb("resolve", "resolve a thread", _settle), verb("reopen", "open it again", _settle)):
        parser.add_argument("thread", help="its id")
    reply.add_argument("text")


def _list(arguments: argparse.Namespace, client: Client) -> Any:
    found = client.call("GET", "/comments", reply=ThreadList, query={"notebook": arguments.notebook})
    return found if arguments.json else [_told(thread) for thread in found.threads]


def _review(arguments: argparse.Namespace, client: Client) -> Any:
    found = client.call("GET", f"{_path(arguments, client)}/threads", reply=ReviewThreads)
    if arguments.json:
        return found
    return [{**_told(one.thread), "where": _where(one.path, one.spot)} for one in found.threads]


def _begin(arguments: argparse.Namespace, client: Client) -> Thread:
    lines = re.fullmatch(r"([1-9]\d*)(?:-([1-9]\d*))?", arguments.lines)
    if arguments.lines and not lines:
        raise ClientError(0, "invalid_lines", f"{arguments.lines!r} is no range of lines.", "Write 3, or 3-5.")
    path = _path(arguments, client)
    review = client.call("GET", path, reply=Review)
    first = int(lines[1]) - 1 if lines else None
    last = int(lines[2] or lines[1]) - 1 if lines else None
    side, commit = ("old", review.fork) if arguments.old else ("new", review.head)
    wish = NewReviewThread(arguments.path, commit, arguments.text, side, arguments.cell, first, last)  # type: ignore[arg-type]
    return client.call("POST", f"{path}/threads", wish, reply=Thread)


def _reply(arguments: argparse.Namespace, client: Client) -> Thread:
    path = f"/comments/{quote(arguments.thread, safe='')}/comments"
    return client.call("POST", path, CommentText(arguments.text), reply=Thread)


def _settle(arguments: argparse.Namespace, client: Client) -> Thread:
    return client.call("POST", f"/comments/{quote(arguments.thread, safe='')}/{arguments.verb}", reply=Thread)


def _path(arguments: argparse.Namespace, client: Client) -> str:
    project = project_of(arguments.project, client)
    return f"/projects/{project.id}/branches/{quote(arguments.branch, safe='')}/review"


def _told(thread: Thread) -> dict[str, Any]:
    return {
        "thread": thread.id,
        "state": thread.state,
        "by": thread.created_by.display_name,
        "comments": len(thread.comments),
        "said": thread.comments[0].text.splitlines()[0],
    }


def _where(path: str, spot: Spot | None) -> str:
    if spot is None:
        return f"{path}, outdated"
    where = f"{path} cell {spot.cell_id}" if spot.cell_id else path
    if spot.first is None or spot.last is None:
        return where
    lines = f"{spot.first + 1}" if spot.first == spot.last else f"{spot.first + 1}-{spot.last + 1}"
    return f"{where}:{lines}{' (old)' if spot.side == 'old' else ''}"
