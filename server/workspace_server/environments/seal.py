"""Whether a published environment is still what was published: read-only is what whoever owns the files can undo."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = ("__pycache__", ".ready")


def glance(site: Path) -> str:
    """What can be looked at whenever an environment is asked for: the names in its site-packages, and when each
    package was installed. A millisecond at most."""
    try:
        names = sorted(path.name for path in site.iterdir() if path.name not in LEFT_OUT)
        installed = [_about(site / name / "RECORD") for name in names if name.endswith(".dist-info")]
    except OSError:
        return ""
    return _digest(*names, *installed)


def whole(folder: Path) -> str:
    """The size and the time of the last change of every file. Hard links share them: whoever edits a file changes it
    in every environment that has it."""
    return _digest(*sorted(_files(folder, "")))


def _files(folder: str | Path, below: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in LEFT_OUT:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, f"{below}{entry.name}/")
            else:
                about = entry.stat(follow_symlinks=False)
                yield f"{below}{entry.name} {about.st_size} {about.st_mtime_ns}"


def _about(path: Path) -> str:
    about = path.lstat()
    return f"{about.st_size} {about.st_mtime_ns}"


def _digest(*lines: str) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:24]
