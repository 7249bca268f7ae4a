"""Where a person begins in a worktree."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entrances:
    """Paths within the worktree; None where there is none."""

    notebook: str | None
    readme: str | None


def entrances(tree: Path) -> Entrances:
    """The first notebook (nearest the top, then by name) and the README."""
    readmes = sorted(path.name for path in tree.iterdir() if path.is_file() and path.stem.lower() == "readme")
    readmes.sort(key=lambda name: not name.lower().endswith(".md"))
    return Entrances(_first_notebook(tree), readmes[0] if readmes else None)


def _first_notebook(tree: Path) -> str | None:
    level = [tree]
    while level:
        below: list[Path] = []
        for folder in level:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name.lower())
            for entry in inside:
                if entry.name.endswith(".ipynb") and entry.is_file(follow_symlinks=False):
                    return Path(entry.path).relative_to(tree).as_posix()
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    below.append(Path(entry.path))
        level = below
    return None
