"""Points of a document's history: none twice, none lost, thinned out with time."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workspace_server.documents.collaboration.packing import OUTPUTS_KEPT
from workspace_server.documents.collaboration.points import Points
from workspace_server.documents.errors import NoSuchPoint
from workspace_server.kit.notebooks.notebook_json import BLOB

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """Says what it is told."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def later(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def points(tmp_path: Path, clock: Clock) -> Points:
    return Points(tmp_path / "points.db", clock)


def notebook(*sources: str, outputs: Callable[[int], list[Any]] = lambda _: []) -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": text,
            "outputs": outputs(n),
            "execution_count": n,
        }
        for n, text in enumerate(sources)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def image(size: int) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": "x" * size}}


def test_what_is_kept_comes_back(points: Points) -> None:
    made = points.add("f", notebook("one", "é😀\ud800"), "automatic", people=["Bo", "Ana"])
    assert made is not None
    assert points.read(made.id) == notebook("one", "é😀\ud800")
    assert points.of("f") == [made]
    assert (made.people, made.created) == (["Ana", "Bo"], "2026-03-02T09:00:00.000+00:00")
    text = points.add("t", "a\r\nb", "automatic")
    assert text is not None
    assert points.read(text.id) == "a\r\nb"
    assert points.of("nothing") == []


def test_the_same_is_not_kept_twice(points: Points, clock: Clock) -> None:
    first = points.add("f", notebook("one"), "automatic")
    clock.later(minutes=10)
    assert points.add("f", notebook("one"), "before restore") is None
    trusted = notebook("one")
    trusted["cells"][0]["metadata"] = {"trusted": True}
    assert points.add("f", trusted, "automatic") is None
    second = points.add("f", notebook("two"), "automatic")
    back = points.add("f", notebook("one"), "automatic")
    assert points.of("f") == [back, second, first]
    # In the database it is there once, for as long as one of them needs it.
    assert first is not None
    assert back is not None
    assert first.hash == back.hash
    points.delete(first.id)
    assert points.read(back.id) == notebook("one")
    points.delete(back.id)
    with pytest.raises(NoSuchPoint):
        points.read(back.id)
    with closing(sqlite3.connect(points._path)) as database:
        assert database.execute("SELECT count(*) FROM contents").fetchone() == (1,)


def test_a_clock_that_goes_back_does_not_change_the_order(points: Points, clock: Clock) -> None:
    made = [points.add("f", "one", "automatic")]
    clock.later(hours=-2)
    made += [points.add("f", "two", "automatic"), points.add("f", "three", "automatic")]
    assert points.of("f") == made[::-1]


def test_thinning(points: Points, clock: Clock) -> None:
    """Ten days of editing, eight hours a day, a point each ten minutes."""
    named = None
    for day in range(10):
        clock.now = BEGIN + timedelta(days=day)
        for n in range(48):
            made = points.add("f", f"{day} {n}", "automatic")
            if (day, n) == (2, 20):
                assert made is not None
                named = points.rename(made.id, "what Bo saw")
            if n == 30:
                assert points.add("f", f"{day} restored", "before restore") is not None
            clock.later(minutes=10)
    made_on: dict[int, list[str]] = {}
    for point in reversed(points.of("f")):
        text = points.read(point.id)
        assert isinstance(text, str)
        on, _, what = text.partition(" ")
        made_on.setdefault(int(on), []).append(what)
    # It is 16:50. Of a day, everything.
    assert len(made_on[9]) == 49
    assert made_on[8][-2:] == ["46", "47"]
    # Of a week, the last of each hour, of each kind.
    for day in (3, 4, 5, 6, 7):
        assert made_on[day] == ["5", "11", "17", "23", "29", "restored", "35", "41", "47"]
    # Before, the last of each day, and what has a name.
    assert made_on[0] == made_on[1] == ["restored", "47"]
    assert made_on[2] == ["20", "restored", "41", "47"]
    assert named is not None
    assert points.read(named.id) == "2 20"
    # Without its name it goes like the others; without any edit of its own document.
    points.rename(named.id, "")
    clock.later(days=30)
    points.add("other", "x", "automatic")
    assert all(points.read(point.id) != "2 20" for point in points.of("f"))
    assert len(points.of("f")) == 20
    assert points.of("f")[0].created.startswith("2026-03-11T16:50")


