"""Submodules, without git's own commands for them: what a commit names, fetched and put into worktrees.

Nothing that a repository says becomes a path or an argument here. The git directory of a submodule is named by a hash
of its address, inside of the project's: one for all branches, outside of what people write. Its worktrees are made
aside and moved into their place, and go along with the project's commits by the steps of a pull, so that what is typed
in them stays. The address is one that an owner consented to; whose it is to say so is the service's matter.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from workspace_ext.contract.operations import WireError
from workspace_ext.contract.submodules import Submodule, SubmoduleState

from ...kit.errors import AtriumError, Conflict, Failed
from ..contents.conflicts import Choices
from . import fetching, worktrees
from .command import Git, Report
from .cone import cone_of, is_left_out
from .errors import host_of
from .first import init
from .gitmodules import Link, links
from .integrate import perform, planned, recover
from .remote import HEADS, UPLOAD
from .status import changes
from .trees import SUBMODULE, entry_of

MODULES = "atrium-modules"
GONE = ".gone-"
KEPT = "refs/atrium/kept/"
TAGS = "+refs/tags/*:refs/tags/*"
CACHES = {"__pycache__", ".ipynb_checkpoints"}


def listed(report: Report, repository: dict[str, Any], branch: str, consented: list[str]) -> list[dict[str, Any]]:
    """Every ``Submodule`` of a worktree."""
    git = worktrees.bound(Git.of(repository), branch)
    return [asdict(_told(git, link, link.url in consented)) for link in _here(git)]


def named_at(report: Report, repository: dict[str, Any], commit: str) -> list[dict[str, str]]:
    """Path, address and commit of the submodules of a commit that could be fetched."""
    return [
        {"path": link.path, "url": link.url, "commit": link.commit}
        for link in links(Git.of(repository), commit) if link.problem is None
    ]  # fmt: skip


def fetch(report: Report, repository: dict[str, Any], commit: str, path: str) -> bool:
    """Have the commit of a submodule in its git directory, which is ``repository``'s; false where it was."""
    git = Git.of(repository)
    git.directory.parent.mkdir(exist_ok=True)
    if (git.directory / "HEAD").exists() and git.commit(commit):
        _keep(git, commit)
        return False
    init(git)  # does no harm to one that is there, and mends half of one
    git.run("config", "remote.origin.url", git.url)
    git.run("config", "remote.origin.fetch", HEADS)

    def told(message: str, done: int, total: int) -> None:
        report(f"{path}: {message}", done, total)

    fetching.fetch(git, told, "--prune", "--no-tags", UPLOAD, "--end-of-options", git.url, HEADS, TAGS)
    if not git.commit(commit):
        with suppress(AtriumError):  # it may be on no branch any more, and the host may give it nonetheless
            fetching.fetch(git, told, "--no-tags", UPLOAD, "--end-of-options", git.url, commit)
    if not git.commit(commit):
        raise Failed(
            "submodule_commit", f"{host_of(git.url) or 'The remote'} does not have the commit {commit[:7]} of {path}.",
            "Whoever committed it has to push the submodule, too.",
        )  # fmt: skip
    _keep(git, commit)
    return True


def place(report: Report, repository: dict[str, Any], branch: str, consented: list[str]) -> list[str]:
    """Have the folders of a worktree hold what its commit names, as far as that was fetched; the paths that changed.

    What was changed in them is merged, as a pull does. A folder stays as it is where that does not go: somebody is on a
    branch there, has commits of their own, or changed the same.
    """
    git = worktrees.bound(Git.of(repository), branch)
    assert git.tree is not None
    there = {link.path: link for link in _here(git) if link.problem is None}
    done = _left(git, there)
    for path, link in there.items():
        module = module_of(git, link.url)
        if link.url not in consented or not (module.directory / "HEAD").exists() or not module.commit(link.commit):
            continue
        sub = _inside(git, link)
        if sub is not None:
            if _moved(sub, link.commit):
                done.append(path)
        elif _free(git.tree, link.raw):
            worktrees.add(module, link.commit, git.tree / path, detached=True)
            done.append(path)
    return done


