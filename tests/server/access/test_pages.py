"""The first-run page and the sign-in page, as a browser uses them."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.fakes.servers import PASSWORD, start_server


class Browser:
    """Cookies, and forms with their hidden fields."""

    def __init__(self) -> None:
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, url: str) -> str:
        with self.opener.open(url, timeout=30) as answer:
            text: str = answer.read().decode()
        return text

    def submit(self, url: str, **fields: str) -> str:
        hidden = re.findall(r'<input (?:type="hidden" )?name="(\w+)"(?: type="hidden")? value="([^"]*)"', self.get(url))
        data = urllib.parse.urlencode({**dict(hidden), **fields}).encode()
        with self.opener.open(url, data, timeout=30) as answer:
            text: str = answer.read().decode()
        return text


def test_the_first_person_and_the_next(tmp_path: Path) -> None:
    with start_server(tmp_path / "home", people=()) as server:
        setup = re.findall(r"http://\S+setup=\S+", server.log())[-1]
        ana, stranger = Browser(), Browser()
        assert "Welcome to Atrium" in ana.get(setup)

        with pytest.raises(urllib.error.HTTPError) as refusal:
            stranger.submit(f"{server.url}login", setup="guessed", name="eve", password=PASSWORD)
        assert refusal.value.code == 403
        assert "setup code" in refusal.value.read().decode()
        refusal.value.close()

        with pytest.raises(urllib.error.HTTPError) as refusal:
            ana.submit(setup, name="ana", password="short")
        assert "5 characters" in refusal.value.read().decode()
        refusal.value.close()

        ana.submit(setup, name="ana", display_name="Ana Lima", password=PASSWORD)
        assert json.loads(ana.get(f"{server.url}atrium/api/me"))["initials"] == "AL"

        # The code is spent, and the same name and password sign in from elsewhere.
        assert "Sign in to Atrium" in stranger.get(setup)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            stranger.submit(f"{server.url}login", name="ana", password="not the one")
        assert "do not match" in refusal.value.read().decode()
        refusal.value.close()
        other = Browser()
        other.submit(f"{server.url}login", name="ana", password=PASSWORD)
        assert json.loads(other.get(f"{server.url}atrium/api/me"))["name"] == "ana"

        other.get(f"{server.url}logout")
        with pytest.raises(urllib.error.HTTPError) as refusal:
            other.get(f"{server.url}atrium/api/me")
        assert refusal.value.code == 401
        refusal.value.close()
        assert json.loads(ana.get(f"{server.url}atrium/api/me"))["name"] == "ana", "only the one session ended"
