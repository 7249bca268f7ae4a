"""Dashboards, their links, and what viewers ask. Viewing needs a sign-in or a share link; the page itself nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from workspace_ext.contract.dashboards import (
    Answer,
    Ask,
    CreateDashboard,
    CreateLink,
    Dashboard,
    DashboardList,
    DashboardQuery,
    DashboardView,
    Layout,
    Link,
    LinkList,
)

from ..kit.home import Home
from ..kit.http import Content, Request, Route
from . import pages
from .service import Dashboards

EMPTY = "public: a page without data; what it shows comes through routes that ask who is there"


def routes(dashboards: Dashboards, home: Home) -> list[Route]:
    def listed(request: Request) -> DashboardList:
        """Every dashboard, or those of a notebook."""
        return DashboardList(dashboards.all(request.query.notebook))

    def create(request: Request) -> Dashboard:
        """Present a notebook; one that is presented already is given back."""
        return dashboards.create(request.body, request.caller.id)

    def view(request: Request) -> DashboardView:
        """What a dashboard shows."""
        return dashboards.viewing.view(request.path["slug"], request.caller)

    def arrange(request: Request) -> DashboardView:
        """Order, width, visibility and titles of the tiles."""
        return dashboards.arrange(request.path["slug"], request.body)

    def refresh(request: Request) -> Dashboard:
        """Take the newest outputs: of the last good run, or of the notebook while there is none."""
        return dashboards.refresh(request.path["slug"])

    def delete(request: Request) -> None:
        """Delete a dashboard with its links."""
        dashboards.delete(request.path["slug"])

    async def answer(request: Request) -> Answer:
        """What the dashboard shows for other values of its widgets."""
        return await dashboards.viewing.answer(request.path["slug"], request.body.values, request.caller)

    async def watch(request: Request) -> AsyncIterator[bytes]:
        """Server-sent events: `snapshot` when there are new results, `gone` when the link stops working."""
        return await dashboards.viewing.watch(request.path["slug"], request.caller)

    def links(request: Request) -> LinkList:
        """The dashboard's share links."""
        return LinkList(dashboards.list_links(request.path["slug"]))

    def create_link(request: Request) -> Link:
        """Make a share link; its address is shown this once."""
        return dashboards.create_link(request.path["slug"], request.body, request.caller.id)

    def revoke_link(request: Request) -> None:
        """Take a share link back, at once."""
        dashboards.revoke_link(request.path["slug"], request.path["id"])

    def shell(_: Request) -> Content:
        """The viewer's page."""
        return pages.shell()

    def static(request: Request) -> Content:
        """The page's script and style."""
        return pages.static(request.path["name"])

    def frame(_: Request) -> Content:
        """A page without rights, for outputs that need scripts."""
        return pages.frame()

    def plotly(request: Request) -> Content:
        """A page without rights that draws a Plotly figure."""
        return pages.plotly(home, request.path["digest"])

    return [
        Route("GET", "/dashboards", "dashboards:read", listed, query=DashboardQuery, reply=DashboardList),
        Route("POST", "/dashboards", "dashboards:write", create, body=CreateDashboard, reply=Dashboard, status=201),
        Route("GET", "/dashboards/{slug}", "dashboards:view", view, reply=DashboardView),
        Route("DELETE", "/dashboards/{slug}", "dashboards:write", delete),
        Route("PUT", "/dashboards/{slug}/layout", "dashboards:write", arrange, body=Layout, reply=DashboardView),
        Route("POST", "/dashboards/{slug}/refresh", "dashboards:write", refresh, reply=Dashboard),
        Route("POST", "/dashboards/{slug}/answers", "dashboards:view", answer, body=Ask, reply=Answer),
        Route("GET", "/dashboards/{slug}/events", "dashboards:view", watch),
        Route("GET", "/dashboards/{slug}/links", "dashboards:share", links, reply=LinkList),
        Route("POST", "/dashboards/{slug}/links", "dashboards:share", create_link, body=CreateLink, reply=Link,
              status=201),
        Route("DELETE", "/dashboards/{slug}/links/{id}", "dashboards:share", revoke_link),
        Route("GET", "//atrium/dashboards/{slug}", EMPTY, shell),
        Route("GET", "//atrium/dashboards/static/{name}", EMPTY, static),
        Route("GET", "//atrium/dashboards/frame/html", EMPTY, frame),
        Route("GET", "//atrium/dashboards/frame/plotly/{digest}", EMPTY, plotly),
    ]  # fmt: skip
