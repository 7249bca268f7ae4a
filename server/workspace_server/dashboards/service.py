"""What the dashboards room can do: make dashboards, keep them fresh, arrange them and share them."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace

from workspace_ext.contract.dashboards import CreateDashboard, CreateLink, Dashboard, DashboardView, Layout, Link
from workspace_ext.contract.jobs import Run

from ..environments.service import Environments
from ..jobs.service import Jobs
from ..kit.events import Events
from ..kit.home import Home
from ..kit.http import Caller
from ..kit.storage import Storage, new_id
from ..projects.service import Projects
from ..tables.service import Tables
from .layout import check
from .links import Links
from .shelf import Shelf
from .sources import Sources
from .viewing import ROOM, Viewing

log = logging.getLogger(__name__)


class Dashboards:
    """The dashboards room."""

    def __init__(
        self,
        home: Home,
        storage: Storage,
        events: Events,
        projects: Projects,
        tables: Tables,
        environments: Environments,
        jobs: Jobs,
    ) -> None:
        self._home = home
        self._events = events
        self._sources = Sources(home, projects, jobs)
        self._shelf = Shelf(home, storage)
        self.links = Links(storage)
        self.viewing = Viewing(home, events, tables, environments, self._shelf, self.links)

    def load(self) -> None:
        """Read what lives in memory."""
        self.links.load()

    async def start(self) -> None:
        await self.viewing.start()

    async def close(self) -> None:
        """End every viewer's kernel."""
        await self.viewing.close()

    # Making and arranging. Called in threads.

    def all(self, notebook: str | None = None) -> list[Dashboard]:
        """Every dashboard, or those of the notebook at this path below ``work``, whatever its branch."""
        found = self._shelf.all(self._sources.find(notebook) if notebook else None)
        return [replace(each, links=self.links.count(each.id)) for each in found]

    def create(self, wish: CreateDashboard, by: str) -> Dashboard:
        """A dashboard of a notebook with the proposed layout: of its last good run, else of its outputs as saved. There
        is one for each notebook; asking again gives that one.

        Raises
        ------
        Conflict
            The notebook shows nothing yet.
        """
        notebook = self._sources.find(wish.notebook)
        if known := self._shelf.all(notebook):
            return replace(known[0], links=self.links.count(known[0].id))
        id, name = new_id(), new_id()
        run = self._sources.latest(notebook)
        if run is not None:
            taken = self._sources.of_run(run, name, self._shelf.folder(id, name))
        else:
            taken = self._sources.of_notebook(notebook, wish.notebook, name)
        made = self._shelf.add(id, notebook, wish.title.strip(), taken, by).dashboard
        self._events.publish(ROOM, made.id, "created")
        return made

    def refresh(self, slug: str) -> Dashboard:
        """Take the last good run, or the notebook's outputs as saved while there is none."""
        dashboard = self._shelf.open(slug).dashboard
        notebook = self._sources.find(self._path(dashboard))
        run = self._sources.latest(notebook)
        if run is None:
            name = new_id()
            self._shelf.renew(dashboard.id, self._sources.of_notebook(notebook, self._path(dashboard), name))
            self._events.publish(ROOM, dashboard.id, "snapshot")
        elif run.id != dashboard.provenance.run:
            self._take(dashboard, run)
        return self._shelf.open(dashboard.id).dashboard

    def finished(self, run: Run) -> None:
        """Show the outputs of a run that succeeded; one that did not leaves everything as it was."""
        if run.state != "succeeded":
            return
        for dashboard in self._shelf.all():
            if (dashboard.project, dashboard.notebook) == (run.project, run.notebook):
                self._take(dashboard, run)

    def arrange(self, slug: str, layout: Layout) -> DashboardView:
        """Order, width, visibility and titles of the tiles."""
        opened = self._shelf.open(slug)
        checked = check(layout, [tile.id for tile in opened.layout.tiles])
        self._shelf.arrange(opened.dashboard.id, checked)
        self._events.publish(ROOM, opened.dashboard.id, "arranged")
        return self.viewing.view(opened.dashboard.id, Caller("person"))

    def project_of(self, slug: str) -> str:
        """The project (its id) of a dashboard's notebook; empty outside of projects."""
        return self._shelf.open(slug).dashboard.project

    def delete(self, slug: str) -> None:
        """The dashboard, its links, snapshots and answers."""
        id = self._shelf.open(slug).dashboard.id
        self._shelf.delete(id)
        self.links.forget(id)
        self.viewing.forget(id)
        self._events.publish(ROOM, id, "deleted")

    def _take(self, dashboard: Dashboard, run: Run) -> None:
        name = new_id()
        folder = self._shelf.folder(dashboard.id, name)
        try:
            self._shelf.renew(dashboard.id, self._sources.of_run(run, name, folder))
        except Exception:
            # The last good snapshot stays.
            log.exception("dashboard %s, run %s", dashboard.slug, run.id)
            shutil.rmtree(folder, ignore_errors=True)
            return
        self._events.publish(ROOM, dashboard.id, "snapshot")

    def _path(self, dashboard: Dashboard) -> str:
        if not dashboard.project:
            return dashboard.notebook
        if dashboard.provenance.source == "notebook":
            return dashboard.provenance.notebook
        branch = dashboard.provenance.branch
        tree = self._sources.tree(dashboard.project, branch)
        return f"{tree}/{dashboard.notebook}"

    # Sharing. Called in threads.

    def create_link(self, slug: str, wish: CreateLink, by: str) -> Link:
        """A link that needs no account; its ``url`` is shown this once."""
        dashboard = self._shelf.open(slug).dashboard
        link, token = self.links.create(dashboard.id, wish, by)
        self._events.publish(ROOM, dashboard.id, "link-created")
        # In the fragment, which browsers send to nobody.
        return replace(link, url=f"{dashboard.url}#{token}")

    def list_links(self, slug: str) -> list[Link]:
        return self.links.listed(self._shelf.open(slug).dashboard.id)

    def revoke_link(self, slug: str, id: str) -> None:
        """Take a link back: whoever looks by it now sees no more from this moment."""
        dashboard = self._shelf.open(slug).dashboard
        self.links.revoke(dashboard.id, id)
        self._events.publish(ROOM, dashboard.id, "link-revoked")
