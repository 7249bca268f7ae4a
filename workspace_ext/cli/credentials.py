"""`atrium projects credentials <verb>`: what git signs in with on other hosts. A secret is never an argument."""

from __future__ import annotations

import argparse
import sys
from getpass import getpass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..client import Client, ClientError
from ..contract.credentials import (
    Credential,
    CredentialKind,
    CredentialList,
    CredentialTried,
    KeepCredential,
    KeepServiceCredential,
    ServiceCredential,
    TryCredential,
)
from ..contract.projects import ProjectList


def add_verbs(room: Any) -> None:
    """Add `credentials` to the verbs of the room of projects."""
    verbs = room.add_parser("credentials", help="what git signs in with on other hosts").add_subparsers(
        dest="action", required=True, metavar="VERB"
    )

    def verb(name: str, help: str, run: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, help=help)
        parser.set_defaults(run=run)
        return parser

    listed = verb("list", "one's own, or what a project is followed with; never the secrets", _list)
    add = verb("add", "keep a token or an SSH key; it is asked for, or read from standard input", _add)
    add.add_argument("host", nargs="?", default="", help="such as github.com; not needed with --project")
    add.add_argument("--user", default="", help="user name there; needed with a token")
    add.add_argument("--ssh-key", action="store_true", help="the secret is an SSH private key, without a passphrase")
    add.add_argument("--label", default="", help="to recognise it by")
    delete = verb("delete", "forget one", _delete)
    delete.add_argument("credential", nargs="?", default="", help="host or id; not needed with --project")
    for parser in (listed, add, delete):
        parser.add_argument("--project", default="", help="that with which this project is followed (owners)")
    test = verb("test", "read a repository's branches with one's own", _test)
    test.add_argument("repository", metavar="URL")


def _list(arguments: argparse.Namespace, client: Client) -> Any:
    if arguments.project:
        found = client.call("GET", _service(arguments.project, client), reply=ServiceCredential).credential
        return [found] if found else []
    return client.call("GET", "/credentials", reply=CredentialList).credentials


def _add(arguments: argparse.Namespace, client: Client) -> Credential | None:
    if not arguments.project and not arguments.host:
        raise ClientError(0, "no_host", "For which host?", "For example: atrium projects credentials add github.com")
    path = _service(arguments.project, client) if arguments.project else "/credentials"
    secret = _secret(arguments.ssh_key)
    kind: CredentialKind = "ssh_key" if arguments.ssh_key else "token"
    if arguments.project:
        service = KeepServiceCredential(kind, secret, arguments.user, arguments.label)
        return client.call("PUT", path, service, reply=ServiceCredential).credential
    wish = KeepCredential(arguments.host, kind, secret, arguments.user, arguments.label)
    return client.call("PUT", path, wish, reply=Credential)


def _delete(arguments: argparse.Namespace, client: Client) -> None:
    if arguments.project:
        client.call("DELETE", _service(arguments.project, client))
        return
    wanted = arguments.credential
    found = _find(client, lambda one: wanted in (one.id, one.host, one.host.partition("://")[2]), wanted)
    client.call("DELETE", f"/credentials/{found.id}")


def _test(arguments: argparse.Namespace, client: Client) -> CredentialTried:
    url: str = arguments.repository
    # The server says whether it fits; this only has to find the one that is meant.
    host = url.partition("://")[2].partition("/")[0] if "://" in url else url.partition(":")[0]
    host = host.rpartition("@")[2]
    kind = "token" if url.startswith("http") else "ssh_key"
    found = _find(client, lambda one: one.kind == kind and one.host.partition("://")[2] == host.lower(), host)
    return client.call("POST", f"/credentials/{found.id}/test", TryCredential(url), reply=CredentialTried)


def _find(client: Client, fits: Any, what: str) -> Credential:
    for one in client.call("GET", "/credentials", reply=CredentialList).credentials:
        if fits(one):
            return one
    raise ClientError(
        404, "no_such_credential", f"You keep nothing for {what!r}.", "`atrium projects credentials list` shows all."
    )


def _service(name: str, client: Client) -> str:
    for project in client.call("GET", "/projects", reply=ProjectList).projects:
        if name in (project.id, project.name):
            return f"/projects/{quote(project.id)}/credential"
    raise ClientError(
        404, "no_such_project", f"There is no project {name!r}.", "`atrium projects list` shows them all."
    )


def _secret(ssh_key: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.read()
    if not ssh_key:
        return getpass("Token: ")
    path = input("File of the private key: ").strip()
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(0, "no_key", f"{path!r} cannot be read: {error}.", "Give the file without .pub.") from None
