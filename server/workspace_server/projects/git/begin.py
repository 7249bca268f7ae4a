"""A project's first commit: of a README, of a folder, or of what another repository has now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...kit.errors import Conflict, Invalid
from .command import Git, Report
from .first import MAIN, first_commit, init
from .remote import UPLOAD, heads, push_commit
from .trees import commit_tree, own_index


def begin(
    report: Report, repository: dict[str, Any], name: str, folder: str = "", ref: str = "", template: bool = False
) -> dict[str, Any]:
    """Make a bare repository with one commit on ``main``, by the repository's author: ``{sha}``.

    Parameters
    ----------
    folder
        What is in it becomes the commit, but for what its `.gitignore` leaves out.
    template
        What the repository at the url has now becomes the commit, of ``ref`` or of its default branch.
    """
    git = Git.of(repository)
    init(git)
    if template:
        tree, message = _of_template(git, report, ref), "Begin from a template\n"
    elif folder:
        report("Reading the folder", 0, 0)
        tree, message = _of_folder(git, Path(folder)), "Begin\n"
    else:
        return {"sha": first_commit(git, name)}
    sha = commit_tree(git, tree, message)
    git.run("update-ref", f"refs/heads/{MAIN}", sha, "")
    return {"sha": sha}


def push(report: Report, repository: dict[str, Any], sha: str) -> None:
    """Push a project's first commit to its remote, which must be empty."""
    git = Git.of(repository)
    if heads(git)["heads"]:
        raise Conflict(
            "remote_not_empty", f"The repository {git.url} is not empty.",
            "Clone it instead, or give an empty one.", "remote",
        )  # fmt: skip
    report("Pushing", 0, 0)
    if not push_commit(git, sha, MAIN):
        raise Conflict("remote_not_empty", f"Somebody else pushed to {git.url}.", "Clone it instead.", "remote")


def _of_template(git: Git, report: Report, ref: str) -> str:
    report("Looking at the template", 0, 0)
    if not ref:
        branch = heads(git)["default"]
        if not branch:
            raise Invalid("empty_repository", f"The repository {git.url} is empty.", "Choose another.", "template")
        ref = f"refs/heads/{branch}"
    git.follow(report, "fetch", "--progress", "--depth=1", "--no-tags", UPLOAD, "--end-of-options", git.url, ref)
    tree = git.text("rev-parse", "FETCH_HEAD^{tree}")
    # Its history ends here: the commit that was fetched is nobody's parent.
    (git.directory / "shallow").unlink(missing_ok=True)
    (git.directory / "FETCH_HEAD").unlink(missing_ok=True)
    return tree


def _of_folder(git: Git, folder: Path) -> str:
    for place, folders, files in os.walk(folder):
        below = Path(place)
        if below != folder and ".git" in [*folders, *files]:
            raise Invalid(
                "nested_repository", f"{below.relative_to(folder)} is a git repository of its own.",
                "Import that one by itself, or move it elsewhere first.", "folder",
            )  # fmt: skip
        folders[:] = [name for name in folders if name != ".git"]
    within = git.within(folder, None)
    with own_index(git, "") as index:
        within.run("add", "--all", "--", ".", env=index)
        tree = git.text("write-tree", env=index)
    if tree == git.text("mktree", given=b""):
        raise Invalid("empty_folder", f"There is nothing to import in {folder.name}.", "Choose another.", "folder")
    return tree
