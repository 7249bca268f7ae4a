"""The route table: what it refuses to hold, and what falls out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from workspace_server.app import Atrium
from workspace_server.kit.home import Home
from workspace_server.kit.http import Request, Route, _invalid, _pattern, handlers, openapi

PUBLIC = {
    "GET /atrium/api/openapi.json",
    "POST /atrium/api/projects/{id}/webhook",
    "GET /atrium/dashboards/{slug}",
    "GET /atrium/dashboards/static/{name}",
    "GET /atrium/dashboards/frame/html",
    "GET /atrium/dashboards/frame/plotly/{digest}",
}


@dataclass(frozen=True)
class Body:
    name: str
    size: int = 1


def call(_: Request) -> None:
    """Do it."""


@pytest.mark.parametrize("action", ["", "projects", "public:", "Projects:Write"])
def test_a_route_without_an_action_cannot_be_made(action: str) -> None:
    with pytest.raises(TypeError, match="needs an action"):
        Route("GET", "/x", action, call)


def test_every_public_route_is_known(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    atrium = Atrium(home)
    public = {f"{route.method} {route.url}" for route in atrium.routes() if route.public}
    assert public <= PUBLIC, "a route that needs no sign-in must be listed here, with a reason in its action"
    atrium.storage.close()


def test_a_path_listed_twice_is_refused() -> None:
    row = Route("GET", "/x", "x:read", call)
    with pytest.raises(TypeError, match="listed twice"):
        handlers([row, row], None, "/")  # type: ignore[arg-type]


def test_patterns() -> None:
    assert _pattern("/projects/{id}/files/{path:path}") == "/projects/(?P<id>[^/]+)/files/(?P<path>.+)"


def test_the_document_names_bodies_and_actions() -> None:
    document = openapi([Route("POST", "/things/{id}", "things:write", call, body=Body, reply=Body)], "1")
    operation = document["paths"]["/atrium/api/things/{id}"]["post"]
    assert operation["x-action"] == "things:write"
    assert operation["summary"] == "Do it."
    assert [one["name"] for one in operation["parameters"]] == ["id"]
    assert document["components"]["schemas"]["Body"]["required"] == ["name"]
    json.dumps(document)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [(b'{"size": 2}', "missing_field", "name"), (b'{"name": 3}', "invalid_field", "name")],
)
def test_bad_input_names_its_field(body: bytes, code: str, field: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(body, type=Body)
    refusal = _invalid(caught.value)
    assert (refusal.code, refusal.field, refusal.status) == (code, field, 422)
