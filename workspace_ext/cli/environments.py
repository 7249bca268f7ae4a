"""`atrium environments <verb>`: the environment that a notebook runs in."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from ..client import Client, ClientError
from ..contract.environments import (
    AddPackage,
    Collect,
    Collected,
    Consent,
    EnvironmentStatus,
    GiveConsent,
    Kept,
    KeptEnvironment,
    LockFile,
    OfNotebook,
    Package,
    PackageChange,
    Proposal,
    RevokeTrust,
    TrustedLine,
    TrustedLines,
    WritePackage,
    WrittenLock,
)


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
    add = room.add_parser("add", help="add a package to what a notebook's project declares, or change its version")
    add.add_argument("notebook", help="its path below work/")
    add.add_argument("requirement", help='such as "polars>=1"')
    add.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    add.set_defaults(run=_add)
    lock = room.add_parser("lock", help="write pylock.toml beside what declares a notebook's environment")
    lock.add_argument("notebook", help="its path below work/")
    lock.add_argument("--check", action="store_true", help="write nothing; fail unless there is one that is up to date")
    lock.set_defaults(run=_lock)
    trust = room.add_parser("trust", help="agree to what a notebook's environment waits for, or see what is trusted")
    trust.add_argument("notebook", help="its path below work/")
    which = trust.add_mutually_exclusive_group()
    which.add_argument("--yes", action="store_true", help="agree, and build it")
    which.add_argument("--revoke", metavar="ID", help="trust that line no more")
    trust.set_defaults(run=_trust)
    listed = room.add_parser("list", help="all environments on the disk, the last used first")
    listed.set_defaults(run=_list)
    collect = room.add_parser("collect", help="make room: those that were not used for longest go, those in use never")
    collect.add_argument("--gib", type=float, help="what all may take together; default: $ATRIUM_ENVIRONMENTS_GIB")
    collect.set_defaults(run=_collect)
    remove = room.add_parser("remove", help="remove an environment in which nothing runs")
    remove.add_argument("id")
    remove.set_defaults(run=_remove)


def _add(arguments: argparse.Namespace, client: Client) -> Proposal | str:
    asked = AddPackage(arguments.notebook, arguments.requirement)
    proposal = client.call("POST", "/environments/proposals", asked, reply=Proposal)
    if proposal.diff and not arguments.dry_run:
        client.call("POST", "/environments/packages", WritePackage(asked.notebook, asked.requirement, proposal.version))
    if arguments.json:
        return proposal
    lock = [f"{proposal.lock} is written again."] if proposal.lock and proposal.diff else []
    return "\n".join([proposal.diff.rstrip("\n") or "Nothing to change.", *lock, *_pins(proposal.changes)])


def _lock(arguments: argparse.Namespace, client: Client) -> WrittenLock | LockFile | str:
    if arguments.check:
        found = _status(arguments, client).lock_file
        if found is None:
            raise ClientError(404, "no_lock", "The project keeps no pylock.toml.", "Write one: leave out --check.")
        if found.stale:
            raise ClientError(
                409, "stale_lock", f"{found.file} is out of date: {' '.join(found.stale)}", "Write it again."
            )
        return found if arguments.json else f"{found.file} is up to date."
    written = client.call("POST", "/environments/lock", OfNotebook(arguments.notebook), reply=WrittenLock)
    return written if arguments.json else "\n".join([f"{written.file} is written.", *_pins(written.changes)])


def _pins(changes: list[PackageChange]) -> list[str]:
    return [f"{one.name} {one.before or '(new)'} -> {one.after or '(removed)'}" for one in changes]


def _trust(arguments: argparse.Namespace, client: Client) -> TrustedLines | list[TrustedLine] | EnvironmentStatus | str:
    if arguments.revoke:
        client.call("POST", "/environments/revoke", RevokeTrust(arguments.notebook, arguments.revoke))
    status = _status(arguments, client)
    if (asked := status.consent) is not None and not arguments.revoke:
        if not arguments.yes:
            return status if arguments.json else f"{consequence(asked)}\nAgree with --yes."
        given = GiveConsent(arguments.notebook, asked.kind, asked.line, asked.what)
        return client.call("POST", "/environments/trusted", given, reply=EnvironmentStatus)
    trusted = client.call("GET", "/environments/trusted", reply=TrustedLines, query={"notebook": arguments.notebook})
    return trusted if arguments.json else trusted.lines


def consequence(asked: Consent) -> str:
    """What agreeing comes to."""
    where = f" ({asked.origin})" if asked.origin else ""
    if asked.kind == "index":
        return f"Packages would be looked for at {asked.host} first: {asked.what}{where}."
    if asked.kind == "channel":
        return f"Packages of conda would come from {asked.what}, before those channels that come after it{where}."
    return f"Code of {asked.what} from {asked.host} would be run on the server to build it{where}."


def _list(arguments: argparse.Namespace, client: Client) -> Kept | list[KeptEnvironment]:
    kept = client.call("GET", "/environments/kept", reply=Kept)
    return kept if arguments.json else kept.environments


def _collect(arguments: argparse.Namespace, client: Client) -> Collected:
    body = Collect(None if arguments.gib is None else int(arguments.gib * 2**30))
    return client.call("POST", "/environments/collect", body, reply=Collected)


def _remove(arguments: argparse.Namespace, client: Client) -> None:
    client.call("DELETE", f"/environments/{arguments.id}")


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
