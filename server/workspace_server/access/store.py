"""Tables of the access room."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ..kit.storage import Base, new_id


class User(Base):
    """``role`` is None where a version before roles added the person."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    color: Mapped[str]
    password_hash: Mapped[str]
    created: Mapped[str]
    role: Mapped[str | None]


class ProjectRole(Base):
    """A role that a person has in one project instead of ``User.role``."""

    __tablename__ = "project_roles"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]


class SignIn(Base):
    """A browser's session: the cookie holds a random id, this its SHA-256."""

    __tablename__ = "sign_ins"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created: Mapped[str]


class ApiToken(Base):
    """A token for scripts; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created: Mapped[str]