def make_room(report: Report, repository: dict[str, Any], branch: str, source: str) -> None:
    """Empty the folders of submodules where the remote's branch ``source``, as it was fetched, has files of its own.

    Raises
    ------
    Conflict
        Something in one of them is nowhere else; that one stays.
    """
    git = worktrees.bound(Git.of(repository), branch)
    assert git.tree is not None
    source = git.commit(f"refs/remotes/origin/{source}")
    for link in links(git, git.commit("HEAD")):
        sub = _inside(git, link) if source and link.problem is None else None
        if sub is not None and entry_of(git, source, link.raw)[0] not in ("", SUBMODULE):
            _refuse_own(sub, git.tree / link.path)
            _empty(sub, git.tree / link.path, keep=True)


def remove(report: Report, repository: dict[str, Any], url: str) -> None:
    """Empty the folders that hold the submodule of this address, in every worktree, and forget what was fetched.

    Raises
    ------
    Conflict
        Something in one of them is nowhere else; then nothing is removed.
    """
    git = Git.of(repository)
    module = module_of(git, url)
    trees = worktrees.find(module.directory)
    for folder, (admin, _) in trees.items():
        _refuse_own(module.within(folder, admin), folder)
    for folder in trees:
        _empty(module, folder, keep=True)
    if module.directory.exists():
        gone = module.directory.parent / f"{GONE}{uuid4().hex}"
        module.directory.rename(gone)
        worktrees.remove_tree(gone)


def recover_modules(report: Report, repository: dict[str, Any]) -> None:
    """Put right what a killed server left in the git directories of submodules. Before anything is done with them."""
    git = Git.of(repository)
    modules = git.directory / MODULES
    for pattern in (f"{GONE}*", ".making-*"):
        for left in modules.glob(pattern):
            worktrees.remove_tree(left)
    for pattern in ("*.lock", "worktrees/*/*.lock", "refs/**/*.lock", "objects/pack/tmp_*"):
        for lock in modules.glob(f"*.git/{pattern}"):
            lock.unlink(missing_ok=True)
    for directory in modules.glob("*.git"):
        module = _as(git, directory)
        for tree, (admin, _) in worktrees.find(directory).items():
            recover(module.within(tree, admin))


def unfilled(git: Git, commit: str, folder: Path, paths: list[str]) -> Iterator[tuple[Link, Git]]:
    """The submodules at ``paths`` of ``folder``, which holds the files of a commit, that are still empty there, with
    the git directories that have their contents."""
    for link in links(git, commit):
        place_ = folder / link.path
        if link.path in paths and link.problem is None and place_.is_dir() and not any(place_.iterdir()):
            yield link, module_of(git, link.url)


def directory_of(directory: Path, url: str) -> Path:
    """The git directory of a submodule, by the project's and its address."""
    return directory / MODULES / f"{hashlib.sha256(url.encode()).hexdigest()[:24]}.git"


def module_of(git: Git, url: str) -> Git:
    """The git directory that holds what was fetched from an address."""
    return _as(git, directory_of(git.directory, url), url)


def _here(git: Git) -> list[Link]:
    """Those of a worktree's commit that are in folders which are checked out."""
    cone = cone_of(git)
    return [link for link in links(git, git.commit("HEAD")) if not is_left_out(git, cone, link.raw)]


def _told(git: Git, link: Link, consented: bool) -> Submodule:
    host = host_of(link.url) or urlsplit(link.url).scheme
    if link.problem is not None:
        return Submodule(link.path, link.url, host, link.commit, "refused", problem=link.problem)
    sub = _inside(git, link) if consented else None
    if sub is None:
        assert git.tree is not None
        problem = None
        if consented and not _free(git.tree, link.raw):
            problem = WireError(
                "folder_in_the_way", f"{link.path} has files that are not of this submodule.",
                "Move the folder away, then fetch again.",
            )  # fmt: skip
        state: SubmoduleState = "missing" if consented else "off"
        return Submodule(link.path, link.url, host, link.commit, state, consented, problem=problem)
    at = sub.commit("HEAD")
    state = "here" if at == link.commit else "other"
    return Submodule(link.path, link.url, host, link.commit, state, consented, at, len(changes(sub)))


def _inside(git: Git, link: Link) -> Git | None:
    """The submodule as it lies in the worktree; None where it does not."""
    assert git.tree is not None
    module, folder = module_of(git, link.url), git.tree / link.path
    if not _real(git.tree, link.raw):
        return None
    try:
        said = (folder / ".git").read_text().strip()
    except OSError:
        return None
    name = said.removeprefix(f"gitdir: {module.directory / 'worktrees'}/")
    admin = module.directory / "worktrees" / name
    if name == said or not re.fullmatch(r"[\w.-]+", name) or name in (".", "..") or not (admin / "gitdir").is_file():
        return None
    place_ = Path((admin / "gitdir").read_text().strip()).parent
    if place_ != folder:
        # Its branch was brought back into another folder; or somebody copied one, which stays with the first.
        if place_.exists():
            return None
        (admin / "gitdir").write_text(f"{folder / '.git'}\n")
    return module.within(folder, admin)


