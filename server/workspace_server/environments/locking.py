"""A lock in the project itself, ``pylock.toml`` (PEP 751), for those who keep one in git.

It is written from what declares the environment beside it, with the versions that are in use; from then on it goes
before that (see :mod:`.declaration`), and whether it still fits it is told.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement as Parsed

from workspace_ext.contract.environments import LockFile, PackageChange

from ..kit.errors import Conflict
from ..kit.home import Home
from .declaration import LOCK_FILE, READERS, declare, made_from, nearest
from .errors import Unbuildable
from .explain import explain
from .lock import RESOLVE, WHEELS_ONLY, resolve
from .lockfiles import read_pylock
from .pythons import interpreter
from .requirements import Requirements
from .trust import NOTHING, Trusted
from .uv import Uv

FILES = "https://files.pythonhosted.org"
_HASHED = re.compile(r"/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+$")


@dataclass(frozen=True)
class Written:
    """A lock that is not on the disk yet: ``file`` is relative to the project. ``changes`` are the pins that differ
    from the file's before; all of them where there was none."""

    file: str
    text: str
    changes: list[PackageChange]


def state(root: Path, source: str, python: str) -> LockFile | None:
    """How the lock ``source`` (relative to ``root``) fits what is beside it; None if that is no such file."""
    path = root / source
    if path.name != LOCK_FILE:
        return None
    beside = made_from(nearest(path.parent, root))
    if beside is None:
        return LockFile(source, "", [])
    name = beside.relative_to(root.resolve()).as_posix()
    try:
        asked, pins = READERS[beside.name](beside, root), read_pylock(path, root)
    except Unbuildable as error:
        return LockFile(source, name, [error.message])
    stale = _unmet(asked, pins, python)
    made = tomllib.loads(path.read_text()).get("tool", {}).get("atrium")
    if not stale and isinstance(made, dict) and made.get("asked") != _digest(asked):
        stale = [f"{name} has changed since {path.name} was written."]
    return LockFile(source, name, stale)


def write_up(
    home: Home, folder: Path, root: Path, uv: Uv, extras: Sequence[str] = (), trusted: Trusted = NOTHING
) -> Written:
    """The lock of what is declared for notebooks in ``folder``. Resolves, and writes nothing.

    Versions stay: those of the lock that is there, else those of the environment that is used.

    Raises
    ------
    Conflict
        There is nothing that it could be written from.
    Unbuildable
        It cannot be met, or not be written down for others.
    """
    root = root.resolve()
    source = _source(nearest(folder, root), root)
    target = source.with_name(LOCK_FILE)
    asked = READERS[source.name](source, root)
    declaration = declare(folder, root, extras, trusted, without=LOCK_FILE)
    if declaration.conda is not None:
        raise Unbuildable(
            "not_lockable", f"{declaration.source} has packages of conda, of which {LOCK_FILE} knows nothing.",
            "Lock it with pixi or conda-lock, if it is to be committed: the environment has a lock all the same, in "
            "Details.",
        )  # fmt: skip
    if declaration.indexes or declaration.sources:
        raise Unbuildable(
            "not_lockable",
            f"{declaration.source} relies on what an owner of the project has agreed to for its very lines "
            f"({', '.join([*declaration.indexes, *declaration.sources])}), which a lock does not have.",
            "Commit no lock file then: the environment has a lock all the same, in Details.",
        )
    before = _pins(target, root)
    constraints = [one.text for one in asked.constraints]
    with tempfile.TemporaryDirectory(dir=home.cache, prefix="lock-") as name:
        out = Path(name) / LOCK_FILE
        if before:
            out.write_text(target.read_text())  # uv stays with what it pins.
        else:
            constraints += [f"{one.name}=={one.version}" for one in resolve(home, declaration, uv).packages]
        (out.parent / "in.txt").write_text("".join(f"{one.text}\n" for one in asked.wanted))
        (out.parent / "constraints.txt").write_text("".join(f"{one}\n" for one in constraints))
        # For every platform if that can be had, else for this one.
        for platforms in (("--universal",), ()):
            status, said = uv.run(
                [
                    "pip", "compile", out.parent / "in.txt", "-c", out.parent / "constraints.txt", *platforms,
                    "--format", "pylock.toml", "-o", out, "--no-header", "--no-annotate",
                    "--python-version", declaration.python, "--python", interpreter(declaration.python), *WHEELS_ONLY,
                ],
                within=RESOLVE,
            )  # fmt: skip
            if status == 0:
                break
        else:
            raise explain(declaration, said)
        text = _for_others(out.read_text(), asked.python.specifiers)
        text += f'\n[tool.atrium]\nmade-from = "{source.name}"\nasked = "{_digest(asked)}"\n'
        out.write_text(text)
        after = _pins(out, out.parent)
    names = sorted(one for one in {*before, *after} if before.get(one) != after.get(one))
    changes = [PackageChange(one, before.get(one, ""), after.get(one, "")) for one in names]
    return Written(target.relative_to(root).as_posix(), text, changes)


