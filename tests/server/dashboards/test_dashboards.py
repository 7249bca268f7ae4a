"""Dashboards of a real run, through real kernels, over HTTP."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.server.dashboards.conftest import CELLS, Shop, notebook, texts

CHROMIUM = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [pytest.mark.parts, pytest.mark.timeout(600)]


def test_the_snapshot_opens_without_a_kernel(shop: Shop) -> None:
    view = shop.view()
    assert (view["title"], view["lead"]) == ("Sales of the stores", "What each store has sold, by day.")
    assert view["provenance"]["source"] == "run"
    assert view["provenance"]["run"] == shop.run
    assert view["provenance"]["tables"] == {"counts": 0, "sales": 0}
    assert view["provenance"]["seconds"] > 0
    assert [(widget["name"], widget["value"], widget["live"]) for widget in view["widgets"]] == [
        ("store", "Amsterdam", True), ("since", 1, True),
    ]  # fmt: skip
    assert view["widgets"][0]["choices"] == ["Amsterdam", "New York", "San Francisco"]
    tiles = {tile["id"]: tile for tile in view["tiles"]}
    assert list(tiles) == ["write", "days", "total", "plot", "moment", "fragile", "print"]
    shown = [id for id, tile in tiles.items() if not tile["hidden"]]
    assert shown == ["days", "total", "plot", "fragile"]
    assert tiles["days"]["title"] == "Days"
    assert tiles["days"]["follows"] == ["since", "store"]
    assert tiles["days"]["outputs"][0]["table"]["rows"][0] == [1, 101]
    assert tiles["plot"]["outputs"][0]["image"].startswith("data:image/png;base64,")
    assert tiles["plot"]["outputs"][0]["width"] > 300
    for _ in range(5):
        shop.view()
    assert shop.kernels() == []


def test_choosing_runs_what_depends_and_nothing_that_writes(shop: Shop) -> None:
    before = shop.server.api("GET", "/tables/counts/history")["versions"]
    status, answer = shop.ask(store="New York", since=3)
    assert status == 200, answer
    said = texts(answer["tiles"])
    assert json.loads(said["days"])[0] == [3, 203]
    assert said["total"] == str(sum(200 + day for day in range(3, 8)))
    assert set(said) == {"days", "total", "plot", "fragile"}
    assert answer["cached"] is False
    assert len(shop.kernels()) == 1

    status, again = shop.ask(since=3, store="New York")
    assert again["cached"] is True
    assert again["tiles"] == answer["tiles"]
    # In a namespace of its own: the rows of the other stores are still there.
    assert texts(shop.ask(store="San Francisco")[1]["tiles"])["total"] == str(sum(300 + day for day in range(1, 8)))
    assert texts(shop.ask(store="New York")[1]["tiles"])["total"] == str(sum(200 + day for day in range(1, 8)))
    # The snapshot's own values are the snapshot.
    assert shop.ask(store="Amsterdam", since=1)[1]["tiles"] == []
    assert shop.server.api("GET", "/tables/counts/history")["versions"] == before


def test_twenty_who_ask_the_same_cause_one_execution(shop: Shop) -> None:
    view = shop.view()
    moment = next(tile for tile in view["tiles"] if tile["id"] == "moment")
    arrangement = [
        {"id": tile["id"], "width": tile["width"], "hidden": tile["hidden"] and tile["id"] != "moment", "title": ""}
        for tile in view["tiles"]
    ]
    shop.server.api("PUT", f"/dashboards/{shop.slug}/layout", {"title": view["title"], "tiles": arrangement})
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: shop.ask(store="San Francisco", since=5), range(20)))
    assert {status for status, _ in answers} == {200}
    # It shows the nanosecond in which it was computed.
    moments = {texts(answer["tiles"])["moment"] for _, answer in answers}
    assert len(moments) == 1
    assert moments != {moment["outputs"][0]["text"]}
    arrangement = [{**tile, "hidden": tile["hidden"] or tile["id"] == "moment"} for tile in arrangement]
    shop.server.api("PUT", f"/dashboards/{shop.slug}/layout", {"title": view["title"], "tiles": arrangement})


def test_a_cell_that_raises_leaves_the_snapshot_and_the_next_answer(shop: Shop) -> None:
    before = shop.view()
    status, problem = shop.ask(store="New York", since=5)
    assert (status, problem["code"]) == (500, "cell_failed")
    assert "ZeroDivisionError" in problem["message"]
    assert shop.view() == before
    assert texts(shop.ask(store="New York", since=3)[1]["tiles"])["total"] == str(sum(200 + d for d in range(3, 8)))


@pytest.mark.parametrize(
    "values",
    [
        {"store": "Berlin"},
        {"store": "__import__('os').system('true')"},
        {"store": 1},
        {"store": ["Amsterdam"]},
        {"store": None},
        {"store": {"a": 1}},
        {"since": "3"},
        {"since": True},
        {"since": 2},
        {"since": 1e308},
        {"other": 1},
        {"store": "x" * 2**20},
        {"__class__": "x"},
    ],
)
def test_values_out_of_the_domain_are_refused(shop: Shop, values: dict[str, Any]) -> None:
    status, problem = shop.ask(**values)
    assert status == 422, problem
    assert len(json.dumps(problem)) < 1000


def test_a_link_shows_one_dashboard_and_nothing_else(shop: Shop) -> None:
    id, token = shop.link()
    assert token.startswith("link.")
    assert len(token) > 40
    view = shop.view(link=token)
    assert all(not tile["hidden"] for tile in view["tiles"])
    assert view["provenance"]["run"] == view["provenance"]["environment"] == view["provenance"]["notebook"] == ""
    assert view["provenance"]["tables"] == {}
    assert view["editable"] is False
    for source in CELLS.values():
        assert json.dumps(source)[1:-1] not in json.dumps(view["tiles"])
    assert shop.ask(link=token, store="New York", since=3)[0] == 200
    assert shop.ask(link=token, store="Berlin")[0] == 422

    refused = [
        ("GET", "/dashboards"), ("POST", "/dashboards"), ("PUT", f"/dashboards/{shop.slug}/layout"),
        ("DELETE", f"/dashboards/{shop.slug}"), ("GET", f"/dashboards/{shop.slug}/links"),
        ("POST", f"/dashboards/{shop.slug}/links"), ("DELETE", f"/dashboards/{shop.slug}/links/{id}"),
        ("POST", f"/dashboards/{shop.slug}/refresh"), ("GET", "/me"), ("GET", "/people"), ("GET", "/projects"),
        ("GET", "/tables"), ("GET", "/tables/sales/preview"), ("POST", "/runs"), ("GET", "/runs"), ("GET", "/events"),
        ("GET", f"/runs/{shop.run}/notebook.ipynb"), ("GET", "/operations"), ("GET", "/dashboards/another"),
        ("POST", "/dashboards/another/answers"),
    ]  # fmt: skip
    for method, path in refused:
        assert shop.as_link(token, method, path, {} if method in ("POST", "PUT") else None)[0] == 403, (method, path)
    for path in ("api/contents", "api/kernels", "api/terminals", "api/sessions", "lab", f"atrium/runs/{shop.run}"):
        status, reply = shop.server.request("GET", path, person=None, **{"X-Atrium-Link": token})
        assert status in (401, 403) or (path == "lab" and "Sign in" in reply), path
    assert shop.server.request("POST", "api/kernels", {}, person=None, **{"X-Atrium-Link": token})[0] == 403
    assert token not in shop.server.log()
    assert (shop.server.home / "atrium.db").read_bytes().find(token.encode()) == -1


def test_a_link_that_is_taken_back_works_no_more_even_on_an_open_stream(shop: Shop) -> None:
    id, token = shop.link()
    lines: list[str] = []

    def listen() -> None:
        request = urllib.request.Request(
            f"{shop.server.url}atrium/api/dashboards/{shop.slug}/events", headers={"X-Atrium-Link": token}
        )
        with urllib.request.urlopen(request, timeout=60) as stream:
            lines.extend(line.decode().strip() for line in stream)

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(0.5)
    shop.server.api("DELETE", f"/dashboards/{shop.slug}/links/{id}")
    listener.join(5)
    assert not listener.is_alive(), "the stream went on"
    assert "event: gone" in lines
    assert shop.as_link(token, "GET", f"/dashboards/{shop.slug}")[0] == 401
    assert shop.ask(link=token, store="New York", since=3)[0] == 401
    states = {link["id"]: link["state"] for link in shop.server.api("GET", f"/dashboards/{shop.slug}/links")["links"]}
    assert states[id] == "revoked"
    assert shop.as_link("link." + "x" * 43, "GET", f"/dashboards/{shop.slug}")[0] == 401
    assert shop.server.request("GET", f"atrium/api/dashboards/{shop.slug}", person=None)[0] == 401


def test_the_page_is_public_and_empty(shop: Shop) -> None:
    for slug in (shop.slug, "no-such-dashboard"):
        with urllib.request.urlopen(f"{shop.server.url}atrium/dashboards/{slug}", timeout=10) as page:
            assert page.status == 200
            assert "Sales" not in page.read().decode()
            policy = page.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert any("_xsrf" in cookie for cookie in page.headers.get_all("Set-Cookie", []))
    with urllib.request.urlopen(f"{shop.server.url}atrium/dashboards/frame/html", timeout=10) as page:
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline';")
        assert "connect-src 'none'" in policy
    assert shop.server.request("GET", "atrium/dashboards/static/..%2fservice.py", person=None)[0] == 404


@pytest.mark.browser
def test_the_page_in_a_browser(shop: Shop) -> None:
    id, token = shop.link()
    requests: list[str] = []
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(f"{shop.server.url}atrium/dashboards/{shop.slug}#{token}")
        page.get_by_role("heading", name="Sales of the stores").wait_for()
        assert page.get_by_text("as of today").is_visible() or page.get_by_text("as of yesterday").is_visible()
        # On a phone nothing is wider than the screen, and widgets are in a sheet.
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        total = page.locator(".atrium-Figure").first
        assert total.inner_text() == str(sum(100 + day for day in range(1, 8)))
        page.get_by_role("button", name="Change").click()
        sheet = page.get_by_role("dialog")
        sheet.get_by_label("Store").select_option("San Francisco")
        sheet.get_by_role("button", name="Show").click()
        expected = str(sum(300 + day for day in range(1, 8)))
        page.wait_for_function("text => document.querySelector('.atrium-Figure').textContent === text", arg=expected)
        # What fails leaves the numbers, says why, and the widget says what the numbers are of.
        page.get_by_role("button", name="Change").click()
        sheet.get_by_label("Store").select_option("New York")
        sheet.get_by_label("From day").select_option("5")
        sheet.get_by_role("button", name="Show").click()
        page.get_by_role("alert").get_by_text("ZeroDivisionError").wait_for()
        # The first of the two choices may have been answered before the second was made.
        new_york = str(sum(200 + day for day in range(1, 8)))
        assert page.locator(".summary span").first.inner_text() in ("San Francisco · 1", "New York · 1")
        assert total.inner_text() == (new_york if "New York" in page.locator(".summary").inner_text() else expected)
        assert not [url for url in requests if token in url or "kernels" in url]
        assert [problem for problem in problems if "500" not in problem] == []
        # Taken back while somebody looks.
        shop.server.api("DELETE", f"/dashboards/{shop.slug}/links/{id}")
        page.get_by_role("heading", name="This link no longer works").wait_for()
        assert total.count() == 0
        browser.close()


def test_layouts_are_checked_and_kept(shop: Shop) -> None:
    view = shop.view()
    tiles = [{"id": tile["id"], "width": 12, "hidden": False, "title": ""} for tile in reversed(view["tiles"])]
    put = f"/dashboards/{shop.slug}/layout"
    for wrong in (
        {"title": "", "tiles": tiles},
        {"title": "x", "tiles": tiles[:-1]},
        {"title": "x", "tiles": [*tiles[:-1], tiles[0]]},
        {"title": "x", "tiles": [{**tiles[0], "width": 5}, *tiles[1:]]},
        {"title": "x" * 300, "tiles": tiles},
    ):
        assert shop.server.request("PUT", "atrium/api" + put, wrong)[0] == 422
    tiles[0]["title"] = "Rows"
    arranged = shop.server.api("PUT", put, {"title": "Stores", "tiles": tiles})
    assert [tile["id"] for tile in arranged["tiles"]] == [tile["id"] for tile in tiles]
    assert (shop.view()["title"], shop.view()["tiles"][0]["title"]) == ("Stores", "Rows")
    old = [{"id": t["id"], "width": t["width"], "hidden": t["hidden"], "title": ""} for t in view["tiles"]]
    shop.server.api("PUT", put, {"title": view["title"], "tiles": old})


def test_runs_refresh_it_and_failed_ones_do_not(shop: Shop) -> None:
    before = shop.view()
    shop.publish(notebook(days='raise ValueError("no data today")'))
    failed = shop.run_now()
    assert failed["state"] == "failed"
    time.sleep(1)
    assert shop.view() == before

    sha = shop.publish(notebook(title="# Sales of the stores\n\nNow with a mean.", mean="days.sold.mean().round(1)"))
    run = shop.run_now()
    assert run["state"] == "succeeded", run
    deadline = time.monotonic() + 20
    while (view := shop.view())["snapshot"] == before["snapshot"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (view["provenance"]["sha"], view["provenance"]["run"]) == (sha, run["id"])
    # The failed one had written too, before it failed.
    assert view["provenance"]["tables"]["counts"] == 2 + before["provenance"]["tables"]["counts"]
    # What people arranged stays, what is new joins.
    assert [tile["id"] for tile in view["tiles"]] == [*(tile["id"] for tile in before["tiles"]), "mean"]
    status, answer = shop.ask(store="New York")
    assert status == 200
    assert texts(answer["tiles"])["mean"] == "204.0"
    assert answer["cached"] is False
    folders = list((shop.server.home / "dashboards").glob("*/*"))
    assert len(folders) == 2


def test_it_is_one_for_each_notebook_and_goes_with_its_links(shop: Shop) -> None:
    again = shop.server.api("POST", "/dashboards", {"notebook": shop.path})
    assert again["slug"] == shop.slug == "sales-of-the-stores"
    assert [one["slug"] for one in shop.server.api("GET", f"/dashboards?notebook={shop.path}")["dashboards"]] == [
        shop.slug
    ]
    _, token = shop.link()
    shop.server.api("DELETE", f"/dashboards/{shop.slug}")
    assert shop.as_link(token, "GET", f"/dashboards/{shop.slug}")[0] == 401
    assert shop.server.request("GET", f"atrium/api/dashboards/{shop.slug}")[0] == 404
    assert list((shop.server.home / "dashboards").glob("*")) == []
    status, problem = shop.server.request("POST", "atrium/api/dashboards", {"notebook": "projects/x/y/none.ipynb"})
    assert (status, problem["code"]) == (409, "nothing_to_show")
    assert shop.server.request("POST", "atrium/api/dashboards", {"notebook": "../../etc/passwd"})[0] == 422
