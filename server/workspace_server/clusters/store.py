"""Tables of the clusters room: what is desired. What is actual, the processes say."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ..kit.storage import Base, new_id


class ClusterRow(Base):
    """``desired`` is running or stopped; ``problem`` (packed error) is why it is not what was desired, or not in the
    environment in which it was to be restarted; ``note`` what else there is to say of why it is stopped. Clusters of
    earlier versions never stop for being idle. ``address`` is that of a scheduler or Spark server that was there
    already, ``extras`` the requirements, one a line, that make clients fit that scheduler or the driver of ``gpus``, of
    which each worker has one; "" before they are known.
    """

    __tablename__ = "clusters"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    minimum: Mapped[int]
    maximum: Mapped[int]
    notebook: Mapped[str]
    created_by: Mapped[str]
    created: Mapped[str]
    desired: Mapped[str]
    problem: Mapped[str | None]
    memory: Mapped[str] = mapped_column(server_default="")
    threads: Mapped[int] = mapped_column(server_default="1")
    idle_seconds: Mapped[int] = mapped_column(server_default="0")
    note: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    extras: Mapped[str] = mapped_column(server_default="")
    gpus: Mapped[int] = mapped_column(server_default="0")


class AttachmentRow(Base):
    """``notebook`` is a key that all branches of a project share, see ``service.key``."""

    __tablename__ = "cluster_attachments"

    notebook: Mapped[str] = mapped_column(primary_key=True)
    cluster_id: Mapped[str] = mapped_column(ForeignKey("clusters.id", ondelete="CASCADE"), index=True)
