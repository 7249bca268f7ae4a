"""Layout and settings of each person's own: JupyterLab keeps one set a server by default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyterlab_server.settings_handler import SettingsHandler
from jupyterlab_server.workspaces_handler import WorkspacesHandler, WorkspacesManager
from tornado.routing import HostMatches, Rule
from tornado.web import Application, _ApplicationRouter

from ..kit.home import Home


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


PERSONAL: dict[type, type] = {
    WorkspacesHandler: PersonalWorkspacesHandler,
    SettingsHandler: PersonalSettingsHandler,
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
