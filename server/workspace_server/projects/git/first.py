"""An empty repository, and what its first commit is where nobody brings anything."""

from __future__ import annotations

from ..contents.file_merge import REGULAR, Version
from .command import Git
from .trees import commit_tree, store, tree_with

MAIN = "main"
IGNORED = ".ipynb_checkpoints/\n__pycache__/\n*.pyc\n.DS_Store\n"


def init(git: Git) -> None:
    """An empty bare repository."""
    git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN}", "--", str(git.directory))


def first_commit(git: Git, name: str) -> str:
    """A commit of a README and a `.gitignore` on ``main``."""
    files = {b".gitignore": IGNORED, b"README.md": f"# {name}\n"}
    entries = {raw: store(git, Version(REGULAR, text.encode())) for raw, text in files.items()}
    sha = commit_tree(git, tree_with(git, "", entries), "Begin\n")
    git.run("update-ref", f"refs/heads/{MAIN}", sha, "")
    return sha
