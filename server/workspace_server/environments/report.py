"""All about one environment: what is in it, why, and what is different from the branch that others start from."""

from __future__ import annotations

import json
from collections.abc import Callable

from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import EnvironmentReport, InstalledPackage, PackageChange
from workspace_ext.contract.operations import WireError

from ..kit.errors import AtriumError, Conflict
from ..kit.home import Home
from . import build, locking, room, why
from .declaration import Declaration
from .explain import origins_of
from .lock import remembered, resolve
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
            changed = changes(resolve(home, base[1](), uv), lock)
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
        packages=_packages(environment, declaration.requirements, ready["python"]),
        lock=lock.text,
        base=base[0] if base is not None else "",
        changes=changed,
        base_error=error,
        lock_file=locking.state(declaration.root, declaration.source, declaration.python),
        accelerator=declaration.accelerator,
    )


def _packages(environment: build.Environment, wanted: str, python: str) -> list[InstalledPackage]:
    asked = origins_of(wanted)
    texts = [text for several in asked.values() for text, _ in several]
    parents = why.required_by(build.site_packages(environment.folder), python, texts)
    return [
        InstalledPackage(one.name, one.version, parents.get(name, []), asked[name][0][1] if name in asked else "")
        for one in environment.packages
        for name in [canonicalize_name(one.name)]
    ]
