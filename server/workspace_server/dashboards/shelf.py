"""Dashboards as they are stored: a row each, and a folder of snapshots of which the newest is shown."""

from __future__ import annotations

import json
import re
import shutil
import threading
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
from sqlalchemy import select

from workspace_ext.contract.dashboards import Dashboard, Layout, Provenance

from ..kit.clock import iso
from ..kit.errors import NotFound
from ..kit.home import Home
from ..kit.storage import Storage, new_id
from . import snapshot as snapshots
from .layout import merge
from .slices import Slices
from .snapshot import Snapshot
from .sources import Notebook
from .store import DashboardRow

KEPT = 2
OPEN = 32
RESERVED = {"static", "frame"}


@dataclass(frozen=True)
class Opened:
    """A dashboard with its snapshot in memory, and what depends on what in it."""

    dashboard: Dashboard
    layout: Layout
    snapshot: Snapshot

    @cached_property
    def slices(self) -> Slices:
        return self.snapshot.slices()

    @cached_property
    def visible(self) -> frozenset[str]:
        """Cells whose tiles are not hidden."""
        return frozenset(tile.id for tile in self.layout.tiles if not tile.hidden)


class Shelf:
    """Called in threads."""

    def __init__(self, home: Home, storage: Storage) -> None:
        self._folder = home.path / "dashboards"
        self._storage = storage
        self._opened: dict[str, Opened] = {}
        self._lock = threading.Lock()

    def all(self, notebook: Notebook | None = None) -> list[Dashboard]:
        """Every dashboard, or those of a notebook, by title."""
        wanted = select(DashboardRow).order_by(DashboardRow.title)
        if notebook is not None:
            wanted = wanted.where(DashboardRow.project == notebook.project, DashboardRow.notebook == notebook.path)
        with self._storage.session() as session:
            return [_dashboard(row) for row in session.scalars(wanted)]

    def open(self, slug: str) -> Opened:
        """A dashboard by its name or id."""
        with self._storage.session() as session:
            row = session.scalar(select(DashboardRow).where((DashboardRow.slug == slug) | (DashboardRow.id == slug)))
            if row is None:
                raise NotFound("no_such_dashboard", f"There is no dashboard {slug[:60]}.", "It may have been deleted.")
            dashboard, layout = _dashboard(row), msgspec.json.decode(row.layout, type=Layout)
        known = self._opened.get(dashboard.id)
        if known is not None and known.dashboard.snapshot == dashboard.snapshot and known.layout == layout:
            return known
        if known is not None and known.dashboard.snapshot == dashboard.snapshot:
            taken = known.snapshot
        else:
            taken = snapshots.decode((self.folder(dashboard.id, dashboard.snapshot) / "snapshot.json").read_bytes())
        opened = Opened(dashboard, layout, taken)
        with self._lock:
            self._opened.pop(dashboard.id, None)
            self._opened[dashboard.id] = opened
            while len(self._opened) > OPEN:
                del self._opened[next(iter(self._opened))]
        return opened

    def folder(self, dashboard: str, snapshot: str) -> Path:
        """Where a snapshot lies, or will."""
        return self._folder / dashboard / snapshot

    def add(self, id: str, notebook: Notebook, title: str, taken: Snapshot, by: str) -> Opened:
        """A new dashboard with the proposed layout."""
        self._write(id, taken)
        layout = taken.proposed()
        layout = Layout(title or layout.title, layout.tiles)
        with self._storage.session() as session:
            slugs = set(session.scalars(select(DashboardRow.slug)))
            slug = _slug(layout.title, slugs)
            session.add(
                DashboardRow(
                    id=id, slug=slug, title=layout.title, project=notebook.project, project_name=notebook.project_name,
                    notebook=notebook.path, layout=msgspec.json.encode(layout).decode(), snapshot=taken.id,
                    provenance=snapshots.as_json(taken.provenance), created=iso(), created_by=by,
                )
            )  # fmt: skip
        return self.open(id)

    def renew(self, id: str, taken: Snapshot) -> None:
        """Show a newer snapshot; what people arranged stays."""
        self._write(id, taken)
        with self._storage.session() as session:
            row = session.get_one(DashboardRow, id)
            layout = merge(msgspec.json.decode(row.layout, type=Layout), taken.proposed())
            row.layout = msgspec.json.encode(layout).decode()
            row.snapshot = taken.id
            row.provenance = snapshots.as_json(taken.provenance)
        # The one before stays a while: somebody may be computing with it.
        folders = sorted((self._folder / id).iterdir(), key=lambda folder: folder.stat().st_mtime)
        for folder in folders[:-KEPT]:
            if folder.name != taken.id:
                shutil.rmtree(folder, ignore_errors=True)

    def arrange(self, id: str, layout: Layout) -> None:
        with self._storage.session() as session:
            row = session.get_one(DashboardRow, id)
            row.layout = msgspec.json.encode(layout).decode()
            row.title = layout.title

    def delete(self, id: str) -> None:
        with self._storage.session() as session:
            session.delete(session.get_one(DashboardRow, id))
        with self._lock:
            self._opened.pop(id, None)
        shutil.rmtree(self._folder / id, ignore_errors=True)

    def _write(self, id: str, taken: Snapshot) -> None:
        folder = self.folder(id, taken.id)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "snapshot.partial"
        partial.write_bytes(taken.encode())
        partial.replace(folder / "snapshot.json")


def _dashboard(row: DashboardRow) -> Dashboard:
    return Dashboard(
        id=row.id, slug=row.slug, url=f"atrium/dashboards/{row.slug}", title=row.title, project=row.project,
        project_name=row.project_name, notebook=row.notebook, created=row.created, created_by=row.created_by,
        snapshot=row.snapshot, provenance=msgspec.convert(json.loads(row.provenance), Provenance), links=0,
    )  # fmt: skip


def _slug(title: str, taken: set[str]) -> str:
    """A name for addresses, made from the title: "Sales forecast" is ``sales-forecast``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or f"dashboard-{new_id()}"
    slug, number = base, 1
    while slug in taken or slug in RESERVED:
        number += 1
        slug = f"{base}-{number}"
    return slug
