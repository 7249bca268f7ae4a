"""Lines of a review, followed through later commits, on real repositories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.remotes import Remote, git, notebook
from tests.server.projects.conftest import Room
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import Invalid, NotFound
from workspace_server.projects.git.lines import moved

TEXT = "one\ntwo\nthree\nfour\nfive\n"
CELL = "df = load()\ndf = df.dropna()\nplot(df)"


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    return await room.clone(remote.url)


class Branch:
    """The branch `weekly`, and what its review shows at the moment."""

    def __init__(self, room: Room, project: Project) -> None:
        self.room, self.project = room, project
        self.tree = room.tree(project, "weekly")

    async def push(self, **files: str) -> str:
        for name, text in files.items():
            (self.tree / name.replace("__", ".")).write_text(text)
        paths = [name.replace("__", ".") for name in files]
        branches = self.room.projects.branches
        await branches.commit(self.project.id, "weekly", paths, "More", "", self.room.ana.id)
        await self.room.ended(await branches.push(self.project.id, "weekly", self.room.ana.id))
        return git(self.tree, "rev-parse", "HEAD")

    async def git(self, *arguments: str) -> str:
        """Have git change what is committed next, as in a terminal; commit and push that."""
        git(self.tree, *arguments)
        git(self.tree, "-c", "user.name=Bo", "-c", "user.email=bo@atrium.local", "commit", "--quiet", "-m", "By git")
        await self.room.ended(await self.room.projects.branches.push(self.project.id, "weekly", self.room.ana.id))
        return git(self.tree, "rev-parse", "HEAD")

    async def spot(self, commit: str, path: str, cell: str, first: int | None, last: int | None, **more: Any) -> Any:
        """Where these lines of `commit` are now: (cell, first, last), "lost" or "apart"."""
        wanted = {"path": path, "cell": cell, "side": "new", "commit": commit, "first": first, "last": last}
        found = await self.room.projects.reviewing.follow(
            self.project.id, "weekly", [{**wanted, "exact": "", "own": True, **more}]
        )
        (spot,) = found["spots"]
        kind = next((kind for kind in ("lost", "apart") if spot[kind]), None)
        return kind or (spot["cell"], spot["first"], spot["last"])


async def begun(room: Room, project: Project) -> Branch:
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    return Branch(room, project)


async def test_lines_of_a_text_are_followed(room: Room, project: Project, remote: Remote) -> None:
    branch = await begun(room, project)
    first = await branch.push(notes__md=TEXT)
    assert await room.projects.reviewing.keep(project.id, "weekly", first, "notes.md", "", 1, 2) == ["two", "three"]
    assert await branch.spot(first, "notes.md", "", 1, 2) == ("", 1, 2)
    await branch.push(notes__md="zero\n" + TEXT)
    assert await branch.spot(first, "notes.md", "", 1, 2) == ("", 2, 3)
    await branch.push(notes__md="zero\none\ntwo\nbetween\nthree\n")
    assert await branch.spot(first, "notes.md", "", 1, 2) == "lost"
    assert await branch.spot(first, "notes.md", "", 2, 2) == ("", 4, 4)
    # Taken apart, and together again.
    await branch.push(notes__md="new\n" + TEXT)
    assert await branch.spot(first, "notes.md", "", 1, 2) == ("", 2, 3)
    await branch.git("rm", "--quiet", "notes.md")
    assert await branch.spot(first, "notes.md", "", 1, 2) == "lost"
    assert await branch.spot(first, "notes.md", "", None, None) == "lost"


async def test_lines_of_a_cell_are_followed(room: Room, project: Project, remote: Remote) -> None:
    branch = await begun(room, project)
    first = await branch.push(forecast__ipynb=notebook("import pandas", CELL, "df + 1"))
    await branch.push(forecast__ipynb=notebook("import pandas", f"# Clean\n{CELL}", "df + 1"))
    assert await branch.spot(first, "forecast.ipynb", "b", 1, 1) == ("b", 2, 2)
    assert await branch.spot(first, "forecast.ipynb", "b", None, None) == ("b", None, None)
    # The cell has another id and place; it is known by what it says.
    text = notebook("1", "2", f"{CELL}\nmore").replace('"id": "c"', '"id": "z"')
    await branch.push(forecast__ipynb=text)
    assert await branch.spot(first, "forecast.ipynb", "b", 1, 1) == "lost"
    text = notebook("import pandas", f"{CELL}\nmore", "df + 1").replace('"id": "b"', '"id": "z"')
    await branch.push(forecast__ipynb=text)
    assert await branch.spot(first, "forecast.ipynb", "b", 1, 1) == ("z", 1, 1)
    await branch.push(forecast__ipynb="no notebook")
    assert await branch.spot(first, "forecast.ipynb", "b", 1, 1) == "lost"


async def test_the_old_side_and_what_is_begun_elsewhere(room: Room, project: Project, remote: Remote) -> None:
    branch = await begun(room, project)
    fork = remote.head()
    await branch.push(forecast__ipynb=notebook("import pandas", CELL, "df + 1"))
    assert await branch.spot(fork, "forecast.ipynb", "b", 0, 0, side="old") == ("b", 0, 0)
    elsewhere = {"own": False, "exact": "dropna"}
    assert await branch.spot("", "forecast.ipynb", "b", 0, 0, **elsewhere) == ("b", 1, 1)
    assert await branch.spot("", "forecast.ipynb", "a", 0, 0, own=False, exact="pandas") == "apart"
    assert await branch.spot("", "README.md", "", None, None, own=False) == "apart"
    assert await branch.spot("", "README.md", "", None, None) == ("", None, None)
    # A commit that git has let go of, as after a force push: the lines are found by what they said.
    gone = "1" * 40
    assert await branch.spot(gone, "forecast.ipynb", "b", 0, 0, exact="df = df.dropna()") == ("b", 1, 1)
    assert await branch.spot(gone, "forecast.ipynb", "b", 0, 0, exact="df.dropna()") == "lost"


async def test_files_without_lines(room: Room, project: Project, remote: Remote) -> None:
    branch, keep = await begun(room, project), room.projects.reviewing.keep
    fork = remote.head()
    head = await branch.push(empty__py="")
    assert await keep(project.id, "weekly", head, "empty.py", "", None, None) == []
    assert await branch.spot(head, "empty.py", "", None, None) == ("", None, None)
    head = await branch.git("update-index", "--add", "--cacheinfo", f"160000,{fork},lib")
    assert await keep(project.id, "weekly", head, "lib", "", 0, 0) == [f"Subproject commit {fork}"]
    assert await branch.spot(head, "lib", "", 0, 0) == ("", 0, 0)
    # What the branch deletes is where it was.
    await branch.git("rm", "--quiet", "README.md")
    assert await branch.spot(fork, "README.md", "", None, None, side="old") == ("", None, None)


async def test_lines_that_are_not_there(room: Room, project: Project, remote: Remote) -> None:
    reviewing, head = room.projects.reviewing, remote.head()
    for path, cell, first, last in [
        ("README.md", "", 1, 1), ("README.md", "", 0, 7), ("nothing.md", "", None, None), ("README.md", "b", 0, 0),
        ("forecast.ipynb", "none", None, None), ("../README.md", "", None, None), ("data", "", None, None),
    ]:  # fmt: skip
        with pytest.raises(NotFound):
            await reviewing.keep(project.id, "main", head, path, cell, first, last)
    with pytest.raises(NotFound):
        await reviewing.keep(project.id, "main", "0" * 40, "README.md", "", 0, 0)
    with pytest.raises(NotFound):
        await reviewing.keep(project.id, "nothing", head, "README.md", "", 0, 0)
    for commit in ("HEAD", "--help", head[:7], ""):
        with pytest.raises(Invalid):
            await reviewing.keep(project.id, "main", commit, "README.md", "", 0, 0)


def test_moved() -> None:
    before = list("abcdef")
    assert moved(before, before, 2, 4) == 2
    assert moved(before, list("xabcdef"), 2, 4) == 3
    assert moved(before, list("abXcdef"), 1, 2) is None
    assert moved(before, list("abXcdef"), 2, 5) == 3
    assert moved(before, [], 0, 0) is None
