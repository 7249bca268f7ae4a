"""Tables of the comments room."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kit.storage import Base, new_id


class ThreadRow(Base):
    """A thread; its anchor is flat, ``exact`` None when it is on the whole cell. ``sha``: the anchor's commit."""

    __tablename__ = "comment_threads"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    document: Mapped[str] = mapped_column(index=True)
    branch: Mapped[str]
    cell_id: Mapped[str]
    part: Mapped[str]
    exact: Mapped[str | None]
    prefix: Mapped[str]
    suffix: Mapped[str]
    line: Mapped[int | None]
    source_hash: Mapped[str]
    side: Mapped[str] = mapped_column(server_default="new")
    sha: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    created: Mapped[str]
    created_by: Mapped[str]
    resolved: Mapped[str | None]
    resolved_by: Mapped[str | None]
    comments: Mapped[list[CommentRow]] = relationship(
        order_by="CommentRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class CommentRow(Base):
    """One comment; ``position`` is its place in the thread, because two may be of one millisecond."""

    __tablename__ = "comments"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    thread_id: Mapped[str] = mapped_column(ForeignKey("comment_threads.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    author: Mapped[str]
    text: Mapped[str]
    created: Mapped[str]
    edited: Mapped[str | None]
