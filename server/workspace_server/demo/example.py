"""Makes the example: the remote on disk, the workspace's tables, and the leave to clone that one remote."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from ..kit.home import Home
from . import sales
from .files import write

AUTHOR = {
    **os.environ,
    "GIT_AUTHOR_NAME": "Atrium example", "GIT_AUTHOR_EMAIL": "example@atrium.local",
    "GIT_COMMITTER_NAME": "Atrium example", "GIT_COMMITTER_EMAIL": "example@atrium.local",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
}  # fmt: skip


def prepare(home: Home) -> str:
    """Make what is missing of the example below ``home``; what is there stays as it is.

    Returns
    -------
    str
        The URL to clone: a bare repository on this disk, which only this home may clone from.
    """
    home.prepare()
    remote = home.path / "demo" / "forecast.git"
    if not remote.exists():
        _make_remote(remote)
    for name, table in (("sales", sales.sales()), ("forecasts", sales.earlier_forecasts())):
        make_table(home, name, table)
    allow(home, remote.as_uri())
    return remote.as_uri()


def make_table(home: Home, name: str, table: pa.Table) -> None:
    """Write a workspace table unless it exists."""
    folder = home.tables_main / name
    if not folder.exists():
        write_deltalake(str(folder), table)


def allow(home: Home, url: str) -> None:
    """Let this home, and no other, clone from a place on this disk, and suggest it on the first page."""
    (home.settings / "allowed-remotes.json").write_text(json.dumps([url]))
    (home.settings / "suggestions.json").write_text(json.dumps([{"name": "forecast", "url": url}]))


def _make_remote(remote: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "forecast"
        write(tree)
        make_remote(tree, remote)


def make_remote(tree: Path, remote: Path) -> None:
    """Turn a folder into a bare repository with one commit on main."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tree, env=AUTHOR, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "A forecast of one store from a toy file")
    remote.parent.mkdir(parents=True, exist_ok=True)
    staging = remote.with_name(f".{remote.name}.making")
    git("clone", "-q", "--bare", ".", str(staging))
    staging.rename(remote)
