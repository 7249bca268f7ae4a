"""The workspace's tables (`tables/main/<name>`) and branches' copies (`tables/branches/<project>/<branch>/<name>`).

Kernels write them through the file system, so nothing here is asked first, and nothing is remembered but by the time of
a table's log.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from workspace_ext.contract.tables import Table, TablePreview, TableVersion
from workspace_ext.tables.branches import ensure_copy

from ..kit.errors import Conflict, Invalid, NotFound
from ..kit.events import Events
from ..kit.home import Home
from ..kit.storage import new_id
from . import delta
from .errors import invalid_name, no_such_table
from .ports import Branches, no_branches

NAME = re.compile(r"[a-z0-9_]{1,200}")
MOST_ROWS = 1000


class Tables:
    """The tables room. Its calls read files: use it from threads.

    Parameters
    ----------
    branches
        Who tells the branch of a notebook; set by the wiring once there are projects.
    """

    def __init__(self, home: Home, events: Events, branches: Branches = no_branches) -> None:
        self.main = home.tables_main
        self.branches = branches
        self._copies = home.tables_branches
        self._events = events
        self._known: dict[Path, tuple[int, Table]] = {}

    # What there is

    def all(self, notebook: str = "") -> list[Table]:
        """Every table as ``notebook`` reads it: its branch's own copies first, then the workspace's, by name."""
        copies, branch = self._place(notebook)
        own = {folder.name: folder for folder in _tables_in(copies)} if copies else {}
        main = [folder for folder in _tables_in(self.main) if folder.name not in own]
        return [*(self._described(own[name], branch) for name in sorted(own)), *(self._described(f, "") for f in main)]

    def preview(self, name: str, limit: int = 50, version: int | None = None, notebook: str = "") -> TablePreview:
        """The first ``limit`` (1 to 1000) rows, as they are now or were at ``version``."""
        return delta.preview(self.folder(name, notebook), _within(limit), version)

    def history(self, name: str, limit: int = 100, notebook: str = "") -> list[TableVersion]:
        """The newest ``limit`` (1 to 1000) versions."""
        return delta.history(self.folder(name, notebook), _within(limit))

    def versions(self, names: Iterable[str]) -> dict[str, int]:
        """The current version of each of the workspace's tables in ``names``; those that do not exist are left out."""
        found = {name: delta.latest_version(self._inside(self.main, name)) for name in names if NAME.fullmatch(name)}
        return {name: version for name, version in found.items() if version >= 0}

    def folder(self, name: str, notebook: str = "") -> Path:
        """Where ``notebook`` reads the table from.

        Raises
        ------
        Invalid
            No table can have that name.
        NotFound
            There is none.
        """
        copies, _ = self._place(notebook)
        for place in (copies, self.main):
            if place is not None and delta.is_table(folder := self._inside(place, name)):
                return folder
        names = {folder.name for place in (copies, self.main) if place for folder in _tables_in(place)}
        raise no_such_table(name, difflib.get_close_matches(name, sorted(names), n=2))

    # Branches

    def branch_folder(self, project: str, branch: str) -> Path:
        """Where the branch's own copies of tables are, or would be."""
        # Not "%", which deltalake takes for an escape in a path; "~" is in no branch's name.
        parts = [quote(part, safe="").replace("~", "%7E").replace("%", "~") for part in (project, branch)]
        if any(part in ("", ".", "..") for part in parts):
            raise Invalid("invalid_branch", f"{project!r}, {branch!r} is no branch of a project.")
        return self._copies.joinpath(*parts)

    def discard(self, name: str, notebook: str) -> None:
        """Delete the copy of one table that the notebook's branch has; it sees the workspace's table again.

        Raises
        ------
        Conflict
            The notebook's branch has no copies, because it writes the workspace's tables.
        NotFound
            This branch has no copy of the table.
        """
        copies, branch = self._place(notebook)
        if copies is None:
            raise Conflict(
                "no_branch_copies", "This notebook works on the workspace's tables, not on copies of a branch.",
                "Open it on another branch to have copies there.",
            )  # fmt: skip
        folder = self._inside(copies, name)
        if not folder.exists():
            raise NotFound(
                "no_branch_copy", f"The branch {branch} has no copy of {name}.", "There is nothing to discard."
            )
        self._delete(folder)
        self._events.publish("tables", name, "discarded")

    def restore(self, name: str, version: int, notebook: str = "") -> Table:
        """Bring back what the table held at ``version``, as its newest version; what it holds now stays in its history.

        As with a write, a branch changes a copy of its own.

        Raises
        ------
        NotFound
            There is no such table or version.
        Conflict
            Files of that version are gone, or somebody else is writing the table.
        """
        folder = self.folder(name, notebook)
        copies, branch = self._place(notebook)
        if copies is not None:
            folder = self._inside(copies, name)
            ensure_copy(self.main / name, folder)
        delta.restore(folder, version, {"branch": branch, "notebook": notebook})
        self._events.publish("tables", name, "restored")
        return self._described(folder, branch)

    def copies(self, project: str, branch: str) -> list[str]:
        """The tables that a branch has copies of its own of."""
        return [table.name for table in _tables_in(self.branch_folder(project, branch))]

    def rename_branch(self, project: str, branch: str, name: str) -> None:
        """A branch's copies of tables go along with it."""
        folder, target = self.branch_folder(project, branch), self.branch_folder(project, name)
        if folder.exists():
            if target.exists():
                self._delete(target)  # Of a branch of that name that is long gone.
            folder.rename(target)
            for table in _tables_in(target):
                self._events.publish("tables", table.name, "moved")

    def discard_branch(self, project: str, branch: str) -> None:
        """Delete all copies that a branch has; what goes with the branch itself."""
        folder = self.branch_folder(project, branch)
        if folder.exists():
            names = [table.name for table in _tables_in(folder)]
            self._delete(folder)
            for name in names:
                self._events.publish("tables", name, "discarded")

    def discard_project(self, project: str) -> None:
        """Delete the copies of all branches of a project, when it is deleted itself."""
        folder = self.branch_folder(project, "any").parent
        if folder.exists():
            self._delete(folder)

    # Changes

    def logs(self) -> dict[str, int]:
        """When each table's log last changed (ns), by its path below the tables' folder; copies included."""
        places = [self.main, *(branch for project in _folders(self._copies) for branch in _folders(project))]
        return {
            str(folder.relative_to(self.main.parent)): _changed(folder)
            for place in places
            for folder in _tables_in(place)
        }

    def _described(self, folder: Path, branch: str) -> Table:
        changed = _changed(folder)
        known = self._known.get(folder)
        if known is None or known[0] != changed:
            known = self._known[folder] = (changed, delta.describe(folder, branch))
        return known[1]

    def _place(self, notebook: str) -> tuple[Path | None, str]:
        """The folder of the copies that a notebook sees first, and its branch."""
        if not notebook or (found := self.branches(notebook)) is None:
            return None, ""
        return self.branch_folder(*found), found[1]

    def _inside(self, place: Path, name: str) -> Path:
        folder = place / name
        # A link would lead out of the tables' folder, and the server may read more than a viewer should.
        if not NAME.fullmatch(name) or folder.is_symlink():
            raise invalid_name(name)
        return folder

    def _delete(self, folder: Path) -> None:
        # One rename makes it vanish whole, however long the deletion takes.
        gone = folder.with_name(f".{new_id()}")
        folder.rename(gone)
        shutil.rmtree(gone)


def _within(limit: int) -> int:
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid("invalid_limit", f"{limit} is no number of rows to show.", f"Ask for 1 to {MOST_ROWS}.", "limit")
    return limit


def _folders(place: Path) -> Iterator[Path]:
    try:
        entries = sorted(place.iterdir())
    except FileNotFoundError:
        return
    yield from (entry for entry in entries if not entry.is_symlink() and entry.is_dir())


def _tables_in(place: Path) -> list[Path]:
    return [folder for folder in _folders(place) if NAME.fullmatch(folder.name) and delta.is_table(folder)]


def _changed(folder: Path) -> int:
    try:
        return (folder / delta.LOG).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
