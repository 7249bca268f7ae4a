"""Having packages of conda chosen and installed, by the library in a process of its own; and reading their lock."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from workspace_ext.contract.environments import Package

from ...kit.errors import AtriumError
from ...kit.home import Home
from ..errors import Offline, Unbuildable, full
from ..explain import FULL
from ..progress import Report
from ..records import site_packages
from ..requirements import Conda, redact_password
from ..uv import Uv, redact

UNREACHABLE = re.compile(
    r"error sending request|tcp connect|dns error|timed out|connection (refused|reset)", re.IGNORECASE
)
REFUSED = re.compile(r"HTTP status client error \((401|403|404)[^)]*\) for url \(([^)]*)\)")
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


def cache(home: Home) -> Path:
    """Where what was downloaded stays, on the file system of the environments, which share its files."""
    return home.cache / "conda"


def prune(home: Home) -> bool:
    """Remove from the cache the packages that no environment shares, unless something is being installed from it;
    whether there were any."""
    removed = False
    with contextlib.suppress(BlockingIOError), _held(home, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for folder in sorted((cache(home) / "pkgs").glob("*/")):
            files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
            if not any(os.lstat(file).st_nlink > 1 for file in files):
                shutil.rmtree(folder, ignore_errors=True)
                removed = True
    return removed


def forget(home: Home) -> None:
    """Empty the cache, once nothing is being installed from it: a file of it was edited."""
    with _held(home, fcntl.LOCK_EX):
        shutil.rmtree(cache(home) / "pkgs", ignore_errors=True)


@contextlib.contextmanager
def _held(home: Home, how: int) -> Iterator[None]:
    cache(home).mkdir(parents=True, exist_ok=True)
    with (cache(home) / ".lock").open("a") as file:
        fcntl.flock(file, how)
        yield


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


Lines = Sequence[tuple[str, str]]
"""What is asked for, and where."""


def explain(told: Mapping[str, Any], specs: Lines, bounds: Lines = ()) -> AtriumError:
    """The one error that a failure amounts to."""
    said = str(told["message"])
    error = _explain(str(told["error"]), said, int(told["which"]), specs, bounds)
    error.detail = redact(said)  # type: ignore[attr-defined]
    return error


def _explain(kind: str, said: str, which: int, specs: Lines, bounds: Lines) -> AtriumError:
    if FULL.search(said):
        return full()
    if kind == "spec":
        text, origin = specs[which]
        return Unbuildable(
            "bad_syntax", f"{origin} cannot be read: {_plain(text)!r}.", f"Write it like numpy=1.26. conda says: {said}"
        )
    if "hash mismatch" in said:
        return Unbuildable(
            "hash_mismatch",
            "A downloaded package of conda is not the one that was locked (its hash differs).",
            "Retry. If it stays, the channel serves another file than before: tell whoever runs it.",
        )
    if refused := REFUSED.search(said):
        why = {"401": "wants to know who asks", "403": "lets nobody of here in", "404": "has no such channel"}
        return Unbuildable(
            "no_channel", f"{urlsplit(refused[2]).hostname} {why[refused[1]]}: {redact_password(refused[2])}",
            "Check the channels. Whoever runs this workspace can keep passwords in rattler's file (RATTLER_AUTH_FILE).",
        )  # fmt: skip
    if kind == "network" or UNREACHABLE.search(said):
        return Offline(
            "channel_unreachable",
            "A channel of conda does not answer, so that the environment cannot be built.",
            "Check this machine's network, then retry. Environments that exist already still work.",
        )
    if kind == "solver":
        return _unsolved(said, specs, bounds)
    return Unbuildable("not_built", f"A package of conda was not installed: {said.splitlines()[0]}.", "Retry.")


def _unsolved(said: str, specs: Lines, bounds: Lines) -> Unbuildable:
    about = [one for one in (*specs, *bounds) if re.search(rf"(?<![\w-]){re.escape(name_of(one[0]))}(?![\w-])", said)]
    none = re.search(r"No candidates were found for ([\w.-]+)", said)
    if none and len(asked := [one for one in about if name_of(one[0]) == none[1]]) == 1:
        text, origin = asked[0]
        return Unbuildable(
            "no_such_version", f"The channels have no package for {_plain(text)} ({origin}).",
            "Check its name and version, and the channels above it.",
        )  # fmt: skip
    sides = " and ".join(f"{_plain(text)} ({origin})" for text, origin in about) or "the packages of conda"
    return Unbuildable(
        "conflict", f"conda cannot have {sides} as they are asked for.",
        "Loosen one of them; the resolver's words say what excludes it.",
    )  # fmt: skip


def name_of(spec: str) -> str:
    """The package that a spec ("numpy=1.26") is about."""
    match = re.match(r"[\w.-]+", _plain(spec).rpartition("::")[2])
    return match[0].lower() if match else ""


def _plain(spec: str) -> str:
    """As it is written: a channel by its name, not by its address."""
    channel, _, rest = spec.rpartition("::")
    return f"{channel.rpartition('/')[2]}::{rest}" if channel else rest


def _bound(text: str) -> str:
    one = Parsed(text)
    return f"{one.name} {one.specifier}" if one.specifier else ""


def _run(home: Home, request: dict[str, Any], folder: Path, uv: Uv, report: Report) -> dict[str, Any]:
    request |= {"folder": str(folder), "cache": str(cache(home))}
    # Swept with what resolving leaves where it is killed.
    with tempfile.TemporaryDirectory(dir=home.cache, prefix="resolve-") as name, _held(home, fcntl.LOCK_SH):
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
