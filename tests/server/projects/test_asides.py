"""Changes put aside and brought back: here, elsewhere, over other changes, and after being killed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.asides import BringBack, PutAside
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import Conflict, NotFound

from .conftest import Room
from .deaths import FILES, dies_at


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    remote.push({"notes.txt": "a\nb\nc\nd\ne\n", "gone.txt": "x\n"})
    return await room.clone(remote.url)


def change(tree: Path) -> None:
    (tree / "notes.txt").write_text("A\nb\nc\nd\ne\n")
    (tree / "new.txt").write_text("new\n")
    (tree / "gone.txt").unlink()
    (tree / "staged.txt").write_text("staged\n")
    git(tree, "add", "staged.txt")


async def test_put_aside_and_brought_back(room: Room, project: Project) -> None:
    asides, tree = room.projects.asides, room.tree(project)
    change(tree)
    # Others may have them open: they are held meanwhile, nobody has to close anything.
    room.opened.files[tree / "notes.txt"] = ["Bo"]
    put = await asides.put(project.id, "main", PutAside(note="half an idea\nof mine"), room.ana.id)
    assert (put.branch, put.note, put.by) == ("main", "half an idea of mine", "Ana")
    assert put.paths == ["gone.txt", "new.txt", "notes.txt", "staged.txt"]
    assert git(tree, "status", "--porcelain") == ""
    assert tree in room.opened.flushed
    assert await asides.listed(project.id) == [put]
    with pytest.raises(Conflict):
        await asides.put(project.id, "main", PutAside(["notes.txt"]), room.ana.id)

    # Merged with what is there by then.
    (tree / "notes.txt").write_text("a\nb\nc\nd\nE\n")
    done = await asides.bring_back(project.id, "main", put.name, BringBack(), room.bo.id)
    assert (tree / "notes.txt").read_text() == "A\nb\nc\nd\nE\n"
    assert (tree / "new.txt").read_text() == "new\n"
    assert not (tree / "gone.txt").exists()
    assert sorted(done.paths) == put.paths
    assert await asides.listed(project.id) == []

    # And taken back: what was there stays, and the list has it again.
    await asides.undo(project.id, "main", put.name, done.backup, room.bo.id)
    assert git(tree, "status", "--porcelain") == "M notes.txt"
    assert (tree / "notes.txt").read_text() == "a\nb\nc\nd\nE\n"
    assert await asides.listed(project.id) == [put]
    git(tree, "gc", "--prune=now", "--quiet")
    await asides.bring_back(project.id, "main", put.name, BringBack(), room.ana.id)
    assert (tree / "staged.txt").read_text() == "staged\n"


async def test_some_files_on_another_branch_and_off_the_list(room: Room, project: Project) -> None:
    asides, tree = room.projects.asides, room.tree(project)
    change(tree)
    put = await asides.put(project.id, "main", PutAside(["new.txt"]), room.ana.id)
    assert put.paths == ["new.txt"]
    assert "notes.txt" in git(tree, "status", "--porcelain")
    await room.projects.branches.create(project.id, CreateBranch("weekly", carry=False), room.ana.id)
    await asides.bring_back(project.id, "weekly", put.name, BringBack(), room.ana.id)
    assert (room.tree(project, "weekly") / "new.txt").read_text() == "new\n"
    with pytest.raises(NotFound):
        await asides.bring_back(project.id, "weekly", put.name, BringBack(), room.ana.id)
    again = await asides.put(project.id, "main", PutAside(), room.ana.id)
    await asides.drop(project.id, again.name)
    assert await asides.listed(project.id) == []
    await asides.keep(project.id, again.name)
    assert [one.name for one in await asides.listed(project.id)] == [again.name]
    with pytest.raises(NotFound):
        await asides.keep(project.id, "../x")


@pytest.mark.parametrize(("take", "expected"), [("mine", "2"), ("theirs", "1"), ("both", "21")])
async def test_what_changed_in_the_same_place(room: Room, project: Project, take: str, expected: str) -> None:
    asides, tree = room.projects.asides, room.tree(project)
    (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = 11", "df + 1"))
    put = await asides.put(project.id, "main", PutAside(), room.ana.id)
    theirs = notebook("import pandas", "df = 22", "df + 1")
    (tree / "forecast.ipynb").write_text(theirs)
    with pytest.raises(Conflict, match=r"forecast\.ipynb"):
        await asides.bring_back(project.id, "main", put.name, BringBack(), room.ana.id)
    assert (tree / "forecast.ipynb").read_text() == theirs
    await asides.bring_back(project.id, "main", put.name, BringBack(take), room.ana.id)  # type: ignore[arg-type]
    text = (tree / "forecast.ipynb").read_text()
    assert [digit for digit in "21" if f"df = {digit}{digit}" in text] == list(expected)


async def test_killed_at_every_step(room: Room, project: Project) -> None:
    tree, asides, facts = room.tree(project), room.projects.asides, room.projects.get(project.id)
    repository = {
        "directory": str(facts.git), "home": str(room.home.cache / "git-home"), "author": ["Ana", "ana@atrium.local"],
    }  # fmt: skip

    async def until_done(check: Callable[[], Awaitable[None]], function: str, **given: object) -> int:
        """Die at the first step, at the second one, and so on; how many there are."""
        call = (f"git.aside:{function}", {"repository": repository, **given})
        for step in range(1, 100):
            if not await dies_at(step, (*FILES, "git.aside:match_index"), call):
                return step
            await room.projects.pulling.recover(project.id)
            await check()
        raise AssertionError("it never ends")

    def holds() -> dict[str, str]:
        return {path.name: path.read_text() for path in tree.glob("*.txt")}

    change(tree)
    before = holds()

    async def nothing_is_aside() -> None:
        assert holds() == before
        assert await asides.listed(project.id) == []
        assert not list(tree.rglob("*.atrium-new"))

    assert await until_done(nothing_is_aside, "put_aside", branch="main", paths=[], note="") > 6
    (aside,) = await asides.listed(project.id)
    assert git(tree, "status", "--porcelain") == ""
    after = holds()

    async def it_is_here_or_there() -> None:
        # Either, and never both: what is here is off the list.
        here = await asides.listed(project.id) == []
        assert holds() == (before if here else after)
        assert not list(tree.rglob("*.atrium-new"))
        if here:
            git(tree, "checkout", "--quiet", "--", ".")
            git(tree, "clean", "--quiet", "--force")
            await asides.keep(project.id, aside.name)
        assert (holds(), await asides.listed(project.id)) == (after, [aside])

    assert await until_done(it_is_here_or_there, "bring_back", branch="main", name=aside.name, take="") > 6
    assert (holds(), await asides.listed(project.id)) == (before, [])

    async def it_is_there_or_here() -> None:
        there = await asides.listed(project.id) == [aside]
        assert holds() == (after if there else before)
        if there:
            brought = await asides.bring_back(project.id, "main", aside.name, BringBack(), room.ana.id)
            taking["backup"] = brought.backup

    taking = {"branch": "main", "name": aside.name, "backup": newest_backup(facts.git)}
    for step in range(1, 100):
        if not await dies_at(step, FILES, ("git.aside:undo_bring_back", {"repository": repository, **taking})):
            break
        await room.projects.pulling.recover(project.id)
        await it_is_there_or_here()
    assert (holds(), await asides.listed(project.id)) == (after, [aside])


def newest_backup(directory: Path) -> str:
    names = git(directory, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/backup").split()
    return max(name for name in names if "/" not in name)
