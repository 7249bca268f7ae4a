"""How Jupyter Server learns who a request comes from."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from traitlets import Bool

from workspace_ext.contract.access import Person

from ..kit.errors import Forbidden
from ..kit.http import NOBODY, Caller, Request
from .roles import LEAST
from .service import Access, as_caller

ARTICLE = {"viewer": "a", "commenter": "a", "editor": "an", "owner": "an"}
LINK_HEADER = "X-Atrium-Link"


def access_of(handler: JupyterHandler) -> Access:
    access: Access = handler.settings["atrium"].access
    return access


def header_token(handler: JupyterHandler) -> str:
    """The token of ``Authorization: token ...`` (or ``Bearer``), or ``?token=``; an empty string without one."""
    match = IdentityProvider.auth_header_pat.match(handler.request.headers.get("Authorization", ""))
    return match.group(2).strip() if match else str(handler.get_argument("token", ""))


class AtriumIdentityProvider(IdentityProvider):
    """Passwords and tokens of the workspace's people; under plain ``jupyter lab`` Jupyter's own token as well.

    The cookie holds an opaque session id, so that a profile can change and a session can end on the server.
    """

    token_signs_in = Bool(True, config=True, help="Whether the server's own token is the local person's sign-in.")

    @property
    def auth_enabled(self) -> bool:
        return True

    async def get_user_token(self, handler: Any) -> User | None:
        token = header_token(handler)
        if not token:
            return None
        access = access_of(handler)
        person = access.token_owner(token)
        own = self.token if self.token_signs_in else ""
        if person is None and own and hmac.compare_digest(token.encode(), own.encode()):
            person = access.local()
        return as_user(person) if person else None

    def user_to_cookie(self, user: User) -> str:
        raise NotImplementedError("the cookie is written by set_login_cookie")

    def set_login_cookie(self, handler: Any, user: User) -> None:
        # A script that sends its token with each request needs no session; a page opened by `?token=` does.
        if "Authorization" in handler.request.headers:
            return
        access = access_of(handler)
        session = access.sign_in(access.by_name(user.username))
        options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "path": handler.base_url}
        if handler.request.protocol == "https":
            options["secure"] = True
        handler.set_secure_cookie(self.get_cookie_name(handler), session, **options)

    def user_from_cookie(self, cookie_value: str) -> User | None:
        raise NotImplementedError("the cookie is read by get_user_cookie")

    def get_user_cookie(self, handler: Any) -> User | None:
        cookie = handler.get_secure_cookie(self.get_cookie_name(handler))
        person = access_of(handler).signed_in(cookie.decode()) if cookie else None
        return as_user(person) if person else None

    def clear_login_cookie(self, handler: Any) -> None:
        cookie = handler.get_secure_cookie(self.get_cookie_name(handler))
        if cookie:
            access_of(handler).sign_out(cookie.decode())
        super().clear_login_cookie(handler)

    def update_user_model(self, current_user: User, user_data: dict[Any, str]) -> User:
        current_user.color = user_data.get("color", current_user.color)
        return current_user

    def persist_user_model(self, handler: Any) -> None:
        user = handler.current_user
        access = access_of(handler)
        access.update(access.by_name(user.username).id, color=user.color)


class AccessGate:
    """The dispatcher's :class:`~workspace_server.kit.http.Gate`, over :class:`Access`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def identify(self, handler: JupyterHandler) -> Caller:
        """Token in a header, share link in a header, else the browser's session."""
        if handler.current_user is not None:
            return as_caller(self._access.by_name(handler.current_user.username))
        if token := header_token(handler) or handler.request.headers.get(LINK_HEADER, ""):
            return self._access.bearer(token)
        return NOBODY

    def allows(self, caller: Caller, action: str, path: dict[str, str]) -> bool:
        return self._access.allows(caller, action, path)

    async def admits(self, caller: Caller, action: str, request: Request) -> bool:
        if not self._access.varies(caller):
            return True
        fields = {
            name: value
            for given in (request.query, request.body)
            if given is not None
            for name in ("project", "notebook", "path", "folder")
            if isinstance(value := getattr(given, name, None), str)
        }
        return await asyncio.to_thread(self._access.admits, caller, action, request.path, fields)

    def refusal(self, caller: Caller, action: str) -> Forbidden:
        least = LEAST.get(action)
        if caller.kind != "person" or least is None:
            return Forbidden("not_allowed", "This address is not for you.", "Sign in as somebody who may.")
        return Forbidden(
            "not_allowed", f"Your role does not allow this: it takes {ARTICLE[least]} {least}.",
            "Ask an owner of the workspace for the role.",
        )  # fmt: skip


def as_user(person: Person) -> User:
    return User(person.name, person.display_name, person.display_name, person.initials, None, person.color)
