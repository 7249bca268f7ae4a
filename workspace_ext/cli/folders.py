"""`atrium projects folders`: some folders of a large repository only."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ..client import Client
from ..contract.folders import ChooseFolders, FolderList
from ..contract.operations import Operation
from ..contract.projects import Project


def add_verbs(
    verb: Callable[..., argparse.ArgumentParser],
    project_of: Callable[[argparse.Namespace, Client], Project],
    ended: Callable[[Client, Operation], Any],
) -> None:
    def run(arguments: argparse.Namespace, client: Client) -> Any:
        path = f"/projects/{project_of(arguments, client).id}/folders"
        if arguments.add or arguments.remove or arguments.all:
            before = client.call("GET", path, reply=FolderList)
            chosen = None if arguments.all else sorted({*_of(before), *arguments.add} - {*arguments.remove})
            ended(client, client.call("PUT", path, ChooseFolders(chosen), reply=Operation))
        found = client.call("GET", path, reply=FolderList, query={"within": arguments.within.strip("/")})
        return found if arguments.json else [_line(one.path, one.files, one.bytes, found) for one in found.folders]

    folders = verb("folders", "which folders are checked out, on every branch; adding and removing some", run)
    folders.add_argument("--add", nargs="+", default=[], metavar="FOLDER")
    folders.add_argument("--remove", nargs="+", default=[], metavar="FOLDER", help="from the disk, not from git")
    folders.add_argument("--all", action="store_true", help="check out everything")
    folders.add_argument("--within", default="", metavar="FOLDER", help="list the folders in this one")


def _of(listed: FolderList) -> list[str]:
    """What is checked out, as a list; of everything the folders at the top."""
    return listed.chosen if listed.chosen is not None else [one.path for one in listed.folders]


def _line(path: str, files: int, size: int, listed: FolderList) -> dict[str, Any]:
    chosen = listed.chosen
    whole = chosen is None or any(f"{path}/".startswith(f"{one}/") for one in chosen)
    part = not whole and any(one.startswith(f"{path}/") for one in chosen or [])
    return {"folder": path, "checked out": "yes" if whole else "in part" if part else "", "files": files, "bytes": size}
