"""`atrium projects log`, `show`, `compare`, `blame`, `restore-file` and `pull-request`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from ..client import Client, ClientError
from ..contract.commits import Blame, CommitDetails, CommitGraph, Comparison, RestoredFile, RestoreFile
from ..contract.pull_requests import HostedBranch, MergePullRequest

Path = Callable[[argparse.Namespace, Client], str]


def add_verbs(verb: Callable[..., argparse.ArgumentParser], path_of: Path) -> None:
    """Add these verbs to the room of projects; ``path_of`` gives the path of the branch that the arguments name."""

    def run(call: Callable[[argparse.Namespace, Client, str], Any]) -> Callable[[argparse.Namespace, Client], Any]:
        return lambda arguments, client: call(arguments, client, path_of(arguments, client))

    log = verb("log", "the commits of a branch, newest first", run(_log), branch=True)
    log.add_argument("--all", action="store_true", help="of every branch")
    log.add_argument("--message", default="", help="only those that say this, or have this id")
    log.add_argument("--author", default="", help="only those of somebody")
    log.add_argument("--path", default="", help="only those that changed such files")
    log.add_argument("--limit", type=int, default=20)
    show = verb("show", "a commit, and the files that it changed", run(_show))
    show.add_argument("commit", help="id, branch or tag")
    compare = verb("compare", "the files that differ between two commits, branches or tags", run(_compare))
    compare.add_argument("old")
    compare.add_argument("new")
    blame = verb("blame", "who last changed each cell of a notebook", run(_blame), branch=True)
    blame.add_argument("notebook")
    restore = verb(
        "restore-file", "make a file what it is in a commit, also beneath open documents", run(_restore), branch=True
    )
    restore.add_argument("path")
    restore.add_argument("--from", dest="commit", required=True, metavar="COMMIT", help="id, branch or tag")
    request = verb("pull-request", "the pull request of a branch on its git host", run(_request), branch=True)
    request.add_argument("--merge", action="store_true", help="merge it there, with your own token")


def _project_path(branch_path: str) -> str:
    return branch_path.partition("/branches/")[0]


def _log(arguments: argparse.Namespace, client: Client, path: str) -> Any:
    asked = {
        "branch": "" if arguments.all else arguments.branch or _branch_of(path), "message": arguments.message,
        "author": arguments.author, "path": arguments.path, "limit": arguments.limit,
    }  # fmt: skip
    found = client.call("GET", f"{_project_path(path)}/graph", reply=CommitGraph, query=asked)
    if arguments.json:
        return found
    return [
        {
            "commit": one.sha[:7],
            "when": one.time,
            "author": one.author,
            "refs": ", ".join(ref.name for ref in one.refs if ref.kind != "remote"),
            "summary": one.summary,
        }
        for one in found.commits
    ]


def _branch_of(path: str) -> str:
    return unquote(path.partition("/branches/")[2])


def _show(arguments: argparse.Namespace, client: Client, path: str) -> Any:
    where = f"{_project_path(path)}/commits/{quote(arguments.commit, safe='')}"
    found = client.call("GET", where, reply=CommitDetails)
    return found if arguments.json else found.changes.files


def _compare(arguments: argparse.Namespace, client: Client, path: str) -> Any:
    asked = {"old": arguments.old, "new": arguments.new}
    found = client.call("GET", f"{_project_path(path)}/compare", reply=Comparison, query=asked)
    return found if arguments.json else found.files


def _blame(arguments: argparse.Namespace, client: Client, path: str) -> Any:
    found = client.call("GET", f"{path}/blame", reply=Blame, query={"path": arguments.notebook})
    if arguments.json:
        return found
    commits = {one.sha: one for one in found.commits}
    return [
        {
            "cell": cell.index,
            "commit": cell.commit[:7],
            "author": commits[cell.commit].author if cell.commit else "not committed yet",
            "when": commits[cell.commit].time if cell.commit else "",
            "summary": commits[cell.commit].summary if cell.commit else "",
        }
        for cell in found.cells
    ]


def _restore(arguments: argparse.Namespace, client: Client, path: str) -> RestoredFile:
    wish = RestoreFile(arguments.path, arguments.commit)
    return client.call("POST", f"{path}/restore-file", wish, reply=RestoredFile)


def _request(arguments: argparse.Namespace, client: Client, path: str) -> HostedBranch:
    found = client.call("GET", f"{path}/pull-request", reply=HostedBranch)
    if not arguments.merge:
        return found
    if found.problem is not None:
        raise ClientError(503, found.problem.code, found.problem.message, found.problem.hint)
    if found.request is None or found.request.state != "open":
        hint = f"Open one: {found.new_url}" if found.new_url else "Open one on the host."
        raise ClientError(404, "no_pull_request", f"{found.branch} has no open pull request that is known here.", hint)
    wish = MergePullRequest(found.request.number, found.request.head)
    return client.call("POST", f"{path}/pull-request/merge", wish, reply=HostedBranch)
