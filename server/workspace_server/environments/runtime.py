"""What kernels and workers find: ``workspace_ext`` in a copy of its own, never the server's site-packages; commands."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from pathlib import Path

import workspace_ext

from ..kit.home import Home

# What only the server and the command line use.
LEFT_OUT = {"__pycache__", "cli", "client", "labextension"}


def search_path(python: Path) -> str:
    """``PATH`` for processes of the environment that ``python`` is of: its commands, then this machine's. Without those
    of the server's own environment, whose pip, called by a cell, would change the server."""
    own = Path(sys.executable).parent if sys.prefix != sys.base_prefix else None
    inherited = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([str(python.parent), *(each for each in inherited if each and Path(each) != own)])


def materialise(home: Home) -> Path:
    """The folder for ``PYTHONPATH``; made when the package's content is new to this home."""
    source = Path(workspace_ext.__path__[0])
    files = sorted(
        path
        for path in source.rglob("*")
        if path.is_file() and not LEFT_OUT & set(path.relative_to(source).parts) and path.suffix != ".pyc"
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(source).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    target = home.runtime / digest.hexdigest()[:16]
    if target.is_dir():
        return target
    partial = home.runtime / f".{target.name}.{os.getpid()}"
    for path in files:
        copy = partial / "workspace_ext" / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    with contextlib.suppress(OSError):  # Another process was faster.
        partial.rename(target)
    shutil.rmtree(partial, ignore_errors=True)
    return target
