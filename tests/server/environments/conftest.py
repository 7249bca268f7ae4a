"""Fixtures of the environments room."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace_server.kit.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own, prepared."""
    made = Home(tmp_path / "home")
    made.prepare()
    return made
