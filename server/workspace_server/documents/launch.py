"""From a kernel that is wanted to one that can start: which notebook, which environment, what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from jupyter_server import CallContext

from workspace_ext.contract.documents import CellDrift
from workspace_ext.contract.environments import Package

from ..environments.drift import Sight
from ..environments.provisioner import Launch
from ..environments.runtime import search_path
from ..environments.service import Declaration, Environment, Environments
from ..kit.clock import iso
from ..kit.errors import AtriumError
from ..kit.home import Home
from ..projects.service import Projects
from ..tables.service import Tables
from .errors import Abandoned

# Of the server's own Python, its Jupyter, and its operator's shell; HOME, PATH, locale and proxies stay.
FOREIGN = ("ATRIUM_", "CONDA_", "GIT_", "JPY_", "JUPYTER", "PYTHON", "UV_", "VIRTUAL_ENV", "__PYVENV")
LOOK_AGAIN = 2.0
# A kernel that works elsewhere by its own choice stays there.
_MOVE = """import os
os.environ.update(told)
for name in gone:
    os.environ.pop(name, None)
if os.path.realpath(os.getcwd()) == os.path.realpath(folders[0]):
    os.chdir(folders[1])
"""

GONE = ("abandoned", "ended")
State = Literal["waiting", "failed", "started", "abandoned", "ended"]


@dataclass
class Start:
    """One kernel's start, the latest. ``notebook`` is relative to ``work`` (of a console: a name in its folder).

    ``environment`` is the id of what it runs in and ``packages`` what is in it, ``added`` what came to that while it
    ran, and ``stays`` why it could not go on in another one (by that one's id). ``sight`` is how its folder was seen
    last, ``drift`` what cells did beside what is declared, by their ids. ``before`` is how the notebook's last kernel
    ended, if that was by itself, until a cell has run in this one; of one that is ``ended``, how it did.
    """

    notebook: str
    is_notebook: bool
    before: str = ""
    state: State = "waiting"
    since: float = field(default_factory=time.time)
    error: AtriumError | None = None
    declaration: Declaration | None = None
    environment: str = ""
    packages: list[Package] = field(default_factory=list)
    added: list[Package] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)
    sight: Sight | None = None
    drift: dict[str, CellDrift] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def abandoned(self) -> bool:
        return self.state == "abandoned"

    def since_iso(self) -> str:
        return iso(datetime.fromtimestamp(self.since, UTC))


class KernelLauncher:
    """Waits for environments on behalf of kernels.

    Parameters
    ----------
    token
        Makes the token by which a notebook's kernel asks about itself: ``token(notebook, person name)``.
    on_change
        Told the kernel's id when its start has failed or was tried again.
    """

    def __init__(
        self,
        home: Home,
        projects: Projects,
        tables: Tables,
        environments: Environments,
        token: Callable[[str, str], str],
        on_change: Callable[[str], None],
    ) -> None:
        self._home = home
        self._projects = projects
        self._tables = tables
        self._environments = environments
        self._token = token
        self._on_change = on_change
        self._starts: dict[str, Start] = {}
        self.url = ""

    def start_of(self, kernel_id: str) -> Start | None:
        """How the kernel's start stands; None of a kernel that is not ours."""
        return self._starts.get(kernel_id)

    def try_again(self, kernel_id: str) -> bool:
        """Look anew at what is declared, and build again what failed. True if the kernel was waiting for that."""
        start = self._starts.get(kernel_id)
        if start is None or start.state not in ("waiting", "failed"):
            return False
        self._set(kernel_id, start, "waiting")
        start.wake.set()
        return True

    def abandon(self, kernel_id: str) -> bool:
        """Have the kernel not start after all. True if it was still waiting."""
        start = self._starts.get(kernel_id)
        if start is None or start.state not in ("waiting", "failed"):
            return False
        start.state = "abandoned"
        start.wake.set()
        return True

    def below(self, folder: str) -> dict[str, str]:
        """Kernels of notebooks below a folder (relative to ``work``): id -> notebook."""
        return {
            id: start.notebook for id, start in self._starts.items()
            if start.is_notebook and start.state not in GONE and start.notebook.startswith(f"{folder}/")
        }  # fmt: skip

    async def moved(self, kernel_id: str, notebook: str, anew: bool = False) -> str | None:
        """The kernel's notebook goes on under another path, in another branch for example: the code that tells the
        kernel so, or None where there is nothing to tell. Where its tables are written to depends on it.

        ``anew``: the path is the same, but its branch has another name."""
        start = self._starts.get(kernel_id)
        if start is None or (start.notebook == notebook and not anew):
            return None
        before, start.notebook = start.notebook, notebook
        if start.state != "started":
            return None
        told = await asyncio.to_thread(self._place_variables, notebook)
        told["ATRIUM_TOKEN"] = self._token(notebook, _person())
        gone = sorted({"ATRIUM_PROJECT", "ATRIUM_BRANCH", "ATRIUM_TABLES_BRANCH"} - told.keys())
        folders = [str((self._home.work / path).parent) for path in (before, notebook)]
        return f"exec({_MOVE!r}, {{'told': {told!r}, 'gone': {gone!r}, 'folders': {folders!r}}})"

    def ended(self, kernel_id: str, why: str) -> None:
        """A kernel ends that nobody asked to end: that is known until its notebook has another, which says so, too."""
        start = self._starts.get(kernel_id)
        if start is not None and start.is_notebook and start.state == "started":
            start.before = why
            self._set(kernel_id, start, "ended")

    def works(self, kernel_id: str) -> None:
        """A cell runs in it, so that the one before it is forgotten."""
        if (start := self._starts.get(kernel_id)) is not None and start.before:
            start.before = ""
            self._on_change(kernel_id)

    def forget(self, kernel_id: str) -> None:
        """The kernel is gone."""
        if (start := self._starts.get(kernel_id)) is not None and start.state != "ended":
            del self._starts[kernel_id]

    async def prepare(self, kernel_id: str, session_name: str, folder: Path) -> Launch:
        """See :class:`workspace_server.environments.provisioner.Launcher`. Its failures are told, not raised: they end
        when somebody retries, or changes what is declared.

        Raises
        ------
        Abandoned
            The kernel was shut down meanwhile.
        """
        notebook, is_notebook = self._notebook(session_name, folder)
        start = self._starts[kernel_id] = Start(notebook, is_notebook, self._before(notebook))
        self._on_change(kernel_id)
        while True:
            try:
                environment = await self._environment(start)
                variables = await asyncio.to_thread(self._variables, start, environment, _person())
            except Abandoned:
                raise
            except AtriumError as error:
                self._set(kernel_id, start, "failed", error)
                await self._until_worth_another_try(start, error)
                self._set(kernel_id, start, "waiting")
            else:
                break
        start.environment = environment.id
        start.packages = list(environment.distributions or environment.packages)
        self._set(kernel_id, start, "started")
        return Launch(environment.python, variables)

    def removed(self, kernel_id: str) -> None:
        """One that was ended is gone by now: who has its notebook open sees that it has none."""
        if (start := self._starts.get(kernel_id)) is not None and start.state == "ended":
            self._on_change(kernel_id)

    def _before(self, notebook: str) -> str:
        """How its last kernel ended, if by itself; that one is forgotten."""
        ended = [id for id, one in self._starts.items() if one.state == "ended" and one.notebook == notebook]
        return "".join([self._starts.pop(id).before for id in ended][-1:])

    async def _environment(self, start: Start) -> Environment:
        while not start.abandoned:
            start.wake.clear()
            declaration = start.declaration = await asyncio.to_thread(self._environments.of_notebook, start.notebook)
            build = asyncio.ensure_future(self._environments.ensure(declaration))
            # Whoever stops waiting here leaves the build to others.
            build.add_done_callback(lambda future: future.cancelled() or future.exception())
            woken = asyncio.ensure_future(start.wake.wait())
            try:
                await asyncio.wait({build, woken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                woken.cancel()
            if start.abandoned or not build.done():
                # Declared anew meanwhile? If not, this waits for the same build again.
                continue
            environment = build.result()
            now = await asyncio.to_thread(self._environments.of_notebook, start.notebook)
            if now.digest == declaration.digest:
                return environment
        raise Abandoned from None

    async def _until_worth_another_try(self, start: Start, error: AtriumError) -> None:
        digest = start.declaration.digest if start.declaration is not None else ""
        start.wake.clear()
        while not start.abandoned:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(start.wake.wait(), LOOK_AGAIN)
                break
            try:
                declaration = await asyncio.to_thread(self._environments.of_notebook, start.notebook)
            except AtriumError as other:
                if other.message != error.message:
                    return
                continue
            status = await asyncio.to_thread(self._environments.status, declaration)
            if declaration.digest != digest or status.state in ("building", "ready"):
                return
        if start.abandoned:
            raise Abandoned from None

    def _set(self, kernel_id: str, start: Start, state: State, error: AtriumError | None = None) -> None:
        if start.abandoned:
            return
        start.state, start.error = state, error
        self._on_change(kernel_id)

    def _notebook(self, session_name: str, folder: Path) -> tuple[str, bool]:
        path = Path(session_name) if session_name else folder
        is_notebook = path.suffix == ".ipynb"
        if not is_notebook:
            path = folder / "console"
        try:
            return path.resolve().relative_to(self._home.work).as_posix(), is_notebook
        except ValueError:
            # Outside the workspace, under plain `jupyter lab`: the base set.
            return path.name, is_notebook

    def _variables(self, start: Start, environment: Environment, person: str) -> dict[str, str]:
        variables = own_variables(os.environ) | {
            "VIRTUAL_ENV": str(environment.folder),
            "PATH": search_path(environment.python),
            "PYTHONPATH": str(self._environments.runtime()),
            "ATRIUM_URL": self.url,
            "ATRIUM_TOKEN": self._token(start.notebook, person),
            "ATRIUM_TABLES": str(self._home.tables_main),
        }
        return variables | self._place_variables(start.notebook)

    def _place_variables(self, notebook: str) -> dict[str, str]:
        """What depends on where the notebook lies."""
        variables = {"ATRIUM_NOTEBOOK": notebook}
        if (place := self._projects.locate(Path(notebook))) is not None:
            variables |= {"ATRIUM_PROJECT": place.name, "ATRIUM_BRANCH": place.branch}
        if (copies := self._tables.branches(notebook)) is not None:
            variables["ATRIUM_TABLES_BRANCH"] = str(self._tables.branch_folder(*copies))
        return variables


def own_variables(inherited: Mapping[str, str]) -> dict[str, str]:
    """What a kernel inherits of the server's variables."""
    return {name: value for name, value in inherited.items() if not name.startswith(FOREIGN)}


def _person() -> str:
    """The name of the person whose request starts the kernel; empty when a dead kernel is restarted by itself."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    user = getattr(handler, "current_user", None)
    return str(user.username) if user is not None else ""
