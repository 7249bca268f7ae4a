"""What git, and a gateway of clusters, signs in with: each person's own, and each project's for following it. Nobody's
serves anybody else."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from workspace_ext.contract.credentials import (
    Credential,
    CredentialKind,
    KeepCredential,
    KeepServiceCredential,
    ServiceCredential,
)

from ...kit.clock import iso, now, parse
from ...kit.errors import Invalid, NotFound
from ...kit.home import Home
from ...kit.storage import Storage, new_id
from ..names import allowed_remotes
from ..origins import origin_named, origin_of
from ..places import ProjectFacts
from ..store import CredentialRow
from .secret_texts import checked_key, checked_token, checked_words
from .sign_in import SignIn
from .vault import Vault

# Following looks every minute: "last used" need not be written that often.
USED_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Holder:
    """Whose credentials: a person's (their id), or a project's for following it."""

    person: str = ""
    project: ProjectFacts | None = None

    @property
    def key(self) -> str:
        return f"project {self.project.id}" if self.project is not None else f"person {self.person}"


class Credentials:
    """Used from threads. No method gives a secret; :meth:`lend` writes it for one program alone."""

    def __init__(self, home: Home, storage: Storage) -> None:
        self._storage = storage
        self._settings = home.settings
        self._vault = Vault(home.secrets / "credentials.key")
        self._folder = home.run / "sign-ins"

    def listed(self, holder: Holder) -> list[Credential]:
        """By host."""
        wanted = select(CredentialRow).where(CredentialRow.holder == holder.key).order_by(CredentialRow.origin)
        with self._storage.session() as session:
            return [_wire(row) for row in session.scalars(wanted)]

    def service(self, project: ProjectFacts) -> ServiceCredential:
        """What following ``project`` signs in with."""
        return ServiceCredential(origin_of(project.url), next(iter(self.listed(Holder(project=project))), None))

    def keep(self, person: str, wish: KeepCredential) -> Credential:
        """Keep a person's credential; it replaces the one for the same host.

        Raises
        ------
        Invalid
            The host, the user name or the secret cannot be; the message never repeats the secret.
        """
        origin = origin_named(wish.host, wish.kind, allowed_remotes(self._settings))
        return self._keep(Holder(person), origin, wish)

    def keep_service(self, project: ProjectFacts, wish: KeepServiceCredential) -> ServiceCredential:
        """Keep what ``project`` is followed with, in the place of what was."""
        origin = origin_named(project.url, wish.kind, allowed_remotes(self._settings))
        return ServiceCredential(origin, self._keep(Holder(project=project), origin, wish))

    def delete(self, person: str, id: str) -> None:
        """Forget a person's credential."""
        with self._storage.session() as session:
            session.delete(self._row(session, Holder(person), id))

    def delete_service(self, project: ProjectFacts) -> None:
        """Forget what ``project`` is followed with."""
        with self._storage.session() as session:
            row = session.scalar(select(CredentialRow).where(CredentialRow.holder == Holder(project=project).key))
            if row is None:
                raise NotFound("no_such_credential", f"{project.name} has no credential.", "Nothing to remove.")
            session.delete(row)

    def check_serves(self, person: str, id: str, url: str) -> None:
        """Raise unless a person's credential is for the host of ``url``."""
        with self._storage.session() as session:
            origin = self._row(session, Holder(person), id).origin
        if origin_of(url) != origin:
            raise Invalid(
                "other_host", f"This credential is for {origin} only.", "Give a repository's address there.", "url"
            )

    def lend(self, holder: Holder, url: str) -> dict[str, Any]:
        """What git needs to be ``holder`` at ``url``, as JSON of a :class:`.sign_in.SignIn`; to be taken back.

        The secret is not in it, but in a file of the account's own that it names.
        """
        follows = holder.project.name if holder.project is not None else ""
        nobody = SignIn(known_hosts=str(self._settings / "known_hosts"), follows=follows)
        with self._storage.session() as session:
            row = session.get(CredentialRow, (holder.key, origin_of(url)))
            if row is None:
                return asdict(nobody)
            if not row.last_used or parse(row.last_used) < now() - USED_AGAIN:
                row.last_used = iso()
        secret = self._vault.open(row.secret, _purpose(row))
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = Path(tempfile.mkdtemp(dir=self._folder)) / row.kind
        try:
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secret if row.kind == "ssh_key" else _store_line(url, row.user, secret))
        except BaseException:
            shutil.rmtree(file.parent)
            raise
        return asdict(replace(nobody, kind=cast(CredentialKind, row.kind), file=str(file)))

    def take_back(self, lent: dict[str, Any]) -> None:
        """Remove what :meth:`lend` wrote."""
        if lent["file"]:
            shutil.rmtree(Path(lent["file"]).parent, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what was lent when the server was killed. Before anything is lent."""
        if self._folder.exists():
            shutil.rmtree(self._folder)

    def _keep(self, holder: Holder, origin: str, wish: KeepCredential | KeepServiceCredential) -> Credential:
        if wish.kind == "token":
            secret = checked_token(wish.secret)
            user = checked_words(wish.user, "user", "The user name")
            if not user:
                raise Invalid("no_user", "A token needs a user name.", "Give your user name on that host.", "user")
            fingerprint = hashlib.sha256(secret.encode()).hexdigest()[-4:]
        else:
            secret, fingerprint = checked_key(wish.secret)
            user = checked_words(wish.user, "user", "The user name")
        row = CredentialRow(
            holder=holder.key, origin=origin, id=new_id(),
            project_id=holder.project.id if holder.project is not None else None, kind=wish.kind, user=user,
            label=checked_words(wish.label, "label", "The label"), fingerprint=fingerprint, created=iso(), last_used="",
        )  # fmt: skip
        row.secret = self._vault.lock(secret, _purpose(row))
        with self._storage.session() as session:
            session.merge(row)
        return _wire(row)

    def _row(self, session: Session, holder: Holder, id: str) -> CredentialRow:
        wanted = select(CredentialRow).where(CredentialRow.holder == holder.key, CredentialRow.id == id)
        row = session.scalar(wanted)
        if row is None:
            raise NotFound("no_such_credential", "You keep no such credential.", "It may have been deleted.")
        return row


def _purpose(row: CredentialRow) -> str:
    return "\n".join((row.holder, row.origin, row.kind, row.user))


def _store_line(url: str, user: str, token: str) -> str:
    """A line of `git credential-store`, for the host as this very address spells it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{quote(user, safe='')}:{quote(token, safe='')}@{parts.netloc.rpartition('@')[2]}\n"


def _wire(row: CredentialRow) -> Credential:
    kind = cast(CredentialKind, row.kind)
    return Credential(row.id, row.origin, kind, row.user, row.label, row.fingerprint, row.created, row.last_used)
