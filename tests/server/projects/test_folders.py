"""Some folders only: every branch holds them, commits hold everything, and nothing that is left out looks deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.lfs import LfsServer
from tests.fakes.remotes import Remote, git, notebook
from tests.server.projects.conftest import Refused, Room
from tests.server.projects.deaths import FILES, dies_at
from workspace_ext.contract.asides import BringBack, PutAside
from workspace_ext.contract.commits import RestoreFile
from workspace_ext.contract.folders import Folder
from workspace_ext.contract.merges import PullBranch
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import AtriumError, Conflict, Invalid
from workspace_server.projects.git.cone import Cone, choose, chosen

pytestmark = pytest.mark.parts

ODD = "o[1] *d"
FILES_THERE = {
    "README.md": "# Many\n", ".gitignore": "*.log\n__pycache__/\n", "app/run.ipynb": notebook("x = 1"),
    "app/lib/tools.py": "y = 1\n", "app/lib/deep/more.py": "z = 1\n", "data/raw/a.csv": "1\n", "data/raw/b.csv": "2\n",
    "data/notes.txt": "n\n", "docs/index.md": "d\n", f"{ODD}/x.txt": "x\n", "data/café/m.txt": "m\n",
}  # fmt: skip


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote", dict(FILES_THERE))


def holds(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file() and path.name != ".git"}


async def clone(room: Room, remote: Remote, *folders: str) -> Project:
    result = await room.ended(await room.projects.clone(remote.url, "", room.ana.id, 0, [*folders]))
    return await room.projects.describe(result["project"])


async def hold(room: Room, project: Project, *folders: str) -> Any:
    return await room.ended(await room.projects.folders.choose(project.id, [*folders], room.ana.id))


async def changed(room: Room, project: Project, branch: str = "main") -> list[tuple[str, str]]:
    status = await room.projects.branches.status(project.id, branch)
    tree = room.tree(project, branch)
    # Git in a terminal agrees.
    assert len(git(tree, "status", "--porcelain", "--untracked-files=all").splitlines()) == len(status.files)
    return [(file.path, file.change) for file in status.files]


async def pull(room: Room, project: Project, branch: str = "main", source: str = "") -> Any:
    return await room.ended(await room.projects.pulling.pull(project.id, branch, PullBranch(source), room.ana.id))


async def test_every_branch_holds_the_chosen_folders_and_commits_hold_everything(room: Room, remote: Remote) -> None:
    project = await clone(room, remote, "app/lib", "app/lib/deep", f"/{ODD}/")
    tree, top = room.tree(project), {"README.md", ".gitignore"}
    assert project.folders == ["app/lib", ODD]
    held = top | {"app/run.ipynb", "app/lib/tools.py", "app/lib/deep/more.py", f"{ODD}/x.txt"}
    assert holds(tree) == held
    assert await changed(room, project) == []
    assert git(tree, "sparse-checkout", "list").splitlines() == ["app/lib", ODD]
    assert project.branches[0].changes == 0

    # New branches hold the same; what is committed there has the rest.
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    weekly = room.tree(project, "weekly")
    assert holds(weekly) == held
    (weekly / "app/lib/tools.py").write_text("y = 2\n")
    (weekly / "new").mkdir()
    (weekly / "new/file.txt").write_text("new\n")
    assert await changed(room, project, "weekly") == [("app/lib/tools.py", "modified"), ("new/file.txt", "untracked")]
    made = await room.projects.branches.commit(
        project.id, "weekly", ["app/lib/tools.py", "new/file.txt"], "Two", "", room.ana.id
    )
    assert git(weekly, "show", "--name-status", "--format=", made.sha) == "M\tapp/lib/tools.py\nA\tnew/file.txt"
    assert await changed(room, project, "weekly") == []
    await room.ended(await room.projects.branches.push(project.id, "weekly", room.ana.id))
    review = await room.projects.branches.review(project.id, "weekly")
    assert [file.path for file in review.files] == ["app/lib/tools.py", "new/file.txt"]
    await room.ended(await room.projects.branches.merge(project.id, "weekly", "", room.ana.id))

    # Production is whole: a run needs whatever it needs, and nobody is there to add a folder.
    production = room.projects.production(project.id)
    assert production is not None
    assert holds(Path(production.path)) == {*FILES_THERE, "new/file.txt"}
    # What came to main has come into its folder, and no more.
    await pull(room, project)
    assert holds(tree) == held
    assert await changed(room, project) == []


async def test_a_pull_brings_what_is_chosen_and_leaves_the_rest_out(room: Room, remote: Remote) -> None:
    project = await clone(room, remote, "app")
    tree = room.tree(project)
    held = holds(tree)
    (tree / "app/lib/tools.py").write_text("y = 1\nmine = 1\n")
    remote.push(
        {"data/raw/a.csv": "3\n", "data/raw/b.csv": None, "docs/more.md": "m\n", "app/new.py": "n\n", "z.md": "z"}
    )
    pulled = await pull(room, project)
    assert pulled["conflicts"] == []
    assert holds(tree) == held | {"app/new.py", "z.md"}
    assert await changed(room, project) == [("app/lib/tools.py", "modified")]
    await room.projects.pulling.undo(project.id, "main", pulled["backup"], room.ana.id)
    assert holds(tree) == held
    assert await changed(room, project) == [("app/lib/tools.py", "modified")]
    # Both sides have commits: what others changed where nothing is checked out is in the merge.
    await room.projects.branches.commit(project.id, "main", ["app/lib/tools.py"], "Mine", "", room.ana.id)
    pulled = await pull(room, project)
    assert git(tree, "show", "HEAD:data/raw/a.csv") == "3"
    assert git(tree, "ls-tree", "--name-only", "HEAD", "docs/").splitlines() == ["docs/index.md", "docs/more.md"]
    assert (holds(tree), await changed(room, project)) == (held | {"app/new.py", "z.md"}, [])
    # A terminal's git goes on from here.
    git(tree, "sparse-checkout", "reapply")
    assert (holds(tree), await changed(room, project)) == (held | {"app/new.py", "z.md"}, [])
    # A file that somebody writes in a folder that is left out is what changed there, and is kept up to date.
    (tree / "data/raw").mkdir(parents=True)
    (tree / "data/raw/a.csv").write_text("3\nmine\n")
    assert await changed(room, project) == [("data/raw/a.csv", "modified")]
    remote.push({"data/raw/a.csv": "0\n3\n"})
    await pull(room, project)
    assert (tree / "data/raw/a.csv").read_text() == "0\n3\nmine\n"
    await room.projects.branches.discard(project.id, "main", ["data/raw/a.csv"], room.ana.id)
    assert await changed(room, project) == []


async def test_folders_are_added_and_removed(room: Room, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    project = await room.clone(remote.url)
    assert (project.folders, project.large) == (None, False)
    monkeypatch.setattr("workspace_server.projects.folders.MANY_FILES", 10)
    assert (await room.projects.describe(project.id)).large
    await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree, weekly = room.tree(project), room.tree(project, "weekly")
    listed = await room.projects.folders.listed(project.id, "")
    assert (listed.chosen, listed.files, listed.folders[0]) == (None, 11, Folder("app", 3, 218, True))
    assert [one.path for one in listed.folders] == ["app", "data", "docs", ODD]
    listed = await room.projects.folders.listed(project.id, "data/")
    assert listed.folders == [Folder("data/café", 1, 2), Folder("data/raw", 2, 4)]

    # Not while somebody has something there that is in no commit, or open.
    for path, text in (("data/raw/a.csv", "mine\n"), ("data/raw/new.csv", "mine\n")):
        (weekly / path).write_text(text)
        with pytest.raises(Conflict) as refused:
            await hold(room, project, "app")
        assert (refused.value.code, path in refused.value.message) == ("changes_there", True)
        await room.projects.branches.discard(project.id, "weekly", [path], room.ana.id)
    room.opened.files[tree / "data/notes.txt"] = ["Bo"]
    with pytest.raises(Conflict) as refused:
        await hold(room, project, "app")
    assert (refused.value.code, "Bo has main/data/notes.txt open" in refused.value.message) == ("open_there", True)
    room.opened.files.clear()

    # What git ignores stays where it is.
    (tree / "data/raw/keys.log").write_text("k\n")
    assert await hold(room, project, "app", "data/café") == ["app", "data/café"]
    held = {path for path in FILES_THERE if path.startswith(("app/", "data/café/", "data/notes")) or "/" not in path}
    assert (holds(tree), holds(weekly)) == (held | {"data/raw/keys.log"}, held)
    for branch in ("main", "weekly"):
        assert await changed(room, project, branch) == []
    assert (await room.projects.describe(project.id)).folders == ["app", "data/café"]
    # Another one comes, around what is there; a branch that was in the trash meanwhile, too.
    deleted = await room.projects.branch_lives.delete(project.id, "weekly", room.ana.id)
    assert await hold(room, project, "app", "data") == ["app", "data"]
    await room.projects.branch_lives.restore(project.id, deleted.backup)
    held |= {"data/raw/a.csv", "data/raw/b.csv"}
    assert (holds(tree), holds(room.tree(project, "weekly"))) == (held | {"data/raw/keys.log"}, held)
    # All again.
    await room.ended(await room.projects.folders.choose(project.id, None, room.ana.id))
    assert holds(tree) == {*FILES_THERE, "data/raw/keys.log"}
    for branch in ("main", "weekly"):
        assert await changed(room, project, branch) == []
    assert (await room.projects.describe(project.id)).folders is None
    await room.projects.branches.create(project.id, CreateBranch("whole"), room.ana.id)
    assert holds(room.tree(project, "whole")) == {*FILES_THERE}
    # None but the files at the top.
    assert await hold(room, project) == []
    assert holds(room.tree(project, "whole")) == {"README.md", ".gitignore"}


async def test_what_cannot_be_says_so(room: Room, remote: Remote) -> None:
    for folder in ("../up", "a//b", "a/.GIT/b", "a\nb", "\ud800"):
        with pytest.raises(Invalid) as wrong:
            await room.projects.clone(remote.url, "", room.ana.id, 0, [folder])
        assert (wrong.value.code, wrong.value.field) == ("invalid_folder", "folders")
    project = await clone(room, remote, "app")
    with pytest.raises(Invalid) as wrong:
        await hold(room, project, "app", "dota")
    assert "'dota'" in wrong.value.message
    tree = room.tree(project)
    for make in (lambda: (tree / "data").write_text("mine\n"), lambda: (tree / "data").symlink_to(room.home.path)):
        make()
        with pytest.raises(Conflict) as refused:
            await hold(room, project, "app", "data")
        assert refused.value.code == "file_in_the_way"
        (tree / "data").unlink()
    assert (await room.projects.describe(project.id)).folders == ["app"]


async def test_what_was_put_aside_or_is_in_a_commit_comes_back_where_it_was_left_out(
    room: Room, remote: Remote
) -> None:
    project = await clone(room, remote, "app", "data")
    tree, first = room.tree(project), remote.head()
    (tree / "data/raw/a.csv").write_text("1\nmine\n")
    aside = await room.projects.asides.put(project.id, "main", PutAside([], ""), room.ana.id)
    await hold(room, project, "app")
    remote.push({"data/raw/a.csv": "0\n1\n"})
    await pull(room, project)
    assert not (tree / "data").exists()
    brought = await room.projects.asides.bring_back(project.id, "main", aside.name, BringBack(), room.ana.id)
    assert (tree / "data/raw/a.csv").read_text() == "0\n1\nmine\n"
    assert await changed(room, project) == [("data/raw/a.csv", "modified")]
    await room.projects.asides.undo(project.id, "main", aside.name, brought.backup, room.ana.id)
    assert await changed(room, project) == []
    (tree / "data/raw/a.csv").unlink()
    assert await changed(room, project) in ([], [("data/raw/a.csv", "deleted")])
    git(tree, "sparse-checkout", "reapply")

    restored = await room.projects.browsing.restore_file(
        project.id, "main", RestoreFile("data/raw/a.csv", first), room.ana.id
    )
    assert (tree / "data/raw/a.csv").read_text() == "1\n"
    assert await changed(room, project) == [("data/raw/a.csv", "modified")]
    await room.projects.pulling.undo(project.id, "main", restored.backup, room.ana.id)
    assert await changed(room, project) == []
    with pytest.raises(AtriumError) as refused:
        await room.projects.browsing.restore_file(project.id, "main", RestoreFile("data/raw/b.csv", first), room.ana.id)
    assert refused.value.code == "not_checked_out"


async def test_large_files_that_are_left_out_are_not_fetched(room: Room, remote: Remote) -> None:
    lfs = LfsServer()
    remote.push({".gitattributes": "*.bin filter=lfs -text\n", "app/m.bin": lfs.add(b"m"), "data/d.bin": lfs.add(b"d")})
    project = await clone(room, remote, "app")
    assert [one.path for one in await room.projects.large_files.listed(project.id, "main")] == ["app/m.bin"]


async def test_killed_at_any_step(room: Room, remote: Remote) -> None:
    project = await room.clone(remote.url)
    tree, facts = room.tree(project), room.projects.get(project.id)
    repository = {"directory": str(facts.git), "home": str(room.home.cache / "git-home"), "url": facts.url}
    counted = tuple(f"git.folders:{name}" for name in ("_move_into", "choose", "mark", "remove_file"))
    (tree / "app/lib/tools.py").write_text("mine\n")

    async def until_done(folders: list[str] | None, before: set[str], after: set[str], kept: list[str] | None) -> None:
        for step in range(1, 60):
            if not await dies_at(step, counted, ("git.folders:hold", {"repository": repository, "folders": folders})):
                break
            # Whenever it ends, nothing looks deleted.
            assert await changed(room, project) == [("app/lib/tools.py", "modified")]
            await room.projects.folders.recover(facts)
            assert not [*facts.git.glob("atrium-folders-*")]
            assert await changed(room, project) == [("app/lib/tools.py", "modified")]
            assert (holds(tree), chosen(facts.git)) in ((before, kept), (after, folders))
            if chosen(facts.git) == folders:
                break
        assert step > 5
        assert (holds(tree), chosen(facts.git)) == (after, folders)

    some = {path for path in FILES_THERE if path.startswith("app/") or "/" not in path}
    await until_done(["app"], {*FILES_THERE}, some, None)
    await until_done(None, some, {*FILES_THERE}, ["app"])


async def test_a_pull_is_killed_at_any_step(room: Room, remote: Remote) -> None:
    project = await clone(room, remote, "app")
    tree, facts = room.tree(project), room.projects.get(project.id)
    held, mine = holds(tree), [("app/lib/tools.py", "modified")]
    # With this, nobody but the pull brings main along.
    (tree / "app/lib/tools.py").write_text("mine\n")
    remote.push({"data/raw/a.csv": "3\n", "docs/more.md": "m\n", "app/new.py": "n\n"})
    git(tree, "fetch", "--quiet", "origin")
    call = {
        "repository": {
            "directory": str(facts.git), "home": str(room.home.cache / "git-home"), "author": ["Ana", "a@example.org"],
        },
        "branch": "main", "source": "main", "how": "merge", "made": [], "message": "Merge\n",
    }  # fmt: skip
    for step in range(1, 60):
        if not await dies_at(step, (*FILES, "git.integrate:mark_absent"), ("git.integrate:integrate", call)):
            break
        await room.projects.pulling.recover(project.id)
        assert await changed(room, project) == mine
        if git(tree, "rev-parse", "HEAD") == remote.head():
            break
        assert holds(tree) == held
    assert step > 4
    assert (holds(tree), await changed(room, project)) == (held | {"app/new.py"}, mine)


async def test_cancelled_it_is_as_before(room: Room, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    project = await clone(room, remote, "app")
    real, tree = room.projects._runner.change, room.tree(project)

    async def fails(project: Any, function: str, *given: Any, **more: Any) -> Any:
        done = await real(project, function, *given, **more)
        if function == "git.folders:hold":
            choose(project.git, ["app"])
            (project.git / "atrium-folders-changing").touch()
            raise Conflict("full", "The disk is full.")
        return done

    monkeypatch.setattr(room.projects._runner, "change", fails)
    with pytest.raises(Refused):
        await hold(room, project, "app", "data")
    assert (await changed(room, project), (tree / "data").exists()) == ([], False)


def test_cones(tmp_path: Path) -> None:
    cone = Cone.of(["a/b", "a/b/c", "d"])
    assert cone.folders == {b"a/b", b"d"}
    there = {b"x", b"a/x", b"a/b/x", b"a/b/c/x", b"d/e/x"}
    assert {raw for raw in (*there, b"a/c/x", b"ab/x", b"e/d/x") if cone.has(raw)} == there
    assert chosen(tmp_path) is None
    for folders in ([], ["a"], ["a/b", ODD, "café"], None):
        choose(tmp_path, folders)
        assert chosen(tmp_path) == (sorted(folders) if folders is not None else None)
    for other in ("/*\n", "*.txt\n!/a/\n", "/*\n!/*/\n/a/*.txt\n"):
        (tmp_path / "info/sparse-checkout").write_text(other)
        assert chosen(tmp_path) is None
