"""Users, sign-ins, tokens, and who may do what."""

from __future__ import annotations

import asyncio
import base64
import getpass
import hashlib
import hmac
import logging
import os
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import func, select

from workspace_ext.contract.access import Person, PersonRoles, Role

from ..kit.clock import iso
from ..kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from ..kit.events import Events
from ..kit.home import Home
from ..kit.http import NOBODY, Caller
from ..kit.storage import Storage
from .ports import Projects, Subject
from .rights import Rights
from .roles import LEAST
from .store import ApiToken, SignIn, User

log = logging.getLogger(__name__)

SHORTEST_PASSWORD = 8
RELOAD_SECONDS = 2.0
COLORS = [f"var(--jp-collaborator-color{n})" for n in range(1, 8)]
LINK_ACTIONS = {"dashboards:view"}
KERNEL_ACTIONS = {"kernel:ask"}


class Access:
    """The access room. Lookups are cached in memory, so that they may be called on the event loop."""

    def __init__(self, home: Home, storage: Storage, events: Events) -> None:
        self._storage = storage
        self._events = events
        self._hasher = PasswordHasher()
        self._secret = _secret(home)
        self._people: dict[str, Person] = {}
        self._sign_ins: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._lock = threading.RLock()
        self._rights = Rights()
        self._reloader: asyncio.Task[None] | None = None
        self._links: Callable[[str], Caller] = lambda _token: NOBODY
        self.setup_code = secrets.token_urlsafe(16)

    def wire(self, projects: Projects, subject: Subject | None = None) -> None:
        """Name the implementations of the ports."""
        self._rights.wire(projects, subject)

    async def start(self) -> None:
        """Begin to notice what `atrium users` does in another process."""
        self._reloader = asyncio.create_task(self._reload())

    async def close(self) -> None:
        if self._reloader is not None:
            self._reloader.cancel()

    async def _reload(self) -> None:
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            try:
                await asyncio.to_thread(self._load_changed)
            except Exception:
                log.exception("reading people and roles")

    def _load_changed(self) -> None:
        with self._storage.session() as session:
            changed = self._rights.changed(session)
        if changed:
            self.load()

    def load(self) -> None:
        """Read users, roles, sign-ins and tokens; also after another process (`atrium users`) changed them."""
        with self._lock, self._storage.session() as session:
            changed = self._rights.load(session)
            self._people = {user.id: _person(user) for user in session.scalars(select(User))}
            self._sign_ins = {row.hash: row.user_id for row in session.scalars(select(SignIn))}
            self._tokens = {row.hash: row.user_id for row in session.scalars(select(ApiToken))}
        if changed:
            self._events.publish("access", "roles", "changed")

    # People

    def people(self) -> list[Person]:
        """Everybody, by name."""
        return sorted(self._people.values(), key=lambda person: person.name)

    def person(self, id: str) -> Person:
        try:
            return self._people[id]
        except KeyError:
            raise NotFound("no_such_person", f"There is no person {id}.") from None

    def by_name(self, name: str) -> Person:
        for person in self._people.values():
            if person.name == name:
                return person
        raise NotFound("no_such_person", f"There is no person named {name!r}.", "`atrium users list` shows everybody.")

    def add(self, name: str, password: str, display_name: str = "", role: Role | None = None) -> Person:
        """Add a person who signs in with ``name`` and ``password`` (8 characters or more).

        The first one is an owner whatever ``role`` says, the next ones are editors unless it does.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
            raise Invalid(
                "invalid_name", f"{name!r} cannot be a user name.",
                "Use lower-case letters, digits, dot, dash or underscore; begin with a letter or digit.", "name",
            )  # fmt: skip
        self._check_password(password)
        with self._storage.session() as session:
            if session.scalar(select(User).where(User.name == name)) is not None:
                raise Conflict("name_taken", f"There is a person named {name} already.", "Choose another name.")
            count = session.scalar(select(func.count()).select_from(User)) or 0
            user = User(
                name=name, display_name=display_name or name.capitalize(), color=COLORS[count % len(COLORS)],
                password_hash=self._hasher.hash(password), created=iso(),
                role=(role or "editor") if count else "owner",
            )  # fmt: skip
            session.add(user)
            session.flush()
            person = _person(user)
        self.load()
        self._events.publish("access", person.id, "added")
        return person

    def add_first(self, code: str, name: str, password: str, display_name: str = "") -> Person:
        """The first-run page: only while there is nobody, and only with the code that the server printed."""
        if self._people:
            raise Forbidden("not_first", "This workspace has people already.", "Sign in.")
        if not hmac.compare_digest(code.encode(), self.setup_code.encode()):
            raise Forbidden(
                "wrong_code", "The setup code is not the one the server printed.", "Open its address again."
            )
        return self.add(name, password, display_name)

    def local(self) -> Person:
        """The person of this account, for plain `jupyter lab`, where Jupyter's own token is the sign-in."""
        name = re.sub(r"[^a-z0-9._-]", "-", getpass.getuser().lower()).lstrip("._-") or "me"
        try:
            return self.by_name(name)
        except NotFound:
            # Whoever holds the account holds the workspace.
            return self.add(name, secrets.token_urlsafe(32), role="owner")

    def update(self, id: str, display_name: str | None = None, color: str | None = None) -> Person:
        if color is not None and not re.fullmatch(r"var\(--[a-z0-9-]+\)|#[0-9a-fA-F]{3,8}", color):
            raise Invalid("invalid_color", f"{color!r} is not a colour.", "Use #rrggbb.", "color")
        with self._storage.session() as session:
            user = session.get_one(User, id)
            user.display_name = display_name or user.display_name
            user.color = color or user.color
            person = _person(user)
        with self._lock:
            self._people[id] = person
        self._events.publish("access", id, "updated")
        return person

    def _check_password(self, password: str) -> None:
        if len(password) < SHORTEST_PASSWORD:
            raise Invalid(
                "short_password", f"The password has {len(password)} characters.",
                f"Use at least {SHORTEST_PASSWORD}.", "password",
            )  # fmt: skip

    # Sign-ins and tokens

    def check(self, name: str, password: str) -> Person:
        """The person, if the password is theirs. Takes as long when there is no such person."""
        with self._storage.session() as session:
            user = session.scalar(select(User).where(User.name == name))
        stored = user.password_hash if user else _NOBODYS_HASH
        try:
            self._hasher.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            user = None
        if user is None:
            raise Unauthenticated("wrong_password", "Name and password do not match.", "Check both and try again.")
        self.load()
        return self.person(user.id)

    def sign_in(self, person: Person) -> str:
        """A new browser session; the opaque id goes into its cookie."""
        return self._issue(SignIn, person)

    def sign_out(self, id: str) -> None:
        with self._lock:
            with self._storage.session() as session:
                if row := session.get(SignIn, _hash(id)):
                    session.delete(row)
            self._sign_ins.pop(_hash(id), None)

    def add_token(self, person: Person) -> str:
        """A new API token, shown once."""
        return self._issue(ApiToken, person)

    def _issue(self, kind: type[SignIn] | type[ApiToken], person: Person) -> str:
        token = secrets.token_urlsafe(32)
        with self._lock:
            with self._storage.session() as session:
                session.add(kind(hash=_hash(token), user_id=person.id, created=iso()))
            (self._sign_ins if kind is SignIn else self._tokens)[_hash(token)] = person.id
        return token

    def signed_in(self, id: str) -> Person | None:
        """Whose browser session it is."""
        return self._people.get(self._sign_ins.get(_hash(id), ""))

    def token_owner(self, token: str) -> Person | None:
        """Whose API token it is."""
        owner = self._tokens.get(_hash(token))
        if owner is None and len(token) == 43:
            # `atrium users token` may have made it in another process.
            self.load()
            owner = self._tokens.get(_hash(token))
        return self._people.get(owner or "")

    # Kernels and share links

    def kernel_token(self, notebook: str, person_id: str = "") -> str:
        """A token that lets one notebook's kernel ask about itself, and nothing else."""
        scope = base64.urlsafe_b64encode(f"{person_id}\n{notebook}".encode()).decode().rstrip("=")
        return f"kernel.{scope}.{self._sign(scope)}"

    def links_by(self, lookup: Callable[[str], Caller]) -> None:
        """How a share link's token is looked up; the dashboards room says (it may be called on the loop)."""
        self._links = lookup

    def bearer(self, token: str) -> Caller:
        """The caller that a token in a header stands for."""
        if token.startswith("kernel."):
            _, scope, signature = [*token.split("."), "", ""][:3]
            if hmac.compare_digest(signature.encode(), self._sign(scope).encode()):
                person, _, notebook = base64.urlsafe_b64decode(scope + "=" * (-len(scope) % 4)).decode().partition("\n")
                return Caller("kernel", id=person, name="kernel", scope=notebook)
            return NOBODY
        if token.startswith("link."):
            return self._links(token)
        person_ = self.token_owner(token)
        return as_caller(person_) if person_ else NOBODY

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def derive(self, purpose: str) -> str:
        """The server's secret for one purpose: 64 hexadecimal digits, always the same for the same ``purpose``."""
        # With a key of its own, so that none of these can pass for a kernel's token.
        key = hmac.new(self._secret, b"derive", hashlib.sha256).digest()
        return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()

    # Rights

    def role(self, person_id: str, project: str | None = None) -> Role:
        """The person's role in a project (an id), or wherever they have none of their own. From memory."""
        return self._rights.role(person_id, project)

    def roles(self, person_id: str) -> PersonRoles:
        """All roles of a person. From memory."""
        return self._rights.of(person_id)

    def set_role(self, person_id: str, role: Role | None, project: str | None = None) -> PersonRoles:
        """Give a person a role: in one project (an id), or wherever they have none of their own.

        Raises
        ------
        Conflict
            They are the only owner.
        Invalid
            There is no such role; ``None`` without a project.
        NotFound
            There is no such person, or project.
        """
        with self._storage.session() as session:
            self._rights.set(session, person_id, role, project)
        self.load()
        return self._rights.of(person_id)

    def may_write(self, person_id: str, path: str) -> bool:
        """May the person change the file at ``path`` (below ``work/``)? From memory, in about a microsecond."""
        return self._rights.may_write(person_id, path)

    def may_somewhere(self, person_id: str, least: Role | None) -> bool:
        """Does the person reach the role in any project, or outside of projects? From memory."""
        return self._rights.may_somewhere(person_id, least)

    def allows(self, caller: Caller, action: str, path: dict[str, str]) -> bool:
        """May ``caller`` do ``action`` anywhere? A person by their roles, a kernel may ask about itself, a link may
        view its dashboard. From memory; where a person's role depends on the project, ask :meth:`admits`, too."""
        if caller.kind == "person":
            return action not in KERNEL_ACTIONS and self._rights.may_somewhere(caller.id, LEAST.get(action))
        if caller.kind == "kernel":
            return action in KERNEL_ACTIONS
        return caller.kind == "link" and action in LINK_ACTIONS

    def varies(self, caller: Caller) -> bool:
        """Whether :meth:`admits` has to be asked, too."""
        return caller.kind == "person" and self._rights.varies(caller.id)

    def admits(self, caller: Caller, action: str, path: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        """May ``caller`` do ``action`` on what a request's path, body and query (``fields``) name? In a thread."""
        project = self._rights.project_of(action, path, fields)
        return self._rights.may(caller.id, action, project)


def as_caller(person: Person) -> Caller:
    return Caller("person", id=person.id, name=person.name)


def _person(user: User) -> Person:
    words = re.findall(r"\w+", user.display_name)
    initials = "".join(word[0] for word in words[:2]).upper() or user.name[:1].upper()
    return Person(user.id, user.name, user.display_name, initials, user.color, cast(Role, user.role or "editor"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _secret(home: Home) -> bytes:
    """The server's own secret, made once."""
    path = home.secrets / "server.key"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


_NOBODYS_HASH = PasswordHasher().hash("nobody has this password")
