"""`atrium dashboards <verb>`: present notebooks and share them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..client import Client
from ..contract.dashboards import CreateDashboard, CreateLink, Dashboard, DashboardList, Link, LinkList


def register(verbs: Any) -> None:
    """Add the room to the command."""
    room = verbs.add_parser("dashboards", help="present notebooks and share them").add_subparsers(
        dest="verb", required=True, metavar="VERB"
    )
    listing = room.add_parser("list", help="every dashboard")
    listing.add_argument("--notebook", help="only those of this notebook; its path below work/")
    listing.set_defaults(run=_list)
    create = room.add_parser("create", help="present a notebook")
    create.add_argument("notebook", help="its path below work/")
    create.add_argument("--title", default="", help="default: the notebook's first heading")
    create.set_defaults(run=_create)
    link = room.add_parser("link", help="make a link that needs no account")
    link.add_argument("name")
    link.add_argument("--days", type=int, default=30, help="until it expires, 1 to 365 (default: 30)")
    link.add_argument("--label", default="", help="for whom it is")
    link.set_defaults(run=_link)
    links = room.add_parser("links", help="the links of a dashboard")
    links.add_argument("name")
    links.set_defaults(run=_links)
    revoke = room.add_parser("revoke", help="take a link back, at once")
    revoke.add_argument("name")
    revoke.add_argument("link", help="its id, which `links` prints")
    revoke.set_defaults(run=_revoke)
    delete = room.add_parser("delete", help="delete a dashboard with its links")
    delete.add_argument("name")
    delete.set_defaults(run=_delete)


def _list(arguments: argparse.Namespace, client: Client) -> DashboardList:
    return client.call("GET", "/dashboards", reply=DashboardList, query={"notebook": arguments.notebook})


def _create(arguments: argparse.Namespace, client: Client) -> Dashboard:
    made = client.call("POST", "/dashboards", CreateDashboard(arguments.notebook, arguments.title), reply=Dashboard)
    return replace(made, url=client.url + made.url)


def _link(arguments: argparse.Namespace, client: Client) -> Link:
    wish = CreateLink(arguments.days, arguments.label)
    made = client.call("POST", f"/dashboards/{quote(arguments.name)}/links", wish, reply=Link)
    return replace(made, url=client.url + made.url)


def _links(arguments: argparse.Namespace, client: Client) -> LinkList:
    return client.call("GET", f"/dashboards/{quote(arguments.name)}/links", reply=LinkList)


def _revoke(arguments: argparse.Namespace, client: Client) -> None:
    client.call("DELETE", f"/dashboards/{quote(arguments.name)}/links/{quote(arguments.link)}")


def _delete(arguments: argparse.Namespace, client: Client) -> None:
    client.call("DELETE", f"/dashboards/{quote(arguments.name)}")
