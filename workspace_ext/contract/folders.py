"""Some folders of a repository only: large ones are worked with in a part of their folders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Folder:
    """``path`` from the repository's top; ``files`` and ``bytes`` with everything below; ``folders``: whether it has
    any in it."""

    path: str
    files: int
    bytes: int
    folders: bool = False


@dataclass(frozen=True)
class FolderList:
    """The folders in the folder ``within`` ("" for the top), as the followed branch has them.

    ``chosen``: those that are checked out, with everything below, besides the files at the top and those directly above
    them; None where everything is. ``files`` and ``bytes``: of everything in ``within``.
    """

    chosen: list[str] | None
    within: str
    files: int
    bytes: int
    folders: list[Folder]


@dataclass(frozen=True)
class FoldersQuery:
    within: str = ""


@dataclass(frozen=True)
class ChooseFolders:
    """None: everything."""

    folders: list[str] | None = None
