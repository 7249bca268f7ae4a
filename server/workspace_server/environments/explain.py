"""From uv's words to a person's: what, why with the lines of ``requirements.txt``, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable

from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from ..kit.errors import AtriumError
from .declaration import Declaration
from .errors import Full, Offline, Unbuildable, full

# An index that does not answer, however uv words it.
NETWORK = re.compile(
    r"error sending request|Failed to fetch|network was disabled|dns error|tcp connect|timed out|connection refused",
    re.IGNORECASE,
)
FULL = re.compile(r"No space left on device|Disk quota exceeded|os error (28|122)\b")
_PACKAGE = r"([A-Za-z][\w.-]*)(?:[<>=!~]\S*)?"


def explain(declaration: Declaration, said: str, oldest_wheel: Callable[[str], str] = lambda _name: "") -> AtriumError:
    """The one error that uv's failure ``said`` amounts to.

    Parameters
    ----------
    oldest_wheel
        Tells a package's oldest version that is published as a wheel for the declared Python; "" for none.
    """
    error = _explain(declaration, said, oldest_wheel)
    error.detail = _clean(said)
    return error


def _explain(declaration: Declaration, said: str, oldest_wheel: Callable[[str], str]) -> Unbuildable | Offline | Full:
    text = " ".join(said.split())
    if FULL.search(said):
        return full()
    origins = origins_of(declaration.requirements + declaration.constraints)
    if ("No solution found" not in said and NETWORK.search(said)) or "network was disabled" in said:
        return Offline(
            "index_unreachable",
            "The package index does not answer, so that the environment cannot be built.",
            "Check this machine's network, then retry. Environments that exist already still work.",
        )
    if match := re.search(r"Because ([\w.-]+) was not found in the package registry", text):
        return Unbuildable(
            "unknown_package",
            f"There is no package named {match[1]}{_asked(origins, match[1])}.",
            "Check its spelling.",
        )
    named = _named(text, origins)
    other_python = re.search(rf"{_PACKAGE} has no wheels with a matching Python", text)
    wheel = re.search(rf"{_PACKAGE} has no (?:usable )?wheels|Wheels are required for `([\w.-]+)`", text)
    if match := other_python or wheel:
        name = next(filter(None, match.groups()))
        oldest = oldest_wheel(name)
        other = f"{name} {oldest} is the oldest version with a wheel for Python {declaration.python}."
        if other_python:
            return Unbuildable(
                "wrong_python",
                f"{_wanted(origins, name)} has no wheel for Python {declaration.python}{_asked(origins, name)}.",
                other if oldest else "Choose another version of Python, or another package.",
            )
        error = Unbuildable(
            "source_only",
            f"{_wanted(origins, name)} is published as source code only for Python {declaration.python} on this machine"
            f"{_asked(origins, name)}; building that would run code nobody has looked at.",
            other if oldest else "No version of it has a wheel: choose another package.",
        )
        error.package = name
        return error
    missing = re.search(r"there (?:is|are) no versions? of ([\w.-]+?)(?=[<>=!~,\s]|$)", text)
    if missing and len(named) < 2:
        wanted = origins.get(canonicalize_name(missing[1]))
        what = wanted[0][0] if wanted else missing[1]
        return Unbuildable(
            "no_such_version",
            f"No release of {missing[1]} fits {what}{_asked(origins, missing[1])}.",
            "Choose a version that exists.",
        )
    if "requires-python" in text.lower() or "Requires-Python" in text or re.search(r"\bPython[<>=]", text):
        return Unbuildable(
            "wrong_python",
            f"{_sides(named) or 'A requirement'} needs another version of Python than this workspace has.",
            "Choose a version of it for this Python.",
        )
    if named:
        return Unbuildable(
            "conflict",
            f"These requirements exclude each other: {_sides(named)}.",
            _loosen(text, named),
        )
    if "hash" in text.lower() and "mismatch" in text.lower():
        return Unbuildable(
            "hash_mismatch",
            "A downloaded package is not the one that was locked (its hash differs).",
            "Retry. If it stays, the index serves another file than before: tell whoever runs it.",
        )
    first = next((line.strip() for line in said.splitlines() if line.strip().startswith("error:")), "")
    return Unbuildable(
        "not_built", f"The environment was not built: {first.removeprefix('error:').strip() or 'uv failed'}.", "Retry."
    )


Origins = dict[str, list[tuple[str, str]]]
"""Canonical name -> (requirement, where it comes from)."""


def origins_of(lines: str) -> Origins:
    """Of a declaration's lines, in their order."""
    found: Origins = {}
    for line in lines.splitlines():
        text, _, origin = line.partition("  # ")
        found.setdefault(canonicalize_name(Parsed(text).name), []).append((text, origin))
    return found


def _wanted(origins: Origins, name: str) -> str:
    """The requirement as it was written, or the package alone where something else brings it in."""
    wanted = origins.get(canonicalize_name(name))
    return wanted[0][0] if wanted else name


def _asked(origins: Origins, name: str) -> str:
    wanted = origins.get(canonicalize_name(name))
    return f" ({wanted[0][1]})" if wanted else ""


def _named(text: str, origins: Origins) -> list[tuple[str, str]]:
    """The requirements that the explanation is about, in the order of the files."""
    words = {canonicalize_name(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*(?<![.-])", text)}
    required = {
        canonicalize_name(match)
        for clause in re.findall(r"you (?:require|depend on) (.+?)(?:, we can|, |\.$|\. )", text)
        for match in re.findall(r"([A-Za-z][\w.-]*)(?:\[[^\]]*\])?(?:[<>=!~]|,|$| and)", clause)
    }
    chosen = [name for name in origins if name in required] or [name for name in origins if name in words]
    return [one for name in chosen for one in origins[name]]


def _loosen(text: str, named: list[tuple[str, str]]) -> str:
    """Of Dask's versions dask-cuda takes but a few, which nobody would guess."""
    bounds = re.findall(r"\b(?:dask|distributed)>=(\d+\.\d+)\.(\d+),<\1\.\d", text)
    taken = sorted({f"{month}.{patch}" for month, patch in bounds})
    if taken and any(one.startswith("dask-cuda") for one, _ in named):
        return f"dask-cuda works with dask {' or '.join(taken)}: ask for that, or for a cluster without GPUs."
    return "Loosen one of them."


def _sides(named: list[tuple[str, str]]) -> str:
    return " and ".join(f"{text} ({origin})" for text, origin in dict.fromkeys(named))


def _clean(said: str) -> str:
    kept = [
        line
        for line in said.splitlines()
        if not re.match(r"\s*(warning:|Using Python|Resolved|Download|Prepared)", line)
    ]
    return "\n".join(kept).strip()
