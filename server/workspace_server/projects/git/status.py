"""What git knows of a worktree: changed files, ahead and behind, history. Reads only; paths are bytes inside."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from workspace_ext.contract.projects import Branch, Change, Commit, FileChange, Status

from ..contents.notebook_diff import notebook_counts
from .command import Git, Report
from .pointers import but_contents
from .stripping import shown
from .worktrees import bound, find

MOST_FILES = 1000
MOST_NOTEBOOKS = 20
MOST_NAMED = 200


@dataclass(frozen=True)
class Edit:
    """One changed path; ``raw`` as the disk has it, ``path`` as the wire writes it (what is not text as \\xNN);
    ``blob`` is what the last commit has there, where it has something; ``staged``: the index has something else."""

    raw: bytes
    path: str
    change: Change
    blob: str = ""
    staged: bool = False


def wire_path(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def changes(git: Git) -> list[Edit]:
    """Changed files of a worktree, untracked ones too, ignored ones not."""
    return porcelain(git)[1]


def edit_of(git: Git, path: str) -> Edit | None:
    """How one path of a worktree has changed; None where it has not."""
    # What is not text has another name on the wire, by which git does not know it; and it refuses what is outside.
    odd = not path or path.startswith("/") or ".." in path.split("/") or any(one in path for one in "\\\0")
    only = [] if odd else [path]
    return next((edit for edit in porcelain(git, only)[1] if edit.path == path), None)


def porcelain(git: Git, only: Sequence[str] = ()) -> tuple[dict[str, str], list[Edit]]:
    """``git status --porcelain=v2``: its headers and the changed paths, or of them ``only`` some."""
    out = git.run(
        "status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all", "--no-renames",
        "--ignore-submodules=all", "--", *only,
    )  # fmt: skip
    headers: dict[str, str] = {}
    edits = []
    for entry in out.split(b"\0"):
        kind, _, rest = entry.partition(b" ")
        if kind == b"#":
            name, _, value = rest.decode(errors="replace").partition(" ")
            headers[name] = value
        elif kind == b"1":
            codes, *_, blob, _, raw = rest.split(b" ", 7)
            known = blob.decode().strip("0") and blob.decode()
            edits.append(Edit(raw, wire_path(raw), _change(codes.decode()), known, codes[:1] != b"."))
        elif kind == b"u":
            raw = rest.split(b" ", 9)[9]
            edits.append(Edit(raw, wire_path(raw), "conflicted", staged=True))
        elif kind == b"?" and not rest.endswith(b"/"):
            edits.append(Edit(rest, wire_path(rest), "untracked"))
    return headers, but_contents(git, sorted(edits, key=lambda edit: edit.raw))


def _change(codes: str) -> Change:
    if codes[1] == "D" or codes == "D.":
        return "deleted"
    return "added" if codes[0] == "A" else "modified"


def distance(git: Git, ours: str, theirs: str) -> tuple[int, int]:
    """How many commits ``ours`` has beyond ``theirs``, and the other way round."""
    ahead, behind = git.text("rev-list", "--left-right", "--count", f"{ours}...{theirs}", "--").split()
    return int(ahead), int(behind)


def branches(report: Report, repository: dict[str, Any], work: str, remote: bool = False) -> list[dict[str, Any]]:
    """The worktrees' branches with their state; with ``remote`` also those that have no worktree."""
    git = Git.of(repository)
    refs = dict(line.split(" ") for line in git.text("for-each-ref", "--format=%(refname) %(objectname)").splitlines())
    listed = []
    for tree, (admin, name) in find(git.directory).items():
        if not name:
            continue
        inside = git.within(tree, admin)
        edits = shown(inside, changes(inside))
        head, theirs = refs.get(f"refs/heads/{name}", ""), refs.get(f"refs/remotes/origin/{name}", "")
        ahead, behind = distance(git, head, theirs) if head and theirs and head != theirs else (0, 0)
        conflicts = sum(edit.change == "conflicted" for edit in edits)
        folder = tree.relative_to(work).as_posix() if tree.is_relative_to(work) else str(tree)
        listed.append(Branch(name, folder, head, bool(theirs), len(edits), ahead, behind, conflicts))
    if remote:
        there = {branch.name for branch in listed}
        for ref, sha in refs.items():
            for prefix in ("refs/heads/", "refs/remotes/origin/"):
                name = ref.removeprefix(prefix)
                if ref.startswith(prefix) and name not in there and name != "HEAD":
                    there.add(name)
                    listed.append(Branch(name, None, sha, f"refs/remotes/origin/{name}" in refs))
    return [asdict(branch) for branch in sorted(listed, key=lambda branch: (branch.folder is None, branch.name))]


def status(report: Report, repository: dict[str, Any], branch: str) -> dict[str, Any]:
    """Everything the commit dialog shows."""
    git = bound(Git.of(repository), branch)
    headers, edits = porcelain(git)
    edits = shown(git, edits)
    upstream = git.commit(f"refs/remotes/origin/{branch}")
    head = headers.get("branch.oid", "")
    ahead, behind = distance(git, head, upstream) if upstream and head != upstream else (0, 0)
    files = _measured(git, edits[:MOST_FILES])
    return asdict(
        Status(branch, head, bool(upstream), ahead, behind, files, summary(files), truncated=len(edits) > MOST_FILES)
    )


