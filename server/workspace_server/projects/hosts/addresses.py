"""Which kind of git host a remote's address is on, and where its pages and its API are. Nothing is asked of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args
from urllib.parse import quote, urlencode, urlsplit

from workspace_ext.contract.pull_requests import HostKind

from ..names import SCP
from ..origins import origin_of

KNOWN: dict[str, HostKind] = {
    "github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket", "codeberg.org": "gitea",
    "gitea.com": "gitea",
}  # fmt: skip
# Where SSH is offered on port 443, for networks that let nothing else through.
_ALIASES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org"}
_TELLING: dict[str, HostKind] = {"github": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea"}
_APIS: dict[HostKind, str] = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}
_OWN_APIS = {"github.com": "https://api.github.com", "bitbucket.org": "https://api.bitbucket.org/2.0"}


@dataclass(frozen=True)
class Hosted:
    """A repository on a host.

    Attributes
    ----------
    origin
        Scheme, host and port of its pages: what the token has to be for.
    path
        ``team/repository``; GitLab has more levels.
    """

    kind: HostKind
    guessed: bool
    origin: str
    path: str

    @property
    def host(self) -> str:
        return self.origin.partition("://")[2]

    @property
    def api(self) -> str:
        """The base of its REST API."""
        return _OWN_APIS.get(self.host) or self.origin + _APIS[self.kind]

    def new_url(self, branch: str, target: str) -> str:
        """The page on which a pull request of ``branch`` into ``target`` is opened."""
        web = f"{self.origin}/{quote(self.path)}"
        if self.kind == "gitlab":
            asked = {"merge_request[source_branch]": branch, "merge_request[target_branch]": target}
            return f"{web}/-/merge_requests/new?{urlencode(asked)}"
        if self.kind == "bitbucket":
            return f"{web}/pull-requests/new?{urlencode({'source': branch, 'dest': target})}"
        page = f"{web}/compare/{quote(target)}...{quote(branch)}"
        return f"{page}?expand=1" if self.kind == "github" else page


def hosted_at(url: str, named: Mapping[str, HostKind]) -> Hosted | None:
    """The host of a remote's address; None where its kind is not known.

    Parameters
    ----------
    named
        Kinds that the operator has named, by host (and port).
    """
    origin = origin_of(url)
    match = SCP.fullmatch(url)
    path = (match["path"] if match else urlsplit(url).path).strip("/").removesuffix(".git")
    if not origin or path.count("/") < 1:
        return None
    scheme, _, host = origin.partition("://")
    if scheme == "ssh":
        # The port is SSH's; the pages are on the usual one.
        host = host.rpartition(":")[0] or host if re.search(r":\d+$", host) else host
        host, scheme = _ALIASES.get(host, host), "https"
    kind = named.get(host) or KNOWN.get(host)
    guess = None if kind else next((_TELLING[part] for part in re.split(r"[.:-]", host) if part in _TELLING), None)
    found = kind or guess
    if found is None or (found == "bitbucket" and host not in _OWN_APIS):
        return None  # Bitbucket's own servers speak another API than bitbucket.org
    return Hosted(found, kind is None, f"{scheme}://{host}", path)


def named_hosts(settings: Path) -> dict[str, HostKind]:
    """What the operator says of hosts whose names do not: ``{"git.example.org": "gitea"}`` in ``git-hosts.json``."""
    try:
        listed = json.loads((settings / "git-hosts.json").read_text())
    except (OSError, ValueError):
        return {}
    kinds = get_args(HostKind)
    known = listed.items() if isinstance(listed, dict) else ()
    return {str(host).lower(): cast(HostKind, kind) for host, kind in known if kind in kinds}
