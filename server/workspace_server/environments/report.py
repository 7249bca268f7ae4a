"""All about one environment: what is in it, why, and what is different from the branch that others start from."""

from __future__ import annotations

import json
from collections.abc import Callable

from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import EnvironmentReport, InstalledPackage, PackageChange
from workspace_ext.contract.operations import WireError

from ..kit.errors import AtriumError, Conflict
from ..kit.home import Home
from . import build, locking, records, room, why
from .conda import packages as conda
from .conda.explain import name_of
from .declaration import Declaration
from .explain import origins_of
from .lock import Lock, remembered, resolve
from .proposals import changes
from .uv import Uv


def report(
    home: Home, declaration: Declaration, base: tuple[str, Callable[[], Declaration]] | None, uv: Uv
) -> EnvironmentReport:
    """About the environment that ``declaration`` was built into.

    Parameters
    ----------
    base
        A branch, and what it declares in the same place.

    Raises
    ------
    Conflict
        It is not built yet.
    """
    environment, lock = build.find(home, declaration), remembered(home, declaration)
    if environment is None or lock is None:
        raise Conflict("not_built", "The environment is not built yet.", "Build it first.")
    ready = json.loads((environment.folder / build.READY).read_text())
    changed: list[PackageChange] = []
    error: WireError | None = None
    if base is not None:
        try:
            changed = changes(_lock_of(home, base[1](), uv), lock)
        except AtriumError as failure:
            error = WireError(failure.code, failure.message, failure.hint)
    return EnvironmentReport(
        id=environment.id,
        source=declaration.source,
        also=list(declaration.also),
        python=ready["python"],
        built=ready["built"],
        seconds=ready["seconds"],
        bytes=room.size(environment),
        packages=_packages(environment, declaration, lock, ready["python"]),
        lock=lock.text,
        base=base[0] if base is not None else "",
        changes=changed,
        base_error=error,
        lock_file=locking.state(declaration.root, declaration.source, declaration.python),
        accelerator=declaration.accelerator,
    )


def _lock_of(home: Home, declaration: Declaration, uv: Uv) -> Lock:
    if declaration.conda is not None and remembered(home, declaration) is None:
        raise Conflict(
            "not_resolved", "What it declares has packages of conda, which were not chosen here yet.",
            "Open a notebook of it: choosing them downloads them.",
        )  # fmt: skip
    return resolve(home, declaration, uv)


def _packages(
    environment: build.Environment, declaration: Declaration, lock: Lock, python: str
) -> list[InstalledPackage]:
    asked = origins_of(declaration.requirements)
    texts = [text for several in asked.values() for text, _ in several]
    parents = why.required_by(records.site_packages(environment.folder), python, texts)
    origins = {name: several[0][1] for name, several in asked.items()}
    locked = conda.listed(lock.conda)
    for one in locked.values():
        for needed in one.depends:
            parents[needed] = sorted({*parents.get(needed, ()), one.name})
    if declaration.conda is not None:
        origins = {name_of(text): origin for text, origin in declaration.conda.specs} | origins
    return [
        InstalledPackage(one.name, one.version, parents.get(name, []), origins.get(name, ""))
        for one in environment.packages
        for name in [one.name if one.name in locked else canonicalize_name(one.name)]
    ]
