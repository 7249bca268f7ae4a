"""From a declaration to a lock: exact versions with hashes, resolved once and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import Consent, Package
from workspace_ext.engines.requirements import CONDA, KERNEL, SOURCE_BUILDS

from ..kit.home import Home
from .conda import packages as conda
from .conda.packages import Solved
from .declaration import PLATFORM, Declaration
from .errors import Unbuildable
from .explain import explain
from .progress import Report, silent
from .pythons import interpreter, own
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
    """``text`` is canonical, so that the same set of packages has the same ``id`` everywhere. What conda installs comes
    after all else, as pixi writes it."""

    id: str
    text: str

    @property
    def runs_code(self) -> bool:
        """Whether installing it builds something from source that somebody had to agree to."""
        return re.search(r"^--no-binary", self.text, re.MULTILINE) is not None

    @property
    def pip(self) -> str:
        """What uv installs."""
        return self.text.partition(CONDA)[0]

    @property
    def conda(self) -> str:
        """What conda installs; "" for nothing."""
        return self.text.partition(CONDA)[2]

    @property
    def pinned(self) -> list[Package]:
        """The packages that uv installs."""
        pinned = re.findall(r"^([\w.-]+)==([^\s;\\]+)", self.pip, re.MULTILINE)
        return [Package(name, version) for name, version in pinned]

    @property
    def packages(self) -> list[Package]:
        return sorted([*conda.packages(self.conda), *self.pinned], key=lambda one: one.name)


def remembered(home: Home, declaration: Declaration) -> Lock | None:
    """The lock of an earlier :func:`resolve` of the same declaration."""
    try:
        memo = json.loads(_memo(home, declaration).read_text())
        return Lock(memo["id"], memo["lock"])
    except (OSError, ValueError, KeyError):
        return None


def resolve(home: Home, declaration: Declaration, uv: Uv, report: Report = silent) -> Lock:
    """The remembered lock, or a new one.

    Raises
    ------
    Unbuildable, Offline
        There is no set of packages that meets the requirements; the message names their lines.
    """
    if (known := remembered(home, declaration)) is not None:
        return known
    with tempfile.TemporaryDirectory(dir=home.cache, prefix="resolve-") as name:
        solved = _solve(home, Path(name), declaration, uv, report)
        lock = _compile(Path(name), declaration, uv, solved)
        if bounds := _untold(lock):
            constraints = declaration.constraints + "".join(f"{text}  # {why}\n" for text, why in bounds)
            lock = _compile(Path(name), replace(declaration, constraints=constraints), uv, solved)
    path = _memo(home, declaration)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps({"id": lock.id, "lock": lock.text}))
    partial.replace(path)
    return lock


def _solve(home: Home, folder: Path, declaration: Declaration, uv: Uv, report: Report) -> Solved | None:
    """Conda's packages, which are chosen first: pip's have to get along with them, as they do in conda itself."""
    if declaration.conda is None:
        return None
    lines = [line.partition("  # ") for line in declaration.requirements.splitlines()]
    # What the file itself has pip install may be something else by the same name; uv says where that goes wrong.
    bounds = [(text, origin) for text, _, origin in lines if text in (*KERNEL, *declaration.extras)]
    solved = conda.solve(home, declaration.conda, bounds, folder / "conda", uv, report)
    report("resolving", "resolving what pip installs", 0, 0)
    return solved


def _compile(folder: Path, declaration: Declaration, uv: Uv, solved: Solved | None) -> Lock:
    (folder / "in.txt").write_text(declaration.requirements)
    constraints = declaration.constraints + "".join(f"{pin}  # trusted\n" for pin in declaration.sources)
    if solved is not None:
        constraints += solved.pins
        declaration = replace(declaration, constraints=constraints)
    (folder / "constraints.txt").write_text(constraints)
    constrained: list[str | Path] = ["-c", folder / "constraints.txt"] if constraints else []
    out = folder / "out.txt"
    settings = ""
    if solved is not None:
        shutil.rmtree(folder / "wheels", ignore_errors=True)
        constrained += ["--find-links", conda.stand_ins(solved, folder / "wheels")]
        settings = solved.settings
    options = [*constrained, *_agreed(declaration), "--generate-hashes", "--no-strip-extras"]
    # Its own requirements are what a package's build says.
    confined = bool(declaration.sources)
    status, said = _uv_compile(
        folder / "in.txt", out, declaration.python, uv, *options, settings=settings, confined=confined
    )
    if status != 0:
        error = explain(declaration, said, lambda name: _oldest_wheel(name, declaration.python, folder, uv))
        if isinstance(error, Unbuildable) and error.code == "source_only":
            error.consent = _consent(declaration, error.package, folder, uv)
            if error.consent is not None:
                error.hint += f" Or have an owner of the project trust {error.consent.what}, which is then built."
        raise error
    return canonical(out.read_text(), declaration, solved)


def _agreed(declaration: Declaration) -> list[str]:
    """Options for what was agreed to."""
    indexes = [word for url in declaration.indexes for word in ("--index", url)]
    return indexes + [word for pin in declaration.sources for word in ("--no-binary", pin.partition("==")[0])]


def _consent(declaration: Declaration, package: str, folder: Path, uv: Uv) -> Consent | None:
    """What would have to be agreed to: the version that would be built. Nothing of it is run to find that out, as its
    own requirements are said to be none."""
    name = canonicalize_name(package)
    lines = declaration.requirements.splitlines()
    asked = [line for line in lines if canonicalize_name(Parsed(line.partition("  # ")[0]).name) == name]
    given, out = folder / "source.txt", folder / "source-out.txt"
    given.write_text("\n".join(asked or [name]) + "\n")
    known = f'[[dependency-metadata]]\nname = "{name}"\nrequires-dist = []\n'
    options = (*_agreed(declaration), "--no-binary", name, "--no-deps", "--emit-index-annotation")
    status, _ = _uv_compile(given, out, declaration.python, uv, *options, settings=known)
    found = re.search(r"^([\w.-]+==\S+)(?:\n\s+# from (\S+))?", out.read_text(), re.MULTILINE) if status == 0 else None
    if found is None:
        return None
    text, _, origin = asked[0].partition("  # ") if asked else ("", "", "")
    return Consent("source", text, found[1], urlsplit(found[2] or "").hostname or "the package index", origin)


def _uv_compile(
    given: Path, out: Path, python: str, uv: Uv, *options: str | Path, settings: str = "", confined: bool = False
) -> tuple[int, str]:
    return uv.run(
        [
            "pip", "compile", given, "-o", out, *options, "--no-header", "--no-annotate",
            "--python-version", python, "--python", _some(python), *WHEELS_ONLY,
        ],
        within=RESOLVE,
        settings=settings,
        confined=confined,
    )  # fmt: skip


def _some(python: str) -> Path:
    """That Python, or another: uv needs one to run, and resolves for any version. Conda's own would run code of
    packages as it starts."""
    try:
        return interpreter(python)
    except Unbuildable:
        return own()


def _untold(lock: Lock) -> list[tuple[str, str]]:
    """The bounds that packages of the lock have without saying so, each with whose it is."""
    pinned = {one.name: one.version for one in lock.packages}

    def met(text: str) -> bool | None:
        """None where the package is not there at all."""
        asked = Parsed(text)
        return asked.specifier.contains(pinned[asked.name], prereleases=True) if asked.name in pinned else None

    return [(bound.text, bound.why) for bound in UNTOLD if met(bound.beside) and met(bound.text) is False]


def _oldest_wheel(name: str, python: str, folder: Path, uv: Uv) -> str:
    given, out = folder / "one.txt", folder / "oldest.txt"
    given.write_text(name + "\n")
    status, _ = _uv_compile(given, out, python, uv, "--resolution", "lowest", "--no-deps")
    return out.read_text().strip().partition("==")[2] if status == 0 else ""


def canonical(text: str, declaration: Declaration, solved: Solved | None = None) -> Lock:
    """uv's output as a lock: sorted, with no other hashes than those a requirement demands, and without what conda has
    already."""
    demanded: dict[str, set[str]] = {}
    for name, digest in declaration.hashes:
        demanded.setdefault(name, set()).add(digest)
    entries = []
    for head, hashes in hashed(text):
        name = canonicalize_name(re.split(r"[\[=<>]", head, maxsplit=1)[0].strip())
        if solved is not None and name in solved.distributions:
            continue
        if name in demanded and not (hashes := tuple(one for one in hashes if one in demanded[name])):
            raise Unbuildable(
                "hash_mismatch",
                f"{declaration.source} demands hashes of {name} that the package index's files do not have.",
                "Update the hashes, or remove them.",
            )
        # Extras are resolved by now, and `uv pip sync` takes none.
        pinned = re.sub(r"\[[^\]]*\]", "", head).strip()
        entries.append(" \\\n    --hash=".join([pinned, *sorted(hashes)]))
    # As pip and uv read them, so that the lock says it all.
    agreed = [f"--extra-index-url {url}" for url in declaration.indexes]
    agreed += [f"--no-binary {pin.partition('==')[0]}" for pin in declaration.sources]
    body = "\n".join([*agreed, *sorted(entries)]) + "\n" + (f"{CONDA}{solved.lock}" if solved is not None else "")
    # On another accelerator what is installed may differ, even where the lock does not.
    accelerator = [] if declaration.accelerator == "cpu" else [declaration.accelerator]
    identity = "\0".join((body, declaration.python, PLATFORM, *accelerator))
    return Lock(hashlib.sha256(identity.encode()).hexdigest()[:24], body)


def _memo(home: Home, declaration: Declaration) -> Path:
    return home.environments / ".memo" / f"{declaration.digest}.json"
