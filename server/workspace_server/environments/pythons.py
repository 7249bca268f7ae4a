"""Which Python: what is asked for, among those that this machine has. None is ever downloaded."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from .errors import Unbuildable
from .uv import find_uv

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OWN_VERSION = ".".join(map(str, sys.version_info[:3]))
LOOK_AGAIN = 60.0
PATIENCE = 30.0
NEWEST = 14
"""Of Python 3, where nothing says which."""
PATCHES = 40
# Where pyenv keeps what its own commands show only after `pyenv global`.
ELSEWHERE = "~/.pyenv/versions"


@dataclass(frozen=True)
class Wanted:
    """What is asked for (``specifiers``, "" for anything) and where ("pyproject.toml, line 5")."""

    specifiers: str = ""
    origin: str = ""

    def __str__(self) -> str:
        exact = re.fullmatch(r"==([\d.]+)\.\*", self.specifiers)
        return exact[1] if exact else self.specifiers


def own() -> Path:
    """The interpreter beneath the server's own environment."""
    return Path(os.path.realpath(Path(sys.base_prefix) / "bin" / f"python{OWN}"))


def choose(wanted: Wanted) -> str:
    """The version ("3.11") to use: the server's own where it fits, else the newest that fits.

    Raises
    ------
    Unbuildable
        None fits; the message says who asks for what, the hint what there is.
    """
    fits = _specifiers(wanted)
    if fits.contains(OWN_VERSION, prereleases=True):
        return OWN
    found = installed()
    fitting = [minor for minor, (version, _) in found.items() if fits.contains(version, prereleases=True)]
    if fitting:
        return max(fitting, key=Version)
    raise Unbuildable(
        "no_python",
        f"{wanted.origin} asks for Python {wanted}, which is not installed here.",
        f"Installed are {', '.join(sorted(found, key=Version))}: choose one of them, or have it installed.",
    )


def is_installed(wanted: Wanted) -> bool:
    """Whether one is here that fits."""
    fits = _specifiers(wanted)
    return fits.contains(OWN_VERSION, prereleases=True) or any(
        fits.contains(version, prereleases=True) for version, _ in installed().values()
    )


def choose_any(wanted: Wanted) -> str:
    """As :func:`choose`, whatever is installed here: conda has every version."""
    fits = _specifiers(wanted)
    least = SpecifierSet(importlib.metadata.metadata("jupyter-atrium")["Requires-Python"] or "")
    minors = [OWN, *(f"3.{number}" for number in range(NEWEST, 0, -1))]
    for minor in minors:
        some = [f"{minor}.{patch}" for patch in range(PATCHES)]
        if least.contains(f"{minor}.0") and any(fits.contains(version, prereleases=True) for version in some):
            return minor
    raise Unbuildable(
        "no_python", f"{wanted.origin} asks for Python {wanted}, in which no notebook runs here.",
        f"Ask for one from {minors[1]} down that meets {least}.",
    )  # fmt: skip


def _specifiers(wanted: Wanted) -> SpecifierSet:
    try:
        return SpecifierSet(wanted.specifiers)
    except InvalidSpecifier:
        raise Unbuildable(
            "bad_python",
            f"{wanted.origin}: {wanted.specifiers!r} is no version of Python.",
            "Write it like >=3.11, or like 3.12 in .python-version.",
        ) from None


def interpreter(minor: str) -> Path:
    """The executable of an installed version.

    Raises
    ------
    Unbuildable
        It was uninstalled meanwhile.
    """
    if minor == OWN:
        return own()
    if minor not in installed():
        raise Unbuildable("no_python", f"Python {minor} is no longer installed here.", "Have it installed again.")
    return installed()[minor][1]


def installed() -> dict[str, tuple[str, Path]]:
    """Minor version -> (full version, executable) of what can run a kernel here, the server's own among them."""
    return _look(int(time.monotonic() / LOOK_AGAIN))


@lru_cache(maxsize=1)
def _look(_moment: int) -> dict[str, tuple[str, Path]]:
    least = SpecifierSet(importlib.metadata.metadata("jupyter-atrium")["Requires-Python"] or "")
    further = sorted(str(path) for path in Path(ELSEWHERE).expanduser().glob("*/bin"))
    variables = {**os.environ, "PATH": os.pathsep.join([*further, os.environ.get("PATH", os.defpath)])}
    listed = subprocess.run(
        [find_uv(), "python", "list", "--only-installed", "--no-config", "--output-format", "json"],
        cwd=Path(__file__).parent, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False,
    ).stdout  # fmt: skip
    found = {OWN: (OWN_VERSION, own())}
    for one in json.loads(listed or "[]"):
        minor = "{major}.{minor}".format(**one["version_parts"])
        usable = one["implementation"] == "cpython" and one["variant"] == "default" and one.get("path")
        if usable and minor not in found and least.contains(one["version"]):
            found[minor] = (one["version"], Path(one["path"]))
    return found


def upwards(folder: Path, root: Path) -> Iterator[Path]:
    """``folder`` and the folders that it is in, as far as ``root``: the nearest that says something holds."""
    at, root = folder.resolve(), root.resolve()
    while at.is_relative_to(root):
        yield at
        at = at.parent


def pinned(folder: Path, root: Path) -> Wanted | None:
    """What the nearest ``.python-version`` from ``folder`` up to ``root`` asks for."""
    root = root.resolve()
    for at in upwards(folder, root):
        path = at / ".python-version"
        if path.is_file() and path.resolve().is_relative_to(root):
            return _pinned(path, path.relative_to(root).as_posix())
    return None


def _pinned(path: Path, name: str) -> Wanted | None:
    for number, line in enumerate(path.read_text(errors="replace")[:10_000].splitlines(), 1):
        text = line.partition("#")[0].strip()
        if text:
            origin = f"{name}, line {number}"
            if match := re.fullmatch(r"(?:cpython[-@]?|python[-@]?)?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-\S+)?", text):
                # The last digit is not pinned: what is installed here gets its security updates.
                return Wanted(f"=={match[1]}.{match[2]}.*" if match[2] else f"=={match[1]}.*", origin)
            return Wanted(text, origin)
    return None
