"""From a declaration to a lock: exact versions with hashes, resolved once and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import Package
from workspace_ext.engines.requirements import SOURCE_BUILDS

from ..kit.home import Home
from .declaration import PLATFORM, Declaration
from .errors import Unbuildable
from .explain import explain
from .pythons import interpreter
from .requirements import hashed
from .uv import Uv

RESOLVE = 300.0
"""Seconds that resolving may take, whatever the package index does."""
# Building from source runs code that nobody has looked at; the exceptions are published in no other form.
WHEELS_ONLY = ("--only-binary", ":all:", *(word for name in SOURCE_BUILDS for word in ("--no-binary", name)))


@dataclass(frozen=True)
class Untold:
    """Where a lock has ``beside``, ``text`` holds as well; no metadata says so."""

    beside: str
    text: str
    why: str


UNTOLD = (Untold("numpy<2", "pyarrow<26", "pyarrow 26 needs numpy 2"),)


@dataclass(frozen=True)
class Lock:
    """``text`` is canonical, so that the same set of packages has the same ``id`` everywhere."""

    id: str
    text: str

    @property
    def packages(self) -> list[Package]:
        pinned = re.findall(r"^([\w.-]+)==([^\s;\\]+)", self.text, re.MULTILINE)
        return [Package(name, version) for name, version in pinned]


def remembered(home: Home, declaration: Declaration) -> Lock | None:
    """The lock of an earlier :func:`resolve` of the same declaration."""
    try:
        memo = json.loads(_memo(home, declaration).read_text())
        return Lock(memo["id"], memo["lock"])
    except (OSError, ValueError, KeyError):
        return None


def resolve(home: Home, declaration: Declaration, uv: Uv) -> Lock:
    """The remembered lock, or a new one.

    Raises
    ------
    Unbuildable, Offline
        There is no set of packages that meets the requirements; the message names their lines.
    """
    if (known := remembered(home, declaration)) is not None:
        return known
    with tempfile.TemporaryDirectory(dir=home.cache, prefix="resolve-") as name:
        lock = _compile(Path(name), declaration, uv)
        if bounds := _untold(lock):
            constraints = declaration.constraints + "".join(f"{text}  # {why}\n" for text, why in bounds)
            lock = _compile(Path(name), replace(declaration, constraints=constraints), uv)
    path = _memo(home, declaration)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps({"id": lock.id, "lock": lock.text}))
    partial.replace(path)
    return lock


def _compile(folder: Path, declaration: Declaration, uv: Uv) -> Lock:
    (folder / "in.txt").write_text(declaration.requirements)
    (folder / "constraints.txt").write_text(declaration.constraints)
    constrained: list[str | Path] = ["-c", folder / "constraints.txt"] if declaration.constraints else []
    out = folder / "out.txt"
    options = [*constrained, "--generate-hashes", "--no-strip-extras"]
    status, said = _uv_compile(folder / "in.txt", out, declaration.python, uv, *options)
    if status != 0:
        raise explain(declaration, said, lambda name: _oldest_wheel(name, declaration.python, folder, uv))
    return canonical(out.read_text(), declaration)


def _uv_compile(given: Path, out: Path, python: str, uv: Uv, *options: str | Path) -> tuple[int, str]:
    return uv.run(
        [
            "pip", "compile", given, "-o", out, *options, "--no-header", "--no-annotate",
            "--python-version", python, "--python", interpreter(python), *WHEELS_ONLY,
        ],
        within=RESOLVE,
    )  # fmt: skip


def _untold(lock: Lock) -> list[tuple[str, str]]:
    """The bounds that packages of the lock have without saying so, each with whose it is."""
    pinned = {one.name: one.version for one in lock.packages}

    def met(text: str) -> bool | None:
        """None where the package is not there at all."""
        asked = Requirement(text)
        return asked.specifier.contains(pinned[asked.name], prereleases=True) if asked.name in pinned else None

    return [(bound.text, bound.why) for bound in UNTOLD if met(bound.beside) and met(bound.text) is False]


def _oldest_wheel(name: str, python: str, folder: Path, uv: Uv) -> str:
    given, out = folder / "one.txt", folder / "oldest.txt"
    given.write_text(name + "\n")
    status, _ = _uv_compile(given, out, python, uv, "--resolution", "lowest", "--no-deps")
    return out.read_text().strip().partition("==")[2] if status == 0 else ""


def canonical(text: str, declaration: Declaration) -> Lock:
    """uv's output as a lock: sorted, and with no other hashes than those a requirement demands."""
    demanded: dict[str, set[str]] = {}
    for name, digest in declaration.hashes:
        demanded.setdefault(name, set()).add(digest)
    entries = []
    for head, hashes in hashed(text):
        name = canonicalize_name(re.split(r"[\[=<>]", head, maxsplit=1)[0].strip())
        if name in demanded and not (hashes := tuple(one for one in hashes if one in demanded[name])):
            raise Unbuildable(
                "hash_mismatch",
                f"{declaration.source} demands hashes of {name} that the package index's files do not have.",
                "Update the hashes, or remove them.",
            )
        # Extras are resolved by now, and `uv pip sync` takes none.
        pinned = re.sub(r"\[[^\]]*\]", "", head).strip()
        entries.append(" \\\n    --hash=".join([pinned, *sorted(hashes)]))
    body = "\n".join(sorted(entries)) + "\n"
    identity = "\0".join((body, declaration.python, PLATFORM))
    return Lock(hashlib.sha256(identity.encode()).hexdigest()[:24], body)


def _memo(home: Home, declaration: Declaration) -> Path:
    return home.environments / ".memo" / f"{declaration.digest}.json"
