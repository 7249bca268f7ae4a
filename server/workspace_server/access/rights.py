"""Who has which role where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from workspace_ext.contract.access import PersonRoles, Role

from ..kit.errors import Conflict, Invalid, NotFound
from .ports import Projects, Subject
from .roles import LEAST, RANK, place_of, reaches
from .store import ProjectRole, User


@dataclass(frozen=True)
class _Known:
    """What is in memory; replaced as a whole, so that it may be read from any thread."""

    names: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    projects: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)


class Rights:
    """Questions are answered from memory, on the event loop as well. Changes are made in threads."""

    def __init__(self) -> None:
        self._known = _Known()
        self._projects: Projects | None = None
        self._subject: Subject = lambda _room, _path: ""

    def wire(self, projects: Projects, subject: Subject | None) -> None:
        """Name the implementations of the ports."""
        self._projects, self._subject = projects, subject or self._subject

    def load(self, session: Session) -> bool:
        """Read all roles; whether any has changed."""
        users = list(session.scalars(select(User).order_by(User.created, User.id)))
        # Before there were roles, everybody might do everything; the first one is who set the workspace up.
        if users and all(user.role is None for user in users):
            users[0].role = "owner"
        for user in users:
            user.role = user.role or "editor"
        projects: dict[str, dict[str, Role]] = {}
        folders: dict[str, str] = {}
        for row in session.scalars(select(ProjectRole)):
            name = self._folder(row.project_id)
            if name is None:
                session.delete(row)
                continue
            folders[name] = row.project_id
            projects.setdefault(row.user_id, {})[row.project_id] = cast(Role, row.role)
        before, self._known = (
            self._known,
            _Known(
                {user.id: user.name for user in users},
                {user.id: cast(Role, user.role) for user in users},
                projects,
                folders,
            ),
        )
        return (before.roles, before.projects) != (self._known.roles, self._known.projects)

    def changed(self, session: Session) -> bool:
        """Whether another process has added people or changed roles since :meth:`load`; cheap."""
        users = {row.id: row.role for row in session.execute(select(User.id, User.role))}
        rows = session.execute(select(ProjectRole.user_id, ProjectRole.project_id, ProjectRole.role))
        known = {
            (person, project, role) for person, roles in self._known.projects.items() for project, role in roles.items()
        }
        return users != self._known.roles or {tuple(row) for row in rows} != known

    def _folder(self, project_id: str) -> str | None:
        if self._projects is None:
            return project_id
        try:
            return self._projects.get(project_id).name
        except NotFound:
            return None

    # Questions

    def role(self, person_id: str, project: str | None = None) -> Role:
        """The person's role in a project (an id), or wherever they have none of their own.

        Raises
        ------
        NotFound
        """
        known = self._known
        if person_id not in known.roles:
            raise NotFound("no_such_person", f"There is no person {person_id}.")
        return known.projects.get(person_id, {}).get(project or "", known.roles[person_id])

    def of(self, person_id: str) -> PersonRoles:
        """All roles of a person."""
        return PersonRoles(self.role(person_id), dict(self._known.projects.get(person_id, {})))

    def may(self, person_id: str, action: str, project: str | None = None) -> bool:
        """May the person do ``action``, in that project?"""
        return person_id in self._known.roles and reaches(self.role(person_id, project), LEAST.get(action))

    def may_somewhere(self, person_id: str, least: Role | None) -> bool:
        """Does the person reach ``least`` in any project, or outside of projects?"""
        known = self._known
        if person_id not in known.roles:
            return False
        roles = [known.roles[person_id], *known.projects.get(person_id, {}).values()]
        return reaches(max(roles, key=RANK.__getitem__), least)

    def varies(self, person_id: str) -> bool:
        """Whether the person's role depends on the project."""
        return bool(self._known.projects.get(person_id))

    def may_write(self, person_id: str, path: str) -> bool:
        """May the person change the file at ``path``, below ``work/``?

        Editors write in projects (by their role in that project) and in their own scratch folder; owners everywhere.
        """
        known = self._known
        place = place_of(path)
        if place is None or person_id not in known.roles:
            return False
        where, whose = place
        role = known.roles[person_id]
        if where == "projects":
            role = known.projects.get(person_id, {}).get(known.folders.get(whose, ""), role)
        elif where == "scratch" and whose != known.names[person_id]:
            return role == "owner"
        return reaches(role, "editor")

    def project_of(self, action: str, path: Mapping[str, str], fields: Mapping[str, str]) -> str | None:
        """The project (its id) that a request is about, from what its path, body and query name. In a thread."""
        try:
            if subject := self._subject(action.partition(":")[0], path):
                return subject
            if named := fields.get("project"):
                return named
            for name in ("notebook", "path", "folder"):
                place = place_of(fields.get(name, ""))
                if place is not None and place[0] == "projects" and self._projects is not None:
                    return self._projects.by_name(place[1]).id
        except NotFound:
            pass
        return None

    # Changes

    def set(self, session: Session, person_id: str, role: Role | None, project: str | None) -> None:
        """Give a role; ``None`` takes away the one of a project."""
        user = session.get(User, person_id)
        if user is None:
            raise NotFound("no_such_person", f"There is no person {person_id}.")
        if role is not None and role not in RANK:
            raise Invalid("invalid_role", f"{role!r} is not a role.", f"Choose one of {', '.join(RANK)}.", "role")
        if project is not None:
            if self._projects is not None:
                self._projects.get(project)
            session.execute(
                delete(ProjectRole).where(ProjectRole.user_id == person_id, ProjectRole.project_id == project)
            )
            if role is not None:
                session.add(ProjectRole(user_id=person_id, project_id=project, role=role))
            return
        if role is None:
            raise Invalid("no_role", "Everybody has a role.", "Name a project to take away the role there.", "role")
        others = select(func.count()).select_from(User).where(User.role == "owner", User.id != person_id)
        if user.role == "owner" and role != "owner" and not session.scalar(others):
            raise Conflict(
                "last_owner", f"{user.display_name} is the only owner of this workspace.",
                "Make somebody else an owner first.",
            )  # fmt: skip
        user.role = role
