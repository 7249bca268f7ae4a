"""Tables of the workspace: Delta tables that notebooks write and everybody may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ColumnKind = Literal["number", "string", "datetime", "boolean"]


@dataclass(frozen=True)
class TableColumn:
    """``type`` is how it is shown and sorted; ``stored`` is Delta's own word for it, such as ``long`` or ``date``."""

    name: str
    type: ColumnKind
    stored: str


@dataclass(frozen=True)
class Table:
    """One table as a notebook would read it.

    ``branch`` names the branch whose own copy this is; empty for the workspace's. ``rows`` is None where the table's
    log does not count them. ``modified`` is the time of its last commit. ``problem`` says why it cannot be read.
    """

    name: str
    branch: str
    columns: list[TableColumn]
    rows: int | None
    bytes: int
    version: int
    modified: str | None
    problem: str = ""


@dataclass(frozen=True)
class TableList:
    """The branch's own copies come first."""

    tables: list[Table]


@dataclass(frozen=True)
class TableQuery:
    """``notebook``: as which notebook to look; its path below ``work/``. Without one, the workspace's tables."""

    notebook: str = ""


@dataclass(frozen=True)
class PreviewQuery:
    """``limit`` is 1 to 1000 rows; ``version`` an earlier state of the table."""

    notebook: str = ""
    limit: int = 50
    version: int | None = None


@dataclass(frozen=True)
class PreviewColumn:
    name: str
    type: ColumnKind


@dataclass(frozen=True)
class TablePreview:
    """The first rows, in the form of ``application/vnd.atrium.table+json``; ``total`` is the table's row count."""

    columns: list[PreviewColumn]
    rows: list[list[Any]]
    total: int
    version: int


@dataclass(frozen=True)
class HistoryQuery:
    """``limit`` is 1 to 1000 versions."""

    notebook: str = ""
    limit: int = 100


@dataclass(frozen=True)
class TableVersion:
    """One commit of a table. ``rows`` counts the rows it added. Unknown origins are empty; ``run`` is a run's id;
    ``restored`` the version that a restore brought back."""

    version: int
    time: str
    operation: str
    mode: str
    rows: int
    run: str
    project: str
    branch: str
    commit: str
    notebook: str
    restored: int | None = None


@dataclass(frozen=True)
class TableHistory:
    """Newest first."""

    versions: list[TableVersion]


@dataclass(frozen=True)
class DiscardTable:
    """``notebook``: any notebook of the branch whose copy goes."""

    notebook: str


@dataclass(frozen=True)
class RestoreTable:
    """Bring back what a table held at ``version``; ``notebook``: as which notebook to see the table."""

    version: int
    notebook: str = ""
