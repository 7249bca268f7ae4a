"""Cells that show much, or often: the page and the server stay responsive, and nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.notebooks import FRONT, open_notebook, put_notebook
from tests.browser.people import Person, chromium
from tests.fakes.servers import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PICTURES = """
import base64, os, struct, time, zlib
from IPython.display import DisplayHandle, Image, clear_output, display
def picture(width, height):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\\0' + os.urandom(width * 3) for _ in range(height))
    head = struct.pack('>2I5B', width, height, 8, 2, 0, 0, 0)
    body = chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b'')
    return Image(b'\\x89PNG\\r\\n\\x1a\\n' + body)
def seconds(n):
    end = time.monotonic() + n
    while time.monotonic() < end:
        yield
"""
CELLS = [
    PICTURES,
    "for _ in seconds(5): clear_output(wait=True); display(picture(160, 120))",
    "for n in range(50_000): print(f'{n:08}', 'x' * 55)",
    "for _ in seconds(5): print('flood', flush=True)",
    "for _ in seconds(3): print('\\r', time.monotonic(), end='', flush=True)\nprint()\nprint('done')",
    "handle = display('first', display_id=True)\nfor _ in seconds(3): handle.update(time.monotonic())",
    "for n in range(60): print('line', n)",
    "picture(900, 600)",
]
PATH = "scratch/ana/floods.ipynb"
FREEZE = 1000
"""Milliseconds of one task from which on people would say that the page froze."""
LAG = 1.0
"""Seconds that nine of ten other requests may wait at most, on a machine that does other things as well."""


@dataclass
class Watched:
    """The longest task of the page in milliseconds, and how many seconds each request to the server took."""

    longest_task: float = 0
    requests: list[float] = field(default_factory=list)


@dataclass
class Place:
    server: Server
    page: Page

    @property
    def file(self) -> Path:
        return self.server.home / "work" / PATH

    def cell(self, number: int) -> Locator:
        return self.page.locator(f"{FRONT} .jp-CodeCell").nth(number)

    def scroll_to(self, number: int) -> Locator:
        cell = self.cell(number)
        # A cell far below has no height yet; Playwright's own scrolling would wait for one.
        expect(cell).to_be_attached()
        cell.evaluate("cell => cell.scrollIntoView()")
        return cell

    def kernel_is_ready(self, limit: float = 240) -> None:
        """Wait for the kernel that the browser starts with the notebook."""
        deadline = time.monotonic() + limit
        while [one["kernel"]["execution_state"] for one in self.server.request("GET", "api/sessions")[1]] != ["idle"]:
            assert time.monotonic() < deadline, self.server.log()[-2000:]
            self.page.wait_for_timeout(200)

    def run(self, number: int, limit: float = 120) -> None:
        body = {"notebook": PATH, "cell_ids": [f"c{number}"]}
        request = self.server.api("POST", "/documents/execute", body)
        deadline = time.monotonic() + limit
        while not request["done"]:
            assert time.monotonic() < deadline, self.server.log()[-2000:]
            self.page.wait_for_timeout(100)
            request = self.server.api("GET", f"/documents/requests/{request['id']}")
        assert [cell["state"] for cell in request["cells"]] == ["ok"]
        self.page.wait_for_timeout(500)

    @contextmanager
    def watch(self) -> Iterator[Watched]:
        watched, over = Watched(), threading.Event()

        def ask() -> None:
            while not over.wait(0.05):
                began = time.monotonic()
                self.server.request("GET", "api/status")
                watched.requests.append(time.monotonic() - began)

        thread = threading.Thread(target=ask)
        thread.start()
        self.page.evaluate("() => { window.longTasks.length = 0; }")
        try:
            yield watched
        finally:
            over.set()
            thread.join()
        watched.longest_task = self.page.evaluate("() => Math.max(0, ...window.longTasks)")

    def saved(self, number: int) -> list[dict[str, Any]]:
        outputs: list[dict[str, Any]] = json.loads(self.file.read_text())["cells"][number]["outputs"]
        return outputs


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("floods") / "home"
    put_notebook(home / "work" / PATH, *CELLS)
    with start_server(home) as server, chromium() as browser:
        place = Place(server, visit(browser, server))
        place.kernel_is_ready()
        yield place


def visit(browser: Browser, server: Server) -> Page:
    page = open_notebook(Person(browser, server, "ana"), PATH)
    page.evaluate(
        """() => {
            window.longTasks = [];
            new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(one => one.duration)))
                .observe({ entryTypes: ['longtask'] });
        }"""
    )
    return page


def test_nothing_freezes(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.run(0, 240)
    for number in range(1, 6):
        place.scroll_to(number)
        with place.watch() as watched:
            place.run(number)
        requests = sorted(watched.requests)
        journal = sum(file.stat().st_size for file in (place.server.home / "journal").glob("documents.db*"))
        with capsys.disabled():
            print(
                f"\n{CELLS[number][:50]!r}: longest task {watched.longest_task:.0f} ms,"
                f" requests p50 {requests[len(requests) // 2] * 1000:.0f} ms, longest {requests[-1] * 1000:.0f} ms,"
                f" journal {journal / 1e6:.1f} MB"
            )
        assert watched.longest_task < FREEZE
        assert requests[len(requests) * 9 // 10] < LAG
        assert journal < 50_000_000
    expect(place.cell(1).locator("img")).to_have_count(1)
    assert "".join(place.saved(2)[0]["text"]).endswith("x\n")
    assert len("".join(place.saved(2)[0]["text"])) == 50_000 * 65
    assert "".join(place.saved(4)[0]["text"]).endswith("\ndone\n")


def test_all_of_a_long_text_is_there_when_asked_for(place: Place) -> None:
    long = place.scroll_to(2).locator(".atrium-LargeOutput")
    expect(long).to_contain_text("00000000 xxx")
    expect(long).to_contain_text("00049999 xxx")
    expect(long).not_to_contain_text("00025000 xxx")
    with place.watch() as watched:
        long.get_by_role("button", name="Show all 3.3 MB").first.click()
        box = long.get_by_role("region", name="The whole output")
        expect(box).to_contain_text("00000000 xxx")
        box.evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")
        place.page.wait_for_timeout(500)
        box.evaluate("node => { node.scrollTop = node.scrollHeight; }")
        expect(box).to_contain_text("00049999 xxx")
    assert watched.longest_task < FREEZE
    with place.page.expect_download() as download:
        long.get_by_role("button", name="Download").first.click()
    assert Path(download.value.path()).stat().st_size == 50_000 * 65
    long.get_by_role("button", name="Show less").click()
    expect(long.get_by_role("button", name="Show all 3.3 MB").first).to_be_visible()


def test_a_large_picture_loads_when_it_is_scrolled_to(place: Place) -> None:
    place.run(6)
    place.run(7)
    blobs: list[str] = []
    page = place.page
    page.on("request", lambda request: blobs.append(request.url) if "/documents/blobs/" in request.url else None)
    place.scroll_to(0)
    page.reload()
    expect(place.cell(0)).to_be_visible()
    place.page.wait_for_timeout(1500)
    assert blobs == []
    # The first time it cannot be had.
    page.route("**/documents/blobs/*", lambda route: route.abort())
    picture = place.scroll_to(7).locator(".atrium-LargeOutput")
    expect(picture.get_by_role("alert")).to_contain_text("could not be loaded")
    page.unroute("**/documents/blobs/*")
    picture.get_by_role("button", name="Retry").click()
    image = picture.locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("node => [node.naturalWidth, node.naturalHeight]") == [900, 600]
    assert len(place.saved(7)[0]["data"]["image/png"]) > 2_000_000
