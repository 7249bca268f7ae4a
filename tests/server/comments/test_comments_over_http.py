"""A comment and its reply travel between two people, over real HTTP."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest

from tests.fakes.servers import Server

NOTEBOOK = "scratch/ana/plan.ipynb"


@pytest.mark.parts
def test_comments_travel(server: Server) -> None:
    events: list[tuple[str, str]] = []
    opened = threading.Event()

    def follow() -> None:
        request = urllib.request.Request(server.url + "atrium/api/events")
        request.add_header("Authorization", f"token {server.tokens['bo']}")
        with urllib.request.urlopen(request, timeout=60) as stream:
            for line in stream:
                opened.set()
                if line.startswith(b"data: ") and (event := json.loads(line[6:]))["room"] == "comments":
                    events.append((event["id"], event["action"]))
                    if event["action"] == "resolved":
                        return

    thread_of_bo = threading.Thread(target=follow, daemon=True)
    thread_of_bo.start()
    assert opened.wait(20)

    anchor = {"cell_id": "c1", "quote": {"exact": "df = 1", "prefix": "", "suffix": ""}, "line": 0}
    begun = server.api("POST", "/comments", {"notebook": NOTEBOOK, "anchor": anchor, "text": "why 1? @bo"})
    assert (begun["created_by"]["name"], begun["comments"][0]["author"]["name"]) == ("ana", "ana")
    seen = server.api("GET", f"/comments?notebook={NOTEBOOK}", person="bo")
    assert [one["id"] for one in seen["threads"]] == [begun["id"]]

    path = f"/comments/{begun['id']}"
    first = begun["comments"][0]["id"]
    status, reply = server.request("PATCH", f"atrium/api{path}/comments/{first}", {"text": "no"}, person="bo")
    assert (status, reply["code"]) == (403, "not_the_author")
    assert server.request("DELETE", f"atrium/api{path}/comments/{first}", person="bo")[0] == 403
    # Nobody says who they are but by signing in.
    forged = {"text": "a test", "author": begun["created_by"]["id"], "created": "2020-01-01T00:00:00Z"}
    replied = server.api("POST", f"{path}/comments", forged, person="bo")["comments"][1]
    assert replied["author"]["name"] == "bo"
    assert not replied["created"].startswith("2020")
    server.api("DELETE", f"{path}/comments/{replied['id']}", person="bo")
    assert server.api("POST", f"{path}/resolve", person="bo")["resolved_by"]["name"] == "bo"

    thread_of_bo.join(20)
    assert events == [(seen["document"], action) for action in ("begun", "replied", "deleted", "resolved")]

    for method, url in (("GET", f"/comments?notebook={NOTEBOOK}"), ("POST", "/comments"), ("POST", f"{path}/resolve")):
        assert server.request(method, "atrium/api" + url, person=None)[0] == 401, url
    status, reply = server.request("POST", "atrium/api/comments", {"notebook": NOTEBOOK, "text": "x"})
    assert (status, reply["field"]) == (422, "anchor")
    assert server.request("GET", "atrium/api/comments?notebook=..%2Fx")[0] == 422
    assert server.request("POST", "atrium/api/comments/nothing/resolve")[0] == 404
