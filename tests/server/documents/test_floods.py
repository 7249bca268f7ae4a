"""Cells that show without end, on a real server: it goes on answering, and what it keeps has bounds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes.labs import Lab, start_lab
from tests.fakes.restarts import start_mortal
from workspace_server.documents.collaboration.blobs import Blobs
from workspace_server.kit.notebooks.notebook_json import blob_hash

pytestmark = [pytest.mark.parts, pytest.mark.timeout(300)]

ENDLESS = "n = 0\nwhile True:\n    n += 1; print(n, 'x' * 100)"
FLUSHED = "n = 0\nwhile True:\n    n += 1; print(n, flush=True)"
PICTURES = """
import os, base64
from IPython.display import clear_output, display
while True:
    clear_output(wait=True)
    display({'image/png': base64.b64encode(os.urandom(1_500_000)).decode(), 'text/plain': 'frame'}, raw=True)
"""
UPDATES = """
from IPython.display import display
n, handle = 0, display('0', display_id=True)
while True:
    n += 1; handle.update('x' * 1000 + str(n))
"""
LAG = 1.0
"""Seconds that nine of ten other requests may wait at most, on a machine that does other things as well."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@contextmanager
def probe(lab: Lab) -> Iterator[list[float]]:
    """Asks for something light ten times a second. Seconds that each answer took."""
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            began = time.monotonic()
            lab.server.request("GET", "api/status")
            waits.append(time.monotonic() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def outputs(file: Path, cell: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text())["cells"][cell]["outputs"]
    return found


def journal(home: Path) -> int:
    return sum(file.stat().st_size for file in (home / "journal").glob("documents.db*"))


LOOPS = {"endless": ENDLESS, "flushed": FLUSHED, "pictures": PICTURES, "updates": UPDATES}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_without_end_is_bearable_and_can_be_interrupted(
    lab: Lab, loop: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, source = f"scratch/ana/{loop}.ipynb", LOOPS[loop]
    file = lab.notebook(path, "1", source)
    assert lab.end(lab.run(path, "c0"), 240) == ["ok"]
    before = psutil.Process(lab.server.process.pid).memory_info().rss
    request = lab.run(path, "c1")
    with probe(lab) as waits:
        time.sleep(8)
        assert lab.server.request("POST", f"api/kernels/{lab.kernel(path)}/interrupt")[0] == 204
        assert lab.end(request, 60) == ["error"]
    grown = psutil.Process(lab.server.process.pid).memory_info().rss - before
    waits.sort()
    with capsys.disabled():
        print(
            f"\n{loop}: p50 {waits[len(waits) // 2] * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms of"
            f" {len(waits)}; memory +{grown / 1e6:.0f} MB, journal {journal(lab.server.home) / 1e6:.1f} MB"
        )
    assert waits[len(waits) * 9 // 10] < LAG
    assert len(waits) > 30
    assert journal(lab.server.home) < 60_000_000
    assert grown < 400_000_000
    shown = outputs(file, 1)
    assert shown[-1]["ename"] == "KeyboardInterrupt"
    first = shown[0]
    if loop in ("endless", "flushed"):
        lines = "".join(first["text"]).splitlines()
        assert lines[0].split()[0] == "1"
        assert len("".join(first["text"])) < 8_500_000
    elif loop == "pictures":
        # Interrupted between clearing and drawing, there is no picture but the interrupt.
        assert first["output_type"] == "error" or len(first["data"]["image/png"]) == 2_000_000


def test_a_large_output_is_served_to_whoever_may_read(lab: Lab) -> None:
    path = "scratch/ana/served.ipynb"
    file = lab.notebook(path, "print('x' * 60 * 10_000)")
    assert lab.end(lab.run(path), 240) == ["ok"]
    (output,) = outputs(file, 0)
    whole = {**output, "text": "".join(output["text"])}
    placeholder = Blobs(lab.server.home / "journal" / "blobs").shrink(whole)
    address = f"atrium/api/documents/blobs/{blob_hash(placeholder)}"
    assert lab.server.request("GET", address, person="bo") == (200, whole)
    assert lab.server.request("GET", address, person=None)[0] == 401
    status, refused = lab.server.request("GET", f"atrium/api/documents/blobs/{'0' * 64}")
    assert (status, refused["code"], refused["hint"]) == (404, "no_such_output", "Run its cell again.")
    assert lab.server.request("GET", "atrium/api/documents/blobs/..%2F..%2Fdocuments.db")[0] == 404

    # A browser or a program that saves what it has under another name.
    content = json.loads(file.read_text())
    content["cells"][0]["outputs"] = [placeholder]
    body = {"type": "notebook", "format": "json", "content": content}
    assert lab.server.request("PUT", "api/contents/scratch/ana/copy.ipynb", body)[0] == 201
    assert outputs(file.with_name("copy.ipynb"), 0) == [output]


def test_a_killed_server_leaves_a_text_with_a_gap(tmp_path: Path) -> None:
    with start_mortal(tmp_path / "home") as mortal:
        lab = Lab(mortal.server, tmp_path / "closed", tmp_path / "broken")
        path = "scratch/ana/killed.ipynb"
        file = lab.notebook(path, "import time\nfor n in range(20_000): print(n, 'x' * 30)\ntime.sleep(600)")
        lab.run(path)
        lab.until(lambda: outputs(file, 0) and "19999 " in "".join(outputs(file, 0)[0]["text"]), 240)
        children = psutil.Process(mortal.pid).children(recursive=True)
        mortal.kill()
        for child in children:
            child.kill()
        (shown,) = outputs(file, 0)
        text = "".join(shown["text"])
        assert text.startswith("0 xxx")
        assert " more …]" in text
        assert text.endswith("x\n")
        mortal.start()
        lab.server = mortal.server
        # It runs again.
        file_again = lab.notebook("scratch/ana/other.ipynb", "print('again')")
        assert lab.end(lab.run("scratch/ana/other.ipynb"), 240) == ["ok"]
        assert "".join(outputs(file_again, 0)[0]["text"]) == "again\n"
        assert outputs(file, 0) == [shown]
