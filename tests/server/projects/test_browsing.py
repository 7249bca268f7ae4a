"""The graph of commits, comparing, and bringing a file back, on real repositories."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from tests.fakes.remotes import ENV, Remote, git, notebook
from tests.server.projects.conftest import Room
from workspace_ext.contract.commits import CompareFileQuery, CompareQuery, GraphQuery, RestoreFile
from workspace_ext.contract.projects import CreateBranch
from workspace_server.kit.errors import Conflict, Invalid, NotFound
from workspace_server.projects.git import integrate as git_integrate
from workspace_server.projects.git.command import Git
from workspace_server.projects.git.graph import graph

pytestmark = pytest.mark.parts

MANY = 10_000


async def test_history_has_names_parents_and_pages(room: Room, remote: Remote) -> None:
    first = remote.head()
    side = remote.push({"side.txt": "s"}, "side", message="Side: 100 % [sure]")
    git(remote.elsewhere, "checkout", "--quiet", "main")
    git(remote.elsewhere, "tag", "v1")
    git(remote.elsewhere, "push", "--quiet", "origin", "v1")
    git(remote.elsewhere, "merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    git(remote.elsewhere, "push", "--quiet", "origin", "main")
    merge = remote.head()
    project = await room.clone(remote.url)
    browsing = room.projects.browsing

    page = await browsing.graph(project.id, GraphQuery())
    assert [one.sha for one in page.commits] == [merge, side, first]
    assert not page.more
    assert page.commits[0].parents == [first, side]
    assert {(ref.kind, ref.name) for ref in page.commits[0].refs} == {("branch", "main"), ("remote", "main")}
    assert [(ref.kind, ref.name) for ref in page.commits[1].refs] == [("remote", "side")]
    assert [(ref.kind, ref.name) for ref in page.commits[2].refs] == [("tag", "v1")]
    assert page.commits[0].author == "Cleo"

    only = await browsing.graph(project.id, GraphQuery(branch="side"))
    assert [one.sha for one in only.commits] == [side, first]
    # As it comes over the wire, with nothing but what was asked.
    begin = await browsing.graph(project.id, msgspec.convert({"limit": "1"}, GraphQuery, strict=False))
    assert begin.more
    rest = await browsing.graph(project.id, GraphQuery(limit=5, skip=1, at=begin.at))
    assert [one.sha for one in rest.commits] == [side, first]

    async def found(**search: str) -> list[str]:
        return [one.sha for one in (await browsing.graph(project.id, GraphQuery(**search))).commits]

    assert await found(message="100 % [SURE]") == [side]
    assert await found(message=side[:9]) == [side]
    assert await found(author="cleo@example") == [merge, side, first]
    assert await found(author="nobody") == []
    assert await found(path="SIDE.t") == [side]
    assert await found(path="data/sales") == [first]
    assert await found(path="*.txt") == []
    assert await found(message="--all") == []
    for bad in ({"message": "a\nb"}, {"path": "x" * 500}):
        with pytest.raises(Invalid):
            await found(**bad)
    with pytest.raises(NotFound):
        await browsing.graph(project.id, GraphQuery(branch="-x"))

    remote.push({"later.txt": "l"})
    await room.projects.look(project.id, room.ana.id)
    with pytest.raises(Conflict):
        await browsing.graph(project.id, GraphQuery(skip=1, at=begin.at))


async def test_a_commit_and_any_two_compared(room: Room, remote: Remote) -> None:
    first = remote.head()
    second = remote.push(
        {"forecast.ipynb": notebook("import pandas", "df = 2", "df + 1"), "README.md": None, "wöche.txt": "new\n"}
    )
    project = await room.clone(remote.url)
    browsing = room.projects.browsing
    shown = await browsing.commit(project.id, second[:8])
    assert (shown.commit.sha, shown.parents, shown.changes.old) == (second, [first], first)
    assert {file.path: (file.change, file.added, file.removed) for file in shown.changes.files} == {
        "README.md": ("deleted", 0, 1), "forecast.ipynb": ("modified", 1, 1), "wöche.txt": ("added", 1, 0),
    }  # fmt: skip
    begun = await browsing.commit(project.id, first)
    assert (begun.parents, begun.changes.old, len(begun.changes.files)) == ([], "", 4)
    whole = await browsing.compare_file(project.id, CompareFileQuery("README.md", first))
    assert whole.text == "@@ -0,0 +1 @@\n+# Forecast"

    back = await browsing.compare(project.id, CompareQuery(first, "main"))
    assert (back.old, back.new, back.ahead, back.behind) == (second, first, 0, 1)
    diff = await browsing.compare_file(project.id, CompareFileQuery("forecast.ipynb", first, "main"))
    assert [cell.diff for cell in diff.cells] == ["@@ -1 +1 @@\n-df = 2\n+df = 1"]
    for wrong in ("no-such", "-x", "HEAD", "0000000", first[:4], "main..side", ""):
        with pytest.raises(NotFound):
            await browsing.commit(project.id, wrong)
    with pytest.raises(NotFound, match="the same in both"):
        await browsing.compare_file(project.id, CompareFileQuery(".gitignore", "main", first))


async def test_a_file_is_brought_back_and_that_is_undone(room: Room, remote: Remote) -> None:
    first = remote.head()
    remote.push({"forecast.ipynb": notebook("import pandas", "df = 2", "df + 1"), "README.md": None})
    project = await room.clone(remote.url)
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    browsing, pulling = room.projects.browsing, room.projects.pulling
    edited = notebook("import pandas", "df = 2  # Ana", "df + 1")
    (tree / "forecast.ipynb").write_text(edited)
    (tree / "notes.txt").write_text("mine")

    async def restore(path: str, commit: str = first) -> str:
        return (await browsing.restore_file(project.id, "weekly", RestoreFile(path, commit), room.ana.id)).backup

    backup = await restore("forecast.ipynb")
    assert tree in room.opened.flushed
    assert (tree / "forecast.ipynb").read_text() == notebook("import pandas", "df = 1", "df + 1")
    assert await restore("forecast.ipynb") == ""
    again = await restore("README.md")
    assert (tree / "README.md").read_text() == "# Forecast\n"
    assert [edit for edit in git(tree, "status", "--porcelain").splitlines() if "??" not in edit]

    await pulling.undo(project.id, "weekly", again, room.ana.id)
    assert not (tree / "README.md").exists()
    await pulling.undo(project.id, "weekly", backup, room.ana.id)
    assert (tree / "forecast.ipynb").read_text() == edited
    assert (tree / "notes.txt").read_text() == "mine"
    for path, commit, kind in (
        ("nowhere.txt", first, NotFound), ("data", first, NotFound), ("README.md", "no-such", NotFound),
        ("../../escape", first, NotFound), ("data/sales.csv/x", first, NotFound),
    ):  # fmt: skip
        with pytest.raises(kind):
            await restore(path, commit)
    (tree / "README.md").mkdir()
    with pytest.raises(Conflict, match="is a folder now"):
        await restore("README.md")


async def test_a_file_that_was_half_brought_back_goes_back(room: Room, remote: Remote) -> None:
    first = remote.head()
    remote.push({"README.md": "# Later\n"})
    project = await room.clone(remote.url)
    tree = room.tree(project)
    found = room.projects.get(project.id)
    bound = Git(found.git, room.home.cache / "git-home").within(tree, found.git / "worktrees" / "main")
    made = await room.projects.browsing.restore_file(project.id, "main", RestoreFile("README.md", first), room.ana.id)
    # As if the worker had been killed before it removed its note.
    kept = git(found.git, "--git-dir", ".", "rev-parse", f"refs/backup/{made.backup}")
    head, then = git(found.git, "--git-dir", ".", "rev-list", "--parents", "-1", kept).split()[1:]
    assert bound.admin is not None
    note = {"old": head, "new": head, "before": kept, "after": then}
    (bound.admin / git_integrate.NOTE).write_text(json.dumps(note))
    await room.projects.pulling.recover(project.id)
    assert (tree / "README.md").read_text() == "# Later\n"


def test_a_page_of_a_long_history_takes_no_time(tmp_path: Path) -> None:
    bare = tmp_path / "long.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    lines = []
    for number in range(MANY):
        lines.append(
            f"commit refs/heads/main\ncommitter Cleo <cleo@example.org> {1_700_000_000 + number} +0000\n"
            f"data <<END\nWork {number}\nEND\nM 100644 inline {'rare' if number == 7 else 'often'}.txt\n"
            f"data <<END\n{number}\nEND\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=bare, env=ENV, input="\n".join(lines).encode(), check=True)
    repository = {"directory": str(bare), "home": str(tmp_path)}

    def page(**asked: object) -> list[str]:
        wanted = {"branch": "", "message": "", "author": "", "path": "", "skip": 0, "limit": 200, "at": "", **asked}
        began = time.monotonic()
        found = graph(lambda *_: None, repository, **wanted)  # type: ignore[arg-type]
        took = time.monotonic() - began
        assert took < 20  # a fraction of a second where nothing else runs
        return [one["summary"] for one in found["commits"]]

    assert page()[0] == f"Work {MANY - 1}"
    assert len(page()) == 200
    assert page(skip=MANY - 1) == ["Work 0"]
    assert page(message="work 17")[0].startswith("Work 17")
    assert page(path="rare") == ["Work 7"]
