"""Roles on Jupyter's own routes: contents, kernels, sessions, terminals and the rest."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.auth import Authorizer, User
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError
from traitlets import Bool

from ..kit.errors import NotFound
from .identity import access_of
from .roles import JUPYTER, reaches
from .service import Access


class AtriumAuthorizer(Authorizer):
    """What a person's role allows; in projects, by their role there.

    Reading is everybody's. A write to contents is asked about by the paths that it names and by where symbolic links
    lead; a session and a kernel by their notebook.
    """

    in_workspace = Bool(False, config=True, help="Whether contents paths are paths below the workspace's work folder.")

    async def is_authorized(self, handler: JupyterHandler, user: User, action: str, resource: str) -> bool:
        access = access_of(handler)
        try:
            person = access.by_name(user.username).id
        except NotFound:
            return False
        least = JUPYTER.get(resource, {}).get(action)
        if action != "read" and self.in_workspace and resource in ("contents", "sessions", "kernels"):
            paths = _written(handler) if resource == "contents" else await _notebooks(handler)
            if paths:
                return all(self._may_write(handler, access, person, path) for path in paths)
        return reaches(access.role(person), least)

    def _may_write(self, handler: JupyterHandler, access: Access, person: str, path: str) -> bool:
        if not access.may_write(person, path):
            return False
        root = Path(handler.contents_manager.root_dir).resolve()
        real = (root / path.strip("/")).resolve()
        # What lies outside of the root is refused by Jupyter, or was put there by the operator.
        return not real.is_relative_to(root) or access.may_write(person, real.relative_to(root).as_posix())


def _written(handler: JupyterHandler) -> list[str]:
    """The paths that a request to the contents API writes to."""
    path = str(handler.path_kwargs.get("path") or "")
    if handler.request.method == "POST" and handler.request.path.rpartition("/")[2] not in ("checkpoints", "trust"):
        # Something new in the folder.
        return [f"{path}/new"]
    moved = _body(handler).get("path") if handler.request.method == "PATCH" else None
    return [path, moved] if isinstance(moved, str) else [path]


async def _notebooks(handler: JupyterHandler) -> list[str]:
    """The notebooks behind the session or kernel that a request names, and the one that it brings there."""
    body = _body(handler) if handler.request.method in ("POST", "PATCH") else {}
    named = body.get("kernel")
    paths = [body["path"]] if isinstance(body.get("path"), str) and body["path"] else []
    for key, id in (
        ("session_id", handler.path_kwargs.get("session_id")),
        ("kernel_id", handler.path_kwargs.get("kernel_id")),
        ("kernel_id", named.get("id") if isinstance(named, dict) else None),
    ):
        if id:
            with suppress(HTTPError):
                paths.append((await handler.settings["session_manager"].get_session(**{key: str(id)}))["path"])
    return paths


def _body(handler: JupyterHandler) -> dict[str, Any]:
    try:
        body = json.loads(handler.request.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
