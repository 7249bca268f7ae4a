"""Some folders of a repository only: which there are, and having the worktrees hold the chosen ones.

Not by `git sparse-checkout`, which also removes what git ignores in a folder, and which, killed in between, leaves
files that look deleted. Here files that come are written aside and renamed into their place, and those that go are
marked as not there before they are removed: whenever it ends, git knows every file either as there or as left out.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from workspace_ext.contract.folders import Folder, FolderList

from ...kit.errors import Conflict, Invalid, NotFound
from .command import Git, Report
from .cone import Cone, choose, chosen, mark, turn_on
from .integrate import recover
from .status import changes, wire_path
from .trees import SUBMODULE, remove_file
from .worktrees import find, remove_tree

# In the git directory while worktrees are changed.
CHANGING = "atrium-folders-changing"
# Likewise; files are moved from there into their place.
MAKING = "atrium-folders-making-"
AT_ONCE = 5000


@dataclass(frozen=True)
class Step:
    """What of a worktree comes and goes: modes by paths. ``seen``: what the files that go were when it was planned."""

    coming: dict[bytes, str]
    going: dict[bytes, str]
    seen: dict[bytes, tuple[int, int, int]]


def listed(report: Report, repository: dict[str, Any], branch: str, within: str) -> dict[str, Any]:
    """A ``FolderList``: the folders in the folder ``within`` ("" for the top) of a branch's last commit."""
    git = Git.of(repository)
    head = git.commit(f"refs/heads/{branch}") or git.commit(f"refs/remotes/origin/{branch}")
    if not head:
        raise NotFound("no_such_branch", f"There is no branch {branch!r} here.", "Look at the remote again.")
    top = os.fsencode(f"{within}/" if within else "")
    only = ["--", os.fsdecode(top)] if top else []
    files: defaultdict[bytes, int] = defaultdict(int)
    sizes: defaultdict[bytes, int] = defaultdict(int)
    inner: set[bytes] = set()
    for line in git.run("ls-tree", "-r", "-l", "-z", "--full-tree", head, *only).split(b"\0"):
        if not line:
            continue
        facts, _, raw = line.partition(b"\t")
        name, below, rest = raw[len(top) :].partition(b"/")
        folder = name if below else b""
        files[folder] += 1
        size = facts.split()[3]
        sizes[folder] += int(size) if size != b"-" else 0
        if below and b"/" in rest:
            inner.add(name)
    folders = [
        Folder(path, files[name], sizes[name], name in inner)
        for name in sorted(files)
        if name and (path := _text(top + name)) is not None
    ]
    return asdict(FolderList(chosen(git.directory), within, sum(files.values()), sum(sizes.values()), folders))


def check(report: Report, repository: dict[str, Any], folders: list[str] | None, opened: list[str]) -> list[str]:
    """Whether the worktrees could hold these folders and no others; of the files that are ``opened`` (absolute), those
    that would go.

    Raises
    ------
    Invalid, Conflict
        There is no such folder; what would go has changes that are in no commit; something is in the way.
    """
    git = Git.of(repository)
    known = set(chosen(git.directory) or [])
    for folder in set(folders or []) - known:
        heads = git.text("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes/origin").split()
        if not any(_is_folder(git, head, folder) for head in set(heads)):
            raise Invalid(
                "no_such_folder", f"No branch has a folder {folder!r}.", "Look at the list of folders.", "folders"
            )
    gone = []
    for tree in _trees(git):
        assert tree.tree is not None
        step = _planned(tree, folders)
        _refuse(tree, step)
        below = f"{tree.tree}/"
        gone += [one for one in opened if one.startswith(below) and os.fsencode(one[len(below) :]) in step.going]
    return gone


def hold(report: Report, repository: dict[str, Any], folders: list[str] | None) -> None:
    """Have every worktree hold these folders and no others (None: everything), and so new ones from then on.

    Killed at any moment, :func:`recover_folders` has them hold what they held.
    """
    git = Git.of(repository)
    steps = []
    for tree in _trees(git):
        recover(tree)
        steps.append((tree, _planned(tree, folders)))
        _refuse(*steps[-1])
    turn_on(git)
    (git.directory / CHANGING).touch()
    total = sum(len(step.coming) + len(step.going) for _, step in steps)
    done = 0
    for tree, step in steps:
        for number in _perform(tree, step, folders):
            done += number
            report("Checking out files", done, total)
    choose(git.directory, folders)
    (git.directory / CHANGING).unlink()


def recover_folders(report: Report, repository: dict[str, Any]) -> None:
    """Put back what was interrupted."""
    git = Git.of(repository)
    for left in git.directory.glob(f"{MAKING}*"):
        remove_tree(left)
    if (git.directory / CHANGING).exists():
        for tree in _trees(git):
            settle(tree)
        (git.directory / CHANGING).unlink()


def settle(git: Git) -> None:
    """Have a worktree hold what the project's choice is; what is changed in others, or in the way, stays."""
    folders = chosen(git.directory)
    for _ in _perform(git, _planned(git, folders), folders):
        pass


def files_of(admin: Path) -> int:
    """How many files a worktree's index knows, at the price of reading a few bytes."""
    try:
        with (admin / "index").open("rb") as file:
            head = file.read(12)
    except OSError:
        return 0
    return int.from_bytes(head[8:12], "big") if head[:4] == b"DIRC" else 0


