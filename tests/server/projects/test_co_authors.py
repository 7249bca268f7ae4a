"""Who edited a file since its last commit is proposed as a co-author of the next one."""

from __future__ import annotations

import time

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.committing import PartialFile
from workspace_ext.contract.projects import Editor, Project
from workspace_server.kit.errors import AtriumError

from .conftest import Room

NAME = "forecast.ipynb"


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    return await room.clone(remote.url)


async def test_editors_since_the_last_commit(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    (tree / NAME).write_text(notebook("import numpy", "df = 2", "df + 1"))
    (tree / "README.md").write_text("x")
    last, now = int(git(tree, "log", "-1", "--format=%ct")), time.time()
    room.opened.edits = {
        tree / NAME: {"ana": now, "bo": now, "gone": now},
        tree / "README.md": {"bo": last - 5},  # it was committed in a terminal since
    }

    async def editors() -> list[Editor]:
        return (await branches.status(project.id, "main", room.ana.id)).editors

    assert await editors() == [Editor("bo", "Bo", [NAME])]
    await branches.commit(
        project.id, "main", ["README.md"], "Some", "More.", room.ana.id, [PartialFile(NAME, ["a"])],
        ["bo", "ana", "bo", "Cleo of Elsewhere <cleo@example.org>"],
    )  # fmt: skip
    assert git(tree, "log", "-1", "--format=%B").split("\n") == [
        "Some", "", "More.", "", "Co-authored-by: Bo <bo@atrium.local>",
        "Co-authored-by: Cleo of Elsewhere <cleo@example.org>",
    ]  # fmt: skip
    trailers = git(tree, "log", "-1", "--format=%(trailers:key=Co-authored-by,valueonly)")
    assert trailers.split("\n")[0] == "Bo <bo@atrium.local>"
    # Not everything of the notebook is committed, and nobody knows which part is whose.
    assert await editors() == [Editor("bo", "Bo", [NAME])]
    await branches.commit(project.id, "main", [NAME], "All", "", room.ana.id)
    (tree / NAME).write_text(notebook("import numpy", "df = 2", "df + 2"))
    assert await editors() == []
    # In the second of the commit, but after it.
    room.opened.edits[tree / NAME] = {"bo": time.time()}
    assert await editors() == [Editor("bo", "Bo", [NAME])]


@pytest.mark.parametrize(
    "name",
    [
        "nobody", "", "Eve <eve@example.org>\nSigned-off-by: Ana <ana@atrium.local>", "Eve\r<eve@example.org>",
        "Eve <eve@example.org", "Eve <eve@ex ample.org>", "Eve> <eve@example.org>", "E\u2028ve <eve@example.org>",
        "Eve <eve@example.org>\x1b[2J",
    ],
)  # fmt: skip
async def test_nobody_says_more_than_who_they_are(room: Room, project: Project, name: str) -> None:
    tree = room.tree(project)
    (tree / "README.md").write_text("x")
    with pytest.raises(AtriumError) as refused:
        await room.projects.branches.commit(
            project.id, "main", ["README.md"], "Mine", "", room.ana.id, co_authors=[name]
        )
    assert (refused.value.code, refused.value.field) == ("invalid_co_author", "co_authors")
    assert git(tree, "log", "-1", "--format=%s") == "Work"
