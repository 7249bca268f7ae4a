"""Files that are stored in Git LFS: commits hold pointers to them, their contents are fetched one by one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LargeFile:
    """``size`` in bytes, of the contents; ``here``: they are in the worktree, where otherwise the pointer is."""

    path: str
    size: int
    here: bool


@dataclass(frozen=True)
class LargeFileList:
    files: list[LargeFile]


@dataclass(frozen=True)
class FetchLargeFiles:
    """``paths``: every one that is not here yet, where empty."""

    paths: list[str] = field(default_factory=list)