def test_thinning_again_gives_up_nothing_more(points: Points, clock: Clock) -> None:
    for n in range(200):
        points.add("f", str(n), "automatic")
        clock.later(hours=random.Random(n).random())
    clock.later(days=3)
    points.add("f", "end", "automatic")
    before = points.of("f")
    points.add("f", "end of all", "automatic")
    assert points.of("f")[1:] == before


def test_names(points: Points) -> None:
    made = points.add("f", "one", "automatic")
    assert made is not None
    assert points.rename(made.id, "first").name == "first"
    assert points.rename(made.id, "").kind == "automatic"
    named = points.add("f", "two", "named", "second", ["Ana"])
    assert named is not None
    assert (named.kind, named.name) == ("named", "second")
    assert points.rename(named.id, "").kind == "automatic"
    for change in (
        lambda: points.rename("nothing", "x"),
        lambda: points.delete("nothing"),
        lambda: points.get("nothing"),
    ):
        with pytest.raises(NoSuchPoint):
            change()


def test_large_outputs_are_left_out_unless_somebody_asked(points: Points) -> None:
    sizes = [OUTPUTS_KEPT // 2, 1000, OUTPUTS_KEPT, OUTPUTS_KEPT // 3]
    large = notebook("a", "b", "c", "d", outputs=lambda n: [image(sizes[n])])
    made = points.add("f", large, "automatic")
    assert made is not None
    kept = points.read(made.id)
    assert isinstance(kept, dict)
    assert ["outputs" in cell for cell in kept["cells"]] == [True, True, False, True]
    asked = points.add("f", large, "before restore")
    assert asked is not None
    assert points.read(asked.id) == large
    assert "outputs" in large["cells"][2]


def test_blobs_are_named_while_a_point_needs_them(points: Points) -> None:
    def blob(n: int) -> list[Any]:
        return [{"output_type": "display_data", "metadata": {}, "data": {BLOB: {"hash": f"h{n}"}, "text/plain": "…"}}]

    first = points.add("f", notebook("a", "b", outputs=blob), "automatic")
    points.add("g", notebook("a", outputs=blob), "automatic")
    assert points.blobs_used() == {"h0", "h1"}
    assert first is not None
    points.delete(first.id)
    assert points.blobs_used() == {"h0"}


def test_many_threads(points: Points) -> None:
    def add(file: int) -> None:
        for n in range(20):
            assert points.add(f"f{file}", f"{file} {n}", "automatic") is not None
            points.of(f"f{file}")

    threads = [threading.Thread(target=add, args=(file,)) for file in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(points.of(f"f{file}")) for file in range(4)] == [20] * 4


WRITER = """
import sys
from pathlib import Path
from workspace_server.documents.collaboration.points import Points
points = Points(Path(sys.argv[1]))
n = int(sys.argv[2])
while True:
    n += 1
    cell = {"cell_type": "code", "source": str(n), "outputs": [{"data": "x" * 20000}]}
    made = points.add("f", {"cells": [cell]}, "automatic")
    print(n, made.id, flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_points(tmp_path: Path) -> None:
    path = tmp_path / "points.db"
    moments = random.Random(3)
    promised: dict[str, int] = {}
    for run in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(run * 100_000)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        time.sleep(moments.random() / 5)
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        promised |= {id: int(n) for n, id in (line.split() for line in lines if line.endswith("\n"))}
    points = Points(path)
    assert len(promised) >= 30
    for id, n in promised.items():
        content = points.read(id)
        assert isinstance(content, dict)
        assert content["cells"][0]["source"] == str(n)
    for point in points.of("f"):
        points.read(point.id)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT hash FROM contents EXCEPT SELECT hash FROM points").fetchall() == []
