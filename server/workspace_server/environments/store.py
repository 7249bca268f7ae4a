"""Tables of the environments room."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ..kit.storage import Base, new_id


class TrustedRow(Base):
    """What an owner of a project has agreed to; see :class:`workspace_server.environments.trust.Agreed`. ``by`` is a
    person's name."""

    __tablename__ = "trusted_lines"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    line: Mapped[str]
    what: Mapped[str]
    by: Mapped[str]
    at: Mapped[str]
