"""The projects room on a real database with real git; only who has what open is a fake, at the port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Remote, allow
from workspace_ext.contract.access import Person
from workspace_ext.contract.operations import Operation
from workspace_ext.contract.projects import Project
from workspace_server.access.service import Access
from workspace_server.kit.errors import Failed
from workspace_server.kit.events import Events
from workspace_server.kit.home import Home
from workspace_server.kit.operations import Operations
from workspace_server.kit.processes import Workers
from workspace_server.kit.storage import Base, Storage
from workspace_server.projects.service import Projects


@dataclass
class Opened:
    """Who has what open, and who edited what when; by absolute path."""

    files: dict[Path, list[str]] = field(default_factory=dict)
    flushed: list[Path] = field(default_factory=list)
    edits: dict[Path, dict[str, float]] = field(default_factory=dict)

    def open_in(self, folder: Path) -> dict[str, list[str]]:
        return {
            path.relative_to(folder).as_posix(): people
            for path, people in self.files.items()
            if path.is_relative_to(folder)
        }

    async def flush(self, folder: Path) -> None:
        self.flushed.append(folder)

    @asynccontextmanager
    async def changing(self, folder: Path) -> AsyncIterator[None]:
        self.flushed.append(folder)
        yield

    def editors(self, folder: Path, paths: Iterable[str]) -> dict[str, dict[str, float]]:
        return {path: people for path in paths if (people := self.edits.get(folder / path))}

    def committed(self, folder: Path, paths: Iterable[str], until: float) -> None:
        for path in paths:
            people = self.edits.get(folder / path, {})
            self.edits[folder / path] = {name: at for name, at in people.items() if at > until}

    def still_uncommitted(self, folder: Path, people: Mapping[str, Iterable[str]], at: float) -> None:
        for path, names in people.items():
            self.edits.setdefault(folder / path, {}).update(dict.fromkeys(names, at))


@dataclass
class Room:
    """The room, and shortcuts."""

    home: Home
    projects: Projects
    operations: Operations
    opened: Opened
    ana: Person
    bo: Person
    actions: list[tuple[str, str]]

    async def ended(self, operation: Operation) -> Any:
        """The result of an operation; raises what it failed with."""
        done = await self.operations.wait(operation.id)
        if done.error is not None:
            raise Refused(done.error.code, done.error.message, done.error.hint)
        assert done.state == "succeeded", done
        return done.result

    async def clone(self, url: str, name: str = "") -> Project:
        result = await self.ended(await self.projects.clone(url, name, self.ana.id))
        return await self.projects.describe(result["project"])

    def tree(self, project: Project, branch: str = "main") -> Path:
        found = self.projects.worktree(project.id, branch)
        assert found is not None
        return found


class Refused(Failed):
    """What an operation failed with."""


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote")


@pytest.fixture
async def room(tmp_path: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    # Polls by themselves would make these tests depend on time; where polling is meant, it is asked for.
    monkeypatch.setenv("ATRIUM_POLL_SECONDS", "3600")
    home = Home(tmp_path / "home")
    home.prepare()
    allow(home.path, remote.url)
    storage = Storage(home.database)
    Base.metadata.create_all(storage.engine)
    events, workers = Events(), Workers()
    operations, access = Operations(events), Access(home, storage, events)
    events.bind(asyncio.get_running_loop())
    projects = Projects(home, storage, events, operations, workers, access)
    opened = Opened()
    projects.wire(opened)
    actions: list[tuple[str, str]] = []
    events.on(lambda event: actions.append((event.room, event.action)))
    await projects.start()
    try:
        yield Room(
            home, projects, operations, opened, access.add("ana", "correct horse"), access.add("bo", "correct horse"),
            actions,
        )  # fmt: skip
    finally:
        await projects.close()
        await operations.close()
        await workers.close()
        storage.close()
