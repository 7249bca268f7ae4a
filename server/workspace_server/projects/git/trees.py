"""Trees of git as plain data: what differs between two of them, one file of one, a tree with some files changed."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workspace_ext.contract.projects import Change

from ...kit import errors
from ..contents.conflicts import Choices, Conflict
from ..contents.file_merge import Version, merge_file
from .command import Git
from .status import wire_path

SUBMODULE = "160000"
LINK = "120000"
Entries = Mapping[bytes, tuple[str, str]]
"""Mode and blob of files by their paths; empty for one that is not there."""
AT_ONCE = 200
"""Files that are held in memory at once."""


@dataclass(frozen=True)
class Difference:
    """One path that differs: mode and blob in either tree, empty where it is not there."""

    raw: bytes
    old: tuple[str, str]
    new: tuple[str, str]

    @property
    def change(self) -> Change:
        """What became of it."""
        if not self.new[0]:
            return "deleted"
        return "modified" if self.old[0] else "added"


def differences(git: Git, old: str, new: str) -> list[Difference]:
    """The paths that differ between two trees or commits; a rename is one path gone and one new."""
    fields = git.run("diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev", old, new).split(b"\0")
    found = []
    for head, raw in zip(fields[::2], fields[1::2], strict=False):
        modes = head.decode().lstrip(":").split(" ")
        sides = [
            (mode, blob) if mode != "000000" else ("", "") for mode, blob in zip(modes[:2], modes[2:4], strict=True)
        ]
        found.append(Difference(raw, sides[0], sides[1]))
    return found


def version(git: Git, entry: tuple[str, str]) -> Version | None:
    """A file of a tree."""
    mode, blob = entry
    if not mode:
        return None
    return Version(mode, None, blob) if mode == SUBMODULE else Version(mode, git.run("cat-file", "blob", blob))


def versions(git: Git, entries: Iterable[tuple[str, str]]) -> Iterator[Version | None]:
    """Many files of trees, in their order; one git process for some hundred of them."""
    listed = list(entries)
    for first in range(0, len(listed), AT_ONCE):
        some = listed[first : first + AT_ONCE]
        wanted = [blob for mode, blob in some if mode and mode != SUBMODULE]
        out = memoryview(git.run("cat-file", "--batch", given="".join(f"{blob}\n" for blob in wanted).encode()))
        at = 0
        for mode, blob in some:
            if not mode:
                yield None
            elif mode == SUBMODULE:
                yield Version(mode, None, blob)
            else:
                end = at + bytes(out[at : at + 200]).index(b"\n")
                size = int(bytes(out[at:end]).split(b" ")[2])
                yield Version(mode, bytes(out[end + 1 : end + 1 + size]))
                at = end + size + 2


def entry(file: Version | None, like: str = "") -> tuple[str, str]:
    """Mode and blob that a file would have in a tree; ``like``: another blob's id, of the repository's kind of hash."""
    if file is None or file.content is None:
        return ("", "") if file is None else (file.mode, "")
    kind = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return file.mode, kind(b"blob %d\0" % len(file.content) + file.content).hexdigest()


def version_on_disk(tree: Path, raw: bytes) -> Version | None:
    """A file of a worktree; None where there is none."""
    path = tree / os.fsdecode(raw)
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        return Version(LINK, os.fsencode(path.readlink()))
    if stat.S_ISREG(mode):
        return Version("100755" if mode & stat.S_IXUSR else "100644", path.read_bytes())
    return Version(SUBMODULE, None)


def entry_of(git: Git, commit: str, raw: bytes) -> tuple[str, str]:
    """Mode and blob of a path in a commit; empty where it has none."""
    out = git.run("ls-tree", "-z", "--full-tree", commit, "--", os.fsdecode(raw))
    if not out:
        return "", ""
    mode, _, blob = out.partition(b"\t")[0].decode().split(" ")
    return mode, blob


def store(git: Git, file: Version | None) -> tuple[str, str]:
    """The file as mode and blob; empty where there is none."""
    if file is None:
        return "", ""
    assert file.content is not None
    return file.mode, git.run("hash-object", "-w", "--stdin", given=file.content).decode().strip()


@contextmanager
def own_index(git: Git, commit: str) -> Iterator[dict[str, str]]:
    """The environment for an index that holds ``commit`` (nothing, where it is empty) and is nobody else's."""
    with tempfile.TemporaryDirectory(dir=git.admin or git.directory, prefix="index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", commit or "--empty", env=index)
        yield index


