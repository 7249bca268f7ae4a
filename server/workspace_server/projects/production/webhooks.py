"""What a git host tells of a push: a hint to look at the remote, never the truth, so nothing of it is read."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workspace_ext.contract.projects import Delivery, Webhook, WebhookSecret

from ...access.service import Access
from ...kit.clock import iso
from ...kit.errors import NotFound, TooMany, Unauthenticated
from ...kit.http import PREFIX
from ..places import Places
from ..store import WebhookRow
from .following import Following

Outcome = Literal["looking", "ping", "repeated"]
LARGEST = 25 * 2**20
"""Bytes of a delivery: as much as GitHub ever sends."""
MOST_A_MINUTE = 120
REMEMBERED = 24 * 3600
MOST_REMEMBERED = 10_000

# As Tornado spells them.
_SIGNED = ("X-Hub-Signature-256", "X-Hub-Signature", "X-Gitea-Signature", "X-Forgejo-Signature")
_TOKEN = "X-Gitlab-Token"
_IDS = ("X-Github-Delivery", "X-Request-Uuid", "X-Gitea-Delivery", "X-Forgejo-Delivery", "X-Gitlab-Event-Uuid")
_EVENTS = ("X-Github-Event", "X-Event-Key", "X-Gitea-Event", "X-Forgejo-Event")
_PINGS = ("ping", "diagnostics:ping")


def signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether whoever sent ``body`` knows ``secret``, in the way of any host; compared in constant time."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = [headers[name].removeprefix("sha256=") for name in _SIGNED if name in headers]
    valid = [hmac.compare_digest(one.encode(), digest.encode()) for one in given]
    if _TOKEN in headers:
        valid.append(hmac.compare_digest(headers[_TOKEN].encode(), secret.encode()))
    return any(valid)


@dataclass
class _Memory:
    """What is remembered of one project's deliveries while the server lives."""

    seen: OrderedDict[str, float] = field(default_factory=OrderedDict)
    lately: deque[float] = field(default_factory=deque)
    last: tuple[Outcome | Literal["", "refused"], str] = ("", "")

    def admit(self, now: float) -> bool:
        """Count a delivery; false when there were too many in the last minute."""
        while self.lately and self.lately[0] <= now - 60:
            self.lately.popleft()
        if len(self.lately) >= MOST_A_MINUTE:
            return False
        self.lately.append(now)
        return True

    def repeated(self, delivery: str, now: float) -> bool:
        """Whether this delivery came before, within a day."""
        while self.seen and (len(self.seen) >= MOST_REMEMBERED or next(iter(self.seen.values())) <= now - REMEMBERED):
            self.seen.popitem(last=False)
        if delivery in self.seen:
            return True
        self.seen[delivery] = now
        return False


class Webhooks:
    """On the event loop; what reads the database or a body of megabytes goes to a thread."""

    def __init__(self, places: Places, access: Access, following: Following) -> None:
        self._places = places
        self._access = access
        self._following = following
        self._memories: dict[str, _Memory] = {}

    async def deliver(self, project_id: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Look at the remote soon, if whoever sent this knows the project's secret.

        Raises
        ------
        Unauthenticated
            It is not signed, or not with this secret, or the project has none, or there is no such project.
        TooMany
            More came in the last minute than any host sends.
        """
        if not any(name in headers for name in (*_SIGNED, _TOKEN)):
            raise _refused()
        secret = await asyncio.to_thread(self._secret, project_id)
        if secret is None:
            raise _refused()
        now = time.monotonic()
        memory = self._memories.setdefault(project_id, _Memory())
        if not memory.admit(now):
            raise TooMany(
                "too_many", "Too many deliveries in a minute.", "The remote is looked at every minute anyway."
            )
        if not await asyncio.to_thread(signed, secret, headers, body):
            memory.last = ("refused", iso())
            raise _refused()
        outcome = _outcome(memory, headers, body, now)
        memory.last = (outcome, iso())
        if outcome == "looking":
            self._following.add(project_id, hinted=True)
        return Delivery(outcome)

    def describe(self, project_id: str) -> Webhook:
        """The project's webhook, without its secret."""
        self._places.get(project_id)
        memory = self._memories.get(project_id, _Memory())
        with self._places.storage.session() as session:
            row = session.get(WebhookRow, project_id)
            if row is None:
                return Webhook(path_of(project_id))
            made, by = row.made, self._places.name_of(row.by)
        outcome, moment = memory.last
        return Webhook(path_of(project_id), made, by, outcome, moment)

    def renew(self, project_id: str, person: str) -> WebhookSecret:
        """A new secret; the one before is worth nothing from now on."""
        self._places.get(project_id)
        nonce = secrets.token_urlsafe(24)
        with self._places.storage.session() as session:
            session.merge(WebhookRow(project_id=project_id, nonce=nonce, made=iso(), by=person))
        self._memories.pop(project_id, None)
        return WebhookSecret(path_of(project_id), self._derived(project_id, nonce))

    def remove(self, project_id: str) -> None:
        """Take no deliveries any more."""
        with self._places.storage.session() as session:
            row = session.get(WebhookRow, project_id)
            if row is None:
                raise NotFound("no_webhook", "This project's webhook has no secret.", "Nothing to remove.")
            session.delete(row)
        self._memories.pop(project_id, None)

    def _secret(self, project_id: str) -> str | None:
        with self._places.storage.session() as session:
            row = session.get(WebhookRow, project_id)
            return self._derived(project_id, row.nonce) if row is not None else None

    def _derived(self, project_id: str, nonce: str) -> str:
        return self._access.derive(f"webhook\n{project_id}\n{nonce}")


def _outcome(memory: _Memory, headers: Mapping[str, str], body: bytes, now: float) -> Outcome:
    delivery = next((headers[name] for name in _IDS if name in headers), "")
    # Hosts that number nothing still never send the same push twice.
    if memory.repeated(delivery or hashlib.sha256(body).hexdigest(), now):
        return "repeated"
    return "ping" if any(headers.get(name) in _PINGS for name in _EVENTS) else "looking"


def path_of(project_id: str) -> str:
    """Where a project's deliveries go, below the workspace's address."""
    return f"{PREFIX.lstrip('/')}/projects/{project_id}/webhook"


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "not_signed", "This delivery is not signed with the secret of a project here.",
        "Give the host the secret that the project's production view makes.",
    )  # fmt: skip
