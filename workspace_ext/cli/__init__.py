"""The command ``atrium``.

The operator's verbs (``up``, ``users``, ``doctor``, ``demo``) act on a home and run the server's own module; every
other room is a module here with ``register(verbs)``, thin over the REST client.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

from ..client import Client, ClientError
from .output import show

OPERATOR = {
    "up": "start the workspace",
    "demo": "start a workspace with the forecasting example; --check plays the journey and reports",
    "users": "add people, give them roles, print tokens",
    "trust-host": "let git talk to an SSH host, after its key was compared",
    "doctor": "what is there, what is missing, and the command that mends it",
}


def main(argv: list[str] | None = None) -> int:
    """Entry point of the command ``atrium``; returns the exit status, 0 only on success."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in OPERATOR:
        os.execv(sys.executable, [sys.executable, "-m", "workspace_server", *argv])
    arguments = _parser().parse_args(argv)
    try:
        value = arguments.run(arguments, _client(arguments))
    except ClientError as error:
        print(f"atrium: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    show(value, as_json=arguments.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    common.add_argument("--url", default=os.environ.get("ATRIUM_URL", ""), help="where the workspace is")
    common.add_argument("--token", default=os.environ.get("ATRIUM_TOKEN", ""), help="default: $ATRIUM_TOKEN")
    common.add_argument("--home", default=os.environ.get("ATRIUM_HOME", "~/.atrium"), help="to find a local workspace")
    parser = argparse.ArgumentParser(
        prog="atrium",
        description="A notebook-centric, collaborative data-science workspace.",
        epilog="\n".join(f"  {verb:<12}{what}" for verb, what in OPERATOR.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rooms = parser.add_subparsers(dest="room", required=True, metavar="ROOM")
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        # The others are parts of these.
        if register := getattr(importlib.import_module(f"{__name__}.{module.name}"), "register", None):
            register(rooms)
    _share(parser, common)
    return parser


def _share(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give every verb the common options, so that they may stand where one types them: at the end."""
    children = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in children:
        for child in set(action.choices.values()):
            _share(child, common)
    if not children:
        parser._add_container_actions(common)


def _client(arguments: argparse.Namespace) -> Client:
    url = arguments.url
    if not url:
        try:
            address = Path(arguments.home).expanduser() / "run" / "server.json"
            url = json.loads(address.read_text())["url"]
        except (OSError, ValueError, KeyError):
            raise ClientError(
                0, "no_server", f"No workspace runs on {arguments.home}.", "Start it with `atrium up`, or give --url."
            ) from None
    if not arguments.token:
        raise ClientError(
            0,
            "no_token",
            "There is no token to sign in with.",
            "Set ATRIUM_TOKEN to what `atrium users token NAME` prints.",
        )
    return Client(url, arguments.token)
