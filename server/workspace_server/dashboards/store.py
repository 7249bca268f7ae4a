"""Tables of the dashboards room."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ..kit.storage import Base, new_id


class DashboardRow(Base):
    """``project`` is an id, empty outside projects; ``notebook`` a path within the project (below ``work`` outside).
    ``layout`` and ``provenance`` are JSON; ``snapshot`` names a folder of the dashboard's."""

    __tablename__ = "dashboards"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    project: Mapped[str] = mapped_column(index=True)
    project_name: Mapped[str]
    notebook: Mapped[str]
    layout: Mapped[str]
    snapshot: Mapped[str]
    provenance: Mapped[str]
    created: Mapped[str]
    created_by: Mapped[str]


class LinkRow(Base):
    """A share link; only the SHA-256 of its token is kept."""

    __tablename__ = "dashboard_links"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    dashboard: Mapped[str] = mapped_column(ForeignKey("dashboards.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    created: Mapped[str]
    created_by: Mapped[str]
    expires: Mapped[str]
    revoked: Mapped[str | None]
