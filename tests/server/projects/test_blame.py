"""Who wrote which cell: by ids, by sources, across merges and renames, and fast enough to be asked for in passing."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.remotes import ENV, Remote, git, notebook
from tests.server.projects.conftest import Room
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import Invalid
from workspace_server.projects.git import blamed
from workspace_server.projects.git.blame import blame, unchanged


def test_cells_are_the_same_by_id_else_by_source() -> None:
    before = [("a", "code", "1"), ("b", "code", "2"), ("", "code", "3"), ("", "code", "4"), ("e", "markdown", "5")]
    after = [("b", "code", "2"), ("a", "code", "changed"), ("", "code", "4"), ("new", "code", "3"), ("e", "code", "5")]
    assert sorted(unchanged(before, after)) in ([(0 + 1, 0), (3, 2)], [(1, 0), (2, 3)])
    assert unchanged(before, before) == [(i, i) for i in range(5)]
    renewed = [(f"n{i}", kind, source) for i, (_, kind, source) in enumerate(before)]
    assert unchanged(before, renewed) == [(i, i) for i in range(5)]
    assert unchanged([], after) == unchanged(before, []) == []


def without_ids(*sources: str) -> str:
    made = json.loads(notebook(*sources))
    for cell in made["cells"]:
        del cell["id"]
    return json.dumps({**made, "nbformat_minor": 4})


@pytest.mark.parts
async def test_each_cell_has_the_commit_that_wrote_it(room: Room, remote: Remote) -> None:
    first = remote.head()
    second = remote.push({"forecast.ipynb": notebook("import pandas", "df = 2", "df + 1", "new")})
    remote.push({"forecast.ipynb": notebook("import pandas", "df = 2", "df + 1", "new", outputs="ran")})
    remote.push({"forecast.ipynb": "{broken"})
    remote.push({"forecast.ipynb": notebook("import pandas", "df = 2", "df + 1", "new")})
    git(remote.elsewhere, "checkout", "--quiet", "-b", "side", second)
    side = remote.push({"forecast.ipynb": notebook("import numpy", "df = 2", "df + 1", "new")}, "side")
    git(remote.elsewhere, "checkout", "--quiet", "main")
    git(remote.elsewhere, "merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    git(remote.elsewhere, "push", "--quiet", "origin", "main")
    project = await room.clone(remote.url)
    browsing = room.projects.browsing

    async def owners(path: str = "forecast.ipynb", branch: str = "main") -> list[str]:
        return [cell.commit for cell in (await browsing.blame(project.id, branch, path)).cells]

    assert await owners() == [side, second, first, second]
    told = await browsing.blame(project.id, "main", "forecast.ipynb")
    assert {one.sha: one.author for one in told.commits} == dict.fromkeys({first, second, side}, "Cleo")
    assert [cell.id for cell in told.cells] == ["a", "b", "c", "d"]
    assert told.complete

    # What is not committed belongs to nobody yet; and what was known before is used, not walked again.
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    (tree / "forecast.ipynb").write_text(notebook("import numpy", "df = 3", "df + 1", "new"))
    assert await owners(branch="weekly") == [side, "", first, second]
    commit = await room.projects.branches.commit(project.id, "weekly", ["forecast.ipynb"], "Three", "", room.ana.id)
    assert await owners(branch="weekly") == [side, commit.sha, first, second]

    # Under another name, and in a format without ids.
    git(tree, "-c", "user.name=Ana", "-c", "user.email=ana@atrium.local", "mv", "forecast.ipynb", "model.ipynb")
    (tree / "old.ipynb").write_text(without_ids("one", "two"))
    moved = await room.projects.branches.commit(
        project.id, "weekly", ["forecast.ipynb", "model.ipynb", "old.ipynb"], "Move", "", room.ana.id
    )
    assert await owners("model.ipynb", "weekly") == [side, commit.sha, first, second]
    (tree / "old.ipynb").write_text(without_ids("zero", "one", "two!"))
    later = await room.projects.branches.commit(project.id, "weekly", ["old.ipynb"], "Old", "", room.ana.id)
    assert await owners("old.ipynb", "weekly") == [later.sha, moved.sha, later.sha]
    (tree.parent / "outside.ipynb").write_text(notebook("secret"))
    (tree / "linked").symlink_to(tree.parent)
    for path in ("README.md", "nowhere.ipynb", "../outside.ipynb", "linked/outside.ipynb"):
        with pytest.raises(Invalid):
            await owners(path, "weekly")


def test_what_was_found_out_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote(tmp_path, {"n.ipynb": notebook("one", "two")})
    tree = tmp_path / "tree"
    git(remote.path, "--git-dir", ".", "worktree", "add", "--quiet", str(tree), "main")
    repository, first = {"directory": str(remote.path), "home": str(tmp_path)}, remote.head()

    def owners(path: str = "n.ipynb") -> list[str]:
        return [cell["commit"] for cell in blame(lambda *_: None, repository, "main", path)["cells"]]

    assert owners() == [first, first]
    folder = remote.path / blamed.FOLDER
    (file,) = folder.iterdir()
    sound = file.read_text()
    # It is read rather than looked for: who reads it believes it.
    file.write_text(sound.replace(first, "1" * 40).replace("1" * 40, first, 1))
    monkeypatch.setattr("workspace_server.projects.git.blame.commits_named", lambda *_: [])
    assert owners() == ["1" * 40] * 2
    # What is of another notebook, damaged, or of another commit, is not.
    for wrong in (sound.replace("n.ipynb", "m.ipynb"), sound[:-5], "[]", sound.replace(first, "--help")):
        file.write_text(wrong)
        assert owners() == [first, first]
    file.write_text(sound.replace(first, "1" * 40))
    assert owners() == [first, first]
    # All together stay small; what was used last stays.
    monkeypatch.setattr(blamed, "MOST_BYTES", 400)
    git(tree, "checkout", "--quiet", "-b", "more")
    for number in range(5):
        (tree / f"{number}.ipynb").write_text(notebook(f"{number}"))
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", "More")
    for number in range(5):
        blame(lambda *_: None, repository, "more", f"{number}.ipynb")
    assert sum(one.stat().st_size for one in folder.iterdir()) <= 400
    assert '"4.ipynb"' in "".join(one.read_text() for one in folder.iterdir())


@pytest.mark.parts
def test_500_cells_and_200_commits(tmp_path: Path) -> None:
    bare, tree = tmp_path / "long.git", tmp_path / "tree"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    cells = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": f"value = {i}\n" * 5, "execution_count": 1,
         "outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * 100}]}
        for i in range(500)
    ]  # fmt: skip
    lines = []
    for number in range(200):
        cells[number]["source"] = f"changed {number}"
        content = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        lines.append(
            f"commit refs/heads/main\nmark :{number + 1}\ncommitter Cleo <cleo@example.org> {1_700_000_000 + number} "
            f"+0000\ndata 4\nWork\nM 100644 inline n.ipynb\ndata {len(content)}\n{content}\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=bare, env=ENV, input="".join(lines).encode(), check=True)
    git(bare, "--git-dir", ".", "worktree", "add", "--quiet", str(tree), "main")
    repository = {"directory": str(bare), "home": str(tmp_path)}
    began = time.monotonic()
    found = blame(lambda *_: None, repository, "main", "n.ipynb")
    took = time.monotonic() - began
    owners = [cell["commit"] for cell in found["cells"]]
    shas = git(bare, "--git-dir", ".", "rev-list", "--reverse", "main").split()
    assert owners == [*shas, *[shas[0]] * 300]
    assert took < 30, took  # some 2 s where nothing else runs
    began = time.monotonic()
    assert blame(lambda *_: None, repository, "main", "n.ipynb") == found
    assert time.monotonic() - began < took
