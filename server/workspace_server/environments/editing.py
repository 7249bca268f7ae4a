"""Adding a package to what a project declares, or asking for another version of it: in its file, nothing else changed.

What uv writes is left to uv: a lock is not edited, and the dependencies of ``pyproject.toml`` are edited by ``uv add``.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from ..kit.errors import Invalid
from . import requirements
from .conda import declared, edited
from .declaration import BASE, LOCK_FILE, READERS, made_from, nearest
from .errors import Unbuildable
from .pythons import upwards
from .requirements import Requirement, requirement, text_of
from .uv import apart


@dataclass(frozen=True)
class Edit:
    """A file of the project (relative to it) before and after; ``before`` is None where there is none yet. ``lock`` is
    the project's lock that has to be written again then."""

    file: str
    before: str | None
    after: str
    lock: str = ""


def edit(folder: Path, root: Path, wanted: str) -> Edit:
    """How the project would declare ``wanted`` ("polars>=1") for notebooks in ``folder``. Writes nothing.

    Raises
    ------
    Invalid
        It is no requirement, or not allowed.
    Unbuildable
        What declares the environment is not to be edited here; the hint says what to do.
    """
    text = wanted.strip()
    try:
        asked = requirement(text, "Package")
    except Unbuildable as error:
        raise Invalid(error.code, error.message, error.hint, "requirement") from None
    if asked is None or "\n" in text:
        raise Invalid("bad_syntax", f"{text!r} names no package.", "Write it like polars, or polars>=1.", "requirement")
    found = nearest(folder, root)
    root = root.resolve()
    if not found:
        lines = [one for one in BASE if canonicalize_name(one) != asked.name]
        return Edit("requirements.txt", None, "".join(f"{one}\n" for one in [*lines, text]))
    if found[0].name == LOCK_FILE and (source := made_from(found)) is not None:
        return replace(_edit(source, root, asked, text), lock=found[0].relative_to(root).as_posix())
    return _edit(found[0], root, asked, text)


def _edit(path: Path, root: Path, asked: Requirement, text: str) -> Edit:
    name = path.relative_to(root).as_posix()
    if path.name == "requirements.txt":
        return _in_requirements(path, root, asked.name, text)
    if path.name == "pyproject.toml":
        before = text_of(path, name)
        return Edit(name, before, _added(before, text))
    if path.name.startswith("environment."):
        return _in_conda(path, root, asked.name, text)
    how = "`uv add` it, which" if path.name == "uv.lock" else "Change what it was made from, and"
    raise Unbuildable("not_edited", f"{name} is a lock, and not edited here.", f"{how} write the lock again.")


def overlay(folder: Path, root: Path, change: Edit, into: Path) -> tuple[Path, Path]:
    """The same declaration with the change, as (folder, root) below ``into``."""
    root = root.resolve()
    found = nearest(folder, root)
    declaring = [*found[:1], *([root / change.file] if change.lock else [])]
    wanted = [path for one in declaring for path in READERS[one.name](one, root).files]
    wanted += [path for at in upwards(folder, root) if (path := at / ".python-version").is_file()]
    for path in wanted:
        copy = into / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    target = into / change.file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(change.after)
    below = into / folder.resolve().relative_to(root)
    below.mkdir(parents=True, exist_ok=True)
    return below, into


def _in_requirements(path: Path, root: Path, name: str, text: str) -> Edit:
    """In the line that asks for it by now, wherever it is included from; else in a new line at the end."""
    place = next((one.origin for one in requirements.read(path, root).wanted if one.name == name), "")
    if place:
        return _instead(place, root, text)
    file = path.relative_to(root).as_posix()
    before = text_of(path, file)
    gap = "" if not before or before.endswith("\n") else "\n"
    return Edit(file, before, f"{before}{gap}{text}\n")


def _in_conda(path: Path, root: Path, name: str, text: str) -> Edit:
    """Below ``pip``, or in what is included there."""
    asked = next((one for one in declared.read(path, root).wanted if one.name == name), None)
    file = path.relative_to(root).as_posix()
    if asked is not None:
        if asked.origin.rpartition(", line ")[0] != file:
            return _instead(asked.origin, root, text)
        text = _kept(asked.text, text)
    before = text_of(path, file)
    return Edit(file, before, edited.add(before, file, text))


def _instead(place: str, root: Path, text: str) -> Edit:
    """In the place of what ``place`` ("requirements.txt, line 3") asks for."""
    file, _, number = place.rpartition(", line ")
    before = text_of(root / file, file)
    lines = before.splitlines(keepends=True)
    first = last = int(number) - 1
    while lines[last].rstrip().endswith("\\") and last + 1 < len(lines):  # Its hashes are those of the old version.
        last += 1
    ending = "\n" if lines[last].endswith("\n") else ""
    comment = re.search(r"(\s+#.*?)?\s*$", lines[last] if first == last else "")
    lines[first : last + 1] = [f"{_kept(lines[first], text)}{(comment[1] if comment else '') or ''}{ending}"]
    return Edit(file, before, "".join(lines))


def _kept(line: str, text: str) -> str:
    """The new requirement with the extras and the marker of the old one, unless it brings its own."""
    try:
        old = Parsed(re.split(r"\s+#|\s--|\\", line)[0].strip())
    except ValueError:
        return text
    new = Parsed(text)
    if not new.extras and old.extras:
        new.extras = old.extras
    if new.marker is None:
        new.marker = old.marker
    return str(new)


def _added(text: str, wanted: str) -> str:
    """``pyproject.toml`` with that dependency, by uv, which keeps its comments and order."""
    content = tomllib.loads(text)
    dev = content.get("dependency-groups", {}).get("dev", [])
    group: list[str] = []
    for listed, options in ((content.get("project", {}).get("dependencies", []), []), (dev, ["--dev"])):
        for one in listed:
            if isinstance(one, str) and canonicalize_name(Parsed(one).name) == canonicalize_name(Parsed(wanted).name):
                wanted, group = _kept(one, wanted), options
    with tempfile.TemporaryDirectory(prefix="atrium-add-") as folder:
        path = Path(folder) / "pyproject.toml"
        path.write_text(text)
        done = apart(("add", "--frozen", "--raw", *group, wanted), Path(folder))
        if done.returncode != 0:
            raise Unbuildable("not_edited", f"pyproject.toml cannot be edited: {done.stderr}.", "Edit it by hand.")
        return path.read_text()
