"""What the owners of a project have agreed to beyond names and versions of the machine's own package index: building
one version of a package from its source code, or asking one more index or channel of conda. Each for one exact line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import select

from workspace_ext.contract.environments import Consent, ConsentKind, TrustedLine

from ..kit.clock import iso
from ..kit.errors import NotFound
from ..kit.storage import Storage
from .store import TrustedRow


@dataclass(frozen=True)
class Agreed:
    """``line`` is a requirement as it is written ("" for what only comes along), an index option, or a channel;
    ``what`` is the version that is built ("future==0.18.2") or the address."""

    kind: ConsentKind
    line: str
    what: str

    @classmethod
    def to(cls, consent: Consent) -> Agreed:
        return cls(consent.kind, consent.line, consent.what)


Trusted = frozenset[Agreed]
NOTHING: Trusted = frozenset()


class Trust:
    """Who has agreed to what, by project (its id). Reads the database: call it from threads."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def of(self, project: str) -> Trusted:
        """What holds in a project."""
        return frozenset(Agreed(one.kind, one.line, one.what) for one in self.lines(project))

    def lines(self, project: str) -> list[TrustedLine]:
        """The same with who and when, the latest first."""
        with self._storage.session() as session:
            rows = session.scalars(
                select(TrustedRow).where(TrustedRow.project_id == project).order_by(TrustedRow.at.desc())
            )
            return [
                TrustedLine(row.id, cast(ConsentKind, row.kind), row.line, row.what, row.by, row.at) for row in rows
            ]

    def give(self, project: str, agreed: Agreed, by: str) -> None:
        """Remember it."""
        if agreed not in self.of(project):
            with self._storage.session() as session:
                session.add(
                    TrustedRow(
                        project_id=project, kind=agreed.kind, line=agreed.line, what=agreed.what, by=by, at=iso()
                    )
                )

    def take_back(self, project: str, id: str) -> None:
        """Forget it.

        Raises
        ------
        NotFound
            It is none of this project's.
        """
        with self._storage.session() as session:
            row = session.get(TrustedRow, id)
            if row is None or row.project_id != project:
                raise NotFound("no_such_line", "That line is not trusted any more.")
            session.delete(row)
