"""Branches, commits, pull, push, review and merge, on real repositories."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.fakes.remotes import Remote, git, notebook
from workspace_ext.contract.projects import CreateBranch, Project
from workspace_server.kit.errors import AtriumError, Conflict, Invalid

from .conftest import Room

NOTEBOOK = "projects/forecast/main/forecast.ipynb"


@pytest.fixture
async def project(room: Room, remote: Remote) -> Project:
    return await room.clone(remote.url)


def edit(tree: Path) -> None:
    """Modified, deleted, untracked, ignored, executable, a link, a name that is not text."""
    (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = 2", "df + 1"))
    (tree / "data" / "sales.csv").unlink()
    (tree / "new").mkdir()
    (tree / "new" / "notes.md").write_text("notes")
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    (tree / "link").symlink_to("README.md")
    (tree / "ignored.log").write_text("log")
    Path(os.fsdecode(bytes(tree) + b"/latin\xe9\nline")).write_text("x")


CARRIED = ["data/sales.csv", "forecast.ipynb", "latin\\xe9\nline", "link", "new/notes.md", "run.sh"]


async def test_a_new_branch_carries_uncommitted_edits(room: Room, project: Project) -> None:
    tree = room.tree(project)
    edit(tree)
    made = await room.projects.branches.create(
        project.id, CreateBranch("forecast/weekly", "main", notebook=NOTEBOOK), room.ana.id
    )
    assert made.folder == "projects/forecast/forecast~weekly"
    assert made.notebook == "projects/forecast/forecast~weekly/forecast.ipynb"
    assert sorted(made.carried) == CARRIED
    assert made.kept == {}
    assert tree in room.opened.flushed
    new = room.tree(project, "forecast/weekly")
    assert "df = 2" in (new / "forecast.ipynb").read_text()
    assert not (new / "data" / "sales.csv").exists()
    assert os.access(new / "run.sh", os.X_OK)
    assert (new / "link").is_symlink()
    assert not (new / "ignored.log").exists()
    # The source is as its last commit again, but for what git ignores.
    assert git(tree, "status", "--porcelain") == ""
    assert "df = 1" in (tree / "forecast.ipynb").read_text()
    assert (tree / "ignored.log").exists()
    assert not (tree / "new").exists()
    place = room.projects.locate(new / "x")
    assert place is not None
    assert place.branch == "forecast/weekly"

    with pytest.raises(Conflict, match="already"):
        await room.projects.branches.create(project.id, CreateBranch("forecast/weekly"), room.bo.id)
    with pytest.raises(Conflict):
        await room.projects.branches.create(project.id, CreateBranch("forecast"), room.bo.id)
    with pytest.raises(Invalid):
        await room.projects.branches.create(project.id, CreateBranch("--evil"), room.bo.id)
    with pytest.raises(AtriumError, match="no branch 'nowhere'"):
        await room.projects.branches.create(project.id, CreateBranch("x", "nowhere"), room.bo.id)
    assert {branch.name for branch in await room.projects.branches.listed(project.id)} == {"main", "forecast/weekly"}


async def test_edits_stay_when_somebody_else_has_the_file_open(room: Room, project: Project) -> None:
    tree = room.tree(project)
    edit(tree)
    room.opened.files[tree / "forecast.ipynb"] = ["Ana", "Bo"]
    made = await room.projects.branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    assert sorted(made.carried) == CARRIED
    assert made.kept == {"forecast.ipynb": ["Bo"]}
    assert "df = 2" in (room.tree(project, "weekly") / "forecast.ipynb").read_text()
    assert "df = 2" in (tree / "forecast.ipynb").read_text()

    # Only oneself: then it moves.
    room.opened.files[tree / "forecast.ipynb"] = ["Ana"]
    made = await room.projects.branches.create(project.id, CreateBranch("daily"), room.ana.id)
    assert made.kept == {}
    assert git(tree, "status", "--porcelain") == ""


async def test_switching_opens_the_remotes_branch_and_does_not_touch_anything(
    room: Room, project: Project, remote: Remote
) -> None:
    remote.push({"forecast.ipynb": notebook("x"), "extra/first.ipynb": notebook("y")}, branch="fix-1.2")
    await room.projects.look(project.id)
    listed = await room.projects.branches.listed(project.id)
    assert [(branch.name, branch.folder is None, branch.upstream) for branch in listed] == [
        ("main", False, True), ("fix-1.2", True, True),
    ]  # fmt: skip
    opened = await asyncio.gather(*(room.projects.branches.switch(project.id, "fix-1.2", NOTEBOOK) for _ in range(2)))
    assert opened[0] == opened[1]
    assert opened[0].notebook == "projects/forecast/fix-1.2/forecast.ipynb"
    tree = room.tree(project, "fix-1.2")
    assert git(tree, "rev-parse", "--abbrev-ref", "fix-1.2@{upstream}") == "origin/fix-1.2"
    with pytest.raises(AtriumError, match="no branch 'nowhere'"):
        await room.projects.branches.switch(project.id, "nowhere")


async def test_status_diff_commit_and_log_as_two_people(room: Room, project: Project) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    edit(tree)
    status = await branches.status(project.id, "main")
    assert [(file.path, file.change, file.cells) for file in status.files] == [
        ("data/sales.csv", "deleted", None), ("forecast.ipynb", "modified", 1), ("latin\\xe9\nline", "untracked", None),
        ("link", "untracked", None), ("new/notes.md", "untracked", None), ("run.sh", "untracked", None),
    ]  # fmt: skip
    assert status.summary == "Change 1 cell of forecast.ipynb and 5 more files"
    diff = await branches.diff(project.id, "main", "forecast.ipynb")
    assert [cell.diff for cell in diff.cells] == ["@@ -1 +1 @@\n-df = 1\n+df = 2"]
    assert (await branches.diff(project.id, "main", "data/sales.csv")).text.endswith("-date,y\n-2026-01-01,1")
    assert (await branches.diff(project.id, "main", "new/notes.md")).text == "+notes"
    with pytest.raises(AtriumError):
        await branches.diff(project.id, "main", "../../etc/passwd")

    git(tree, "add", "run.sh")  # staged in a terminal, and not part of this commit
    with pytest.raises(Invalid) as error:
        await branches.commit(project.id, "main", ["forecast.ipynb"], " ", "", room.ana.id)
    assert error.value.field == "summary"
    for paths, code in (([], "no_files"), (["README.md"], "not_changed")):
        with pytest.raises(AtriumError) as refused:
            await branches.commit(project.id, "main", paths, "Two", "", room.ana.id)
        assert refused.value.code == code
    first = await branches.commit(
        project.id,
        "main",
        ["forecast.ipynb", "data/sales.csv", "latin\\xe9\nline"],
        "Two",
        "Because\n\nof it",
        room.ana.id,
    )
    second = await branches.commit(project.id, "main", ["new/notes.md"], "Notes", "", room.bo.id)
    assert (first.author, first.email, first.description) == ("Ana", "ana@atrium.local", "Because\n\nof it")
    log = await branches.log(project.id, "main", 10)
    assert [(one.sha, one.summary, one.author) for one in log] == [
        (second.sha, "Notes", "Bo"), (first.sha, "Two", "Ana"), (log[2].sha, "Work", "Cleo"),
    ]  # fmt: skip
    assert git(tree, "log", "-1", "--format=%cn <%ce>") == "Bo <bo@atrium.local>"
    assert git(tree, "status", "--porcelain").splitlines() == ["A  run.sh", "?? link"]
    assert [file.path for file in (await branches.status(project.id, "main")).files] == ["link", "run.sh"]


async def test_push_then_the_other_side_is_ahead(room: Room, project: Project, remote: Remote) -> None:
    branches, tree = room.projects.branches, room.tree(project)
    (tree / "a.txt").write_text("a")
    await branches.commit(project.id, "main", ["a.txt"], "A", "", room.ana.id)
    listed = await branches.listed(project.id)
    assert (listed[0].ahead, listed[0].behind) == (1, 0)
    pushed = await room.ended(await branches.push(project.id, "main", room.ana.id))
    assert remote.head() == pushed["sha"]
    assert (await branches.listed(project.id))[0].ahead == 0

    remote.push({"b.txt": "b"})
    (tree / "c.txt").write_text("c")
    await branches.commit(project.id, "main", ["c.txt"], "C", "", room.ana.id)
    with pytest.raises(AtriumError) as error:
        await room.ended(await branches.push(project.id, "main", room.ana.id))
    assert error.value.code == "not_fast_forward"
    assert "Pull first" in error.value.hint


async def test_review_and_merge(room: Room, project: Project, remote: Remote) -> None:
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    (tree / "forecast.ipynb").write_text(notebook("import pandas", "df = 2", "df + 1"))
    await branches.commit(project.id, "weekly", ["forecast.ipynb"], "Two", "", room.ana.id)
    with pytest.raises(AtriumError) as error:
        await branches.review(project.id, "weekly")
    assert error.value.code == "not_pushed"
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    remote.push({"other.txt": "x"})
    review = await branches.review(project.id, "weekly")
    assert [one.summary for one in review.commits] == ["Two"]
    assert [(file.path, len(file.cells)) for file in review.files] == [("forecast.ipynb", 1)]
    assert (review.conflicts, review.behind, review.unpushed) == ([], 1, 0)

    room.actions.clear()
    merged = await room.ended(await branches.merge(project.id, "weekly", "", room.bo.id))
    assert remote.head() == merged["sha"]
    assert git(remote.path, "log", "-1", "--format=%an|%s|%p", "main").startswith("Bo|Merge weekly|")
    assert git(remote.path, "ls-tree", "-r", "--name-only", "main").splitlines().count("other.txt") == 1
    # Production has followed by the time the merge has ended, and so has main here: nobody could mind.
    production = room.projects.production(project.id)
    assert production is not None
    assert production.sha == merged["sha"]
    assert ("projects", "production") in room.actions
    assert git(room.tree(project), "rev-parse", "HEAD") == merged["sha"]
    with pytest.raises(AtriumError) as error:
        await room.ended(await branches.merge(project.id, "weekly", "", room.bo.id))
    assert error.value.code == "nothing_to_merge"


async def test_a_merge_with_conflicts_changes_nothing(room: Room, project: Project, remote: Remote) -> None:
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    (tree / "README.md").write_text("# Mine\n")
    await branches.commit(project.id, "weekly", ["README.md"], "Mine", "", room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    theirs = remote.push({"README.md": "# Theirs\n"})
    assert (await branches.review(project.id, "weekly")).conflicts == ["README.md"]
    with pytest.raises(AtriumError) as error:
        await room.ended(await branches.merge(project.id, "weekly", "", room.ana.id))
    assert error.value.code == "merge_conflicts"
    assert "README.md" in error.value.message
    assert remote.head() == theirs
    assert git(tree, "status", "--porcelain") == ""
    assert not [path for path in room.home.git.iterdir() if path.name.startswith(".")]


async def test_a_merge_that_loses_the_race_is_tried_again(room: Room, project: Project, remote: Remote) -> None:
    branches = room.projects.branches
    await branches.create(project.id, CreateBranch("weekly"), room.ana.id)
    tree = room.tree(project, "weekly")
    (tree / "a.txt").write_text("a")
    await branches.commit(project.id, "weekly", ["a.txt"], "A", "", room.ana.id)
    await room.ended(await branches.push(project.id, "weekly", room.ana.id))
    # The remote takes somebody else's commit just as ours arrives, once.
    sha = remote.push({"b.txt": "b"})
    git(remote.path, "update-ref", "refs/heads/main", f"{sha}^")
    hook = remote.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\n[ -e raced ] && exit 0\ntouch raced\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY\n"
        f"git update-ref refs/heads/main {sha}\nexit 0\n"
    )
    hook.chmod(0o755)
    merged = await room.ended(await branches.merge(project.id, "weekly", "", room.ana.id))
    assert (remote.path / "raced").exists()
    assert remote.head() == merged["sha"]
    assert git(remote.path, "merge-base", "--is-ancestor", sha, merged["sha"]) == ""


async def test_a_remote_that_refuses_says_why(room: Room, project: Project, remote: Remote) -> None:
    hook = remote.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    tree = room.tree(project)
    (tree / "a.txt").write_text("a")
    await room.projects.branches.commit(project.id, "main", ["a.txt"], "A", "", room.ana.id)
    with pytest.raises(AtriumError) as error:
        await room.ended(await room.projects.branches.push(project.id, "main", room.ana.id))
    assert error.value.code == "push_refused"
    assert "pre-receive hook declined" in error.value.message


async def test_a_lock_that_another_git_left_is_named(room: Room, project: Project) -> None:
    tree = room.tree(project)
    (tree / "README.md").write_text("x")
    lock = room.projects.get(project.id).git / "worktrees" / "main" / "index.lock"
    lock.touch()
    with pytest.raises(AtriumError) as error:
        await room.projects.branches.discard(project.id, "main", ["README.md"], room.ana.id)
    assert error.value.code == "git_busy"
    assert str(lock) in error.value.hint
    # It is somebody else's: older than what was tried here, and so it stays.
    assert lock.exists()
    lock.unlink()
    await room.projects.branches.discard(project.id, "main", ["README.md"], room.ana.id)
    assert (tree / "README.md").read_text() == "# Forecast\n"