def _measured(git: Git, edits: list[Edit]) -> list[FileChange]:
    """The edits with their numbers: lines for texts, cells for notebooks."""
    assert git.tree is not None
    lines = _lines(git, [edit for edit in edits if edit.change != "untracked"])
    files = []
    notebooks = 0
    for edit in edits:
        added, removed = lines.get(edit.raw, (0, 0))
        cells = None
        if edit.raw.endswith(b".ipynb") and edit.change != "deleted" and notebooks < MOST_NOTEBOOKS:
            notebooks += 1
            counted = notebook_counts(head_blob(git, edit.raw), on_disk(git.tree, edit.raw))
            if counted is not None:
                cells, added, removed = counted
        elif edit.change == "untracked":
            added = on_disk(git.tree, edit.raw, 2**20).count(b"\n")
        files.append(FileChange(edit.path, edit.change, cells, added, removed))
    return files


def _lines(git: Git, edits: list[Edit]) -> dict[bytes, tuple[int, int]]:
    """Lines added and removed in each since the last commit."""
    if not edits:
        return {}
    if len(edits) > MOST_NAMED or any(edit.staged for edit in edits):
        return numbers(git, "HEAD")
    # Against the index, which has what the commit has: it looks at these files only. Against a commit, of which some
    # files are named, git takes seconds where there are many.
    return numbers(git, only=[edit.raw for edit in edits])


def numbers(git: Git, *between: str, only: Sequence[bytes] = ()) -> dict[bytes, tuple[int, int]]:
    """Lines added and removed, by path: between two commits, or from one or the index to the worktree; of all files,
    or ``only`` some."""
    lines: dict[bytes, tuple[int, int]] = {}
    numstat = git.run(
        "diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty",
        *between, "--", *map(os.fsdecode, only),
    )  # fmt: skip
    for row in numstat.split(b"\0"):
        if row.count(b"\t") == 2:
            plus, minus, raw = row.split(b"\t", 2)
            lines[raw] = (int(plus), int(minus)) if plus != b"-" else (0, 0)
    return lines


def head_blob(git: Git, raw: bytes, commit: str = "HEAD") -> bytes:
    """A file as a commit has it; empty where it has none."""
    name = f"{commit}:{raw.decode(errors='surrogateescape')}"
    status_, out = git.attempt("cat-file", "blob", name, ok=(0, 128))
    return out if status_ == 0 else b""


def on_disk(tree: Path, raw: bytes, limit: int = -1) -> bytes:
    """A file as the worktree has it (up to ``limit`` bytes); a symbolic link is not followed."""
    path = tree / raw.decode(errors="surrogateescape")
    try:
        if path.is_symlink():
            return bytes(path.readlink())
        with path.open("rb") as file:
            return file.read(limit)
    except OSError:
        return b""


def summary(files: list[FileChange]) -> str:
    """A commit summary that says what changed, for the person to better."""
    if not files:
        return ""
    file = next((file for file in files if file.cells and file.change == "modified"), files[0])
    name = PurePosixPath(file.path).name
    others = _count(len(files) - 1, "more file")
    if file.cells and file.change == "modified":
        what = f"Change {_count(file.cells, 'cell')} of {name}"
        return what if len(files) == 1 else f"{what} and {others}"
    if len(files) == 1:
        return f"Re-run {name}" if file.cells == 0 else f"{_VERBS[file.change]} {name}"
    verb = _VERBS[Counter(file.change for file in files).most_common(1)[0][0]]
    return f"{verb} {name} and {others}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


_VERBS = {"modified": "Change", "added": "Add", "untracked": "Add", "deleted": "Remove", "conflicted": "Settle"}


def log(report: Report, repository: dict[str, Any], branch: str, limit: int) -> list[dict[str, Any]]:
    """The last commits of a branch, newest first."""
    return [asdict(commit) for commit in commits(Git.of(repository), f"refs/heads/{branch}", limit)]


def commits(git: Git, revisions: str, limit: int) -> list[Commit]:
    return _commits(git, f"--max-count={limit}", "--end-of-options", revisions)


def commits_named(git: Git, shas: Iterable[str]) -> list[Commit]:
    """Commits by their ids, in this order."""
    given = "".join(f"{sha}\n" for sha in shas).encode()
    return _commits(git, "--no-walk=unsorted", "--stdin", given=given) if given else []


def _commits(git: Git, *arguments: str, given: bytes | None = None) -> list[Commit]:
    out = git.text(
        "log", "--no-show-signature", "-z", "--format=%H%x01%an%x01%ae%x01%aI%x01%s%x01%b", *arguments, "--",
        given=given,
    )  # fmt: skip
    listed = []
    for record in filter(None, out.split("\0")):
        sha, author, mail, time, title, body = readable(record).split("\x01", 5)
        listed.append(Commit(sha, title, body.strip(), author, mail, time))
    return listed


def readable(text: str) -> str:
    """Without lone surrogates, which JSON cannot carry."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
