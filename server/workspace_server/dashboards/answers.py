"""Answers to what viewers choose: only from frozen choices, each computed once for everybody."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import NotAChoice

MOST_FILES = 2000


def choose(widgets: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every widget: what was asked for where it is a choice, else the snapshot's.

    What is returned are the snapshot's own objects, so that nothing a viewer sends goes further than this.

    Raises
    ------
    NotAChoice
        There is no such widget, or it has no such choice (of that type).
    """
    known = {widget["name"]: widget for widget in widgets}
    for name in values:
        if name not in known:
            raise NotAChoice("values", f"This dashboard has nothing to choose called {name[:60]!r}.")
    chosen = {name: widget["value"] for name, widget in known.items()}
    for name, value in values.items():
        label = known[name]["label"]
        for choice in known[name]["choices"]:
            if _same(choice, value):
                chosen[name] = choice
                break
        else:
            raise NotAChoice(name, f"{label} has no such choice.")
    return chosen


def _same(choice: Any, value: Any) -> bool:
    if isinstance(choice, str) or isinstance(value, str):
        return isinstance(choice, str) and isinstance(value, str) and choice == value
    if isinstance(choice, bool) or isinstance(value, bool):
        return isinstance(choice, bool) and isinstance(value, bool) and choice is value
    return isinstance(value, int | float) and bool(choice == value)


def key(commit: str, environment: str, digest: str, values: Mapping[str, Any], tables: Mapping[str, int]) -> str:
    """The name of an answer: equal for everything that must give the same numbers, and for nothing else."""
    facts = [commit, environment, digest, sorted(values.items()), sorted(tables.items())]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


class Answers:
    """Answers in files, one folder for each dashboard. Called in threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, dashboard: str, key: str) -> bytes | None:
        """The answer, if it is known."""
        path = self._folder / dashboard / f"{key}.json"
        try:
            content = path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def put(self, dashboard: str, key: str, content: bytes) -> None:
        """Remember an answer; the ones unused for longest go when there are too many."""
        folder = self._folder / dashboard
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{key}.json", content)
        files = list(folder.glob("*.json"))
        if len(files) > MOST_FILES:
            for path in sorted(files, key=lambda path: path.stat().st_mtime)[: len(files) - MOST_FILES]:
                path.unlink(missing_ok=True)

    def tables(self, dashboard: str, digest: str) -> set[str]:
        """The tables that a slice was seen to read, beyond those that its text names."""
        try:
            return set(json.loads((self._folder / dashboard / f"{digest}.tables").read_text()))
        except (OSError, ValueError):
            return set()

    def saw(self, dashboard: str, digest: str, tables: Collection[str]) -> None:
        """Remember which tables a slice has read."""
        folder = self._folder / dashboard
        folder.mkdir(parents=True, exist_ok=True)
        known = self.tables(dashboard, digest)
        if not set(tables) <= known:
            _write(folder / f"{digest}.tables", json.dumps(sorted(known | set(tables))).encode())

    def forget(self, dashboard: str) -> None:
        """The dashboard is gone."""
        shutil.rmtree(self._folder / dashboard, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    partial = path.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}")
    partial.write_bytes(content)
    partial.replace(path)
