"""Having packages of conda chosen and installed, by the library in a process of its own; and reading their lock."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement as Parsed

from workspace_ext.contract.environments import Package

from ...kit.errors import AtriumError
from ...kit.home import Home
from ..errors import Offline, Unbuildable, full
from ..explain import FULL
from ..progress import Report
from ..records import distributions, site_packages
from ..requirements import Conda
from ..uv import Uv

UNREACHABLE = re.compile(
    r"error sending request|tcp connect|dns error|timed out|connection (refused|reset)", re.IGNORECASE
)
PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 3600.0
"""Seconds that choosing, downloading and installing may take."""


@dataclass(frozen=True)
class Solved:
    """What was chosen: ``lock`` is the text that pixi writes and reads, and ``distributions`` what of it PyPI knows,
    and by which name: canonical name -> version."""

    lock: str
    distributions: Mapping[str, str]


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
    """Remove from the cache the packages that no environment shares; whether there were any. Who is just installing one
    fetches it again."""
    removed = False
    for folder in sorted((cache(home) / "pkgs").glob("*/")):
        files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
        if not any(os.lstat(file).st_nlink > 1 for file in files):
            shutil.rmtree(folder, ignore_errors=True)
            removed = True
    return removed


def solve(
    home: Home, wanted: Conda, python: str, bounds: Sequence[str], folder: Path, uv: Uv, report: Report
) -> Solved:
    """Choose what is wanted, with that version of Python ("3.11").

    Parameters
    ----------
    bounds
        Requirements that hold for what is chosen, whether or not it comes from conda ("dask==2026.8.0").
    folder
        Where it is installed meanwhile, on the file system of the cache.

    Raises
    ------
    Unbuildable, Offline
        It cannot be had; the message names the lines.
    """
    specs = [*wanted.specs, (f"python {python}.*", "the kernel")]
    request = {
        "do": "solve", "channels": wanted.channels, "specs": [text for text, _ in specs],
        "bounds": [bound for text in bounds if (bound := _bound(text))],
    }  # fmt: skip
    told = _run(home, request, folder, uv, report)
    if "error" in told:
        raise explain(told, specs)
    return Solved(told["lock"], distributions(site_packages(folder)))


def stand_ins(folder: Path) -> Path:
    """A folder of wheels that are nothing but what conda's packages in ``folder`` say of themselves: uv resolves
    against them, since PyPI may not have the version that conda has, or with other requirements."""
    made = folder.with_name(f"{folder.name}-wheels")
    made.mkdir(exist_ok=True)
    for info in site_packages(folder).glob("*.dist-info"):
        if not (info / "METADATA").is_file():
            continue
        with zipfile.ZipFile(made / f"{info.name.removesuffix('.dist-info')}-py3-none-any.whl", "w") as wheel:
            wheel.write(info / "METADATA", f"{info.name}/METADATA")
            wheel.writestr(f"{info.name}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info.name}/RECORD", "")
    return made


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


def explain(told: Mapping[str, Any], specs: Sequence[tuple[str, str]]) -> AtriumError:
    """The one error that a failure amounts to."""
    said = str(told["message"])
    error = _explain(str(told["error"]), said, int(told["which"]), specs)
    error.detail = said  # type: ignore[attr-defined]
    return error


def _explain(kind: str, said: str, which: int, specs: Sequence[tuple[str, str]]) -> AtriumError:
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
    if kind == "network" or UNREACHABLE.search(said):
        return Offline(
            "channel_unreachable",
            "A channel of conda does not answer, so that the environment cannot be built.",
            "Check this machine's network, then retry. Environments that exist already still work.",
        )
    if kind == "solver":
        return _unsolved(said, specs)
    return Unbuildable("not_built", f"A package of conda was not installed: {said.splitlines()[0]}.", "Retry.")


def _unsolved(said: str, specs: Sequence[tuple[str, str]]) -> Unbuildable:
    about = [
        (text, origin) for text, origin in specs if re.search(rf"(?<![\w-]){re.escape(name_of(text))}(?![\w-])", said)
    ]
    none = re.search(r"No candidates were found for ([\w.-]+)", said)
    if none and (asked := [one for one in about if name_of(one[0]) == none[1]]):
        text, origin = asked[0]
        return Unbuildable(
            "no_such_version", f"The channels have no package for {_plain(text)} ({origin}).",
            "Check its name and version, and the channels above it.",
        )  # fmt: skip
    sides = " and ".join(f"{_plain(text)} ({origin})" for text, origin in about) or "the packages of conda"
    return Unbuildable(
        "conflict",
        f"conda cannot have {sides} as they are asked for.",
        "Loosen one of them; the resolver's words say what excludes it.",
    )


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
    given, answer = (folder.with_name(f"{folder.name}.{name}.json") for name in ("request", "answer"))
    said = ""
    request |= {"folder": str(folder), "cache": str(cache(home))}
    try:
        given.write_text(json.dumps(request))
        line = [sys.executable, "-I", str(PROGRAM), str(given), str(answer)]
        _, said = uv.beside(line, lambda one: _tell(one, report), PATIENCE)
        told: dict[str, Any] = json.loads(answer.read_text())
    except (OSError, ValueError):
        if FULL.search(said):
            raise full() from None
        last = next((one for one in reversed(said.splitlines()) if one.strip() and not one.startswith("[")), "")
        told = {"error": "install", "message": last or "it ended without a word", "which": -1}
    finally:
        given.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)
    return told


def _tell(line: str, report: Report) -> None:
    if line.startswith("["):
        report(*json.loads(line))
