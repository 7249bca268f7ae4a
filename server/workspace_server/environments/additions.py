"""Whether an environment is another one with more in it, so that what runs in that one can go on in this one.

Only where nothing that is there changes: the same Python, the same packages file by file, and further ones that
neither act when Python starts nor bring what the others bring.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from workspace_ext.contract.environments import Package

from ..kit.errors import Conflict
from ..kit.home import Home
from . import adopt, held, records
from .build import LOCK, READY, Environment, load
from .lock import Lock

# Of the commands that it installs nobody learns by importing.
COMMANDS = ("console_scripts", "gui_scripts")
AT_START = {"sitecustomize", "usercustomize"}
NAMED = 3


@dataclass(frozen=True)
class Additions:
    """What an environment has beyond another one.

    Attributes
    ----------
    packages
        The further ones.
    modules
        What can be imported by them, as far as nobody else has a share in it ("google.cloud.storage"), and whose it is.
    plugs
        What they register themselves with ("xarray"), and which does.
    """

    packages: tuple[Package, ...]
    modules: Mapping[str, str]
    plugs: Mapping[str, str]


class NotAdditive(Conflict):
    """The message is a clause: why what runs cannot go on in it."""

    def __init__(self, why: str) -> None:
        super().__init__("not_additive", why, "Restart the kernel.")


def additions(home: Home, before: str, after: Environment) -> Additions:
    """What ``after`` has beyond the environment of the id ``before``. Reads a line of every file.

    Raises
    ------
    NotAdditive
        It is more than additions.
    """
    old = load(home, before)
    if old is None:
        raise NotAdditive("the environment that it runs in is not what was published any more")
    _same_python(old, after)
    if _of_conda(old) != _of_conda(after):
        raise NotAdditive("packages of conda change")
    had, has = ({one.name: one.version for one in each.packages} for each in (old, after))
    changed = [f"{name} {had[name]} becomes {has[name]}" for name in had if name in has and has[name] != had[name]]
    changed += [f"{name} {had[name]} goes" for name in had if name not in has]
    if changed:
        raise NotAdditive(_several(sorted(changed)))
    were, are = (records.installed(records.site_packages(one.folder)) for one in (old, after))
    # The files decide: an index may serve more of them for the same version than it did.
    if others := [name for name in sorted(had) if _record(were, name) != _record(are, name)]:
        raise NotAdditive(_several([f"the files of {name} {had[name]} are others" for name in others]))
    added = tuple(one for one in after.packages if one.name not in had)
    theirs = {file for record in were.values() for file in records.listed(record)}
    known = modules_of(theirs)
    modules: dict[str, str] = {}
    plugs: dict[str, str] = {}
    for one in added:
        record = are[canonicalize_name(one.name)]
        files = records.listed(record)
        brought = modules_of(files)
        _check(one.name, files, brought, theirs, {*known, *modules})
        modules |= dict.fromkeys(brought, one.name)
        points = importlib.metadata.PathDistribution(record.parent).entry_points
        plugs |= {point.group.partition(".")[0]: one.name for point in points if point.group not in COMMANDS}
    return Additions(added, modules, {group: name for group, name in plugs.items() if group not in modules})


def expression(home: Home, before: str, after: Environment, found: Additions) -> str:
    """For a kernel to evaluate: it goes on in ``after``, and answers "", or why it does not."""
    program = Path(adopt.__file__).read_text()
    folders = (home.environments / before, after.folder)
    old, new = ((str(folder), str(records.site_packages(folder))) for folder in folders)
    told = {
        "before": old,
        "after": new,
        "lease": str(held.lease(home, after.id)),
        "modules": dict(found.modules),
        "plugs": dict(found.plugs),
    }
    return f"(lambda space: (exec({program!r}, space), space['adopt'](**{told!r}))[1])({{}})"


def modules_of(files: list[str] | set[str]) -> set[str]:
    """What can be imported of a package's files: the names below which all is its own."""
    paths = [PurePosixPath(file) for file in files]
    paths = [one for one in paths if one.suffix in (".py", ".so") and one.parts[0] != ".."]
    regular = {one.parent.parts for one in paths if one.name.partition(".")[0] == "__init__"}
    found = set()
    for one in paths:
        heads = [one.parts[:count] for count in range(1, len(one.parts))]
        # A folder without an __init__ may be shared by several packages.
        own = next((head for head in heads if head in regular), (*one.parent.parts, one.name.partition(".")[0]))
        if all(part.isidentifier() for part in own):
            found.add(".".join(own))
    return found


def _same_python(old: Environment, new: Environment) -> None:
    was, now = (json.loads((one.folder / READY).read_text()) for one in (old, new))
    if was["python"] != now["python"]:
        raise NotAdditive(f"Python {was['python']} becomes {now['python']}")


def _of_conda(one: Environment) -> str:
    return Lock(one.id, (one.folder / LOCK).read_text()).conda


def _record(found: Mapping[str, Path], name: str) -> bytes:
    record = found.get(canonicalize_name(name))
    return record.read_bytes() if record is not None else b""


def _check(name: str, files: list[str], brought: set[str], theirs: set[str], known: set[str]) -> None:
    acts = [file for file in files if file.endswith(".pth") and "/" not in file] + sorted(brought & AT_START)
    if acts:
        raise NotAdditive(f"{name} acts when Python starts ({acts[0]})")
    shared = sorted(brought & known) or sorted({one for one in files if not one.startswith("..")} & theirs)
    if shared:
        raise NotAdditive(f"{name} brings {shared[0]}, which another package brings, too")


def _several(said: list[str]) -> str:
    more = len(said) - NAMED
    return ", ".join(said[:NAMED]) + (f", and {more} more" if more > 0 else "")
