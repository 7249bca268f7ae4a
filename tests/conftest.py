"""Fixtures that every floor shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import network
from tests.fakes.servers import Server, start_server

network.block()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A real workspace with Ana and Bo, in a process of its own, on a free port, with a home of its own."""
    with start_server(tmp_path / "home") as running:
        yield running
