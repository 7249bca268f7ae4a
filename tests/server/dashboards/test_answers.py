"""What viewers may ask, what an answer is remembered under, and links."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from workspace_ext.contract.dashboards import CreateLink
from workspace_server.dashboards import answers as module
from workspace_server.dashboards.answers import Answers, choose, key
from workspace_server.dashboards.errors import NotAChoice
from workspace_server.dashboards.links import Links
from workspace_server.dashboards.store import DashboardRow, LinkRow
from workspace_server.kit.clock import iso
from workspace_server.kit.errors import Invalid, NotFound
from workspace_server.kit.storage import Storage

WIDGETS: list[dict[str, Any]] = [
    {"name": "store", "kind": "dropdown", "label": "Store", "choices": ["a", "1"], "value": "a"},
    {"name": "since", "kind": "dropdown", "label": "Since", "choices": [1, 2.5], "value": 1},
    {"name": "net", "kind": "dropdown", "label": "Net", "choices": [True, False], "value": True},
]


def test_only_frozen_choices_are_taken() -> None:
    assert choose(WIDGETS, {}) == {"store": "a", "since": 1, "net": True}
    assert choose(WIDGETS, {"store": "1", "since": 2.5, "net": False}) == {"store": "1", "since": 2.5, "net": False}
    # JSON of a browser may spell 1 as 1.0; what goes on is the snapshot's own value.
    chosen = choose(WIDGETS, {"since": 1.0})
    assert type(chosen["since"]) is int


@pytest.mark.parametrize(
    "values",
    [{"store": 1}, {"store": "b"}, {"since": "1"}, {"since": True}, {"net": 1}, {"net": "true"}, {"net": None},
     {"x": 1}, {"store": ["a"]}, {"store": {"a": 1}}, {"since": float("nan")}, {"store": "a" * 10**6}],
)  # fmt: skip
def test_everything_else_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(NotAChoice) as refused:
        choose(WIDGETS, values)
    assert len(str(refused.value)) < 300


def test_a_key_names_all_that_matters_and_nothing_else() -> None:
    one = key("sha", "env", "slice", {"a": 1, "b": "x"}, {"t": 1, "u": 2})
    assert one == key("sha", "env", "slice", {"b": "x", "a": 1}, {"u": 2, "t": 1})
    others = {
        key("other", "env", "slice", {"a": 1, "b": "x"}, {"t": 1, "u": 2}),
        key("sha", "other", "slice", {"a": 1, "b": "x"}, {"t": 1, "u": 2}),
        key("sha", "env", "other", {"a": 1, "b": "x"}, {"t": 1, "u": 2}),
        key("sha", "env", "slice", {"a": "1", "b": "x"}, {"t": 1, "u": 2}),
        key("sha", "env", "slice", {"a": 1, "b": "x"}, {"t": 2, "u": 2}),
        key("sha", "env", "slice", {"a": 1, "b": "x"}, {"t": 1}),
    }
    assert len(others | {one}) == 7


def test_answers_are_kept_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 10)
    answers = Answers(tmp_path)
    for number in range(15):
        answers.put("d", f"{number:02}", b"{}")
        time.sleep(0.01)
        answers.get("d", "00")
    assert len(list((tmp_path / "d").glob("*.json"))) == 10
    assert answers.get("d", "00") == b"{}"
    assert answers.get("d", "01") is None
    answers.saw("d", "slice", ["t"])
    answers.saw("d", "slice", ["u"])
    assert answers.tables("d", "slice") == {"t", "u"}
    answers.forget("d")
    assert answers.get("d", "00") is None


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    storage = Storage(tmp_path / "atrium.db")
    storage.migrate()
    with storage.session() as session:
        for name in ("one", "two"):
            session.add(
                DashboardRow(
                    id=name, slug=name, title=name, project="", project_name="", notebook="n.ipynb", layout="{}",
                    snapshot="s", provenance="{}", created=iso(), created_by="ana",
                )
            )  # fmt: skip
    return storage


def test_the_life_of_a_link(storage: Storage) -> None:
    links = Links(storage)
    link, token = links.create("one", CreateLink(days=30, label="Board"), "ana")
    assert token.startswith("link.")
    assert len(token) >= 48
    assert (links.caller(token).kind, links.caller(token).scope) == ("link", "one")
    assert links.caller(token + "x").kind == links.caller("link.").kind == "nobody"
    assert links.count("one") == 1
    with storage.session() as session:
        row = session.get_one(LinkRow, link.id)
        assert token not in (row.hash, row.label)
        assert row.expires > iso()

    # Another process, or the next start, knows it too.
    again = Links(storage)
    again.load()
    assert again.caller(token).scope == "one"

    with pytest.raises(NotFound):
        links.revoke("two", link.id)
    links.revoke("one", link.id)
    links.revoke("one", link.id)
    assert links.caller(token).kind == "nobody"
    assert [each.state for each in links.listed("one")] == ["revoked"]

    expiring, other = links.create("one", CreateLink(days=1), "ana")
    with storage.session() as session:
        session.get_one(LinkRow, expiring.id).expires = "2026-01-01T00:00:00.000+00:00"
    links.load()
    assert links.caller(other).kind == "nobody"
    assert links.works(expiring.id) is False
    with pytest.raises(Invalid):
        links.create("one", CreateLink(days=400), "ana")
    links.forget("one")
    assert links.caller(token).kind == "nobody"
