"""`atrium environments <verb>`: the environment that a notebook runs in."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from ..client import Client, ClientError
from ..contract.environments import EnvironmentStatus, OfNotebook, Package


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("environments", help="the environments that notebooks run in").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    show = room.add_parser("show", help="how a notebook's environment is, and its packages")
    show.set_defaults(run=_show)
    prebuild = room.add_parser("prebuild", help="build a notebook's environment and wait for it")
    prebuild.set_defaults(run=_prebuild)
    for verb in (show, prebuild):
        verb.add_argument("notebook", help="its path below work/")


def _show(arguments: argparse.Namespace, client: Client) -> EnvironmentStatus | list[Package]:
    status = _status(arguments, client)
    return status if arguments.json or status.state != "ready" else status.packages


def _status(arguments: argparse.Namespace, client: Client) -> EnvironmentStatus:
    return client.call("GET", "/environments", reply=EnvironmentStatus, query={"notebook": arguments.notebook})


def _prebuild(arguments: argparse.Namespace, client: Client) -> EnvironmentStatus | list[Package]:
    body = OfNotebook(arguments.notebook)
    status = client.call("POST", "/environments/prebuild", body, reply=EnvironmentStatus)
    said = ""
    while status.state == "building":
        if status.message != said and not arguments.json:
            said = status.message
            print(said, file=sys.stderr)
        time.sleep(0.3)
        status = _status(arguments, client)
    if status.error is not None:
        if status.detail:
            print(status.detail, file=sys.stderr)
        raise ClientError(422, status.error.code, status.error.message, status.error.hint)
    return status if arguments.json else status.packages
