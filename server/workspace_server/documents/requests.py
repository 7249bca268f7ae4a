"""What was asked to run, and how far each of its cells is."""

from __future__ import annotations

from dataclasses import dataclass, field

from workspace_ext.contract.documents import CellOutcome, CellState, ExecutionRequest, InputRequest, QueuedCell

from ..kit.clock import iso


@dataclass(eq=False)
class Entry:
    """One cell of a request. ``source`` None: what the document says when its turn comes; ``since``: when it got into
    its state; ``input``: what it asks for now; ``answered``: who answered what it asked last."""

    request: Request
    cell_id: str
    source: str | None = None
    state: CellState = "waiting"
    since: str = field(default_factory=iso)
    execution_count: int | None = None
    ename: str = ""
    evalue: str = ""
    input: InputRequest | None = None
    answered: str = ""

    def begin(self) -> None:
        self.state, self.since = "running", iso()

    def end(self, state: CellState, count: int | None = None, ename: str = "", evalue: str = "") -> None:
        self.state, self.execution_count, self.ename, self.evalue = state, count, ename, evalue
        self.input = None

    def outcome(self) -> CellOutcome:
        return CellOutcome(self.cell_id, self.state, self.execution_count, self.ename, self.evalue, self.input)

    def queued(self) -> QueuedCell:
        asked = self.request
        return QueuedCell(self.cell_id, asked.id, self.state, asked.person, self.since, asked.user, self.input)


@dataclass(eq=False)
class Request:
    """Cells that were asked for at once. ``person`` is a display name, ``user`` a user name; ``settled`` once the file
    has the outcome."""

    id: str
    notebook: str
    person: str
    kernel_id: str = ""
    asked: str = field(default_factory=iso)
    entries: list[Entry] = field(default_factory=list)
    settled: bool = False
    user: str = ""

    @property
    def ended(self) -> bool:
        """No cell of it waits or runs."""
        return all(entry.state not in ("waiting", "running") for entry in self.entries)

    def wire(self) -> ExecutionRequest:
        outcomes = [entry.outcome() for entry in self.entries]
        return ExecutionRequest(self.id, self.notebook, self.kernel_id, self.person, self.asked, self.settled, outcomes)
