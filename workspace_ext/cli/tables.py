"""`atrium tables <verb>`: look at the workspace's tables."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import quote

from ..client import Client
from ..contract.tables import RestoreTable, Table, TableHistory, TableList, TablePreview


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser(
        "tables", help="look at the workspace's tables, and bring back what they held"
    ).add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = room.add_parser("list", help="every table")
    listing.set_defaults(run=_list)
    preview = room.add_parser("preview", help="the first rows of a table")
    preview.add_argument("name")
    preview.add_argument("--limit", type=int, default=20, help="how many rows, 1 to 1000 (default: 20)")
    preview.add_argument("--version", type=int, help="an earlier version of the table")
    preview.set_defaults(run=_preview)
    history = room.add_parser("history", help="the versions of a table, newest first")
    history.add_argument("name")
    history.add_argument("--limit", type=int, default=20, help="how many versions, 1 to 1000 (default: 20)")
    history.set_defaults(run=_history)
    restore = room.add_parser("restore", help="bring back what a table held at a version, as its newest one")
    restore.add_argument("name")
    restore.add_argument("version", type=int)
    restore.set_defaults(run=_restore)
    for verb in (listing, preview, history, restore):
        verb.add_argument("--notebook", default="", help="as this notebook sees it; its path below work/")


def _list(arguments: argparse.Namespace, client: Client) -> TableList:
    return client.call("GET", "/tables", reply=TableList, query={"notebook": arguments.notebook})


def _preview(arguments: argparse.Namespace, client: Client) -> TablePreview | list[dict[str, Any]]:
    query = {"limit": arguments.limit, "version": arguments.version, "notebook": arguments.notebook}
    found = client.call("GET", f"/tables/{quote(arguments.name)}/preview", reply=TablePreview, query=query)
    if arguments.json:
        return found
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def _history(arguments: argparse.Namespace, client: Client) -> TableHistory:
    query = {"limit": arguments.limit, "notebook": arguments.notebook}
    return client.call("GET", f"/tables/{quote(arguments.name)}/history", reply=TableHistory, query=query)


def _restore(arguments: argparse.Namespace, client: Client) -> Table:
    body = RestoreTable(arguments.version, arguments.notebook)
    return client.call("POST", f"/tables/{quote(arguments.name)}/restore", body, reply=Table)
