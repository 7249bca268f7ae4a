"""Ids of files, on a real disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workspace_server.documents.collaboration.files import FileIds
from workspace_server.documents.collaboration.inodes import look


class Workspace:
    """A root with a manager of ids that can be started again."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.root = self.home / "work"
        self.journal = self.home / "journal"
        self.root.mkdir(parents=True)
        self.journal.mkdir()
        self.files = self.start()

    def start(self) -> FileIds:
        self.files = FileIds(self.root, self.journal, grace=1.0)
        return self.files

    def restart(self) -> FileIds:
        self.files.close()
        return self.start()

    def write(self, path: str, text: str = "text") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def id(self, path: str) -> str:
        id = self.files.index(path)
        assert id is not None
        return id

    def git(self, *arguments: str, within: str) -> None:
        who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *arguments], cwd=self.root / within, check=True, capture_output=True)

    def repository(self, path: str = "projects/demo/main") -> str:
        self.write(f"{path}/notebooks/a.ipynb", "one")
        self.git("init", "-q", within=path)
        self.git("add", ".", within=path)
        self.git("commit", "-qm", "one", within=path)
        return path


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path)
    yield workspace
    workspace.files.close()


def eventually(what: Callable[[], bool], seconds: float = 8) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return False


def replace(file: Path, text: str) -> None:
    """What editors and git do: write beside, then rename."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text)
    beside.replace(file)


def test_an_id_belongs_to_a_file_that_is_there(space: Workspace) -> None:
    space.write("a.ipynb")
    assert space.files.get_id("a.ipynb") is None, "only index() gives ids"
    id = space.id("a.ipynb")
    assert space.files.get_id("a.ipynb") == id == space.id("a.ipynb")
    assert space.files.get_path(id) == "a.ipynb"
    assert space.files.index("b.ipynb") is None
    assert space.files.index("") is None
    (space.root / "folder").mkdir()
    assert space.files.index("folder") is None
    assert space.files.index("a\0b") is None
    assert space.files.get_path("no such id") is None


def test_a_file_has_one_id_by_whatever_path(space: Workspace) -> None:
    space.write("folder/a.ipynb")
    (space.root / "link.ipynb").symlink_to("folder/a.ipynb")
    (space.root / "also").symlink_to("folder")
    (space.root / "absolute.ipynb").symlink_to(space.root / "folder" / "a.ipynb")
    id = space.id("folder/a.ipynb")
    for path in (
        "link.ipynb", "also/a.ipynb", "absolute.ipynb", "/folder/a.ipynb", "folder//a.ipynb", "./folder/./a.ipynb",
        "folder/../folder/a.ipynb", "folder/a.ipynb/",
    ):  # fmt: skip
        assert space.id(path) == id, path
        found = space.files.identify(path)
        assert found is not None
        assert found.path == "folder/a.ipynb"
    assert space.files.get_path(id) == "folder/a.ipynb"


def test_a_root_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.ipynb").write_text("text")
    (tmp_path / "root").symlink_to("real")
    files = FileIds(tmp_path / "root", tmp_path)
    id = files.index("a.ipynb")
    assert id is not None
    assert files.get_path(id) == "a.ipynb"
    files.close()


def test_what_leaves_the_root_or_is_hidden_has_none(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "home" / "secret.ipynb").write_text("secret")
    (tmp_path / "home" / "work-2").mkdir()
    (tmp_path / "home" / "work-2" / "a.ipynb").write_text("beside the root")
    (space.root / "link.ipynb").symlink_to(tmp_path / "home" / "secret.ipynb")
    (space.root / "folder").symlink_to(tmp_path / "home")
    space.write(".hidden/a.ipynb")
    space.write("folder2/.a.ipynb")
    (space.root / "shown.ipynb").symlink_to(".hidden/a.ipynb")
    for path in (
        "link.ipynb", "folder/secret.ipynb", "../secret.ipynb", "../work-2/a.ipynb", ".hidden/a.ipynb",
        "folder2/.a.ipynb", "shown.ipynb",
    ):  # fmt: skip
        assert space.files.index(path) is None, path
        assert space.files.get_id(path) is None, path
    shown = FileIds(space.root, tmp_path, allow_hidden=True)
    assert shown.index(".hidden/a.ipynb") is not None
    assert shown.index("shown.ipynb") == shown.index(".hidden/a.ipynb")
    assert shown.index("link.ipynb") is None
    shown.close()


def test_a_folder_made_again_inherits_nothing(space: Workspace) -> None:
    """Also where the inode numbers are given again, as ext4 does at once."""
    reused = 0
    for _ in range(20):
        file = space.write("folder/a.ipynb")
        before, numbers = space.id("folder/a.ipynb"), (file.stat().st_ino, file.parent.stat().st_ino)
        shutil.rmtree(file.parent)
        space.write("folder/a.ipynb")
        reused += numbers == (file.stat().st_ino, file.parent.stat().st_ino)
        after = space.id("folder/a.ipynb")
        assert after != before
        assert space.files.get_path(before) is None
        assert space.files.get_path(after) == "folder/a.ipynb"
    print(f"both inode numbers were given again {reused} times of 20")


def test_a_worktree_made_again_inherits_nothing(space: Workspace) -> None:
    main = space.repository()
    space.git("worktree", "add", "-q", "../next", "-b", "next", within=main)
    before = space.id("projects/demo/next/notebooks/a.ipynb")
    space.git("worktree", "remove", "--force", "../next", within=main)
    space.git("worktree", "add", "-q", "../next", "next", within=main)
    assert space.id("projects/demo/next/notebooks/a.ipynb") != before
    assert space.files.get_path(before) is None


def test_a_worktree_made_again_while_the_server_was_down(space: Workspace) -> None:
    file = space.write("projects/demo/main/a.ipynb")
    before = space.id("projects/demo/main/a.ipynb")
    space.files.close()
    shutil.rmtree(file.parent)
    space.write("projects/demo/main/a.ipynb")
    space.start()
    assert space.files.get_path(before) is None
    assert space.id("projects/demo/main/a.ipynb") != before


def test_a_file_moved_outside_of_jupyter_keeps_its_id(space: Workspace) -> None:
    a = space.write("one/deep/a.ipynb")
    space.write("two/other.txt")
    id = space.id("one/deep/a.ipynb")

    a.rename(a.with_name("b.ipynb"))
    assert space.files.get_path(id) == "one/deep/b.ipynb", "renamed, asked by id"

    (space.root / "one/deep/b.ipynb").rename(space.root / "two/c.ipynb")
    assert space.id("two/c.ipynb") == id, "moved, asked by path"

    (space.root / "two").rename(space.root / "three")
    assert space.files.get_path(id) == "three/c.ipynb", "a folder above renamed, asked by id"
    (space.root / "three").rename(space.root / "one/deep/four")
    assert space.id("one/deep/four/c.ipynb") == id, "a folder above moved, asked by path"
    (space.root / "one").rename(space.root / "five")
    assert space.restart().get_path(id) == "five/deep/four/c.ipynb", "and the server restarted"


def test_a_new_file_where_one_was_moved_from(space: Workspace) -> None:
    a = space.write("a.ipynb")
    id = space.id("a.ipynb")
    a.rename(space.root / "b.ipynb")
    assert space.id("b.ipynb") == id
    space.write("a.ipynb")
    assert space.id("a.ipynb") != id
    assert space.files.get_path(id) == "b.ipynb"


def test_files_that_change_places(space: Workspace) -> None:
    a, b = space.write("a.ipynb"), space.write("b.ipynb")
    ids = space.id("a.ipynb"), space.id("b.ipynb")
    a.rename(space.root / "c.ipynb")
    b.rename(a)
    (space.root / "c.ipynb").rename(b)
    assert (space.files.get_path(ids[0]), space.files.get_path(ids[1])) == ("b.ipynb", "a.ipynb")
    assert (space.id("b.ipynb"), space.id("a.ipynb")) == ids


def test_a_file_moved_over_another(space: Workspace) -> None:
    draft, final = space.write("draft.ipynb"), space.write("final.ipynb")
    moved, gone = space.id("draft.ipynb"), space.id("final.ipynb")
    draft.replace(final)
    assert space.id("final.ipynb") == moved
    assert space.files.get_path(gone) is None


def test_a_worktree_that_is_moved_takes_its_ids_along(space: Workspace) -> None:
    main = space.repository()
    id = space.id(f"{main}/notebooks/a.ipynb")
    (space.root / main).rename(space.root / "projects/demo/trunk")
    assert space.files.get_path(id) == "projects/demo/trunk/notebooks/a.ipynb"
    assert space.id("projects/demo/trunk/notebooks/a.ipynb") == id


def test_a_file_replaced_in_its_place_keeps_its_id(space: Workspace) -> None:
    a = space.write("folder/a.ipynb")
    id = space.id("folder/a.ipynb")
    for number in range(5):
        replace(a, f"{number}")
        assert space.files.get_path(id) == "folder/a.ipynb"
        assert space.id("folder/a.ipynb") == id
    a.unlink()
    a.write_text("removed and written, as some editors do")
    assert space.id("folder/a.ipynb") == id
    a.rename(a.with_name("moved.ipynb"))
    assert space.files.get_path(id) == "folder/moved.ipynb", "what replaced it is what is followed"


def test_a_checkout_keeps_the_ids_of_its_worktree(space: Workspace) -> None:
    main = space.repository()
    path = f"{main}/notebooks/a.ipynb"
    id, number = space.id(path), (space.root / path).stat().st_ino
    space.write(path, "two")
    space.git("commit", "-qam", "two", within=main)
    space.git("checkout", "-q", "HEAD~1", within=main)
    assert (space.root / path).read_text() == "one"
    assert space.files.get_path(id) == path
    assert space.id(path) == id
    # A commit without the folder, and back: the same notebook of the same worktree.
    space.git("checkout", "-q", "-b", "without", within=main)
    space.git("rm", "-qr", "notebooks", within=main)
    space.git("commit", "-qm", "without", within=main)
    assert not (space.root / path).exists()
    assert space.files.index(path) is None
    space.git("checkout", "-q", "main", within=main)
    assert space.id(path) == id
    assert number


def test_deleted_through_jupyter(space: Workspace) -> None:
    a, b = space.write("folder/a.ipynb"), space.write("folder/deep/b.ipynb")
    near = space.write("folder-2/a.ipynb")
    ids = [space.id("folder/a.ipynb"), space.id("folder/deep/b.ipynb")]
    other = space.id("folder-2/a.ipynb")
    a.unlink()
    space.files.delete("folder/a.ipynb")
    assert space.files.get_path(ids[0]) is None
    a.write_text("new")
    ids.append(space.id("folder/a.ipynb"))
    assert len(set(ids)) == 3
    shutil.rmtree(a.parent)
    space.files.delete("/folder/")
    assert [space.files.get_path(id) for id in ids] == [None, None, None]
    assert space.restart().get_path(ids[1]) is None
    space.write("folder/deep/b.ipynb")
    assert space.id("folder/deep/b.ipynb") not in ids
    assert space.files.get_path(other) == "folder-2/a.ipynb"
    assert near.exists()
    assert b.exists()


def test_deleting_a_link_deletes_no_file(space: Workspace) -> None:
    space.write("a.ipynb")
    link = space.root / "link.ipynb"
    link.symlink_to("a.ipynb")
    id = space.id("link.ipynb")
    link.unlink()
    space.files.delete("link.ipynb")
    assert space.files.get_path(id) == "a.ipynb"
    assert space.id("a.ipynb") == id


def test_an_event_of_a_deletion_that_comes_late(space: Workspace) -> None:
    a = space.write("a.ipynb")
    before = space.id("a.ipynb")
    deleted = space.files.get_handlers_by_action()["delete"]
    assert deleted is not None
    a.unlink()
    deleted({"path": "a.ipynb"})
    a.write_text("new")
    after = space.id("a.ipynb")
    assert after != before
    deleted({"path": "a.ipynb"})
    assert space.id("a.ipynb") == after


def test_deleted_outside_and_back_in_time(space: Workspace) -> None:
    a = space.write("a.ipynb")
    id = space.id("a.ipynb")
    a.unlink()
    assert space.files.get_path(id) == "a.ipynb", "it may come back"
    assert space.files.index("a.ipynb") is None
    assert space.files.get_id("a.ipynb") == id
    a.write_text("back")
    assert space.id("a.ipynb") == id
    time.sleep(1.8)
    assert space.files.get_path(id) == "a.ipynb"


def test_deleted_outside_for_good(space: Workspace) -> None:
    a = space.write("a.ipynb")
    id = space.id("a.ipynb")
    a.unlink()
    assert space.files.get_path(id) == "a.ipynb"
    assert eventually(lambda: space.files.get_path(id) is None)
    a.write_text("another")
    assert space.id("a.ipynb") != id


def test_back_in_time_though_nobody_looked_meanwhile(space: Workspace) -> None:
    a = space.write("a.ipynb")
    id = space.id("a.ipynb")
    a.unlink()
    space.files.get_path(id)
    a.write_text("back")
    time.sleep(2)
    assert space.id("a.ipynb") == id


def test_gone_across_a_restart(space: Workspace) -> None:
    a, b = space.write("a.ipynb"), space.write("b.ipynb")
    gone, back = space.id("a.ipynb"), space.id("b.ipynb")
    a.unlink()
    b.unlink()
    space.files.get_path(gone)
    space.files.get_path(back)
    space.files.close()
    b.write_text("back")
    space.start()
    assert space.id("b.ipynb") == back
    space.files.close()
    time.sleep(1.1)
    a.write_text("another, much later")
    space.start()
    assert space.id("a.ipynb") != gone
    assert space.id("b.ipynb") == back


def test_moved_far_away_in_a_large_folder(space: Workspace) -> None:
    """Further than can be searched at once: it is found while it counts as missing."""
    for folder in range(150):
        for file in range(20):
            space.write(f"data/{folder}/{folder % 7}/{file}.csv", "")
    a = space.write("projects/demo/a.ipynb")
    id = space.id("projects/demo/a.ipynb")
    (space.root / "zzz/deep").mkdir(parents=True)
    a.rename(space.root / "zzz/deep/b.ipynb")
    started = time.thread_time()
    space.files.get_path(id)
    assert time.thread_time() - started < 0.05
    assert eventually(lambda: space.files.get_path(id) == "zzz/deep/b.ipynb")


def test_hard_links_are_files_of_their_own(space: Workspace) -> None:
    main = space.repository()
    space.git("worktree", "add", "-q", "../next", "-b", "next", within=main)
    one = space.write(f"{main}/untracked.ipynb")
    two = space.root / "projects/demo/next/untracked.ipynb"
    os.link(one, two)
    ids = space.id(f"{main}/untracked.ipynb"), space.id("projects/demo/next/untracked.ipynb")
    assert ids[0] != ids[1]
    assert space.restart().get_path(ids[1]) == "projects/demo/next/untracked.ipynb"
    assert (space.id(f"{main}/untracked.ipynb"), space.id("projects/demo/next/untracked.ipynb")) == ids

    # One name goes: the other is not where it went.
    one.unlink()
    assert space.files.get_path(ids[0]) == f"{main}/untracked.ipynb"
    assert eventually(lambda: space.files.get_path(ids[0]) is None)
    assert space.id("projects/demo/next/untracked.ipynb") == ids[1]


def test_a_hard_link_without_an_id_is_not_where_the_file_went(space: Workspace) -> None:
    main = space.repository()
    space.git("worktree", "add", "-q", "../next", "-b", "next", within=main)
    one = space.write(f"{main}/untracked.ipynb")
    id = space.id(f"{main}/untracked.ipynb")
    os.link(one, space.root / "projects/demo/next/untracked.ipynb")
    one.unlink()
    assert space.id("projects/demo/next/untracked.ipynb") != id
    assert eventually(lambda: space.files.get_path(id) is None)


def test_a_worktree_made_again_with_the_hard_link_of_another(space: Workspace) -> None:
    one, two = space.write("one/a.ipynb"), space.root / "two/a.ipynb"
    two.parent.mkdir()
    os.link(one, two)
    ids = {space.id("one/a.ipynb"), space.id("two/a.ipynb")}
    shutil.rmtree(two.parent)
    two.parent.mkdir()
    os.link(one, two)
    assert space.id("two/a.ipynb") not in ids


def test_renamed_by_jupyter(space: Workspace) -> None:
    a = space.write("folder/a.ipynb")
    space.write("folder/deep/b.ipynb")
    ids = space.id("folder/a.ipynb"), space.id("folder/deep/b.ipynb")
    a.rename(a.with_name("c.ipynb"))
    assert space.files.move("folder/a.ipynb", "folder/c.ipynb") == ids[0]
    (space.root / "folder").rename(space.root / "other")
    assert space.files.move("folder", "other") is None
    assert [space.files.get_path(id) for id in ids] == ["other/c.ipynb", "other/deep/b.ipynb"]
    # Somebody had noticed before Jupyter told.
    (space.root / "other").rename(space.root / "third")
    assert space.id("third/c.ipynb") == ids[0]
    space.files.move("other", "third")
    assert [space.files.get_path(id) for id in ids] == ["third/c.ipynb", "third/deep/b.ipynb"]
    # A file without an id is given one, as Jupyter's own manager does.
    fresh = space.write("fresh.ipynb")
    fresh.rename(space.root / "renamed.ipynb")
    assert space.files.move("fresh.ipynb", "renamed.ipynb") == space.id("renamed.ipynb")


def test_copied_and_saved_by_jupyter(space: Workspace) -> None:
    a = space.write("a.ipynb")
    id = space.id("a.ipynb")
    shutil.copy2(a, space.root / "b.ipynb")
    copy = space.files.copy("a.ipynb", "b.ipynb")
    assert copy == space.id("b.ipynb") != id
    replace(a, "saved")
    assert space.files.save("a.ipynb") == id
    space.write("c.ipynb")
    assert space.files.save("c.ipynb") == space.id("c.ipynb")


def test_a_folder_replaced_by_a_link_to_where_it_went(space: Workspace) -> None:
    a = space.write("folder/a.ipynb")
    id = space.id("folder/a.ipynb")
    a.parent.rename(space.root / "moved")
    (space.root / "folder").symlink_to("moved")
    assert space.id("folder/a.ipynb") == id
    assert space.files.get_path(id) == "moved/a.ipynb"


def test_names_are_what_the_disk_says(space: Workspace) -> None:
    """On a disk that tells upper from lower case, and one form of é from another, these are files of their own."""
    composed, decomposed = unicodedata.normalize("NFC", "café.ipynb"), unicodedata.normalize("NFD", "café.ipynb")
    space.write("a.ipynb")
    space.write(composed)
    folds = (space.root / "A.ipynb").exists()
    if not folds:
        space.write("A.ipynb")
    if not (space.root / decomposed).exists():
        space.write(decomposed)
    names = {one.name for one in space.root.iterdir()}
    ids = {space.files.index(name) for name in ("a.ipynb", "A.ipynb", composed, decomposed)}
    assert len(ids) == len(names)
    assert {space.files.get_path(id or "") for id in ids} == names
    odd = os.fsdecode(b"latin-\xe9.ipynb")
    space.write(odd)
    assert space.restart().get_path(space.id(odd)) == odd


def test_read_only_files(space: Workspace) -> None:
    """Also as root, whom the mode does not stop."""
    a = space.write("a.ipynb")
    found = space.files.identify("a.ipynb")
    assert found is not None
    assert found.writable
    a.chmod(0o444)
    found = space.files.identify("a.ipynb")
    assert found is not None
    assert not found.writable
    assert not space.files.writable("a.ipynb")
    assert not space.files.writable("no such file")
    a.chmod(0o644)
    assert space.files.writable("a.ipynb")


def test_ids_survive_a_kill(space: Workspace) -> None:
    space.files.close()
    for number in range(20):
        space.write(f"{number}.ipynb")
    script = f"""
