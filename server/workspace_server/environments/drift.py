"""What has become of an environment's folder beneath a kernel: whoever owns it can install into it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import Package

from ..kit.home import Home
from . import records, seal
from .build import CHANGED, READY

NAMED = 3
PATIENCE = 0.2


@dataclass(frozen=True)
class Sight:
    """An environment's folder as it was seen: the ``glance`` of it, and the versions of its packages by their names."""

    glance: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What was done to the folder, in words; ``packages`` ("polars==1.30.0") came, with what they need."""

    message: str
    packages: tuple[str, ...]


def look(home: Home, id: str, before: Sight | None) -> tuple[Sight, Change | None]:
    """How the folder is now, and what has changed since ``before`` (None: since it was published), if anything has. A
    millisecond."""
    folder = home.environments / id
    try:
        ready = json.loads((folder / READY).read_text())
    except (OSError, ValueError):
        ready = {}
    published = Sight(str(ready.get("glance", "")), dict(ready.get("distributions") or ready.get("packages", ())))
    before = before or published
    if not (glance := seal.glance(records.site_packages(folder))):
        time.sleep(PATIENCE)  # It is being put in its place again.
        glance = seal.glance(records.site_packages(folder))
    if not glance:
        return before, Change("its folder is gone", ())
    if glance in (before.glance, published.glance):
        return Sight(glance, before.versions if glance == before.glance else published.versions), None
    site = records.site_packages(folder)
    now = Sight(glance, records.distributions(site))
    if before.glance == CHANGED:
        return now, None  # Somebody noticed that before this kernel was looked at: whose doing it was is not known.
    return now, _change(site, before.versions, now.versions)


def missing(requirements: list[str], packages: tuple[Package, ...] | list[Package]) -> list[str]:
    """Those that the packages do not meet."""
    there = {canonicalize_name(one.name): one.version for one in packages}

    def met(text: str) -> bool:
        one = Requirement(text)
        version = there.get(canonicalize_name(one.name))
        return version is not None and one.specifier.contains(version, prereleases=True)

    return [text for text in requirements if not met(text)]


def _change(site: Path, before: Mapping[str, str], after: Mapping[str, str]) -> Change:
    old = {str(canonicalize_name(name)): version for name, version in before.items()}
    came = {name: version for name, version in sorted(after.items()) if old.get(name) != version}
    went = sorted(f"{name} {old[name]}" for name in old if name not in after)
    said = [f"{name} {version} was installed" for name, version in came.items()] + [f"{name} is gone" for name in went]
    needed = {name for one in came for name in _needs(site, one, came[one])}
    asked = tuple(f"{name}=={version}" for name, version in came.items() if name not in needed)
    more = f", and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return Change(", ".join(said[:NAMED]) + more or "its files were changed", asked)


def _needs(site: Path, name: str, version: str) -> set[str]:
    folder = next((one for one in site.glob(f"*-{version}.dist-info") if _is(one, name)), None)
    found: set[str] = set()
    for text in (PathDistribution(folder).requires if folder is not None else None) or ():
        try:
            found.add(canonicalize_name(Requirement(text).name))
        except InvalidRequirement:
            continue
    return found


def _is(folder: Path, name: str) -> bool:
    return canonicalize_name(folder.name.partition("-")[0]) == name
