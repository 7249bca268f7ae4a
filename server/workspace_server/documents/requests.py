"""What was asked to run, and how far each of its cells is."""

from __future__ import annotations

from dataclasses import dataclass, field

from workspace_ext.contract.documents import CellOutcome, CellState, ExecutionRequest, QueuedCell

from ..kit.clock import iso


@dataclass(eq=False)
class Entry:
    """One cell of a request. ``source`` None: what the document says when its turn comes."""

    request: Request
    cell_id: str
    source: str | None = None
    state: CellState = "waiting"
    since: str = field(default_factory=iso)
    execution_count: int | None = None
    ename: str = ""
    evalue: str = ""

    def end(self, state: CellState, count: int | None = None, ename: str = "", evalue: str = "") -> None:
        self.state, self.execution_count, self.ename, self.evalue = state, count, ename, evalue

    def outcome(self) -> CellOutcome:
        return CellOutcome(self.cell_id, self.state, self.execution_count, self.ename, self.evalue)

    def queued(self) -> QueuedCell:
        return QueuedCell(self.cell_id, self.request.id, self.state, self.request.person, self.since)


@dataclass(eq=False)
class Request:
    """Cells that were asked for at once. ``person`` is a display name; ``settled`` once the file has the outcome."""

    id: str
    notebook: str
    person: str
    kernel_id: str = ""
    asked: str = field(default_factory=iso)
    entries: list[Entry] = field(default_factory=list)
    settled: bool = False

    @property
    def ended(self) -> bool:
        """No cell of it waits or runs."""
        return all(entry.state not in ("waiting", "running") for entry in self.entries)

    def wire(self) -> ExecutionRequest:
        outcomes = [entry.outcome() for entry in self.entries]
        return ExecutionRequest(self.id, self.notebook, self.kernel_id, self.person, self.asked, self.settled, outcomes)
