"""Others' commits brought into a branch that people work in, on real repositories: merged, asked, undone, killed."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.merges import MergeChoice, PullBranch
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import AtriumError, Conflict

from .conftest import Refused, Room
from .deaths import FILES, dies_at


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    return await room.clone(remote.url)


async def pull(room: Room, project: Project, *choices: MergeChoice, **wanted: Any) -> dict[str, Any]:
    request = PullBranch(choices=list(choices), **wanted)
    result: dict[str, Any] = await room.ended(
        await room.projects.pulling.pull(project.id, "main", request, room.ana.id)
    )
    return result


def sources(file: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


def commit(tree: Path, message: str) -> str:
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", message)
    return git(tree, "rev-parse", "HEAD")


async def test_commits_come_beneath_what_is_not_committed(room: Room, project: Project, remote: Remote) -> None:
    tree = room.tree(project)
    # As people have it open: cell a changed, a file of their own, one that the commits bring as well.
    (tree / "forecast.ipynb").write_text(notebook("import pandas as pd", "df = 1", "df + 1"))
    (tree / "mine.md").write_text("mine\n")
    (tree / "both.txt").write_text("the same\n")
    (tree / "ignored.log").write_text("log\n")
    sha = remote.push(
        {
            "forecast.ipynb": notebook("import pandas", "df = 1", "df + 2"), "both.txt": "the same\n",
            "new/deep.txt": "new\n", "data/sales.csv": None, "README.md": "# Forecast, better\n",
        }
    )  # fmt: skip
    pulled = await pull(room, project)
    assert (pulled["sha"], pulled["conflicts"], pulled["commits"]) == (sha, [], 1)
    assert pulled["paths"] == ["README.md", "data/sales.csv", "forecast.ipynb", "new/deep.txt"]
    assert sources(tree / "forecast.ipynb") == ["import pandas as pd", "df = 1", "df + 2"]
    assert not (tree / "data").exists()
    assert git(tree, "rev-parse", "HEAD") == sha
    assert git(tree, "status", "--porcelain") == "M forecast.ipynb\n?? mine.md"
    assert tree in room.opened.flushed

    # Undo takes it back, and keeps what was written since.
    (tree / "README.md").write_text("# Forecast, better\nsince\n")
    await room.projects.pulling.undo(project.id, "main", pulled["backup"], room.ana.id)
    assert sources(tree / "forecast.ipynb") == ["import pandas as pd", "df = 1", "df + 1"]
    assert (tree / "README.md").read_text() == "# Forecast\nsince\n"
    assert (tree / "data" / "sales.csv").exists()
    assert not (tree / "new").exists()
    assert (tree / "mine.md").read_text() == "mine\n"
    assert git(tree, "log", "--format=%s") == "Work"
    assert set(git(tree, "status", "--porcelain").splitlines()) == {
        "M README.md", " M forecast.ipynb", "?? both.txt", "?? mine.md",
    }  # fmt: skip
    with pytest.raises(AtriumError, match="no backup"):
        await room.projects.pulling.undo(project.id, "main", pulled["backup"], room.ana.id)
    assert (await pull(room, project))["sha"] == sha


async def test_both_have_commits(room: Room, project: Project, remote: Remote) -> None:
    tree = room.tree(project)
    (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = 1", "df + 1", "mine"))
    mine = commit(tree, "Mine")
    sha = remote.push({"forecast.ipynb": notebook("import numpy", "df = 1", "df + 1"), "their.txt": "x\n"})
    pulled = await pull(room, project)
    assert pulled["conflicts"] == []
    assert sources(tree / "forecast.ipynb") == ["import numpy", "df = 1", "df + 1", "mine"]
    assert git(tree, "log", "-1", "--format=%P %an") == f"{mine} {sha} Ana"
    assert git(tree, "status", "--porcelain") == ""
    await room.projects.pulling.undo(project.id, "main", pulled["backup"], room.ana.id)
    assert git(tree, "rev-parse", "HEAD") == mine

    pulled = await pull(room, project, how="rebase")
    assert git(tree, "log", "-1", "--format=%P %s %ae") == f"{sha} Mine cleo@example.org"
    assert sources(tree / "forecast.ipynb") == ["import numpy", "df = 1", "df + 1", "mine"]
    assert git(tree, "fsck", "--strict", "--no-dangling") == ""


async def test_the_same_words_are_asked_and_nothing_changes_until_then(
    room: Room, project: Project, remote: Remote
) -> None:
    tree = room.tree(project)
    (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = MINE", "df + 1"))
    mine = commit(tree, "Mine")
    (tree / "README.md").write_text("# Mine\n")
    remote.push({"forecast.ipynb": notebook("import pandas", "df = THEIRS", "df + 1"), "README.md": "# Theirs\n"})
    asked = await pull(room, project)
    (cell,) = asked["conflicts"]
    assert (cell["path"], cell["kind"], cell["base"], cell["mine"], cell["theirs"]) == (
        "forecast.ipynb", "cell", "df = 1", "df = MINE", "df = THEIRS",
    )  # fmt: skip
    assert asked["backup"] == ""
    # What is not committed is asked once the commits are settled.
    asked = await pull(room, project, MergeChoice(cell["of"], "both"))
    (text,) = asked["conflicts"]
    assert (text["path"], text["kind"], text["mine"]) == ("README.md", "text", "Mine")
    assert (git(tree, "rev-parse", "HEAD"), (tree / "README.md").read_text()) == (mine, "# Mine\n")
    done = await pull(
        room, project, MergeChoice(cell["of"], "both"), MergeChoice(text["of"], "edited", "Ours"),
    )  # fmt: skip
    assert done["conflicts"] == []
    assert sources(tree / "forecast.ipynb") == ["import pandas", "df = MINE", "df = THEIRS", "df + 1"]
    assert (tree / "README.md").read_text() == "# Ours\n"
    assert git(tree, "status", "--porcelain") == "M README.md"
    commit(tree, "More")
    with pytest.raises(Conflict, match="new commits"):
        await room.projects.pulling.undo(project.id, "main", done["backup"], room.ana.id)


async def test_a_branch_is_updated_from_main(room: Room, project: Project, remote: Remote) -> None:
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = 1", "df + 1", "weekly"))
    commit(tree, "Weekly")
    remote.push({"forecast.ipynb": notebook("import numpy", "df = 1", "df + 1")})
    request = PullBranch("main")
    pulled = await room.ended(await room.projects.pulling.pull(project.id, "weekly", request, room.ana.id))
    assert (pulled["source"], pulled["conflicts"]) == ("main", [])
    assert sources(tree / "forecast.ipynb") == ["import numpy", "df = 1", "df + 1", "weekly"]
    assert git(tree, "log", "-1", "--format=%s") == "Merge main"


async def test_odd_files(room: Room, project: Project, remote: Remote, tmp_path: Path) -> None:
    tree = room.tree(project)
    outside = tmp_path / "outside"
    outside.mkdir()
    (remote.elsewhere / "link").symlink_to("README.md")
    (remote.elsewhere / "run.sh").write_text("#!/bin/sh\n")
    (remote.elsewhere / "run.sh").chmod(0o755)
    odd = Path(os.fsdecode(bytes(remote.elsewhere) + b"/-latin\xe9\nline"))
    odd.write_text("odd\n")
    remote.push({"empty.txt": "", "folder/file.txt": "x\n"})
    # A link where a folder comes: nothing is written through it.
    (tree / "folder").symlink_to(outside)
    with pytest.raises(Refused, match="file on one side"):
        await pull(room, project)
    assert list(outside.iterdir()) == []
    (tree / "folder").unlink()
    await pull(room, project)
    assert (tree / "link").readlink() == Path("README.md")
    assert os.access(tree / "run.sh", os.X_OK)
    assert (tree / "empty.txt").read_bytes() == b""
    assert Path(os.fsdecode(bytes(tree) + b"/-latin\xe9\nline")).read_text() == "odd\n"
    assert git(tree, "status", "--porcelain") == ""
    # A file that becomes a folder, and one that is a folder here.
    remote.push({"empty.txt": None, "empty.txt/now/a/folder.txt": "x\n"})
    await pull(room, project)
    assert (tree / "empty.txt/now/a/folder.txt").exists()
    (tree / "plan").mkdir()
    (tree / "plan" / "a.md").write_text("mine\n")
    remote.push({"plan": "a file\n"})
    with pytest.raises(Refused):
        await pull(room, project)
    assert (tree / "plan" / "a.md").read_text() == "mine\n"


async def test_killed_at_every_step(room: Room, project: Project, remote: Remote) -> None:
    tree = room.tree(project)
    facts = room.projects.get(project.id)
    text = notebook("import pandas as pd", "df = 1", "df + 1")
    (tree / "forecast.ipynb").write_text(text)
    (tree / "mine.md").write_text("mine\n")
    before = git(tree, "rev-parse", "HEAD")
    sha = remote.push(
        {
            "forecast.ipynb": notebook("import pandas", "df = 1", "df + 2"), "a.txt": "a\n", "b.txt": "b\n",
            "data/sales.csv": None, "README.md": "# Better\n",
        }
    )  # fmt: skip
    repository = {
        "directory": str(facts.git), "home": str(room.home.cache / "git-home"), "url": remote.url,
        "protocols": "file", "author": ["Ana", "ana@atrium.local"],
    }  # fmt: skip
    given = {
        "repository": repository, "branch": "main", "source": "main", "how": "merge", "made": [], "message": "Merge\n",
    }  # fmt: skip
    steps = 0
    while True:
        steps += 1
        if not await dies_at(
            steps, (*FILES, "git.integrate:recover"),
            ("git.remote:fetch", {"repository": repository}), ("git.integrate:integrate", given),
        ):  # fmt: skip
            break
        # Somebody goes on writing before the server is back.
        (tree / "mine.md").write_text(f"mine {steps}\n")
        await room.projects.pulling.recover(project.id)
        head = git(tree, "rev-parse", "HEAD")
        there = sources(tree / "forecast.ipynb")
        if head == before:
            assert there == ["import pandas as pd", "df = 1", "df + 1"]
            assert (tree / "data" / "sales.csv").exists()
            assert not (tree / "a.txt").exists()
        else:
            assert head == sha
            assert there == ["import pandas as pd", "df = 1", "df + 2"]
        assert git(tree, "status", "--porcelain") == "M forecast.ipynb\n?? mine.md"
        assert (tree / "mine.md").read_text() == f"mine {steps}\n"
        assert not list(tree.rglob("*.atrium-new"))
        if head == sha:
            git(tree, "update-ref", "HEAD", before)
            git(tree, "checkout", "--quiet", "--force", "HEAD", "--", ".")
            for name in ("a.txt", "b.txt"):
                (tree / name).unlink()
            git(tree, "reset", "--quiet")
            (tree / "forecast.ipynb").write_text(text)
    assert steps > 10
    assert sources(tree / "forecast.ipynb") == ["import pandas as pd", "df = 1", "df + 2"]


async def test_a_large_notebook_is_merged_in_good_time(room: Room, project: Project, remote: Remote) -> None:
    """And the loop goes on meanwhile: the figures are the benchmark's, this is that it happens elsewhere."""
    tree = room.tree(project)
    cells = [f"cell_{number} = {number}" for number in range(500)]
    (tree / "large.ipynb").write_text(notebook(*cells[:26], outputs="x" * 1_000_000))
    commit(tree, "Large")
    git(tree, "push", "--quiet")
    (tree / "large.ipynb").write_text(notebook("changed", *cells[1:26], outputs="x" * 1_000_000))
    remote.push({"large.ipynb": notebook(*cells[:25], "theirs", outputs="y" * 1_000_000)})
    late = [0.0]

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            late.append(time.perf_counter() - began - 0.005)

    watching = asyncio.create_task(watch())
    pulled = await pull(room, project)
    watching.cancel()
    assert pulled["conflicts"] == []
    assert (sources(tree / "large.ipynb")[0], sources(tree / "large.ipynb")[-1]) == ("changed", "theirs")
    assert len(late) > 20
