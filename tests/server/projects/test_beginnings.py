"""Projects that begin empty, from a template or from a folder, with a remote of their own or without one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, allow, git
from workspace_ext.contract.beginnings import NewProject
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.demo.files import write
from workspace_server.kit.errors import AtriumError, Invalid

from .conftest import Room
from .test_clone import residue


async def begin(room: Room, wanted: NewProject) -> Project:
    result = await room.ended(await room.projects.beginnings.begin(wanted, room.ana.id))
    return await room.projects.describe(result["project"])


async def published(room: Room, project: Project, sha: str) -> None:
    async with asyncio.timeout(20):
        while (now := room.projects.production(project.id)) is None or now.sha != sha:
            await asyncio.sleep(0.05)


async def test_an_empty_project_works_without_any_remote(room: Room) -> None:
    project = await begin(room, NewProject("notes"))
    tree = room.tree(project)
    assert (tree / "README.md").read_text() == "# notes\n"
    assert git(tree, "log", "--format=%an %s") == "Ana Begin"
    assert project.url == ""
    await published(room, project, git(tree, "rev-parse", "HEAD"))

    # Branches, pushes, reviews, merges and production are as ever: the workspace keeps the remote.
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    (room.tree(project, "weekly") / "new.txt").write_text("x")
    await branches.commit(project.id, "weekly", ["new.txt"], "New", "", room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    assert (await branches.review(project.id, "weekly", room.ana.id)).conflicts == []
    merged = await room.ended(await branches.merge(project.id, "weekly", "", room.ana.id))
    await published(room, project, merged["sha"])
    # That remote is nobody's to clone.
    url = room.projects.get(project.id).url
    with pytest.raises(Invalid, match="not allowed"):
        await room.projects.clone(url, "copy", room.bo.id)

    await room.projects.lives.delete(project.id, "notes", True, room.ana.id)
    assert residue(room) == []
    assert list(room.home.remotes.iterdir()) == []


async def test_a_template_gives_what_it_has_now_and_no_history(room: Room, remote: Remote) -> None:
    remote.push({"b.txt": "b"})
    project = await begin(room, NewProject("mine", "template", template=remote.url))
    tree = room.tree(project)
    assert {path.name for path in tree.iterdir()} == {
        ".git", ".gitignore", "README.md", "b.txt", "data", "forecast.ipynb",
    }  # fmt: skip
    assert git(tree, "log", "--format=%an %s") == "Ana Begin from a template"
    assert git(tree, "status", "--porcelain") == ""
    git(tree, "fsck", "--strict")
    # A project of this workspace, by its name.
    again = await begin(room, NewProject("again", "template", template="mine"))
    assert git(room.tree(again), "rev-parse", "HEAD^{tree}") == git(tree, "rev-parse", "HEAD^{tree}")
    for template, code in (("", "no_template"), ("file:///etc", "url_not_allowed")):
        with pytest.raises(Invalid) as error:
            await begin(room, NewProject("x", "template", template=template))
        assert (error.value.code, error.value.field) == (code, "template")


async def test_the_example(room: Room) -> None:
    room.projects.wire(room.opened, example=write)
    project = await begin(room, NewProject("example", "example"))
    assert (room.tree(project) / "forecast.ipynb").is_file()


async def test_a_folder_is_copied_and_pushed(room: Room, remote: Remote, tmp_path: Path) -> None:
    empty, full = Remote(tmp_path / "empty", files={}), remote
    allow(room.home.path, empty.url, full.url)
    folder = room.home.scratch / "ana" / "study"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "sales.csv").write_text("1")
    (folder / "a.ipynb").write_text("{}")
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "left.log").write_text("x")
    project = await begin(room, NewProject("study", "folder", folder="scratch/ana/study", remote=empty.url))
    assert project.url == empty.url
    tree = room.tree(project)
    assert git(tree, "ls-files").split() == [".gitignore", "a.ipynb", "data/sales.csv"]
    assert empty.head() == git(tree, "rev-parse", "HEAD")
    assert (folder / "left.log").exists()

    (folder / "data" / "other" / ".git").mkdir(parents=True)
    (folder / "link").symlink_to("/etc")
    refused = [
        ("scratch/ana/study", "nested_repository"), ("scratch/ana/nothing", "no_such_folder"), ("", "no_such_folder"),
        ("../git", "no_such_folder"), ("scratch/ana/study/link", "no_such_folder"), ("projects", "folder_of_projects"),
        ("projects/study", "folder_of_projects"),
    ]  # fmt: skip
    for path, code in refused:
        with pytest.raises(AtriumError) as error:
            await begin(room, NewProject("x", "folder", folder=path))
        assert error.value.code == code, path
    with pytest.raises(AtriumError) as error:
        await begin(room, NewProject("x", remote=full.url))
    assert error.value.code == "remote_not_empty"
    assert {path.name for path in residue(room)} == {"study", "study.git"}
    assert list(room.home.remotes.iterdir()) == []


async def test_an_empty_repository_is_cloned_and_has_its_first_push(room: Room, tmp_path: Path) -> None:
    empty = Remote(tmp_path / "empty", files={})
    allow(room.home.path, empty.url)
    project = await room.clone(empty.url)
    tree = room.tree(project)
    assert (tree / "README.md").read_text() == "# forecast\n"
    looked = await room.projects.look(project.id)
    assert looked.problem is not None
    assert looked.problem.code == "remote_empty"
    await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
    assert empty.head() == git(tree, "rev-parse", "HEAD")
    assert (await room.projects.look(project.id)).problem is None
    await published(room, project, empty.head())
