"""Tables of the projects room. Branches, commits and status belong to git and are never cached here."""

from __future__ import annotations

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from ..kit.storage import Base, new_id


class ProjectRow(Base):
    """``production_sha`` is the head: it changes by compare-and-set, after the checkout is in place.

    ``archived`` and ``trashed`` say since when; one in the trash has its id behind its name, which is free again.

    ``strip_outputs``: commits of notebooks are made without their outputs.
    """

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    default_branch: Mapped[str]
    followed_branch: Mapped[str]
    created: Mapped[str]
    production_sha: Mapped[str | None]
    production_branch: Mapped[str | None]
    production_published: Mapped[str | None]
    problem_code: Mapped[str | None]
    problem_message: Mapped[str | None]
    problem_hint: Mapped[str | None]
    archived: Mapped[str | None]
    trashed: Mapped[str | None]
    trashed_by: Mapped[str | None]
    strip_outputs: Mapped[bool] = mapped_column(default=False, server_default=false())


class PublishedRow(Base):
    """A commit that is, or was, published for a project; its folder may be collected when nothing needs it."""

    __tablename__ = "published_commits"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    sha: Mapped[str] = mapped_column(primary_key=True)
    published: Mapped[str]


class PublicationRow(Base):
    """A change of production, kept for good. ``by`` is a person's id, ``before`` the commit until then."""

    __tablename__ = "publications"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    sha: Mapped[str]
    summary: Mapped[str]
    branch: Mapped[str]
    published: Mapped[str]
    because: Mapped[str]
    by: Mapped[str]
    why: Mapped[str]
    before: Mapped[str]
    forced: Mapped[bool]


class PinRow(Base):
    """While there is one, production stays. ``head`` is the followed branch's, as ``behind`` counts to it."""

    __tablename__ = "production_pins"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    why: Mapped[str]
    by: Mapped[str]
    since: Mapped[str]
    head: Mapped[str]
    behind: Mapped[int]
    rewritten: Mapped[bool]


class WebhookRow(Base):
    """A project's webhook. Its secret follows from ``nonce`` and the server's own."""

    __tablename__ = "project_webhooks"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[str]
    made: Mapped[str]
    by: Mapped[str]


class LeaseRow(Base):
    """Somebody works in ``production/<sha>``: it is not collected until the holder lets go. Outlives its project."""

    __tablename__ = "production_leases"

    holder: Mapped[str] = mapped_column(primary_key=True)
    sha: Mapped[str] = mapped_column(index=True)
    taken: Mapped[str]


class CredentialRow(Base):
    """What ``holder`` (``person <id>`` or ``project <id>``) signs in with at ``origin`` (scheme, host and port).

    ``secret`` is encrypted, see :mod:`.vault`. ``project_id`` is set where a project is the holder.
    """

    __tablename__ = "credentials"

    holder: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    kind: Mapped[str]
    user: Mapped[str]
    label: Mapped[str]
    fingerprint: Mapped[str]
    secret: Mapped[bytes]
    created: Mapped[str]
    last_used: Mapped[str]


class SubmoduleRow(Base):
    """An owner (``by``: a person's id) has let a project fetch submodules from an address, exactly this one."""

    __tablename__ = "project_submodules"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    given: Mapped[str]