def _trees(git: Git) -> list[Git]:
    return [git.within(tree, admin) for tree, (admin, _) in find(git.directory).items()]


def _planned(git: Git, folders: Sequence[str] | None) -> Step:
    cone = None if folders is None else Cone.of(folders)
    coming: dict[bytes, str] = {}
    going: dict[bytes, str] = {}
    for line in git.run("ls-files", "-t", "-s", "-z").split(b"\0"):
        facts, _, raw = line.partition(b"\t")
        here = cone is None or cone.has(raw)
        if facts[:1] == b"S" and here:
            coming[raw] = facts[2:8].decode()
        elif facts[:1] == b"H" and not here:
            going[raw] = facts[2:8].decode()
    assert git.tree is not None
    return Step(coming, going, {raw: found for raw in going if (found := _identity(git.tree, raw)) is not None})


def _refuse(git: Git, step: Step) -> None:
    """Do not take away what is in no commit, and do not write where something is."""
    assert git.tree is not None
    where = git.tree.name
    folders = {raw.rpartition(b"/")[0] for raw in step.going}
    edits = (
        [edit.path for edit in changes(git) if edit.raw in step.going or _below(edit.raw, folders)] if folders else []
    )
    if edits:
        more = f" and {len(edits) - 3} more" if len(edits) > 3 else ""
        raise Conflict(
            "changes_there", f"Not committed on {where}, in a folder that would go: {', '.join(edits[:3])}{more}.",
            "Commit, put aside or discard that first.", "folders",
        )  # fmt: skip
    for raw, mode in step.going.items():
        folder = git.tree / os.fsdecode(raw)
        if mode == SUBMODULE and folder.is_dir() and any(folder.iterdir()):
            raise Conflict(
                "submodule_there", f"The submodule {wire_path(raw)} is in a folder that would go.",
                "Turn it off first, in the Git view.", "folders",
            )  # fmt: skip
    for above in {path for raw in step.coming for path in Path(os.fsdecode(raw)).parents}:
        place = git.tree / above
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise Conflict(
                "file_in_the_way", f"{above} is a folder of the repository, and a file on {where}.",
                "Rename the file, then try again.", "folders",
            )  # fmt: skip


def _perform(git: Git, step: Step, folders: Sequence[str] | None) -> Iterator[int]:
    """Do it; how many files were done, now and then."""
    assert git.tree is not None
    assert git.admin is not None
    choose(git.admin, folders)
    changed = {edit.raw for edit in changes(git)} if step.going else set()
    coming = list(step.coming)
    for first in range(0, len(coming), AT_ONCE):
        some = coming[first : first + AT_ONCE]
        _bring(git, [raw for raw in some if step.coming[raw] != SUBMODULE])
        for raw in some:
            if step.coming[raw] == SUBMODULE and _real(git.tree, raw):
                (git.tree / os.fsdecode(raw)).mkdir(parents=True, exist_ok=True)
        yield len(some)
    going = [raw for raw in step.going if raw not in changed]
    mark(git, "--no-skip-worktree", coming)
    mark(git, "--skip-worktree", going)
    if coming:
        git.attempt("update-index", "-q", "--refresh", ok=(0, 1))
    for number, raw in enumerate(going, 1):
        if step.going[raw] == SUBMODULE:
            _remove_empty(git.tree, raw)
        elif _identity(git.tree, raw) == step.seen.get(raw):
            remove_file(git.tree, raw)
        if number % AT_ONCE == 0 or number == len(going):
            yield (number - 1) % AT_ONCE + 1


def _bring(git: Git, raws: Sequence[bytes]) -> None:
    """Write files that the index knows into the worktree; each whole, or not at all, and none over another."""
    assert git.tree is not None
    making = git.directory / f"{MAKING}{uuid4().hex[:12]}"
    making.mkdir()
    try:
        git.run(
            "checkout-index", "--quiet", f"--prefix={making}/", "--ignore-skip-worktree-bits", "-z", "--stdin",
            given=b"".join(raw + b"\0" for raw in raws),
        )  # fmt: skip
        _move_into(making, git.tree)
    finally:
        remove_tree(making)


def _move_into(source: Path, target: Path) -> None:
    for one in sorted(source.iterdir()):
        place = target / one.name
        if not os.path.lexists(place):
            one.rename(place)
        elif one.is_dir() and not one.is_symlink() and place.is_dir() and not place.is_symlink():
            _move_into(one, place)


def _identity(tree: Path, raw: bytes) -> tuple[int, int, int] | None:
    try:
        seen = (tree / os.fsdecode(raw)).lstat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _below(raw: bytes, folders: set[bytes]) -> bool:
    while raw:
        raw = raw.rpartition(b"/")[0]
        if raw and raw in folders:
            return True
    return False


def _real(tree: Path, raw: bytes) -> bool:
    """Whether nothing above a path is a link that leads elsewhere."""
    return not any((tree / above).is_symlink() for above in Path(os.fsdecode(raw)).parents)


def _remove_empty(tree: Path, raw: bytes) -> None:
    folder = tree / os.fsdecode(raw)
    for empty in [folder, *folder.parents]:
        if empty == tree:
            break
        try:
            empty.rmdir()
        except OSError:
            break


def _is_folder(git: Git, head: str, folder: str) -> bool:
    out = git.run("ls-tree", "-z", "--full-tree", head, "--", folder)
    return out.startswith(b"040000 ")


def _text(raw: bytes) -> str | None:
    """A path that can be named on the wire."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
