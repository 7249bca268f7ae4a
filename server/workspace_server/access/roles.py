"""What each role may do: the one table."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from workspace_ext.contract.access import Role

RANK: Mapping[Role, int] = {"viewer": 0, "commenter": 1, "editor": 2, "owner": 3}

# Action of a route -> the least role that may. An action that is not listed is nobody's.
LEAST: Mapping[str, Role] = {
    "clusters:read": "viewer",
    "comments:read": "viewer",
    "dashboards:read": "viewer",
    "dashboards:view": "viewer",
    "documents:read": "viewer",
    "environments:read": "viewer",
    "events:read": "viewer",
    "jobs:read": "viewer",
    "operations:read": "viewer",
    "people:read": "viewer",
    "people:update-me": "viewer",
    "projects:read": "viewer",
    "projects:update-me": "viewer",
    "tables:read": "viewer",
    "comments:write": "commenter",
    "clusters:attach": "editor",
    "clusters:write": "editor",
    "dashboards:share": "editor",
    "dashboards:write": "editor",
    "documents:run": "editor",
    "documents:write": "editor",
    "environments:build": "editor",
    "jobs:run": "editor",
    "jobs:write": "editor",
    "operations:cancel": "editor",
    "projects:create": "editor",
    "projects:write": "editor",
    "tables:discard": "editor",
    "tables:restore": "editor",
    "environments:administer": "owner",
    "environments:trust": "owner",
    "people:administer": "owner",
    "projects:administer": "owner",
}

# The same for Jupyter's own routes, by its resource and action (GET: read, a WebSocket: execute, all others: write).
# Contents, sessions and kernels are also asked about by path, see :mod:`.authorizer`. Terminals and language servers
# run as the server's account, outside of any project.
JUPYTER: Mapping[str, Mapping[str, Role]] = {
    "api": {"read": "viewer"},
    "config": {"read": "viewer", "write": "owner"},
    "contents": {"read": "viewer", "write": "editor"},
    "csp": {"write": "viewer"},
    # JupyterLab listens to this bus as it starts. Nobody writes to it: what is on it would look like the server's word.
    "events": {"execute": "viewer"},
    "kernels": {"read": "viewer", "write": "editor", "execute": "editor"},
    "kernelspecs": {"read": "viewer"},
    "lsp": {"read": "viewer", "execute": "editor"},
    "nbconvert": {"read": "viewer", "write": "editor"},
    "server": {"write": "owner"},
    "sessions": {"read": "viewer", "write": "editor"},
    "terminals": {"read": "viewer", "write": "editor", "execute": "editor"},
}


def reaches(role: Role, least: Role | None) -> bool:
    """Whether ``role`` is ``least`` or more; nobody reaches None."""
    return least is not None and RANK[role] >= RANK[least]


def place_of(path: str) -> tuple[str, str] | None:
    """What a path below ``work/`` belongs to: ("projects", its folder), ("scratch", whose), or ("", "") for anything
    else that may be written; None for what nobody writes to, the roots themselves."""
    parts = [part for part in posixpath.normpath(f"/{path}").split("/") if part]
    if not parts or parts in (["projects"], ["scratch"]):
        return None
    return (parts[0], parts[1]) if parts[0] in ("projects", "scratch") else ("", "")
