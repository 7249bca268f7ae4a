"""Which versions of tables there were, and which of them a run wrote: read from the names and commits of Delta logs."""

from __future__ import annotations

import json
from pathlib import Path

from workspace_ext.contract.jobs import RunTable


def versions(tables: Path) -> dict[str, int]:
    """The latest version of each table."""
    found = {}
    for log in sorted(tables.glob("*/_delta_log")):
        commits = [int(path.stem) for path in log.glob("*.json") if path.stem.isdigit()]
        if commits:
            found[log.parent.name] = max(commits)
    return found


def written(tables: Path, run: str, before: dict[str, int]) -> list[RunTable]:
    """The versions that the run has committed since there were those of ``before``."""
    found = []
    for name, last in versions(tables).items():
        for version in range(before.get(name, -1) + 1, last + 1):
            if _author(tables / name / "_delta_log" / f"{version:020}.json") == run:
                found.append(RunTable(name, version))
    return found


def _author(commit: Path) -> str:
    try:
        with commit.open() as lines:
            for line in lines:
                if line.startswith('{"commitInfo"'):
                    return str(json.loads(line)["commitInfo"].get("run", ""))
    except (OSError, ValueError):
        pass
    return ""
