"""Having packages of conda chosen and installed, by the library in a process of its own; and reading their lock."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workspace_ext.contract.environments import Package

from ...kit.home import Home
from ..progress import Report
from ..records import site_packages
from ..requirements import Conda
from ..uv import Uv
from . import cache
from .explain import explain

PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 3600.0
"""Seconds that choosing, downloading and installing may take."""


@dataclass(frozen=True)
class Solved:
    """What was chosen: ``lock`` is the text that pixi writes and reads, and ``distributions`` what of it PyPI knows, by
    the canonical names that it has there."""

    lock: str
    distributions: Mapping[str, Distribution]

    @property
    def pins(self) -> str:
        """Constraints for pip's packages."""
        return "".join(f"{name}=={one.version}  # conda\n" for name, one in self.distributions.items())

    @property
    def settings(self) -> str:
        """For uv: what conda's packages need, which conda has seen to. PyPI's wheels of them may need more."""
        return "".join(
            f"[[dependency-metadata]]\nname = {json.dumps(name)}\nversion = {json.dumps(one.version)}\n"
            f"requires-dist = {json.dumps(self._further(one))}\n"
            f"provides-extra = {json.dumps(one.metadata.get_all('Provides-Extra') or [])}\n"
            for name, one in self.distributions.items()
        )

    def _further(self, one: Distribution) -> list[str]:
        found = []
        for text in one.requires or ():
            with contextlib.suppress(InvalidRequirement):
                if canonicalize_name(Parsed(text).name) not in self.distributions:
                    found.append(str(Parsed(text)))
        return found


@dataclass(frozen=True)
class Locked:
    """A package of a lock, and the names of those that it needs."""

    name: str
    version: str
    depends: tuple[str, ...]


def solve(home: Home, wanted: Conda, bounds: Sequence[tuple[str, str]], folder: Path, uv: Uv, report: Report) -> Solved:
    """Choose what is wanted.

    Parameters
    ----------
    bounds
        Requirements that hold for what is chosen, whether or not it comes from conda ("dask==2026.8.0"), each with
        where it comes from.
    folder
        Where it is installed meanwhile, on the file system of the cache.

    Raises
    ------
    Unbuildable, Offline
        It cannot be had; the message names the lines.
    """
    limits = [(bound, origin) for text, origin in bounds if (bound := _bound(text))]
    request = {
        "do": "solve", "channels": wanted.channels, "specs": [text for text, _ in wanted.specs],
        "bounds": [text for text, _ in limits],
    }  # fmt: skip
    told = _run(home, request, folder, uv, report)
    if "error" in told:
        raise explain(told, wanted.specs, limits)
    return Solved(told["lock"], dict(_known(site_packages(folder))))


def _known(site: Path) -> Iterator[tuple[str, Distribution]]:
    for one in distributions(path=[str(site)]):
        with contextlib.suppress(InvalidVersion):  # No requirement of pip's can be about such a one.
            if one.metadata["Name"] and str(Version(one.version)):
                yield canonicalize_name(one.metadata["Name"]), one


def stand_ins(solved: Solved, folder: Path) -> Path:
    """A folder of wheels for uv to resolve to, without anything in them: PyPI may not have the version that conda
    has."""
    folder.mkdir()
    for name, one in solved.distributions.items():
        told = f"{name.replace('-', '_')}-{Version(one.version)}"
        with zipfile.ZipFile(folder / f"{told}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(
                f"{told}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {one.version}\n"
            )
            wheel.writestr(f"{told}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{told}.dist-info/RECORD", "")
    return folder


def link(home: Home, lock: str, folder: Path, final: Path, uv: Uv, report: Report) -> None:
    """Install what the lock says into ``folder``, which will lie at ``final``.

    Raises
    ------
    AtriumError
        It cannot be had any more.
    """
    told = _run(home, {"do": "link", "lock": lock, "final": str(final)}, folder, uv, report)
    if "error" in told:
        raise explain(told, [])


def listed(lock: str) -> dict[str, Locked]:
    """The packages of a lock by their names."""
    found = {}
    for one in (yaml.safe_load(lock) or {}).get("packages", ()) if lock else ():
        file = str(one.get("conda", "")).rpartition("/")[2]
        name, version, _ = re.sub(r"\.(conda|tar\.bz2)$", "", file).rsplit("-", 2)
        needs = tuple(dict.fromkeys(str(text).split()[0] for text in one.get("depends", ())))
        found[name] = Locked(name, version, needs)
    return found


def packages(lock: str) -> list[Package]:
    """The same as a list."""
    return [Package(one.name, one.version) for one in listed(lock).values()]


def _bound(text: str) -> str:
    one = Parsed(text)
    return f"{one.name} {one.specifier}" if one.specifier else ""


def _run(home: Home, request: dict[str, Any], folder: Path, uv: Uv, report: Report) -> dict[str, Any]:
    request |= {"folder": str(folder), "cache": str(cache.folder(home))}
    # Swept with what resolving leaves where it is killed.
    with tempfile.TemporaryDirectory(dir=home.cache, prefix="resolve-") as name, cache.used(home, uv, report):
        given, answer = Path(name) / "request.json", Path(name) / "answer.json"
        given.write_text(json.dumps(request))
        line = [sys.executable, "-I", str(PROGRAM), str(given), str(answer)]
        _, said = uv.beside(line, lambda one: _tell(one, report), PATIENCE)
        try:
            told: dict[str, Any] = json.loads(answer.read_text())
        except (FileNotFoundError, ValueError):
            lines = [one for one in said.splitlines() if one.strip() and not one.startswith("[")]
            told = {"error": "install", "message": lines[-1] if lines else "it ended without a word", "which": -1}
    return told


def _tell(line: str, report: Report) -> None:
    with contextlib.suppress(ValueError, TypeError):  # A library may say something, too.
        report(*json.loads(line))