def _real(tree: Path, raw: bytes) -> bool:
    """Whether all of a path are folders, and none a link that leads elsewhere."""
    path = tree
    for part in os.fsdecode(raw).split("/"):
        path = path / part
        if path.is_symlink() or not path.is_dir():
            return False
    return True


def _free(tree: Path, raw: bytes) -> bool:
    """Whether there is room for a submodule: an empty folder, or none at all, below real ones."""
    folder = tree / os.fsdecode(raw)
    if not os.path.lexists(folder):
        above = raw.rpartition(b"/")[0]
        return not above or _real(tree, above)
    return _real(tree, raw) and not any(folder.iterdir())


def _moved(sub: Git, commit: str) -> bool:
    """Go on to another commit; whether that was possible, and needed."""
    recover(sub)
    head = sub.commit("HEAD")
    if head == commit or _on_branch(sub) or _own_commits(sub):
        return False
    try:
        note, left = planned(sub, head, commit, Choices([]))
    except Conflict:
        return False
    if left:
        return False
    perform(sub, note)
    return True


def _refuse_own(sub: Git, folder: Path) -> None:
    """Do not take away what is nowhere else."""
    recover(sub)
    if _on_branch(sub) or _own_files(sub) or _own_commits(sub):
        raise Conflict(
            "submodule_edited", f"The submodule {folder.parent.name}/{folder.name} has changes that are nowhere else.",
            "Commit and push them from a terminal, or undo them there; then try again.",
        )  # fmt: skip


def _on_branch(sub: Git) -> bool:
    assert sub.admin is not None
    return (sub.admin / "HEAD").read_text().startswith("ref:")


def _own_files(sub: Git) -> bool:
    """Whether there are changes, or files that git ignores and that nothing makes anew: data, a password."""
    if changes(sub):
        return True
    ignored = sub.run("ls-files", "--others", "--ignored", "--exclude-standard", "-z").decode(errors="replace")
    return any(CACHES.isdisjoint(path.split("/")) for path in ignored.split("\0") if path)


def _own_commits(sub: Git) -> bool:
    """Whether there are commits that came from nowhere else."""
    came = ("--remotes=origin", "--tags", f"--glob={KEPT}*")
    return sub.text("rev-list", "--count", "HEAD", "--not", *came) != "0"


def _keep(git: Git, commit: str) -> None:
    """Know for ever that a commit came from the remote, whose branches may be rewritten."""
    git.run("update-ref", KEPT + commit, commit)


def _as(git: Git, directory: Path, url: str = "") -> Git:
    """The git directory of a submodule, seen as the project's is."""
    author = git.author or ("Atrium", "atrium@atrium.local")  # of backups
    return replace(git, directory=directory, url=url, tree=None, admin=None, author=author, _drivers={})


def _left(git: Git, there: dict[str, Link]) -> list[str]:
    """Take out the submodules that the commit does not name any more, or by another address; the paths."""
    assert git.tree is not None
    done = []
    for directory in (git.directory / MODULES).glob("*.git"):
        module = _as(git, directory)
        for folder, (admin, name) in worktrees.find(directory).items():
            if not folder.is_relative_to(git.tree) or not (folder / ".git").is_file():
                continue
            path = folder.relative_to(git.tree).as_posix()
            if path in there and directory_of(git.directory, there[path].url) == directory:
                continue
            sub = module.within(folder, admin)
            recover(sub)
            if entry_of(git, "HEAD", os.fsencode(path))[0] == "040000":
                # Its files are the project's own now.
                (folder / ".git").unlink()
                worktrees.remove_tree(admin)
            elif name or _own_files(sub) or _own_commits(sub):
                continue
            else:
                _empty(module, folder, keep=path in there)
            done.append(path)
    return done


def _empty(module: Git, folder: Path, keep: bool) -> None:
    admin = worktrees.find(module.directory)[folder][0]
    gone = module.directory.parent / f"{GONE}{uuid4().hex}"
    folder.rename(gone)
    if keep:
        folder.mkdir()
    worktrees.remove_tree(admin)
    worktrees.remove_tree(gone)
