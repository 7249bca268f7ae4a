"""Open notebooks, and the cells that were asked to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .environments import Package

CellState = Literal["waiting", "running", "ok", "error", "cancelled"]


@dataclass(frozen=True)
class CellToRun:
    """``source`` is what the person sees; without it the shared document's is run."""

    cell_id: str
    source: str | None = None


@dataclass(frozen=True)
class ExecuteCells:
    """Cells to run one after the other in a kernel; an error ends the batch.

    ``request_id`` makes it safe to send again: what was asked under one id runs once. The notebook is that of
    ``document_id`` (of its shared document), ``path`` (as Jupyter's contents API names it), or the kernel's session.
    """

    cells: list[CellToRun]
    request_id: str | None = None
    document_id: str | None = None
    path: str | None = None


@dataclass(frozen=True)
class ExecuteNotebook:
    """Cells of a notebook to run, by default all; its kernel is started if there is none.

    ``request_id`` makes it safe to send again. ``kernel_id`` is the kernel that the person sees behind the notebook,
    where there is one; ``sources`` what they see of a cell, by its id.
    """

    notebook: str
    cell_ids: list[str] | None = None
    request_id: str | None = None
    kernel_id: str | None = None
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InputRequest:
    """What a running cell asks for, with ``input()`` or ``getpass()``; ``since`` is ISO 8601. The answer to a
    ``password`` is shown to nobody."""

    id: str
    prompt: str
    password: bool
    since: str


@dataclass(frozen=True)
class AnswerInput:
    """The answer to what a running cell asks for.

    ``cell_id`` and ``input_id`` say which is meant, by default the only one: with ``input_id`` an answer that comes
    late never answers what the cell asks next.
    """

    value: str
    cell_id: str | None = None
    input_id: str | None = None


@dataclass(frozen=True)
class CellOutcome:
    """``ename`` and ``evalue`` say why it is ``error`` or ``cancelled``; ``input`` is what a running cell asks for."""

    cell_id: str
    state: CellState
    execution_count: int | None = None
    ename: str = ""
    evalue: str = ""
    input: InputRequest | None = None


@dataclass(frozen=True)
class ExecutionRequest:
    """What was asked at once. ``done`` once no cell of it waits or runs; ``person`` is who asked."""

    id: str
    notebook: str
    kernel_id: str
    person: str
    asked: str
    done: bool
    cells: list[CellOutcome]


@dataclass(frozen=True)
class Waiting:
    """Why cells wait: ``message`` in one line, since when (ISO 8601); ``failed`` if it takes a retry."""

    message: str
    since: str
    hint: str = ""
    failed: bool = False


@dataclass(frozen=True)
class QueuedCell:
    """A cell that runs or waits ``since`` (ISO 8601). ``person`` and ``user`` are the name and the user name of who
    asked; ``input`` is what it asks for now."""

    cell_id: str
    request_id: str
    state: CellState
    person: str
    since: str
    user: str = ""
    input: InputRequest | None = None


@dataclass(frozen=True)
class ExecutionQueue:
    """The cells of one notebook that run or wait, in order, and those (``not_run``) that were given up before they had
    begun, until something is run again. ``document_id`` is the id of this room's events."""

    notebook: str
    document_id: str
    kernel_id: str
    waiting: Waiting | None
    cells: list[QueuedCell]
    not_run: list[str]


@dataclass(frozen=True)
class NotebookQuery:
    """``notebook`` is a path as Jupyter's contents API names it."""

    notebook: str


@dataclass(frozen=True)
class CellDrift:
    """What a cell installed, or did to the environment, behind the declaration's back.

    ``packages`` ("polars>=1") are what to declare for it to be there for everybody. ``changed``: after the cell the
    environment's folder was not what had been published.
    """

    cell_id: str
    message: str
    packages: list[str]
    changed: bool


@dataclass(frozen=True)
class KernelStatus:
    """What a kernel runs in.

    ``environment`` is the id of its environment, empty until it has started in one; ``added`` are the packages that
    came to it while it ran. ``moving``: it is about to go on in an environment with more packages, after the cell that
    runs. ``stays`` says why it cannot go on in what its notebook declares by now without a restart. ``drift`` is what
    its cells did beside what is declared. ``before`` is how the notebook's last kernel ended, if that was by itself,
    until a cell has run in this one.
    """

    id: str
    notebook: str
    state: str
    environment: str
    waiting: Waiting | None
    added: list[Package] = field(default_factory=list)
    moving: bool = False
    stays: str = ""
    drift: list[CellDrift] = field(default_factory=list)
    before: str = ""


@dataclass(frozen=True)
class OpenDocument:
    """``people`` are the names of those who have ``path`` open now."""

    path: str
    people: list[str]


@dataclass(frozen=True)
class OpenDocumentList:
    documents: list[OpenDocument]


@dataclass(frozen=True)
class FolderQuery:
    """``folder`` is a path as Jupyter's contents API names it; empty: everything."""

    folder: str = ""


PointKind = Literal["automatic", "named", "before merge", "before restore", "before git", "from disk"]


@dataclass(frozen=True)
class HistoryPoint:
    """A state of a document that one can go back to.

    ``people``: the names of those who edited since the point before it, or who asked for it. One with a ``name`` is
    kept for ever, the others are thinned out.
    """

    id: str
    kind: PointKind
    name: str
    people: list[str]
    created: str


@dataclass(frozen=True)
class DocumentHistory:
    """The points of a document, the newest first. ``document`` is the id of its events; ``writable``: whether who asks
    may restore and name."""

    path: str
    document: str
    writable: bool
    points: list[HistoryPoint]


@dataclass(frozen=True)
class DocumentQuery:
    """``path`` is one as Jupyter's contents API names it."""

    path: str


@dataclass(frozen=True)
class NamePoint:
    """Name what the document says now."""

    path: str
    name: str


@dataclass(frozen=True)
class RenamePoint:
    """An empty name: it is thinned out like the others."""

    name: str


@dataclass(frozen=True)
class PointQuery:
    """``against``: ``now``, ``previous``, or the id of another point."""

    against: str = "now"


@dataclass(frozen=True)
class CellChange:
    """One cell of two versions; ``before`` and ``after`` are its positions in them, from 0.

    ``source``: what is typed in it, of cells whose source is the ``same``; of others ``diff`` is a unified diff of it
    without a header. ``outputs``: how many differ; ``moved``: others stand before it now; ``settings``: its metadata
    or attachments differ.
    """

    id: str
    kind: str
    change: Literal["same", "modified", "added", "removed"]
    before: int | None
    after: int | None
    source: str = ""
    diff: str = ""
    outputs: int = 0
    moved: bool = False
    settings: bool = False


@dataclass(frozen=True)
class PointDiff:
    """A point compared: ``earlier`` and ``later`` are the points between which it changed, None for the present.

    ``point`` is one of them. Notebooks have ``cells``, others ``text`` (a unified diff without a header).
    ``settings``: the notebook's own metadata differs; ``same``: nothing does.
    """

    point: HistoryPoint
    earlier: HistoryPoint
    later: HistoryPoint | None
    kind: Literal["notebook", "text"]
    same: bool
    cells: list[CellChange] = field(default_factory=list)
    text: str = ""
    settings: bool = False
    added: int = 0
    removed: int = 0
    outputs: int = 0


@dataclass(frozen=True)
class RestorePoint:
    """``cell``: only this one, by its position in the point from 0."""

    cell: int | None = None


@dataclass(frozen=True)
class Restored:
    """``before``: what the document said before; restoring it undoes this. ``changed``: whether anything did."""

    point: HistoryPoint
    before: HistoryPoint
    changed: bool
