"""A branch's own copy of a table: hard links to its immutable files, made by the first write on the branch."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
import uuid
from pathlib import Path

from workspace_ext.tables.location import is_table

# What a commit in flight leaves in the log until it is named: not part of any version.
LOG_SUFFIXES = (".json", ".parquet", ".crc")

# Rewritten in place by later checkpoints, so that it must never be shared.
LAST_CHECKPOINT = "_last_checkpoint"

ABANDONED_SECONDS = 3600.0


def ensure_copy(production: Path, copy: Path) -> None:
    """Make `copy` a copy of the table at `production`, unless it is there already.

    Safe against racing writers: each builds its own under a temporary name, the first rename wins.
    """
    if is_table(copy) or not is_table(production):
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    _sweep(copy.parent)
    partial = copy.parent / f".{copy.name}.{uuid.uuid4().hex}"
    try:
        _link_table(production, partial)
        partial.rename(copy)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _link_table(source: Path, target: Path) -> None:
    # The order makes the copy whole while others write: a checkpoint's name before the log it points into, the
    # log before the files that it names, which were there before it.
    log = target / "_delta_log"
    log.mkdir(parents=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(source / "_delta_log" / LAST_CHECKPOINT, log / LAST_CHECKPOINT)
    for entry in sorted((source / "_delta_log").rglob("*")):
        if entry.name.endswith(LOG_SUFFIXES) and not entry.name.startswith(("_", ".")) and entry.is_file():
            _link(entry, target / entry.relative_to(source))
    for entry in source.rglob("*"):
        relative = entry.relative_to(source)
        if relative.parts[0] != "_delta_log" and entry.is_file():
            _link(entry, target / relative)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(source, target)


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed have left."""
    for entry in folder.glob(".*"):
        with contextlib.suppress(OSError):
            if time.time() - entry.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(entry)
