"""Fixtures of the environments room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace_server.kit.errors import AtriumError
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


class Messages:
    """Compares what is said with what is kept in a file. ``ATRIUM_WRITE_MESSAGES=1`` keeps it instead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, str] = {}
        self._write = "ATRIUM_WRITE_MESSAGES" in os.environ
        for entry in path.read_text().strip().split("\n\n") if path.exists() else []:
            title, _, said = entry.partition("\n")
            self._kept[title] = said

    def check(self, title: str, error: AtriumError) -> None:
        """That ``error`` says what is kept under ``title``."""
        said = f"  {error.message}\n  {error.hint}"
        if self._write:
            self._kept[title] = said
        assert said == self._kept.get(title)

    def close(self) -> None:
        if self._write:
            self._path.write_text("\n\n".join(f"{title}\n{said}" for title, said in sorted(self._kept.items())) + "\n")
