"""How far a cluster is with what a cell asked of it, shown below the cell; interrupting the cell ends it there, too."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from workspace_ext import context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What takes less needs no bar.
SHOW_AFTER_SECONDS = 1.0

EVERY_SECONDS = 0.5

# States of a Dask task that has been computed, or has failed.
DONE = ("memory", "released", "erred", "forgotten")

_followed: dict[str, _Cell] = {}


class Work(Protocol):
    """What a notebook does on one cluster. `begin` and `cancel` are called in the notebook's own thread."""

    title: str

    def begin(self) -> None:
        """A cell begins: what was there before is none of its doing."""

    def count(self) -> tuple[int, int]:
        """How many tasks of the cell are done, of how many. Called from another thread while the cell runs."""

    def cancel(self) -> None:
        """The cell was interrupted."""


def follow(cluster: str, work: Callable[[], Work]) -> None:
    """Show from now on, in every cell, how far the cluster of that name or address is.

    Does nothing outside IPython and in scheduled runs.
    """
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    if shell is None or not hasattr(shell, "kernel") or context.current().run:
        return
    if cluster in _followed:
        _followed[cluster].work = work()  # The session before it has ended.
    else:
        _followed[cluster] = _Cell(shell, work())


class _Cell:
    """The cell that runs, and the thread that looks after it."""

    def __init__(self, shell: Any, work: Work) -> None:
        self.work = work
        self._lock = threading.Lock()
        self._ended = threading.Event()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)
        self._begin(None)  # The cell that connects runs already.

    def _begin(self, _info: Any) -> None:
        self._ended.set()  # A cell may run another one.
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._bar: Any = None
        self._last = (0, 0)
        with contextlib.suppress(Exception):
            self.work.begin()
            threading.Thread(target=self._look, args=(self._ended,), name="progress", daemon=True).start()

    def _look(self, ended: threading.Event) -> None:
        wait, shown_from = 0.0, self._began + SHOW_AFTER_SECONDS
        while not ended.wait(wait):
            wait = EVERY_SECONDS
            try:
                done, total = self.work.count()
            except Exception:
                continue  # The cluster restarts, or has gone; the cell itself says so.
            with self._lock:
                due = time.monotonic() >= shown_from
                if not ended.is_set() and ((due and done < total) or self._bar is not None):
                    self._show(done, total, "")

    def _end(self, result: Any) -> None:
        with self._lock:
            self._ended.set()
            error = result.error_in_exec or result.error_before_exec
            stopped = isinstance(error, KeyboardInterrupt)
            if self._bar is not None:
                self._show(*self._last, "stopped at" if stopped else "failed at" if error is not None else "done")
        if stopped:
            # A cluster that has gone must not hold the notebook up.
            threading.Thread(target=self._cancel, name="cancelling", daemon=True).start()

    def _cancel(self) -> None:
        with contextlib.suppress(Exception):
            self.work.cancel()

    def _show(self, done: int, total: int, end: str) -> None:
        from IPython import display

        self._last = (done, total)
        bar = Bar(self.work.title, done, total, time.monotonic() - self._began, end)
        if self._bar is None:
            self._bar = display.display(bar, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._bar.update(bar)


class Bar:
    """What is shown: text, and HTML in JupyterLab's colours."""

    def __init__(self, title: str, done: int, total: int, seconds: float, end: str = "") -> None:
        took = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
        self._share = done / total if total else 0.0
        self._ended = bool(end)
        if end == "done":
            self._text = f"{title}: {total} task{'s' if total != 1 else ''} in {took}"
        else:
            self._text = f"{title}: {f'{end} ' if end else ''}{done} of {total} tasks, {took}"

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        text = f'<span style="color: var(--jp-ui-font-color2)">{self._text}</span>'
        if self._ended:
            return text
        style = "width: 160px; margin-right: 8px; accent-color: var(--jp-brand-color1); vertical-align: middle"
        return f'<progress value="{self._share:.4f}" max="1" style="{style}"></progress>{text}'


class DaskWork:
    """What one client asks of its scheduler; `client` is a `distributed.Client`."""

    title = "Dask"

    def __init__(self, client: Any) -> None:
        self._client = client
        self.begin()

    def begin(self) -> None:
        self._before = set(self._client.futures)
        self._kept: dict[str, int] | None = None
        self._groups: dict[str, tuple[int, int]] = {}

    def count(self) -> tuple[int, int]:
        found: Mapping[str, tuple[int, int]] = self._client.run_on_scheduler(groups_of, self._client.id)
        known = self._groups
        if self._kept is None:
            # Tasks of one function are one group, in whatever cell they began.
            self._kept = {name: total for name, (done, total) in found.items() if done == total}
        for name, (done, total) in found.items():
            # Those that were kept may be let go of while the cell runs.
            kept = min(self._kept.get(name, 0), done)
            done, total = done - kept, total - kept
            # What was kept before the cell began is complete when it is first seen.
            if done < total or name in known:
                known[name] = (done, total)
        for name in known.keys() - found.keys():
            known[name] = (known[name][1], known[name][1])  # Computed and forgotten.
        return sum(done for done, _ in known.values()), sum(total for _, total in known.values())

    def cancel(self) -> None:
        futures = self._client.futures
        begun = [key for key in set(futures) - self._before if futures[key].status == "pending"]
        if begun:
            from distributed import Future

            self._client.cancel([Future(key, self._client) for key in begun])


def groups_of(client: str, dask_scheduler: Any) -> dict[str, tuple[int, int]]:
    """Tasks that are done, of how many, by group: of what a client wants, and of what that depends on.

    Runs on the scheduler, whose groups keep count: no task is looked at but those that are wanted themselves.
    """
    state = dask_scheduler.clients.get(client)
    waiting = {task.group for task in state.wants_what} if state is not None else set()
    found: dict[str, tuple[int, int]] = {}
    while waiting:
        group = waiting.pop()
        if group.name not in found:
            found[group.name] = (sum(group.states[name] for name in DONE), len(group))
            waiting |= group.dependencies
    return found


class SparkWork:
    """What one Spark Connect session does; it tells by itself while a query runs."""

    title = "Spark"

    def __init__(self, session: Any) -> None:
        self._session = session
        self._operations: dict[str, tuple[int, int]] = {}
        session.registerProgressHandler(self._heard)

    def begin(self) -> None:
        self._operations = {}

    def count(self) -> tuple[int, int]:
        known = list(self._operations.values())
        return sum(done for done, _ in known), sum(total for _, total in known)

    def cancel(self) -> None:
        self._session.interruptAll()

    def _heard(self, stages: Any, inflight_tasks: int, operation_id: str | None, done: bool) -> None:
        counts = [(each.num_completed_tasks, each.num_tasks) for each in stages or ()]
        total = sum(many for _, many in counts)
        if total:
            self._operations[operation_id or ""] = (total if done else sum(few for few, _ in counts), total)
