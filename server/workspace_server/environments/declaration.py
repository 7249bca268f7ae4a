"""What declares an environment: the nearest file that can, from the notebook's folder up, or nothing.

In one folder a lock goes before what it was made from, and what pip reads before what names a project or conda's
packages. Whatever else was found is told, never mixed in.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement as Parsed

from workspace_ext.engines.requirements import DASK, GPU, KERNEL, SHARED, SPARK

from ..kit.errors import Invalid
from ..kit.home import Home
from . import lockfiles, pyproject, pythons, requirements
from .conda import declared
from .errors import Unbuildable
from .requirements import Conda, Requirement, Requirements
from .trust import NOTHING, Agreed, Trusted

READERS: Mapping[str, Callable[[Path, Path], Requirements]] = {
    "uv.lock": lockfiles.read_uv,
    "pylock.toml": lockfiles.read_pylock,
    "requirements.txt": requirements.read,
    "pyproject.toml": pyproject.read,
    "environment.yml": declared.read,
    "environment.yaml": declared.read,
}
LOCK_FILE = "pylock.toml"
LOCKS = ("uv.lock", LOCK_FILE)
BASE = ("pandas", "numpy", "matplotlib", "plotly")
PLATFORM = "-".join((sysconfig.get_platform(), *platform.libc_ver()))


@dataclass(frozen=True)
class Declaration:
    """A snapshot of what is asked for.

    Attributes
    ----------
    root, files
        The project's folder and the files in it that were read.
    requirements, constraints
        For the resolver; each line's comment says where it comes from.
    source
        The declaring file relative to ``root``, or "" for the base set.
    digest
        SHA-256 of all that decides the result, the same in every checkout of the same content.
    extras, hashes
        What was asked for beyond the files, and the hashes that they demand of a package.
    python
        The version ("3.11"), which is installed here unless it comes from conda.
    also
        Other files that could have declared it, the nearest first.
    indexes, sources
        What was agreed to: addresses of further package indexes, the first goes first, and versions ("x==1") that are
        built from source.
    conda
        What comes from channels of conda, below all else.
    """

    root: Path
    files: tuple[Path, ...]
    requirements: str
    source: str
    digest: str
    constraints: str = ""
    extras: tuple[str, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    python: str = pythons.OWN
    also: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    conda: Conda | None = None

    @property
    def accelerator(self) -> str:
        """What it computes on: ``cpu``, or GPUs by at most that CUDA (``cu12``, ``cu13``)."""
        return next((name for name, texts in GPU.items() if set(texts) <= set(self.extras)), "cpu")


def declare(
    folder: Path,
    root: Path | None = None,
    extras: Sequence[str] = (),
    trusted: Trusted = NOTHING,
    without: str = "",
) -> Declaration:
    """What the files from ``folder`` up to ``root`` declare (``root`` None: no project, the base set), as if there
    were none of the name ``without``.

    Raises
    ------
    Unbuildable
        A file says what cannot be read or is not allowed; ``source`` is the declaring one.
    """
    candidates = [one for one in nearest(folder, root) if one.name != without] if root is not None else []
    sources = [path.relative_to(root.resolve()).as_posix() for path in candidates] if root is not None else []
    try:
        return _declare(folder, root, extras, candidates, sources, trusted)
    except Unbuildable as error:
        error.source = sources[0] if sources else ""
        raise


def _declare(
    folder: Path,
    root: Path | None,
    extras: Sequence[str],
    candidates: list[Path],
    sources: list[str],
    trusted: Trusted,
) -> Declaration:
    if not candidates or root is None:
        found = Requirements([Requirement(name, "the base set") for name in BASE])
    else:
        found = READERS[candidates[0].name](candidates[0], root)
    for index in found.indexes:
        if Agreed(index.kind, index.line, index.url) not in trusted:
            raise index.refused()
    pinned = pythons.pinned(folder, root) if root is not None else None
    asked = pinned or found.python
    python = (pythons.choose_any if found.conda else pythons.choose)(asked)
    conda = found.conda
    if conda is not None:
        conda = replace(conda, specs=(*conda.specs, (f"python {python}.*", asked.origin or "the kernel")))
    named = {one.name for one in found.wanted}
    # A project's own version of a popular library wins over the one that the kernel would bring.
    injected = [
        one
        for one in (Requirement(text, "the kernel") for text in KERNEL)
        if one.name == "ipykernel" or one.name not in named
    ]
    added = [Requirement(text, _origin(text)) for text in sorted(set(extras))]
    wanted = "".join(one.line() + "\n" for one in [*found.wanted, *injected, *added])
    constraints = "".join(one.line() + "\n" for one in found.constraints)
    hashes = tuple((one.name, digest) for one in found.wanted for digest in one.hashes)
    base = (root or folder).resolve()
    # Not where a requirement is written: a comment added above it must not resolve everything anew.
    texts = (sorted({one.text for one in group}) for group in ([*found.wanted, *injected, *added], found.constraints))
    indexes = tuple(dict.fromkeys(index.url for index in found.indexes if index.kind == "index"))
    lines = {"", *(one.text for one in found.wanted)}
    built = tuple(sorted(one.what for one in trusted if one.kind == "source" and one.line in lines))
    of_conda = (conda.channels, sorted(text for text, _ in conda.specs)) if conda is not None else None
    identity = repr((*texts, sorted(hashes), python, PLATFORM, *filter(None, (indexes, built, of_conda))))
    return Declaration(
        root=base,
        files=tuple(found.files),
        requirements=wanted,
        source=sources[0] if sources else "",
        digest=hashlib.sha256(identity.encode()).hexdigest(),
        constraints=constraints,
        extras=tuple(sorted(set(extras))),
        hashes=hashes,
        python=python,
        also=tuple(sources[1:]),
        indexes=indexes,
        sources=built,
        conda=conda,
    )


def nearest(folder: Path, root: Path) -> list[Path]:
    """The files from ``folder`` up to ``root`` that can declare an environment; the first one does."""
    root = root.resolve()
    found: list[Path] = []
    for at in pythons.upwards(folder, root):
        for name in READERS:
            candidate = at / name
            # A link that leaves the project could read any file of the machine into an error message.
            inside = candidate.is_file() and candidate.resolve().is_relative_to(root)
            if inside and (name != "pyproject.toml" or pyproject.is_project(candidate)):
                found.append(candidate)
    return found


def made_from(found: Sequence[Path]) -> Path | None:
    """What the lock ``found[0]`` locks: what would declare the environment if it was not there, in its folder."""
    return next((one for one in found[1:] if one.parent == found[0].parent and one.name not in LOCKS), None)


def _origin(requirement: str) -> str:
    if requirement in DASK:
        return "the Dask cluster"
    if requirement in SPARK:
        return "the Spark cluster"
    if any(requirement in texts for texts in GPU.values()):
        return "the GPU workers" if requirement.startswith("dask-cuda") else "the driver of the GPUs"
    return "the Dask scheduler" if Parsed(requirement).name in SHARED else "an extra"


@dataclass(frozen=True)
class Place:
    """Where a notebook is: ``root`` is its project's checkout, None outside of any project."""

    notebook: str
    folder: Path
    root: Path | None


def locate(home: Home, notebook: str) -> Place:
    """The place of the notebook at this path relative to ``work``.

    Raises
    ------
    Invalid
        The path leaves ``work``.
    """
    relative = os.path.normpath(notebook.strip("/"))
    path = home.work / relative
    if "\0" in notebook or relative.startswith("..") or not path.parent.resolve().is_relative_to(home.work):
        raise Invalid(
            "outside_work", f"{notebook!r} is not in the workspace.", "Give a path below its work folder.", "notebook"
        )
    parts = Path(relative).parts
    root = home.projects / parts[1] / parts[2] if parts[0] == home.projects.name and len(parts) > 3 else None
    if root is not None and not path.parent.resolve().is_relative_to(root.resolve()):
        raise Invalid("outside_project", f"{notebook!r} leaves its project.", "Open it where it lies.", "notebook")
    return Place(Path(relative).as_posix(), path.parent, root)
