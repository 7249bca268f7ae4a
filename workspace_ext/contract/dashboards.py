"""Dashboards: what a notebook shows, as a page for people who decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

OutputKind = Literal["table", "image", "html", "text", "frame", "plotly", "error"]


@dataclass(frozen=True)
class Output:
    """One output, safe to show.

    ``table`` is that of ``application/vnd.atrium.table+json``; ``image`` a ``data:`` address of ``width`` by ``height``
    pixels (0: unknown); ``html`` is sanitised; ``frame`` is HTML that may run only in the sandboxed page at
    ``/atrium/dashboards/frame/html``; ``figure`` a Plotly figure, drawn by the sandboxed page at ``plotly``.
    """

    kind: OutputKind
    text: str = ""
    html: str = ""
    image: str = ""
    width: int = 0
    height: int = 0
    table: Any = None
    frame: str = ""
    figure: Any = None
    plotly: str = ""


@dataclass(frozen=True)
class Tile:
    """What one cell shows. ``id`` is the cell's; ``width`` counts columns of twelve.

    ``follows`` names the widgets that change it; ``fixed`` says why it stays as the last run left it all the same.
    """

    id: str
    title: str
    width: int
    hidden: bool
    outputs: list[Output]
    follows: list[str] = field(default_factory=list)
    fixed: str = ""


@dataclass(frozen=True)
class Widget:
    """Its choices are those of the snapshot. ``live``: choosing changes something."""

    name: str
    kind: str
    label: str
    choices: list[Any]
    value: Any
    live: bool = True


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from: a ``run``, or a ``notebook`` as it was saved when the dashboard was made.

    ``as_of`` is when it ended; ``tables`` are the versions there were. Whoever comes by a link sees ``as_of``,
    ``seconds`` and ``sha`` only.
    """

    source: Literal["run", "notebook"]
    as_of: str
    seconds: float = 0.0
    sha: str = ""
    run: str = ""
    branch: str = ""
    notebook: str = ""
    environment: str = ""
    tables: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Dashboard:
    """As it is listed. ``url`` is below the server's base URL; ``links`` counts those that work now."""

    id: str
    slug: str
    url: str
    title: str
    project: str
    project_name: str
    notebook: str
    created: str
    created_by: str
    snapshot: str
    provenance: Provenance
    links: int


@dataclass(frozen=True)
class DashboardList:
    dashboards: list[Dashboard]


@dataclass(frozen=True)
class DashboardQuery:
    """``notebook`` is a path below ``work/``, on any branch."""

    notebook: str | None = None


@dataclass(frozen=True)
class DashboardView:
    """The page: a definition and its last snapshot. ``notes`` are for those who arrange it; ``frame_url`` is the page
    that runs outputs with scripts."""

    id: str
    slug: str
    title: str
    lead: str
    snapshot: str
    provenance: Provenance
    widgets: list[Widget]
    tiles: list[Tile]
    notes: list[str] = field(default_factory=list)
    editable: bool = False


@dataclass(frozen=True)
class CreateDashboard:
    """``notebook`` is a path below ``work/``; ``title`` defaults to the notebook's first heading."""

    notebook: str
    title: str = ""


@dataclass(frozen=True)
class TileLayout:
    """``title`` replaces the proposed one."""

    id: str
    width: int
    hidden: bool = False
    title: str = ""


@dataclass(frozen=True)
class Layout:
    """The tiles in their order."""

    title: str
    tiles: list[TileLayout]


@dataclass(frozen=True)
class Ask:
    """Values of widgets by name; those left out keep the snapshot's."""

    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswerTile:
    id: str
    outputs: list[Output]


@dataclass(frozen=True)
class Answer:
    """What differs from the snapshot for ``values``. ``seconds`` it took to compute, when it was computed."""

    snapshot: str
    values: dict[str, Any]
    tiles: list[AnswerTile]
    seconds: float
    cached: bool


@dataclass(frozen=True)
class CreateLink:
    """``days`` until it expires, 1 to 365."""

    days: int = 30
    label: str = ""


@dataclass(frozen=True)
class Link:
    """``url`` holds the token and is known only when the link is made. ``state`` is what it is now."""

    id: str
    label: str
    created: str
    created_by: str
    expires: str
    state: Literal["active", "expired", "revoked"]
    url: str = ""


@dataclass(frozen=True)
class LinkList:
    """Newest first."""

    links: list[Link]
