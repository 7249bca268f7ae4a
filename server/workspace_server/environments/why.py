"""Why each package is in an environment: who asks for it, from what the installed packages say of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


def required_by(site: Path, python: str, asked: Iterable[str]) -> dict[str, list[str]]:
    """For each installed package the names of those that need it.

    Parameters
    ----------
    site
        The site-packages folder.
    python
        Its version of Python in full.
    asked
        Requirements as they are declared; their extras count.
    """
    there = {canonicalize_name(one.name): one for one in distributions(path=[str(site)])}
    parents: dict[str, set[str]] = {name: set() for name in there}
    seen: set[tuple[str, str]] = set()
    waiting = [(one.name, extra) for text in asked for one in [Requirement(text)] for extra in ("", *one.extras)]
    while waiting:
        raw, extra = waiting.pop()
        name = canonicalize_name(raw)
        if (name, extra) in seen or name not in there:
            continue
        seen.add((name, extra))
        for needed in _needs(there[name], extra, python):
            if (child := canonicalize_name(needed.name)) in parents and child != name:
                parents[child].add(name)
            waiting += [(needed.name, one) for one in ("", *needed.extras)]
    return {name: sorted(found) for name, found in parents.items()}


def _needs(distribution: Distribution, extra: str, python: str) -> list[Requirement]:
    """What it needs with that extra ("": what it needs anyway)."""
    environment = {"extra": extra, "python_full_version": python, "python_version": python.rpartition(".")[0]}
    found = []
    for text in distribution.requires or ():
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue
        if one.marker is None or one.marker.evaluate(environment):
            found.append(one)
    return found
