"""`atrium projects diff|commit|discard|undo-discard`: what becomes a commit, and what is thrown away."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from ..client import Client, ClientError
from ..contract.committing import CommitRequest, Discarded, DiscardRequest, LastCommit, PartialFile, Restore
from ..contract.projects import Commit, FileDiff, PathList, Status

Where = Callable[[argparse.Namespace, Client], str]


def add_verbs(verb: Any, where: Where) -> None:
    """Add these to the verbs of the room of projects. ``where``: the address of the branch that is meant."""
    diff = verb("diff", "what changed in a file, and the names of its changes", partial(_diff, where), branch=True)
    diff.add_argument("path")
    commit = verb("commit", "commit changed files, or some of their changes", partial(_commit, where), branch=True)
    commit.add_argument("paths", nargs="*", help="default: every changed file; with --amend none")
    commit.add_argument("-m", "--message", default="", help="the summary; needed without --amend")
    commit.add_argument("--description", default="")
    commit.add_argument(
        "--only", action="append", metavar="CHANGE", help="of the one file, only this; as `diff` names it"
    )
    commit.add_argument(
        "--co-author", action="append", default=[], metavar="NAME", help="who signs in so, or 'Name <mail>'"
    )
    commit.add_argument("--amend", action="store_true", help="in place of the last commit, if that is not pushed")
    discard = verb("discard", "put changed files back to the last commit", partial(_discard, where), branch=True)
    discard.add_argument("paths", nargs="+")
    discard.add_argument("--only", action="append", metavar="CHANGE", help="of the one file, only this")
    restore = verb("undo-discard", "bring back what was discarded", partial(_restore, where), branch=True)
    restore.add_argument("backup", help="as `discard` printed it")


def _diff(where: Where, arguments: argparse.Namespace, client: Client) -> Any:
    found = client.call("GET", f"{where(arguments, client)}/diff", reply=FileDiff, query={"path": arguments.path})
    if arguments.json:
        return found
    if found.kind != "notebook":
        return "\n".join(filter(None, [found.text, *(f"change: {part}" for part in found.parts)]))
    rows = [
        {"change": cell.part, "cell": cell.index, "what": cell.change, "outputs": cell.outputs, "source": cell.diff}
        for cell in found.cells
    ]
    if found.rest:
        rows.append({"change": "rest", "cell": "", "what": ", ".join(found.rest), "outputs": 0, "source": ""})
    return rows


def _commit(where: Where, arguments: argparse.Namespace, client: Client) -> Commit:
    path = where(arguments, client)
    paths, partial = _chosen(arguments)
    message, description, amended, co_authors = arguments.message, arguments.description, "", arguments.co_author
    if arguments.amend:
        last = client.call("GET", f"{path}/last-commit", reply=LastCommit)
        amended = last.commit.sha
        message, description = message or last.commit.summary, description or last.commit.description
        co_authors = [*last.co_authors, *co_authors]
    elif not message:
        raise ClientError(0, "empty_summary", "The commit has no summary.", "Say what changed: -m 'A few words'.")
    elif not paths and not partial:
        paths = [file.path for file in client.call("GET", f"{path}/status", reply=Status).files]
    asked = CommitRequest(paths, message, description, partial, co_authors, amended)
    return client.call("POST", f"{path}/commit", asked, reply=Commit)


def _discard(where: Where, arguments: argparse.Namespace, client: Client) -> Discarded:
    asked = DiscardRequest(*_chosen(arguments))
    return client.call("POST", f"{where(arguments, client)}/discard", asked, reply=Discarded)


def _restore(where: Where, arguments: argparse.Namespace, client: Client) -> PathList:
    return client.call("POST", f"{where(arguments, client)}/restore", Restore(arguments.backup), reply=PathList)


def _chosen(arguments: argparse.Namespace) -> tuple[list[str], list[PartialFile]]:
    if arguments.only is None:
        return arguments.paths, []
    if len(arguments.paths) != 1:
        raise ClientError(0, "no_files", "--only is for the changes of one file.", "Name that file.")
    return [], [PartialFile(arguments.paths[0], arguments.only)]