def commit_tree(git: Git, tree: str, message: str, *parents: str, env: Mapping[str, str] | None = None) -> str:
    """A commit of ``tree``, whatever the message is and however long."""
    named = [argument for parent in parents for argument in ("-p", parent)]
    return git.text("commit-tree", *named, "-F", "-", tree, given=message.encode(errors="surrogateescape"), env=env)


def authorship(git: Git, commit: str, *fields: str) -> tuple[dict[str, str], list[str]]:
    """What gives another commit this one's author and their time (see :func:`commit_tree`), and more fields of it, as
    git's formats name them."""
    wanted = "%x00".join(["%an", "%ae", "%aI", *fields])
    said = git.text("show", "--no-patch", "--no-show-signature", f"--format={wanted}", commit)
    name, mail, time, *rest = said.split("\0", 2 + len(fields))
    return {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": time}, rest


def remove_file(tree: Path, raw: bytes) -> None:
    """Remove a file of a worktree, and the folders that are empty without it."""
    path = tree / os.fsdecode(raw)
    path.unlink(missing_ok=True)
    for parent in path.relative_to(tree).parents[:-1]:
        try:
            (tree / parent).rmdir()
        except OSError:
            break


def tree_with(git: Git, commit: str, entries: Entries) -> str:
    """The tree of ``commit`` with these paths as they are given, made in an index of its own."""
    if not entries:
        return git.text("rev-parse", f"{commit}^{{tree}}")
    with own_index(git, commit) as index:
        there = set(git.run("ls-files", "-z", env=index).split(b"\0")) - {b""}
        _refuse_folders_that_are_files(
            (there | entries.keys()) - {raw for raw, (mode, _) in entries.items() if not mode}
        )
        # Those that go first: a file may become a folder.
        ordered = sorted(entries.items(), key=lambda entry: bool(entry[1][0]))
        lines = [f"{mode or '0'} {blob or '0' * 40}\t".encode() + raw for raw, (mode, blob) in ordered]
        git.run("update-index", "-z", "--index-info", env=index, given=b"\0".join(lines) + b"\0")
        return git.text("write-tree", env=index)


def _refuse_folders_that_are_files(paths: set[bytes]) -> None:
    """Git would let the later one replace the other, without a word."""
    folders: set[bytes] = set()
    for raw in paths:
        above = raw.rpartition(b"/")[0]
        while above and above not in folders:
            folders.add(above)
            above = above.rpartition(b"/")[0]
    if clash := sorted(paths & folders):
        raise errors.Conflict(
            "file_and_folder", f"{wire_path(clash[0])} is a file on one side and a folder on the other.",
            "Rename one of them, commit, then try again.",
        )  # fmt: skip


def merge_trees(git: Git, base: str, mine: str, theirs: str, choices: Choices) -> tuple[str, list[Conflict]]:
    """The merged tree of two commits, and what both changed each in its way. Files are merged by :mod:`.file_merge`."""
    ours = {one.raw: one.new for one in differences(git, base, mine)}
    entries: dict[bytes, tuple[str, str]] = {}
    conflicts: list[Conflict] = []
    for one in differences(git, base, theirs):
        if one.raw not in ours:
            entries[one.raw] = one.new
        elif ours[one.raw] != one.new:
            path = wire_path(one.raw)
            merged = merge_file(
                path, version(git, one.old), version(git, ours[one.raw]), version(git, one.new),
                choices.within(path, "commits"),
            )  # fmt: skip
            conflicts += merged.conflicts
            entries[one.raw] = _entry(git, merged.version)
    return tree_with(git, mine, entries), conflicts


def _entry(git: Git, file: Version | None) -> tuple[str, str]:
    if file is not None and file.content is None:
        return file.mode, file.commit
    return store(git, file)
