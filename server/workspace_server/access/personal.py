"""Layout and settings of each person's own: JupyterLab keeps one set a server by default. What it keeps for everybody
all the same, only owners change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyterlab.handlers.build_handler import BuildHandler
from jupyterlab.handlers.extension_manager_handler import ExtensionHandler
from jupyterlab.handlers.plugin_manager_handler import PluginHandler
from jupyterlab_server.settings_handler import SettingsHandler
from jupyterlab_server.workspaces_handler import WorkspacesHandler, WorkspacesManager
from tornado.routing import HostMatches, Rule
from tornado.web import Application, HTTPError, _ApplicationRouter

from ..kit.home import Home
from .identity import access_of


class PersonalWorkspacesHandler(WorkspacesHandler):
    """JupyterLab's workspaces API on the signed-in person's folder."""

    async def prepare(self, **options: Any) -> None:
        await super().prepare(**options)
        if self.current_user is not None:
            self.manager = WorkspacesManager(str(_folder(self, "workspaces")))


class PersonalSettingsHandler(SettingsHandler):
    """JupyterLab's settings API on the signed-in person's folder."""

    async def prepare(self, **options: Any) -> None:
        await super().prepare(**options)
        if self.current_user is not None:
            self.settings_dir = str(_folder(self, "settings"))


class _Owners:
    """Writing is for owners. These handlers of JupyterLab's ask no authorizer."""

    async def prepare(self, **options: Any) -> None:
        await super().prepare(**options)  # type: ignore[misc]
        handler: Any = self
        user = handler.current_user
        if user is None or handler.request.method in ("GET", "HEAD", "OPTIONS"):
            return
        access = access_of(handler)
        if access.role(access.by_name(user.username).id) != "owner":
            raise HTTPError(403, "Only an owner of the workspace changes this: it is for everybody.")


class OwnersBuildHandler(_Owners, BuildHandler):  # type: ignore[misc]
    """JupyterLab's rebuilding of itself."""


class OwnersExtensionHandler(_Owners, ExtensionHandler):  # type: ignore[misc]
    """JupyterLab's extension manager."""


class OwnersPluginHandler(_Owners, PluginHandler):  # type: ignore[misc]
    """Switching plugins off."""


PERSONAL: dict[type, type] = {
    WorkspacesHandler: PersonalWorkspacesHandler,
    SettingsHandler: PersonalSettingsHandler,
    BuildHandler: OwnersBuildHandler,
    ExtensionHandler: OwnersExtensionHandler,
    PluginHandler: OwnersPluginHandler,
}


def make_personal(app: Application) -> None:
    """Put a personal twin before each of JupyterLab's handlers. Call when every extension is loaded."""
    twins = [
        Rule(rule.matcher, PERSONAL[rule.target], rule.target_kwargs)
        for host in app.default_router.rules
        for rule in getattr(host.target, "rules", [])
        if rule.target in PERSONAL
    ]
    app.default_router.rules.insert(0, Rule(HostMatches(".*$"), _ApplicationRouter(app, twins)))


def _folder(handler: Any, kind: str) -> Path:
    home: Home = handler.settings["atrium"].home
    folder = home.settings / "people" / str(handler.current_user.username) / kind
    folder.mkdir(parents=True, exist_ok=True)
    return folder
