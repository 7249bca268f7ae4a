"""The sign-in page, which is the first-run page while there is nobody."""

from __future__ import annotations

import html
from importlib.resources import files

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.login import LoginFormHandler

from ..kit.errors import AtriumError
from .identity import access_of, as_user

TEMPLATE = files(__package__).joinpath("sign-in.html").read_text()


class LoginHandler(LoginFormHandler):
    """GET shows the form, POST signs in; both are the first-run page while nobody has been added."""

    @allow_unauthenticated
    def get(self) -> None:
        if self.current_user:
            self._redirect_safe(self.get_argument("next", default=self.base_url))
        else:
            self._page()

    @allow_unauthenticated
    async def post(self) -> None:
        name, password = self.get_argument("name", "").strip(), self.get_argument("password", "")
        access = access_of(self)
        try:
            if code := self.get_argument("setup", ""):
                person = access.add_first(code, name, password, self.get_argument("display_name", "").strip())
            else:
                person = access.check(name, password)
        except AtriumError as error:
            self.set_status(error.status)
            self._page(str(error), name)
            return
        self.identity_provider.set_login_cookie(self, as_user(person))
        self._redirect_safe(self.get_argument("next", default=self.base_url))

    def _page(self, problem: str = "", name: str = "") -> None:
        first = not access_of(self).people()
        self.set_header(
            "Content-Security-Policy", "frame-ancestors 'self'; default-src 'none'; style-src 'unsafe-inline'"
        )
        self.finish(
            TEMPLATE.format(
                title="Welcome to Atrium" if first else "Sign in to Atrium",
                lead="Nobody is here yet. Make the first person of this workspace." if first else "",
                first_only="" if first else "hidden disabled",
                setup=html.escape(self.get_argument("setup", "") if first else "", quote=True),
                next=html.escape(self.get_argument("next", self.base_url), quote=True),
                name=html.escape(name, quote=True),
                problem=html.escape(problem),
                verb="Create and sign in" if first else "Sign in",
                autocomplete="new-password" if first else "current-password",
                xsrf=self.xsrf_form_html(),
            )
        )
