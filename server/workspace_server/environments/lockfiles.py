"""Reading the locks that a project brings: ``uv.lock`` and ``pylock.toml``. What they pin is pinned here too.

What the kernel and the cluster need beyond that is resolved around it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from packaging.pylock import Pylock, PylockValidationError
from packaging.utils import canonicalize_name

from .errors import Unbuildable
from .pyproject import PYPI, read_toml
from .pythons import Wanted
from .requirements import PUBLISH, Requirement, Requirements, hashed, refuse, requirement
from .uv import apart

# The kinds of sources of uv.lock that are not an index, and what each is refused as.
ELSEWHERE = {"git": "vcs", "url": "direct_url", "path": "local_path", "directory": "local_path"}
OWN = ("editable", "virtual")


def read_uv(path: Path, root: Path) -> Requirements:
    """The pins of a ``uv.lock`` for the project beside it, with its default groups.

    Raises
    ------
    Unbuildable
        It cannot be used; the message names the package and its line.
    """
    name = path.relative_to(root.resolve()).as_posix()
    text, content = read_toml(path, name)
    if not path.with_name("pyproject.toml").is_file():
        raise Unbuildable("no_project", f"{name} has no pyproject.toml beside it.", "Add it, or remove the lock.")
    lines = _heads(text, "package")
    projects: dict[str, str] = {}
    for package, number in zip(content.get("package", []), lines, strict=False):
        source = package.get("source", {})
        if kind := next((kind for kind in OWN if kind in source), ""):
            projects[str(source[kind])] = str(package.get("name"))
        else:
            _check_source(source, str(package.get("name")), f"{name}, line {number}")
    places = {canonicalize_name(one["name"]): number for one, number in zip(content["package"], lines, strict=False)}
    files = [path, *(path.parent / folder / "pyproject.toml" for folder in projects)]
    for other in files:
        if not other.resolve().is_relative_to(root.resolve()) or not other.is_file():
            raise Unbuildable("missing_file", f"{name} needs {other.name} of {other.parent.name}.", "Add the file.")
    texts = {one.relative_to(path.parent).as_posix(): one.read_text() for one in files if one != path}
    exported = _export(text, tuple(sorted(texts.items())), name)
    found = Requirements(files=files, python=_python(content, text, name))
    for head, hashes in hashed(exported):
        if head and not head.startswith("#"):
            of = canonicalize_name(re.split(r"[\[=<>; ]", head, maxsplit=1)[0])
            one = requirement(head, f"{name}, line {places.get(of, 1)}")
            if one is not None:
                found.wanted.append(Requirement(one.text, one.origin, hashes))
    return found


def read_pylock(path: Path, root: Path) -> Requirements:
    """The pins of a ``pylock.toml`` (PEP 751), with its default groups.

    Raises
    ------
    Unbuildable
        It cannot be used; the message names the package and its line.
    """
    name = path.relative_to(root.resolve()).as_posix()
    text, content = read_toml(path, name)
    try:
        lock = Pylock.from_dict(content)
    except PylockValidationError as error:
        raise Unbuildable("bad_syntax", f"{name} cannot be read: {error}.", "Write it again with uv.") from None
    found = Requirements(files=[path], python=_python(content, text, name))
    chosen = {"extras": frozenset[str](), "dependency_groups": frozenset(lock.default_groups or ())}
    for package, number in zip(lock.packages, _heads(text, "packages"), strict=False):
        place = f"{name}, line {number}"
        if package.vcs or package.directory or package.archive:
            kind = "vcs" if package.vcs else "local_path" if package.directory else "direct_url"
            raise _elsewhere(kind, place, str(package.name))
        if package.index is not None and package.index not in PYPI:
            raise _elsewhere("index_option", place, str(package.name))
        if package.version is None:
            raise Unbuildable("bad_syntax", f"{place}: {package.name} has no version.", "Write it again with uv.")
        marker = str(package.marker) if package.marker is not None else ""
        if package.marker is not None and re.search(r"extras|dependency_groups", marker):
            if not package.marker.evaluate(chosen, context="lock_file"):
                continue
            marker = ""
        files = [*(package.wheels or ()), *([package.sdist] if package.sdist else ())]
        hashes = tuple(f"{kind}:{value}" for file in files for kind, value in file.hashes.items())
        pin = f"{package.name}=={package.version}" + (f"; {marker}" if marker else "")
        found.wanted.append(Requirement(pin, place, hashes))
    return found


@lru_cache(maxsize=64)
def _export(lock: str, projects: tuple[tuple[str, str], ...], name: str) -> str:
    """uv's own reading of its lock, beside nothing but the projects' files: nothing is resolved, fetched or run."""
    with tempfile.TemporaryDirectory(prefix="atrium-lock-") as folder:
        (Path(folder) / "uv.lock").write_text(lock)
        for relative, text in projects:
            path = Path(folder) / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        options = ("--frozen", "--no-header", "--no-annotate", "--no-emit-workspace", "--no-emit-local", "--quiet")
        done = apart(("export", *options), Path(folder))
    if done.returncode != 0:
        raise Unbuildable("bad_lock", f"{name} cannot be used: {done.stderr}.", "Write it again with `uv lock`.")
    return done.stdout


def _check_source(source: Mapping[str, Any], package: str, place: str) -> None:
    for kind, code in ELSEWHERE.items():
        if kind in source:
            raise _elsewhere(code, place, package)
    if str(source.get("registry", "")) not in PYPI:
        raise _elsewhere("index_option", place, package)


def _elsewhere(code: str, place: str, package: str) -> Unbuildable:
    what = {
        "vcs": "from a source repository",
        "local_path": "from a path",
        "direct_url": "from an address",
        "index_option": "from another package index",
    }[code]
    return refuse(code, place, f"{package} {what}", "Packages come from this machine's package index only.", PUBLISH)


def _python(content: dict[str, Any], text: str, name: str) -> Wanted:
    asked = str(content.get("requires-python", ""))
    number = next((at for at, line in enumerate(text.splitlines(), 1) if line.startswith("requires-python")), 1)
    return Wanted(asked, f"{name}, line {number}") if asked else Wanted()


def _heads(text: str, table: str) -> list[int]:
    """The lines that packages begin on."""
    head = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), 1) if head.match(line)]