def _source(found: list[Path], root: Path) -> Path:
    if not found:
        raise Conflict("nothing_declared", "The project declares nothing that could be locked.", "Add a package first.")
    name = found[0].relative_to(root).as_posix()
    if found[0].name == "uv.lock":
        raise Conflict("locked", f"{name} is the lock of this project already.", "Write it again with `uv lock`.")
    source = made_from(found) if found[0].name == LOCK_FILE else found[0]
    if source is None:
        raise Conflict(
            "no_source", f"There is nothing beside {name} that it could be written from.",
            "Write it again with what it was made by.",
        )  # fmt: skip
    return source


def _pins(path: Path, root: Path) -> dict[str, str]:
    """Versions by names; none of a file that is not there, or cannot be read."""
    try:
        found = read_pylock(path, root).wanted
    except Unbuildable:
        return {}
    return {one.name: next(iter(Parsed(one.text).specifier)).version for one in found}


def _unmet(asked: Requirements, pins: Requirements, python: str) -> list[str]:
    there: dict[str, list[str]] = {}
    for pin in pins.wanted:
        there.setdefault(pin.name, []).append(next(iter(Parsed(pin.text).specifier)).version)
    found = []
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    for one in asked.wanted:
        parsed = Parsed(one.text)
        versions = there.get(one.name, [])
        if parsed.marker is not None and not parsed.marker.evaluate(here):
            continue
        if not versions:
            found.append(f"{one.text} ({one.origin}) is not in it.")
        elif not any(parsed.specifier.contains(version, prereleases=True) for version in versions):
            found.append(f"{one.text} ({one.origin}) does not allow its {one.name} {versions[0]}.")
    return found


def _digest(asked: Requirements) -> str:
    """Of what is asked for, wherever it is written and however it is explained."""
    texts = [sorted(one.text for one in each) for each in (asked.wanted, asked.constraints)]
    return hashlib.sha256(repr((texts, asked.python.specifiers)).encode()).hexdigest()[:16]


def _for_others(text: str, python: str) -> str:
    """Addresses are PyPI's: where this machine's packages come from concerns nobody else, and may hold a password."""
    text = re.sub(r'^index = ".*"$', 'index = "https://pypi.org/simple"', text, flags=re.MULTILINE)
    text = re.sub(r'\burl = "([^"]+)"', lambda match: f'url = "{_published(match[1])}"', text)
    if python:
        text = re.sub(r'^requires-python = ".*"$', f'requires-python = "{python}"', text, flags=re.MULTILINE)
    return text


def _published(url: str) -> str:
    path = urlsplit(url).path
    if match := _HASHED.search(path):
        return FILES + match[0]
    # The address by which PyPI is to be asked for a file by its name.
    file = path.rpartition("/")[2]
    name, _, rest = file.partition("-")
    kind = rest.split("-")[-3] if file.endswith(".whl") else "source"
    return f"{FILES}/packages/{kind}/{name[0]}/{name}/{file}"
