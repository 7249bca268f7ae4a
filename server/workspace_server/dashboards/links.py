"""Share links: who holds one may look at one dashboard and choose on it, until it expires or is taken back."""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import timedelta
from typing import Literal

from sqlalchemy import select

from workspace_ext.contract.dashboards import CreateLink, Link

from ..kit.clock import iso, now
from ..kit.errors import Invalid, NotFound
from ..kit.http import NOBODY, Caller
from ..kit.storage import Storage
from .store import LinkRow

PREFIX = "link."
BYTES = 32
LONGEST = 365


class Links:
    """Looked up in memory, because requests are told apart on the event loop; kept in the database by their hash."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: dict[str, Link] = {}
        self._dashboards: dict[str, str] = {}
        self._hashes: dict[str, str] = {}
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read all links."""
        with self._storage.session() as session:
            rows = list(session.scalars(select(LinkRow)))
        for row in rows:
            self._remember(row)

    # Called on the event loop

    def caller(self, token: str) -> Caller:
        """Who comes with that token: a link while it works, else nobody."""
        id = self._hashes.get(_hash(token), "")
        return Caller("link", id=id, name="link", scope=self._dashboards[id]) if self.works(id) else NOBODY

    def works(self, id: str) -> bool:
        """Whether the link has neither expired nor been taken back."""
        link = self._known.get(id)
        return link is not None and _state(link.state == "revoked", link.expires) == "active"

    def count(self, dashboard: str) -> int:
        """How many links of a dashboard work."""
        return sum(self.works(id) for id, of in list(self._dashboards.items()) if of == dashboard)

    # Called in threads

    def create(self, dashboard: str, wish: CreateLink, by: str) -> tuple[Link, str]:
        """A new link and its token, which is known nowhere else."""
        if not 1 <= wish.days <= LONGEST:
            raise Invalid("invalid_days", f"A link cannot last {wish.days} days.", f"Choose 1 to {LONGEST}.", "days")
        token = PREFIX + secrets.token_urlsafe(BYTES)
        with self._storage.session() as session:
            row = LinkRow(
                dashboard=dashboard, hash=_hash(token), label=wish.label.strip()[:100], created=iso(), created_by=by,
                expires=iso(now() + timedelta(days=wish.days)), revoked=None,
            )  # fmt: skip
            session.add(row)
        return self._remember(row), token

    def listed(self, dashboard: str) -> list[Link]:
        """Newest first, with those that no longer work."""
        with self._storage.session() as session:
            rows = session.scalars(
                select(LinkRow).where(LinkRow.dashboard == dashboard).order_by(LinkRow.created.desc())
            )
            return [_link(row) for row in rows]

    def revoke(self, dashboard: str, id: str) -> None:
        """Take a link back, at once. Doing it twice is no error."""
        with self._storage.session() as session:
            row = session.get(LinkRow, id)
            if row is None or row.dashboard != dashboard:
                raise NotFound("no_such_link", f"This dashboard has no link {id}.")
            row.revoked = row.revoked or iso()
        self._remember(row)

    def forget(self, dashboard: str) -> None:
        """The dashboard is gone, and its links with it."""
        with self._lock:
            for id in [id for id, of in self._dashboards.items() if of == dashboard]:
                del self._dashboards[id], self._known[id]

    def _remember(self, row: LinkRow) -> Link:
        link = _link(row)
        with self._lock:
            self._dashboards[row.id] = row.dashboard
            self._known[row.id] = link
            self._hashes[row.hash] = row.id
        return link


def _link(row: LinkRow) -> Link:
    return Link(
        row.id, row.label, row.created, row.created_by, row.expires, _state(row.revoked is not None, row.expires)
    )


def _state(revoked: bool, expires: str) -> Literal["active", "expired", "revoked"]:
    return "revoked" if revoked else "active" if expires > iso() else "expired"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
