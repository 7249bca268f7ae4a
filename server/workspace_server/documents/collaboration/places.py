"""Where a file lies: paths below the root as the disk has them, the folder a path hangs from, and where it went."""

from __future__ import annotations

import os
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from .inodes import Stamp, look


@dataclass(frozen=True, slots=True)
class Anchor:
    """The folder that has to stay for a path to mean the same; see :class:`.file_records.Record`."""

    stamp: Stamp
    depth: int
    worktree: bool


class Root:
    """The folder that Jupyter shows."""

    def __init__(self, path: str, allow_hidden: bool = False) -> None:
        self.path = os.path.realpath(path)
        self._allow_hidden = allow_hidden

    def full(self, path: str) -> str:
        return f"{self.path}/{path}" if path else self.path

    def locate(self, path: str) -> str | None:
        """``path`` (a contents path, `/`-separated) without symbolic links, `.`, `..` and doubled slashes.

        None when it leaves the root, or is hidden and hidden files are not shown. The file need not be there.
        """
        try:
            real = os.path.realpath(f"{self.path}/{path}")
        except (OSError, ValueError):
            return None
        if not real.startswith(f"{self.path}/"):
            return None
        place = real[len(self.path) + 1 :]
        return None if self._hidden(path) or self._hidden(place) else place

    def locate_entry(self, path: str) -> str | None:
        """Like :meth:`locate`, of the name itself: a symbolic link is the link, even where it points to nothing."""
        folder, _, name = path.strip("/").rpartition("/")
        above = self.locate(folder) if folder else ""
        if above is None or name in ("", ".", "..") or self._hidden(name):
            return None
        return f"{above}/{name}" if above else name

    def _hidden(self, path: str) -> bool:
        return not self._allow_hidden and any(
            part.startswith(".") and part not in (".", "..") for part in path.split("/")
        )

    def is_plain(self, path: str) -> bool:
        """Whether no symbolic link has come to stand on the way to ``path``."""
        return os.path.realpath(self.full(path)) == self.full(path)

    def spelled(self, path: str) -> str:
        """``path`` as the disk spells it, where the disk takes several spellings for one name."""
        folder, parts = self.path, []
        for name in path.split("/"):
            parts.append(_spelling(folder, name))
            folder = f"{folder}/{parts[-1]}"
        return "/".join(parts)

    def anchor(self, path: str) -> Anchor | None:
        """What ``path`` hangs from: the innermost git worktree, or else the folder that the file is in."""
        parts = path.split("/")[:-1]
        for depth in range(len(parts), -1, -1):
            folder = self.full("/".join(parts[:depth]))
            if os.path.lexists(f"{folder}/.git"):
                seen = look(folder)
                return Anchor(seen.stamp, depth, True) if seen else None
        seen = look(self.full("/".join(parts)))
        return Anchor(seen.stamp, len(parts), False) if seen else None

    def search(self, inodes: set[int], near: str) -> Iterator[tuple[str, int]]:
        """The paths that have one of the inode numbers, those near ``near`` first; yields ("", 0) at every folder that
        it looks into, so that the caller can stop."""
        folder = near.rpartition("/")[0]
        done: set[str] = set()
        while True:
            yield from self._below(folder, inodes, done)
            done.add(folder)
            if not folder:
                return
            folder = folder.rpartition("/")[0]

    def _below(self, top: str, inodes: set[int], done: set[str]) -> Iterator[tuple[str, int]]:
        waiting = deque([top])
        while waiting:
            folder = waiting.popleft()
            yield "", 0
            try:
                with os.scandir(self.full(folder)) as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        if self._hidden(entry.name):
                            continue
                        if entry.inode() in inodes:
                            yield path, entry.inode()
                        if path not in done and entry.is_dir(follow_symlinks=False):
                            waiting.append(path)
            except OSError:
                continue


def _spelling(folder: str, name: str) -> str:
    seen = look(f"{folder}/{name}")
    others = {name.swapcase(), unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)} - {name}
    if seen is None or not any((twin := look(f"{folder}/{one}")) and twin.stamp == seen.stamp for one in others):
        return name
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.inode() == seen.stamp.ino]
    except OSError:
        return name
    return name if name in names else next((one for one in names if _folded(one) == _folded(name)), name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
