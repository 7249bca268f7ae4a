"""An empty repository, and what its first commit is where nobody brings anything."""

from __future__ import annotations

from .git_command import Git
from .git_trees import commit_tree

MAIN = "main"
IGNORED = ".ipynb_checkpoints/\n__pycache__/\n*.pyc\n.DS_Store\n"


def init(git: Git) -> None:
    """An empty bare repository."""
    git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN}", "--", str(git.directory))


def first_commit(git: Git, name: str) -> str:
    """A commit of a README and a `.gitignore` on ``main``."""
    files = {".gitignore": IGNORED, "README.md": f"# {name}\n"}
    blobs = {
        path: git.run("hash-object", "-w", "--stdin", given=text.encode()).decode().strip()
        for path, text in files.items()
    }
    listed = "".join(f"100644 blob {blob}\t{path}\n" for path, blob in blobs.items())
    sha = commit_tree(git, git.text("mktree", given=listed.encode()), "Begin\n")
    git.run("update-ref", f"refs/heads/{MAIN}", sha, "")
    return sha
