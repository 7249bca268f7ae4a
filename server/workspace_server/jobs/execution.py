"""A notebook under papermill, in a given Python, with what papermill lacks: whole files only, a limit to the output,
a word on how far it is."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

from workspace_ext.contract.jobs import ParameterValue, RunError

from ..kit.errors import Failed

ENGINE = "atrium"
START = 120
"""Seconds that a kernel has to start."""
STREAM_LIMIT = 8 * 2**20
"""Characters of printed text that a run keeps."""
AUTOSAVE = 5
LEFT_OUT = "\n[There was more output than a run keeps. The rest is left out.]\n"
COLORS = re.compile(r"\x1b\[[0-9;]*m")

Progress = Callable[[str], None]


class NotebookFailed(Failed):
    """A cell raised, or the kernel died; ``error`` is what the run says of it."""

    def __init__(self, error: RunError) -> None:
        super().__init__("notebook_failed", error.message, error.hint)
        self.error = error


class _Manager(NotebookExecutionManager):
    """Saves whole files: whoever is killed while writing leaves the file before."""

    file: Path

    def save(self, **kwargs: Any) -> None:
        if kwargs.get("nb"):
            self.nb = kwargs["nb"]
        write(self.nb, self.file)
        self.last_save_time = self.now()


class _Client(PapermillNotebookClient):
    """Keeps no more printed text than a page can show."""

    kept = 0

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "stream":
            text = msg["content"]["text"]
            if self.kept >= STREAM_LIMIT:
                return None
            self.kept += len(text)
            if self.kept >= STREAM_LIMIT:
                msg["content"]["text"] = text[: STREAM_LIMIT - self.kept + len(text)] + LEFT_OUT
        return super().process_message(msg, cell, cell_index)


class _Engine(NBClientEngine):
    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        manager = _Manager(nb, autosave_cell_every=AUTOSAVE, progress_bar=False)
        manager.file = options["file"]
        progress: Progress = options["progress"]
        cells = [index for index, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.source.strip()]

        def on_cell_start(cell: Any, cell_index: int) -> None:
            if cell_index in cells:
                progress(f"cell {cells.index(cell_index) + 1} of {len(cells)}")

        class KernelManager(AsyncKernelManager):
            kernel_spec = KernelSpec(argv=options["argv"], display_name=kernel_name, language="python")

        client = _Client(
            manager,
            kernel_manager_class=KernelManager,
            kernel_name=kernel_name,
            startup_timeout=START,
            timeout=None,
            raise_on_iopub_timeout=False,
            iopub_timeout=60,
            coalesce_streams=True,
            stdout_file=options["log"],
            stderr_file=options["log"],
            on_cell_start=on_cell_start,
        )
        manager.notebook_start()
        try:
            client.execute(cwd=options["folder"], env=options["env"])
        finally:
            manager.notebook_complete()
        return manager.nb


papermill_engines.register(ENGINE, _Engine)


def execute(
    source: Path,
    file: Path,
    folder: Path,
    argv: list[str],
    env: dict[str, str],
    parameters: dict[str, ParameterValue],
    log: IO[str],
    progress: Progress,
) -> None:
    """Run the notebook ``source`` in ``folder``; ``file`` is the executed one, written after each cell.

    Parameters
    ----------
    argv
        The kernel's command, with ``{connection_file}``.
    env
        All of its environment variables.
    log
        Gets what the cells print.

    Raises
    ------
    NotebookFailed
    """
    # papermill fills `{name}` in paths with parameters.
    path = str(source).replace("{", "{{").replace("}", "}}")
    try:
        papermill.execute_notebook(
            path, None, parameters, ENGINE, kernel_name="atrium-run", language="python", progress_bar=False,
            file=file, folder=str(folder), argv=argv, env=env, log=log, progress=progress,
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise NotebookFailed(_cell_error(error)) from None
    except DeadKernelError:
        cell = _last_cell(file)
        where = f" in cell {cell}" if cell else ""
        message = f"The kernel died{where}: it was killed, or memory ran out."
        raise NotebookFailed(
            RunError(message, "Use less memory, for example by reading fewer columns, or a cluster.", cell)
        ) from None
    except RuntimeError as error:
        # "Kernel died before replying to kernel_info", "Kernel didn't respond in 120 seconds".
        raise NotebookFailed(RunError(f"The kernel did not start: {error}.", "The log says more.")) from None


def write(notebook: Any, file: Path) -> None:
    """Write the notebook in one step."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(nbformat.writes(notebook), encoding="utf-8")
    partial.replace(file)


def read_notebook(path: Path) -> Any:
    """The notebook at ``path``.

    Raises
    ------
    NotebookFailed
        It is none.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        why = "it is not a notebook" if isinstance(error, json.JSONDecodeError | KeyError) else str(error)
        raise NotebookFailed(RunError(f"{path.name} cannot be read: {why}.", "Mend it on its branch.")) from None
    return notebook


def _cell_error(error: Any) -> RunError:
    value = COLORS.sub("", str(error.evalue)).strip()
    name = "Execution stopped" if error.ename == "CellExecutionError" else error.ename
    text = f"Cell {error.cell_index + 1} raised {name}" + (f": {value.splitlines()[0]}" if value else "")
    return RunError(
        text,
        "The executed notebook shows it in place. Mend it on a branch and merge.",
        error.cell_index + 1,
        COLORS.sub("", "\n".join(error.traceback))[-20_000:],
    )


def _last_cell(file: Path) -> int | None:
    """The cell (from 1) that ran when the file was last written."""
    try:
        cells = json.loads(file.read_text())["cells"]
    except (OSError, ValueError, KeyError):
        return None
    begun = [
        index
        for index, cell in enumerate(cells, 1)
        if cell["cell_type"] == "code" and cell["metadata"].get("papermill", {}).get("start_time")
    ]
    return begun[-1] if begun else None


def new_loop() -> None:
    """An event loop of this process's own, for nbclient."""
    asyncio.set_event_loop(asyncio.new_event_loop())