import os, signal
from pathlib import Path
from workspace_server.documents.collaboration.files import FileIds
files = FileIds({str(space.root)!r}, Path({str(space.journal)!r}))
print(*[files.index(f"{{number}}.ipynb") for number in range(20)], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert run.returncode == -9, run.stderr
    space.start()
    assert [space.id(f"{number}.ipynb") for number in range(20)] == run.stdout.split()


def test_a_home_that_was_copied_keeps_its_ids(space: Workspace, tmp_path: Path) -> None:
    """As a backup is restored: every inode is another one."""
    space.write("projects/demo/main/a.ipynb")
    gone = space.write("projects/demo/main/b.ipynb")
    id, lost = space.id("projects/demo/main/a.ipynb"), space.id("projects/demo/main/b.ipynb")
    space.files.close()
    gone.unlink()
    shutil.copytree(space.home, tmp_path / "restored")
    files = FileIds(tmp_path / "restored" / "work", tmp_path / "restored" / "journal")
    assert files.index("projects/demo/main/a.ipynb") == id
    assert files.index("projects/demo/main/b.ipynb") is None
    files.close()
    shutil.rmtree(tmp_path / "restored" / "work")
    (tmp_path / "restored" / "work" / "projects/demo/main").mkdir(parents=True)
    (tmp_path / "restored" / "work" / "projects/demo/main/a.ipynb").write_text("text")
    files = FileIds(tmp_path / "restored" / "work", tmp_path / "restored" / "journal")
    assert files.index("projects/demo/main/a.ipynb") not in (None, id, lost), "the folder alone was made again"
    files.close()
    space.start()
    assert space.id("projects/demo/main/a.ipynb") == id


def test_two_roots_share_a_home(space: Workspace, tmp_path: Path) -> None:
    """Plain `jupyter lab` has whatever folder it is started in for a root."""
    space.write("a.ipynb")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.ipynb").write_text("text")
    id = space.id("a.ipynb")
    space.files.close()
    files = FileIds(other, space.journal)
    assert files.index("a.ipynb") not in (None, id)
    assert files.get_path(id) is None
    files.close()
    assert space.start().get_path(id) == "a.ipynb"


def test_looking_up_is_quick(space: Workspace) -> None:
    for number in range(300):
        space.write(f"projects/demo/main/notebooks/{number}.ipynb")
    paths = [f"projects/demo/main/notebooks/{number}.ipynb" for number in range(300)]
    ids = [space.id(path) for path in paths]
    took = []
    for path, id in zip(paths, ids, strict=True):
        started = time.thread_time()
        assert space.files.index(path) == id
        took.append(time.thread_time() - started)
    took.sort()
    print(f"index: median {took[150] * 1e6:.0f} us, p99 {took[297] * 1e6:.0f} us")
    assert took[150] < 0.002


def test_stamps_tell_lives_of_an_inode_apart(tmp_path: Path) -> None:
    stamps = []
    for _ in range(30):
        file = tmp_path / "a"
        file.write_text("text")
        seen = look(str(file))
        assert seen is not None
        assert seen.stamp.certain, "this disk tells nothing but inode numbers: the tests above prove less here"
        assert seen.stamp.ino == file.stat().st_ino
        assert seen.links == 1
        stamps.append(seen.stamp)
        file.unlink()
    assert not any(one.same(two) for number, one in enumerate(stamps) for two in stamps[number + 1 :])
    assert type(stamps[0]).decode(stamps[0].encode()) == stamps[0]
    assert look(str(tmp_path / "a")) is None


def test_the_ids_of_before_are_left_alone(tmp_path: Path) -> None:
    """``files.db`` of version 0.1 holds ids by path alone, which nothing else of that version's journal survives."""
    old = sqlite3.connect(tmp_path / "files.db")
    old.execute("CREATE TABLE Files(id TEXT PRIMARY KEY NOT NULL, path TEXT NOT NULL UNIQUE)")
    old.execute("INSERT INTO Files VALUES ('old', 'a.ipynb')")
    old.commit()
    old.close()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.ipynb").write_text("text")
    files = FileIds(tmp_path / "root", tmp_path)
    assert files.index("a.ipynb") not in (None, "old")
    files.close()
