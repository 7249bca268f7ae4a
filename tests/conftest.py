"""Fixtures that every floor shares."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import network
from tests.fakes.indexes import keep_answers
from tests.fakes.servers import Server, start_server

network.block()

# One process would wait for one of these in the end, while the other has nothing left to do.
LONGEST = (
    "tests/server/test_demo.py",
    "tests/browser/test_journey.py",
    "tests/server/clusters/",
    "tests/client/test_engine_spark.py",
    "tests/server/test_plain_lab.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A real workspace with Ana and Bo, in a process of its own, on a free port, with a home of its own."""
    with start_server(tmp_path / "home") as running:
        yield running


@pytest.fixture(autouse=True)
def main_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython's shell puts a module of its own in the place of `__main__`, where processes that are spawned look."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session", autouse=True)
def package_cache() -> Iterator[Path]:
    """Packages are downloaded once for all tests; on the file system of `tmp_path`, so that they are linked."""
    path = Path(os.environ.get("UV_CACHE_DIR") or Path(tempfile.gettempdir()) / f"atrium-tests-uv-{os.getuid()}")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", str(path))
        for name, value in keep_answers(path / "settings").items():
            patch.setenv(name, value)
        yield path
