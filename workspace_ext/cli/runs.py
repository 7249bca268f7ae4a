"""`atrium runs <verb>`: what ran, how it ended, and why."""

from __future__ import annotations

import argparse
from typing import Any

from ..client import Client
from ..contract.jobs import Run, RunList, RunLog, StartRun
from .jobs import cluster_choice, parameter, project_id, wait


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("runs", help="what ran, how it ended, and why").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    listing = room.add_parser("list", help="the last runs, newest first")
    listing.add_argument("--schedule", help="id of a schedule")
    listing.add_argument("--project", help="name or id")
    listing.add_argument("--limit", type=int, default=20)
    listing.set_defaults(run=_list)
    start = room.add_parser("start", help="run a notebook of the followed branch once")
    start.add_argument("project", help="name or id")
    start.add_argument("notebook", help="its path in the project")
    start.add_argument("--cluster", type=cluster_choice, help="of its own: dask, spark, dask:2 or dask:1-4")
    start.add_argument("--parameter", "-p", type=parameter, action="append", default=[], metavar="NAME=VALUE")
    start.add_argument("--timeout", type=int, default=6 * 3600, help="seconds that it may take (default: 6 hours)")
    start.add_argument("--wait", action="store_true", help="until it has ended; status 1 unless it succeeded")
    start.set_defaults(run=_start)
    for name, what, call in (
        ("show", "everything of one run", _show),
        ("cancel", "stop it", _cancel),
        ("log", "the end of its log", _log),
        ("notebook", "print the executed notebook (JSON)", _notebook),
    ):
        verb = room.add_parser(name, help=what)
        verb.add_argument("id")
        verb.set_defaults(run=call)


def _list(arguments: argparse.Namespace, client: Client) -> Any:
    query = {
        "schedule": arguments.schedule,
        "project": project_id(client, arguments.project) if arguments.project else None,
        "limit": arguments.limit,
    }
    found = client.call("GET", "/runs", reply=RunList, query=query)
    return found if arguments.json else [_row(run) for run in found.runs]


def _row(run: Run) -> dict[str, str]:
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "started": run.started or run.queued,
        "commit": run.commit[:7],
        "message": run.error.message if run.error else run.message,
    }


def _start(arguments: argparse.Namespace, client: Client) -> Run:
    wish = StartRun(
        project=project_id(client, arguments.project),
        notebook=arguments.notebook,
        cluster=arguments.cluster,
        parameters=dict(arguments.parameter),
        timeout=arguments.timeout,
    )
    run = client.call("POST", "/runs", wish, Run)
    return wait(client, run) if arguments.wait else run


def _show(arguments: argparse.Namespace, client: Client) -> Run:
    return client.call("GET", f"/runs/{arguments.id}", reply=Run)


def _cancel(arguments: argparse.Namespace, client: Client) -> Run:
    return client.call("POST", f"/runs/{arguments.id}/cancel", reply=Run)


def _log(arguments: argparse.Namespace, client: Client) -> RunLog | str:
    log = client.call("GET", f"/runs/{arguments.id}/log", reply=RunLog)
    return log if arguments.json else log.text


def _notebook(arguments: argparse.Namespace, client: Client) -> str:
    return client.fetch("GET", f"/runs/{arguments.id}/notebook.ipynb").decode()
