"""Production's head and its past: here alone the head changes, by compare-and-set, with a line of history each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from workspace_ext.contract.projects import Because, Publication

from ...kit.clock import iso
from ...kit.errors import Conflict
from ..places import Places, ProjectFacts
from ..store import PinRow, ProjectRow, PublicationRow, PublishedRow

LONGEST_HISTORY = 500


@dataclass(frozen=True)
class Move:
    """A change of production that is wanted. ``by`` is a person's id; see :class:`Publication` for the rest."""

    sha: str
    branch: str
    because: Because
    by: str = ""
    why: str = ""
    summary: str = ""
    forced: bool = False


@dataclass(frozen=True)
class Compared:
    """Pinned production beside the followed branch, whose commit is ``head`` (empty: there is none)."""

    head: str
    behind: int
    rewritten: bool


class Publications:
    """Used from threads."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._storage = places.storage

    def move(self, project_id: str, before: str | None, move: Move) -> bool:
        """Make ``move.sha`` the head if it is still ``before`` and nobody has pinned it; whether that was so."""
        with self._storage.session() as session:
            pinned = exists().where(PinRow.project_id == project_id)
            return _move(session, project_id, before, move, ~pinned)

    def pin(self, project_id: str, before: str | None, move: Move, compared: Compared) -> bool:
        """Make ``move.sha`` the head if it is still ``before``, and have it stay."""
        with self._storage.session() as session:
            if not _move(session, project_id, before, move):
                return False
            row = PinRow(
                project_id=project_id, why=move.why, by=move.by, since=iso(),
                head=compared.head, behind=compared.behind, rewritten=compared.rewritten,
            )  # fmt: skip
            session.merge(row)
            return True

    def unpin(self, project: ProjectFacts, person: str) -> None:
        """Let production follow again.

        Raises
        ------
        Conflict
            It was not pinned.
        """
        with self._storage.session() as session:
            pins = delete(PinRow).where(PinRow.project_id == project.id).returning(PinRow.project_id)
            if not session.execute(pins).all():
                raise Conflict(
                    "not_pinned", f"Production of {project.name} is not pinned.",
                    f"It follows {project.followed_branch} already.",
                )  # fmt: skip
            sha = session.get_one(ProjectRow, project.id).production_sha or ""
            known = select(PublicationRow.summary).where(
                PublicationRow.project_id == project.id, PublicationRow.sha == sha, PublicationRow.summary != ""
            )
            summary = session.scalar(known.limit(1)) or ""
            _note(session, project.id, sha, Move(sha, project.followed_branch, "unpinned", person, summary=summary))

    def pin_compared(self, project_id: str) -> Compared | None:
        """What was last known of a pin beside the followed branch; None without a pin."""
        with self._storage.session() as session:
            row = session.get(PinRow, project_id)
            return Compared(row.head, row.behind, row.rewritten) if row is not None else None

    def compare_pin(self, project_id: str, compared: Compared) -> None:
        """Keep what is now known of a pin beside the followed branch."""
        with self._storage.session() as session:
            session.execute(
                update(PinRow)
                .where(PinRow.project_id == project_id)
                .values(head=compared.head, behind=compared.behind, rewritten=compared.rewritten)
            )

    def history(self, project_id: str, limit: int) -> list[Publication]:
        """The last changes, newest first."""
        wanted = (
            select(PublicationRow)
            .where(PublicationRow.project_id == project_id)
            .order_by(PublicationRow.id.desc())
            .limit(max(1, min(limit, LONGEST_HISTORY)))
        )
        with self._storage.session() as session:
            return [
                Publication(
                    row.sha, row.summary, row.branch, row.published, cast(Because, row.because),
                    self._places.name_of(row.by) if row.by else "", row.why, row.before, row.forced,
                )
                for row in session.scalars(wanted)
            ]  # fmt: skip


def _move(session: Session, project_id: str, before: str | None, move: Move, *conditions: ColumnElement[bool]) -> bool:
    moment = iso()
    staying = move.sha == before
    moved = session.execute(
        update(ProjectRow)
        .where(
            ProjectRow.id == project_id,
            ProjectRow.production_sha.is_not_distinct_from(before),
            *conditions,
        )
        .values(
            production_sha=move.sha,
            production_branch=move.branch,
            production_published=ProjectRow.production_published if staying else moment,
        )
        .returning(ProjectRow.id)
    ).all()
    if moved:
        session.merge(PublishedRow(project_id=project_id, sha=move.sha, published=moment))
        _note(session, project_id, before or "", move)
    return bool(moved)


def _note(session: Session, project_id: str, before: str, move: Move) -> None:
    session.add(
        PublicationRow(
            project_id=project_id, sha=move.sha, summary=move.summary, branch=move.branch, published=iso(),
            because=move.because, by=move.by, why=move.why, before=before, forced=move.forced,
        )
    )  # fmt: skip
