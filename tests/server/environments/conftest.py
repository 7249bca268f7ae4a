"""Fixtures of the environments room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.messages import Messages
from workspace_server.kit.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own, prepared."""
    made = Home(tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
def project(home: Home) -> Path:
    """The checkout of a project's main branch."""
    folder = home.projects / "forecast" / "main"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def messages() -> Iterator[Messages]:
    """What people are told, word for word."""
    kept = Messages(Path(__file__).with_name("messages.txt"))
    yield kept
    kept.close()
