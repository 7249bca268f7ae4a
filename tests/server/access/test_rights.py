"""Who is let in, over real HTTP."""

from __future__ import annotations

from tests.fakes.servers import Server


def test_people_tokens_and_refusals(server: Server) -> None:
    assert server.api("GET", "/me")["name"] == "ana"
    assert server.api("GET", "/me", person="bo")["name"] == "bo"
    assert [one["name"] for one in server.api("GET", "/people")["people"]] == ["ana", "bo"]

    status, reply = server.request("GET", "atrium/api/me", person=None)
    assert (status, reply["code"]) == (401, "sign_in")
    status, reply = server.request("POST", "atrium/api/operations/x/cancel", person=None)
    assert (status, reply["code"]) == (401, "sign_in")
    status, reply = server.request("GET", "api/contents", person=None)
    assert status == 403
    status, reply = server.request("PATCH", "atrium/api/me", {"color": 3})
    assert (status, reply["field"]) == (422, "color")
    status, reply = server.request("PATCH", "atrium/api/me", {"color": "red;x"})
    assert (status, reply["code"]) == (422, "invalid_color")
    assert server.request("DELETE", "atrium/api/me")[0] == 405
    assert server.request("GET", "atrium/api/operations/x")[0] == 404

    # Jupyter itself shows the same person, and layout is each person's own.
    assert server.request("GET", "api/me")[1]["identity"]["display_name"] == "Ana"
    space = {"data": {"layout": "mine"}, "metadata": {"id": "default"}}
    assert server.request("PUT", "lab/api/workspaces/default", space)[0] == 204
    assert server.request("GET", "lab/api/workspaces/default")[1]["data"] == {"layout": "mine"}
    assert server.request("GET", "lab/api/workspaces/default", person="bo")[1]["data"] == {}
